"""Where a person types lines and sees lines: a pipe, or a terminal.

On a terminal, one line is being typed while others come in. What comes in is written where the typed line stands, and
that is written again below. Only readline knows what is typed so far; without it, it is not written again.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable

from libchat.cli import output
from libchat.cli.table import display_width


class Screen:
    """Lines in, lines out, for programs at the other end of pipes."""

    is_terminal = False

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def read_line(self, prompt: str) -> str:
        """Return the next line without its end. Raises EOFError when there is none."""
        line = sys.stdin.readline()
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


class Terminal(Screen):
    """A terminal, with a person before it."""

    is_terminal = True

    def __init__(self) -> None:
        super().__init__()
        self._prompt: str | None = None
        """What stands before the line that is being typed, None while none is."""
        self._typed = _prepare_readline()

    def read_line(self, prompt: str) -> str:
        self._prompt = prompt
        try:
            return input(prompt)
        except BaseException:
            print(flush=True)  # the shell's prompt should not stand behind ours
            raise
        finally:
            self._prompt = None

    def ask(self, question: str) -> str:
        return self.read_line(question)

    def show(self, line: str, mark: int = 0) -> None:
        line = output.safe_line(line)
        style = output.BOLD if mark else output.DIM
        mark = mark or len(line)
        with self._lock:
            self._erase()
            print(output.paint(line[:mark], style, sys.stdout) + line[mark:], flush=True)
            self._restore()

    def tell(self, tell: output.Say, line: str) -> None:
        with self._lock:
            self._erase()
            tell(line)
            self._restore()

    def _erase(self) -> None:
        """Take the line that is being typed off the screen."""
        if self._prompt is None:
            return
        width = display_width(self._prompt + self._typed())
        rows = width // max(shutil.get_terminal_size().columns, 1)
        print("\r" + (f"\x1b[{rows}A" if rows else "") + "\x1b[J", end="", flush=True)

    def _restore(self) -> None:
        if self._prompt is not None:
            print(self._prompt + self._typed(), end="", flush=True)


def open_screen() -> Screen:
    """Return the screen of this process: a terminal if both its input and its output are one."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and output.knows_ansi()
    return Terminal() if is_terminal else Screen()


def _prepare_readline() -> Callable[[], str]:
    """Have lines edited comfortably where that is possible, and return what tells the line typed so far."""
    try:
        import readline
    except ImportError:  # Windows
        return str
    readline.parse_and_bind("set disable-completion on")  # Tab would offer the names of files
    if os.name != "posix":
        return str
    return readline.get_line_buffer
