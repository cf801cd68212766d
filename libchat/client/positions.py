"""How far a program has come in each conversation.

Two numbers for each: `seen`, the newest entry that was handed to the program, and `taken`, the newest one that the
program has taken. What comes again is known by the first; what must come again after a restart of the program, by the
second. Conversations go by their canonical names, rooms with a `#`.

What the server needs to know is the second. A private entry waits there until it is acknowledged, so each is told at
once. For the rooms of an account the server remembers a place to resume at, which need not be exact.
"""

from __future__ import annotations

from libchat.client.memory import Memory
from libchat.limits import ROOM_ACK_ENTRIES


class Positions:
    """The positions of one link, as far as they belong to the server's log. Not thread-safe."""

    def __init__(self, memory: Memory) -> None:
        self.is_account = False
        """Whether the server remembers where to resume in rooms."""
        self._memory = memory
        self._log = memory.log
        self._seen = dict(memory.positions)
        self._taken = dict(memory.positions)
        self._untaken: dict[str, int] = {}
        """How many entries of each conversation the program was handed and has not taken, of whatever log."""
        self._stale: dict[str, int] = {}
        """How many of these are of a log that is gone. They are the next ones that it takes."""
        self._to_tell: dict[str, None] = {}
        """The conversations of which the server is to be told."""
        self._untold: dict[str, int] = {}
        """How many entries of each room were taken since the server was told."""

    def log_is(self, log: str) -> bool:
        """Notice the log that numbers belong to, and return whether it is another one than before."""
        if log == self._log:
            return False
        self._log = log
        self._memory.log_is(log)
        for positions in (self._seen, self._taken, self._to_tell, self._untold):
            positions.clear()
        self._stale = dict(self._untaken)
        return True

    # --- rooms ------------------------------------------------------------------------------------------------------

    def enter(self, room: str, seq: int) -> None:
        """Begin behind an entry of a room, unless there is a position in it: then what came since then comes, too."""
        if room not in self._seen:
            self._seen[room] = self._taken[room] = seq
            self._memory.entered(room, seq)

    def start_at(self, room: str, seq: int) -> None:
        """Begin behind an entry of a room, whatever came of it before."""
        self.leave(room)
        self.enter(room, seq)

    def leave(self, room: str) -> None:
        """Forget a room."""
        if self._seen.pop(room, None) is not None:
            self._taken.pop(room, None)
            self._to_tell.pop(room, None)
            self._untold.pop(room, None)
            self._memory.left(room)

    def seen(self, room: str) -> int | None:
        """Return the newest entry that was handed to the program, None if the room is a new one."""
        return self._seen.get(room)

    def taken(self, room: str) -> int | None:
        """Return the newest entry that the program has taken, None if the room is a new one."""
        return self._taken.get(room, 0) if room in self._seen else None

    def rooms(self) -> list[str]:
        """Return the rooms in which there is a position: one is in them, as far as is known here."""
        return [conversation for conversation in self._seen if conversation.startswith("#")]

    # --- entries ----------------------------------------------------------------------------------------------------

    def hand_over(self, conversation: str, seq: int) -> bool:
        """Return whether an entry was not handed over before. One that was taken is told to the server once more."""
        if self.pass_by(conversation, seq):
            self._untaken[conversation] = self._untaken.get(conversation, 0) + 1
            return True
        if seq <= self._taken.get(conversation, 0) and not conversation.startswith("#"):
            self._to_tell[conversation] = None
        return False

    def pass_by(self, conversation: str, seq: int) -> bool:
        """Notice that nothing up to a number will come any more, and return whether anything still could have."""
        if seq <= self._seen.get(conversation, 0):
            return False
        self._seen[conversation] = seq
        return True

    def take(self, conversation: str, seq: int) -> bool:
        """Notice that the program has taken an entry, and return whether the server is to be told now."""
        if self._is_stale(conversation) or seq > self._seen.get(conversation, 0):
            return False  # it is of a log that is gone, or of a room that was left
        if seq > self._taken.get(conversation, 0):
            self._taken[conversation] = seq
            self._memory.taken(conversation, seq)
        if conversation.startswith("#"):
            return self._take_in_room(conversation)
        self._to_tell[conversation] = None
        return True

    def _is_stale(self, conversation: str) -> bool:
        """Count an entry that was taken, and return whether it is of a log that is gone."""
        _count_down(self._untaken, conversation)
        return _count_down(self._stale, conversation)

    def _take_in_room(self, room: str) -> bool:
        if not self.is_account:
            return False  # nothing waits for a guest
        self._untold[room] = self._untold.get(room, 0) + 1
        if self._untold[room] < ROOM_ACK_ENTRIES:
            return False
        self._to_tell[room] = None
        return True

    # --- what the server is told ------------------------------------------------------------------------------------

    def to_tell(self, *, is_last: bool = False) -> list[tuple[str, int]]:
        """Remove and return what the server is to be told: conversations and numbers. The last time, it is exact."""
        if is_last:
            self._to_tell.update(dict.fromkeys(self._untold))
        told = [(conversation, self._taken[conversation]) for conversation in self._to_tell]
        for conversation in self._to_tell:
            self._untold.pop(conversation, None)
        self._to_tell.clear()
        return told


def _count_down(counts: dict[str, int], key: str) -> bool:
    """Take one from a count, and return whether there was one."""
    count = counts.pop(key, 0)
    if count > 1:
        counts[key] = count - 1
    return count > 0
