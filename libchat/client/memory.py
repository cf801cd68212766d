"""What a client keeps beyond its connections, and, if it is told to, beyond its program: the interface."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libchat.security.known_servers import Announced

_NOTHING: Mapping[str, int] = MappingProxyType({})
_NO_LINES: Mapping[str, bytes] = MappingProxyType({})
_NO_KEYS: Mapping[str, Announced] = MappingProxyType({})


class Memory:
    """What a link is to know again after a restart of its program. This one keeps nothing.

    1. What stands in its fields was kept by an earlier run. A link reads it once, when it is made.
    2. `keep`, `answered`, `server_is`, `announced`, `log_is`, `entered`, `left` and `taken` only note; they do no input
       or output, since they are called under the lock around the link. One thread at a time is in them (with asyncio,
       the thread of the loop).
    3. What was noted before `save` began is kept, in the order of the notes, when it returns. It may be called by any
       thread, and under no lock.
    4. Whoever hands bytes of a link to a socket, or an event to a program, calls `save` before.
    """

    device: str = ""
    """The secret of the client; "" if there is none yet."""
    server: str = ""
    """By what the server is known: its pin, or its address; "" if that was not kept."""
    successors: Mapping[str, Announced] = _NO_KEYS
    """What servers have announced of their next keys, and proven, by their pins."""
    log: str = ""
    """The log that the positions belong to."""
    positions: Mapping[str, int] = _NOTHING
    """The newest entry of each conversation that the program has taken, by canonical name."""
    unanswered: Mapping[str, bytes] = _NO_LINES
    """The line of each command that was not answered, by its cid, in the order in which they were submitted."""

    def keep(self, cid: str, line: bytes) -> None:
        """Note a command that must not be lost."""

    def answered(self, cid: str) -> None:
        """Note that a command is answered, which may be one that was not kept."""

    def server_is(self, server: str) -> None:
        """Note by what the server is known from now on: it has changed its key, as it had announced."""

    def announced(self, pin: str, successor: Announced) -> None:
        """Note which key comes after that of a pin, as it has announced and proven."""

    def log_is(self, log: str) -> None:
        """Note that the server counts by this log: the positions so far mean nothing."""

    def entered(self, room: str, seq: int) -> None:
        """Note a room, and where it stood when it was entered."""

    def left(self, room: str) -> None:
        """Note that a room is of no interest any more."""

    def taken(self, conversation: str, seq: int) -> None:
        """Note that the program has taken an entry. That of a room which was left means nothing."""

    def save(self) -> None:
        """Keep what was noted. Raises StoreError."""

    def close(self) -> None:
        """Save, and release everything. Nothing is kept after that. Harmless when called twice."""
