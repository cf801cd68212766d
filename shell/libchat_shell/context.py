"""What the shell's own commands are handed: the context of a plugin, and the shell."""

from __future__ import annotations

from typing import Final

from libchat import ChatError, Failed, Refused
from libchat.plugins import Context, UsageError
from libchat.plugins.loaded.home import Home
from libchat.receipt import Receipt
from libchat_shell.desk import Desk

_LOOK_SECONDS: Final = 1.0
"""How long a plugin that is unloaded may have to wait for what it has sent."""


class ShellContext(Context):
    """One call of a command in the shell. Plugins see a `Context`; the shell's own commands see the shell, too."""

    __slots__ = ("shell",)

    def __init__(self, home: Home, sender: str, target: str, shell: Desk) -> None:
        super().__init__(home, sender, target)
        self.shell = shell

    def say(self, text: str, to: str = "") -> Receipt:
        receipt = super().say(text, to)
        self.shell.sent(self.place(to), text, receipt.cid)
        if receipt.is_answered:
            self._follow(receipt)
        else:
            self.thread(lambda: self._follow(receipt))
        return receipt

    def _follow(self, receipt: Receipt) -> None:
        """Have the shell told what becomes of something that was sent: its receipt has the answer, and no event."""
        while not self.ending.is_set():
            try:
                self.shell.heard(receipt.accepted(_LOOK_SECONDS))
                return
            except TimeoutError:
                continue  # there is no connection: it goes out later
            except Refused as error:
                self.shell.heard(Failed(error.code, error.reason, error.subject, receipt.cid))
                return
            except ChatError:
                return

    def need_target(self) -> str:
        """Return the conversation that this is about. Raises `UsageError` outside any."""
        if not self.target:
            raise UsageError("this needs a conversation; go to one with /join ROOM or /query NAME")
        return self.target

    def need_room(self, room: str | None = None) -> str:
        """Return the room that was named, or else the one that one is in. Raises `UsageError` outside any."""
        found = room or self.room
        if not found:
            raise UsageError("you are in no room here; say --room ROOM, or go to one with /join ROOM")
        return found
