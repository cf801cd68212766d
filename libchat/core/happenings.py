"""What has happened, for who watches the chat. It is put aside here, and the hub takes it at the end of each turn."""

from __future__ import annotations

from libchat.happenings import Happening


class Happenings:
    """Keeps what is noted until it is taken; nothing, unless the chat `is_watched`."""

    __slots__ = ("_noted", "is_watched")

    def __init__(self) -> None:
        self.is_watched = False
        self._noted: list[Happening] = []

    def note(self, happening: Happening) -> None:
        """Put something aside."""
        if self.is_watched:
            self._noted.append(happening)

    def take(self) -> list[Happening]:
        """Return what was put aside, in the order in which it was, and forget it."""
        noted, self._noted = self._noted, []
        return noted
