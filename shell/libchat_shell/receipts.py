"""What became of own messages: sent, accepted, delivered, read.

How it is shown. A printed line cannot be changed, so receipts do not stand behind messages. The line above the input
says what became of the newest own message of the conversation ("delivered", "read by bo 16:41"): what was said before
it is at least as far, since entries keep their order. What is not accepted is counted there ("2 pending"), and the line
of a message that was said without a connection has a mark. A refusal is told in a line that quotes the message.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from libchat.names import target_key

PATIENCE_MS: Final = 400
"""How old a pending message must be to be told of: nearly all are accepted before, and the line would flicker."""


class Stage(IntEnum):
    """How far a message has come. Only grows."""

    SENT = 0
    ACCEPTED = 1
    QUEUED = 2
    DELIVERED = 3
    READ = 4


@dataclass(frozen=True, slots=True)
class Pending:
    """An own message that is not answered."""

    cid: str
    target: str
    text: str
    time: int
    reply_to: int
    is_offline: bool
    """Whether there was no connection when it was said."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest own message of a conversation that was accepted."""

    seq: int
    is_queued: bool


class Receipts:
    """All own messages that are not answered, and the newest of each conversation that is."""

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}
        self._newest: dict[str, Newest] = {}
        self._late = 0
        """How many that were said without a connection have been accepted since."""

    def sent(self, message: Pending) -> None:
        """Notice that a message was submitted."""
        self._pending[message.cid] = message

    def answered(self, cid: str) -> Pending | None:
        """Return the message with this id, which is pending no longer; None if it is none of these."""
        message = self._pending.pop(cid, None) if cid else None
        if message is not None and message.is_offline:
            self._late += 1
        return message

    def accepted(self, target: str, seq: int, *, is_queued: bool) -> None:
        """Notice the newest own message of a conversation."""
        key = target_key(target)
        if key not in self._newest or seq >= self._newest[key].seq:
            self._newest[key] = Newest(seq, is_queued)

    def unanswered(self, key: str) -> Set[str]:
        """Return the cids of the messages of a conversation that are pending."""
        return {cid for cid, each in self._pending.items() if target_key(each.target) == key}

    def pending(self, cids: Set[str]) -> Set[str]:
        """Return those of these messages that are still pending."""
        return cids & self._pending.keys() if cids else cids

    def echoed(self, cids: Set[str], text: str) -> Pending | None:
        """Return the oldest of these messages that says this, if one is pending: it came back before its answer."""
        return next((each for cid, each in self._pending.items() if cid in cids and each.text == text), None)

    def late(self) -> int:
        """Return how many messages have waited for a connection and were sent, once none waits any more; then 0."""
        if self._late == 0 or any(each.is_offline for each in self._pending.values()):
            return 0
        late, self._late = self._late, 0
        return late

    def waiting(self, now: int, *, is_connected: bool) -> int:
        """Return how many are pending, for so long that it is worth a word."""
        return sum(not is_connected or now - each.time >= PATIENCE_MS for each in self._pending.values())

    def stage(self, key: str, delivered: int, read: int) -> Stage | None:
        """Return how far the newest own message of a conversation has come, None if there is none."""
        newest = self._newest.get(key)
        if newest is None:
            return None
        if newest.seq <= read:
            return Stage.READ
        if newest.seq <= delivered:
            return Stage.DELIVERED
        return Stage.QUEUED if newest.is_queued else Stage.ACCEPTED

    def forget(self, key: str) -> None:
        """Have no newest message of a conversation: somebody else has spoken since, or its numbers begin anew."""
        self._newest.pop(key, None)
