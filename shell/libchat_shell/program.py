"""The shell on a terminal, put together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from libchat import Participant
from libchat_shell.app import App
from libchat_shell.colours import theme
from libchat_shell.history import HistoryFile
from libchat_shell.shell import Shell, Surroundings
from libchat_shell.talking import Talking

WELCOME = "welcome {name}: /help lists the commands, Tab completes, Alt-A goes to what is new, Ctrl-D leaves"


def run(chat: Participant, around: Surroundings, *, history: Path, log: Callable[[Callable[[str], None]], None]) -> int:
    """Talk until the person leaves, and return the exit code. Raises the reason if the chat ends before.

    `log` is told how warnings of the library are to be shown.
    """
    settings = around.settings
    colours = theme(settings.text("theme"), no_color=bool(os.environ.get("NO_COLOR")))
    app = App(HistoryFile(history, settings.number("lines")), theme=colours)
    shell = Shell(chat, app, around)
    app.front = Talking(shell)
    log(shell.show)
    app.post(lambda: shell.tell(WELCOME.format(name=chat.name)))
    app.post(shell.begin)
    try:
        code = app.run()
    finally:
        shell.close()
    if shell.end is not None:
        raise shell.end
    return code
