"""Where lines are typed and shown: a pipe, or a terminal that is used as one.

On a terminal that knows escape sequences the shell has a better one (`libchat_shell.dialogue`).
"""

from __future__ import annotations

import sys
import threading

from libchat.cli import output, typed


class Screen:
    """Lines in, lines out, for programs at the other end of pipes."""

    is_terminal = False
    """Whether a person sees the prompts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @property
    def has_echo(self) -> bool:
        """Whether what is typed can be seen, so that secrets have to be asked for in another way."""
        return sys.stdin.isatty()

    def read_line(self, prompt: str) -> str:
        """Return the next line without its end. Raises EOFError when there is none."""
        line = typed.read_line()
        if not line:
            raise EOFError
        return line.removesuffix("\n")

    def ask(self, question: str) -> str:
        """Return the answer to a question. Raises EOFError when there is none."""
        has_echo = sys.stdin.isatty()  # only the output is redirected
        print(question, end="" if has_echo else "\n", file=sys.stderr, flush=True)
        return self.read_line("")

    def show(self, line: str, mark: int = 0) -> None:
        """Print a line. Its first `mark` characters say whose it is."""
        with self._lock:
            output.say(line)

    def tell(self, tell: output.Say, line: str) -> None:
        """Have a line printed on standard error."""
        with self._lock:
            tell(line)
