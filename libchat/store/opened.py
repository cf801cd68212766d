"""What the writer knows of the conversations that were written to last: their newest entries, and hashes."""

from __future__ import annotations

import sqlite3
from typing import Final

CONVERSATIONS: Final = 10_000
"""Conversations that stay in the writer's memory: more than are written to within a minute. About 5 MB."""


class Conversation:
    """What the writer knows of a conversation: its newest entry and hash, and the newest of each side of a pair."""

    __slots__ = ("from_one", "from_other", "head", "id", "key", "last", "one", "other", "topic")

    def __init__(
        self,
        key: str,
        number: int,
        last: int = 0,
        head: bytes = b"",
        from_one: int = 0,
        from_other: int = 0,
        topic: str = "",
    ) -> None:
        self.key = key
        self.id = number
        pair = names_of(key)
        self.one, self.other = pair if pair is not None else ("", "")
        self.last = last
        self.head = head
        self.from_one = from_one
        self.from_other = from_other
        self.topic = topic


class Opened:
    """The conversations of a log. Those that were opened are remembered until `forget`; for one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._conversations: dict[str, Conversation] = {}

    def forget(self, connection: sqlite3.Connection) -> None:
        """Forget what is remembered, and use this connection from now on."""
        self._connection = connection
        self._conversations.clear()

    def open(self, key: str, shown: str = "") -> Conversation:
        """Return a conversation; a new one if there is none, of a room that is `shown` as that."""
        conversation = self._conversations.get(key)
        if conversation is None:
            conversation = self._conversations[key] = self._read(key) or self._begin(key, shown)
        return conversation

    def _read(self, key: str) -> Conversation | None:
        row = self._connection.execute(
            "SELECT id, last, head, from_one, from_other, topic FROM conversations WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else Conversation(key, *row)

    def _begin(self, key: str, shown: str) -> Conversation:
        pair = names_of(key)
        one, other, room = (*pair, "") if pair is not None else (None, None, shown or key)
        self._connection.execute(
            "INSERT INTO conversations (key, one, other, room) VALUES (?, ?, ?, ?)", (key, one, other, room)
        )
        conversation = self._read(key)
        assert conversation is not None, "it was put there"
        return conversation

    def make_room(self) -> None:
        """Forget the conversations that were opened first."""
        while len(self._conversations) > CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]

    def last(self, key: str) -> int:
        """Return the number of a conversation's newest entry, 0 if there is none."""
        conversation = self.known(key)
        return conversation.last if conversation is not None else 0

    def known(self, key: str) -> Conversation | None:
        """Return a conversation, None if there is none."""
        return self._conversations.get(key) or self._read(key)


def names_of(key: str) -> tuple[str, str] | None:
    """Return the two names of a pair; None for a room."""
    if key.startswith("#"):
        return None
    one, _, other = key.partition(" ")
    return one, other
