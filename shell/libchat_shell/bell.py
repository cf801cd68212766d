"""Calling a person: the terminal's bell, a notification that the terminal shows (OSC 9, OSC 777), or a program.

What a peer wrote goes into these as one clean line without what ends or parts such a sequence, and into a program's
arguments as it is: there is no shell in between.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from libchat.text import clean_line

if TYPE_CHECKING:
    from libchat_shell.notifications import Notification
    from libchat_shell.settings import Settings

_log = logging.getLogger("libchat.shell")

BELL: Final = "\a"
BODY_CHARACTERS: Final = 200
"""What is shown of a message: as much as desktops show."""
COMMANDS: Final = 4
"""Programs that may run at a time: somebody who floods a room must not fill the machine with them."""


def sequences(notification: Notification, settings: Settings) -> str:
    """Return what to write to the terminal, "" for nothing."""
    osc = settings.text("osc")
    title, body = _part(notification.title), _part(notification.body)
    written = BELL if settings.is_on("bell") else ""
    if osc == "9":
        written += f"\x1b]9;{title}: {body}\x1b\\"
    elif osc == "777":
        written += f"\x1b]777;notify;{title};{body}\x1b\\"
    return written


def _part(text: str) -> str:
    """Return a text that neither ends the sequence it stands in, nor begins another part of it."""
    return clean_line(text)[:BODY_CHARACTERS].replace(";", ",").replace("\\", "/")


class Commands:
    """Starts the person's own program for each notification, and waits for none."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._free = threading.BoundedSemaphore(COMMANDS)
        self._has_complained = False

    def start(self, words: Sequence[str], notification: Notification) -> None:
        """Start the program, unless too many run."""
        if words and self._free.acquire(blocking=False):
            argv = [_filled(word, notification) for word in words]
            threading.Thread(target=self._run, args=(argv,), name="libchat-notify", daemon=True).start()

    def _run(self, argv: Sequence[str]) -> None:
        try:
            subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            if not self._has_complained:  # once is enough
                self._has_complained = True
                self._tell(f"the setting `command` does not work: {error}")
        finally:
            self._free.release()


def _filled(word: str, notification: Notification) -> str:
    title, body = (clean_line(text)[:BODY_CHARACTERS] for text in (notification.title, notification.body))
    return word.replace("{title}", title).replace("{body}", body)
