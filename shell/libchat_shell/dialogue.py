"""Questions on a terminal before there is a shell: one line is answered while others are printed above it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.shortcuts import PromptSession

from libchat.cli import output
from libchat.cli.screen import Screen
from libchat_shell.colours import paint
from libchat_shell.lines import Line
from libchat_shell.printing import Printer
from libchat_shell.terminal import open_output

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output


class Dialogue(Screen):
    """A terminal, with a person before it, who is asked one thing after the other."""

    is_terminal = True

    def __init__(
        self,
        theme: str,
        input: Input | None = None,  # noqa: A002  # prompt_toolkit's name
        output: Output | None = None,
    ) -> None:
        super().__init__()
        self._output = output if output is not None else open_output()
        self._input = input
        self._printer = Printer(self._output, lambda line: paint(line, theme))

    def read_line(self, prompt: str) -> str:
        """Return the answer. Raises EOFError (Ctrl-D) and KeyboardInterrupt (Ctrl-C)."""
        session: PromptSession[str] = PromptSession(input=self._input, output=self._output)
        try:
            return session.prompt(FormattedText([("bold", prompt)]), pre_run=lambda: self._printer.attach(session.app))
        except BaseException:
            print(flush=True)
            raise
        finally:
            self._printer.attach(None)

    def ask(self, question: str) -> str:
        return self.read_line(question)

    def show(self, line: str, mark: int = 0) -> None:
        self._post(line, "")

    def tell(self, tell: output.Say, line: str) -> None:
        self._post(line, "error" if tell is output.deplore else "dim")

    def _post(self, line: str, style: str) -> None:
        sys.stdout.flush()
        self._printer.post([Line(((style, output.safe_line(line)),))])
