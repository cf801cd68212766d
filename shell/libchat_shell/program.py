"""The shell on a terminal, put together.

The prompt comes first: what is behind it (commands, plugins) takes longer to load than a person likes to wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from libchat_shell.app import App
from libchat_shell.colours import theme
from libchat_shell.front import Idle
from libchat_shell.history import HistoryFile
from libchat_shell.surroundings import Surroundings

if TYPE_CHECKING:
    from libchat import Participant
    from libchat_shell.shell import Shell

WELCOME = "welcome {name}: /help lists the commands, Tab completes, Alt-A goes to what is new, Ctrl-D leaves"


class Program:
    """One run of the shell. `log` is told how warnings of the library are to be shown."""

    def __init__(
        self, chat: Participant, around: Surroundings, history: Path, log: Callable[[Callable[[str], None]], None]
    ) -> None:
        self._chat = chat
        self._around = around
        self._log = log
        self._shell: Shell | None = None
        self._failure: Exception | None = None
        settings = around.settings
        colours = theme(settings.text("theme"), no_color=bool(os.environ.get("NO_COLOR")))
        self._idle = Idle()
        self._app = App(HistoryFile(history, settings.number("lines")), self._idle, theme=colours)

    def run(self) -> int:
        """Talk until the person leaves, and return the exit code. Raises the reason if the chat ends before."""
        self._app.post(self._open, OPENING_SECONDS)
        try:
            code = self._app.run()
        finally:
            if self._shell is not None:
                self._shell.close()
        end = self._failure or (self._shell.end if self._shell is not None else None)
        if end is not None:
            raise end
        return code

    def _open(self) -> None:
        """Put the shell behind the prompt."""
        try:
            from libchat_shell.shell import Shell
            from libchat_shell.talking import Talking

            shell = self._shell = Shell(self._chat, self._app, self._around)
        except Exception as error:  # noqa: BLE001  # it is raised when the terminal is in order again
            self._failure = error
            self._app.end()
            return
        self._app.front = Talking(shell)
        self._log(shell.show)
        shell.tell(WELCOME.format(name=self._chat.name))
        shell.begin()
        self._idle.hand_over(self._app.front)


OPENING_SECONDS = 0.001
"""When the shell is opened: after the prompt was drawn."""


def run(chat: Participant, around: Surroundings, *, history: Path, log: Callable[[Callable[[str], None]], None]) -> int:
    """Talk until the person leaves, and return the exit code. Raises the reason if the chat ends before."""
    return Program(chat, around, history, log).run()
