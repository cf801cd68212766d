"""What happens in a chat, for those who watch it and have no part in it. All are immutable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from libchat.messages import Entry, Joined, Kicked, Left


class Came(Struct, frozen=True, gc=False):
    """Somebody who was not here is here now."""

    name: str


class Went(Struct, frozen=True, gc=False):
    """Nobody of that name is here any more."""

    name: str


Happening = Came | Went | Joined | Left | Kicked | Entry


class Watcher(Protocol):
    """Who is told what happens."""

    def happened(self, happenings: Sequence[Happening]) -> None:
        """Take notice. Called under the hub's lock: it must not block, must not do I/O, and must not call the hub."""
        ...
