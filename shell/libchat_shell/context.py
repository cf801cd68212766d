"""What the shell's own commands are handed: the context of a plugin, and the shell."""

from __future__ import annotations

from libchat.plugins import Context, UsageError
from libchat.plugins.home import Home
from libchat_shell.desk import Desk


class ShellContext(Context):
    """One call of a command in the shell. Plugins see a `Context`; the shell's own commands see the shell, too."""

    __slots__ = ("shell",)

    def __init__(self, home: Home, sender: str, target: str, shell: Desk) -> None:
        super().__init__(home, sender, target)
        self.shell = shell

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
