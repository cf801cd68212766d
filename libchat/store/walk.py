"""Along the entries of each conversation: their numbers, their hashes, and what a conversation says of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct, ValidationError, convert

from libchat.store.chain import BEGINNING, digest_of, link
from libchat.store.writing import canonical

STRIDE: Final = 1_000
"""Entries between two times that progress is told."""


def _ignore(passed: int) -> None:
    pass


canonical_form = lru_cache(65_536)(canonical)
"""`canonical`, quick for names that come again and again."""

RECENT: Final = 1_000
"""Entries that are looked at when a log is opened: more than are written in the second before a power cut."""

_CONVERSATIONS: Final = """SELECT id, key, one, other, topic, first, last, base, head, from_one, from_other
    FROM conversations ORDER BY id"""

_COLUMNS: Final = """e.id, e.seq, e.target, e.sender, e.name, e.owner, e.time, e.text, e.kind, e.ref, e.device, e.cid,
    e.salt, e.digest, e.hash"""

_ENTRIES: Final = f"SELECT {_COLUMNS} FROM entries e WHERE e.conversation = ? ORDER BY e.seq"  # noqa: S608 - constants

_NEWEST: Final = f"""SELECT {_COLUMNS}, c.key, CASE e.seq WHEN c.first THEN c.base ELSE b.hash END,
    CASE e.seq WHEN c.last THEN c.head ELSE e.hash END
    FROM entries e CROSS JOIN conversations c ON c.id = e.conversation
    LEFT JOIN entries b ON b.conversation = e.conversation AND b.seq = e.seq - 1
    ORDER BY e.id DESC LIMIT ?"""  # noqa: S608


class Conversation(Struct, array_like=True):
    """What a conversation says of its entries: the columns of its row."""

    id: int
    key: str
    one: str | None
    other: str | None
    topic: str
    first: int
    last: int
    base: bytes
    head: bytes
    from_one: int
    from_other: int


class Row(Struct, array_like=True, gc=False):
    """The columns of an entry that take part in its hash, and its canonical name."""

    id: int
    seq: int
    target: str
    sender: str
    name: str
    owner: str
    time: int
    text: str
    kind: str
    ref: int
    device: str
    cid: str
    salt: bytes | None
    digest: bytes | None
    hash: bytes


def find_faults(connection: sqlite3.Connection, step: Callable[[int], None] = _ignore) -> Iterator[str]:
    """Yield what is wrong. `step` is told how many entries were passed. Raises sqlite3.Error if one cannot be read."""
    for row in connection.execute(_CONVERSATIONS):
        try:
            conversation = convert(row, Conversation)
        except ValidationError as error:
            yield f"conversation {row[0]!r} cannot be read: {error}"
            continue
        yield from _walk_one(connection, conversation, step)


def find_recent_fault(connection: sqlite3.Connection, count: int = RECENT) -> str:
    """Return what is wrong with the newest entries of a log, "" if nothing is. Raises sqlite3.Error.

    It costs some milliseconds, however long the log is: what a disk loses is mostly what was written last.
    """
    for *columns, key, before, head in connection.execute(_NEWEST, (count,)):
        try:
            row = convert(columns, Row)
        except ValidationError as error:
            return f"{key}: entry {columns[1]!r} cannot be read: {error}"
        if before is None or row.hash != head or not _is_stored(row, key, before):
            return f"{key}: entry {row.seq}, or one beside it, is not what was stored"
    return ""


def _walk_one(connection: sqlite3.Connection, conversation: Conversation, step: Callable[[int], None]) -> Iterator[str]:
    follower = _Follower(conversation)
    passed = 0
    for columns in connection.execute(_ENTRIES, (conversation.id,)):
        try:
            row = convert(columns, Row)
        except ValidationError as error:
            yield f"{conversation.key}: entry {columns[1]!r} cannot be read: {error}"
            continue
        yield from follower.follow(row)
        passed += 1
        if passed == STRIDE:
            step(passed)
            passed = 0
    yield from follower.end()
    step(passed)


class _Follower:
    """Goes along one conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._of = conversation
        self._seq = conversation.first - 1
        self._id = 0
        self._hash = conversation.base
        self._from = {conversation.one: 0, conversation.other: 0}
        self._topic: str | None = None

    def follow(self, row: Row) -> Iterator[str]:
        """Yield what is wrong with the next entry."""
        key = self._of.key
        if row.seq > self._seq + 1:
            yield f"{key}: {_numbers(self._seq + 1, row.seq - 1)} missing: what was accepted is lost"
        elif row.seq <= self._seq:
            yield f"{key}: entry {row.seq} stands before the oldest that is kept, {self._of.first}"
        if row.id <= self._id:
            yield f"{key}: entry {row.seq} was stored before the one before it: they are in the wrong order"
        if row.name != canonical_form(row.sender):
            yield f"{key}: entry {row.seq} is of {row.sender!r}, but is kept under the name {row.name!r}"
        if not _is_stored(row, key, self._hash):
            yield (
                f"{key}: the hash chain breaks at entry {row.seq}: this entry, or one before it, is not what was stored"
            )
        self._seq, self._id, self._hash = row.seq, row.id, row.hash
        if row.name in self._from:
            self._from[row.name] = row.seq
        if row.kind == "topic":
            self._topic = row.text

    def end(self) -> Iterator[str]:
        """Yield what is wrong with what the conversation says of all of them."""
        of = self._of
        if of.first < 1 or (of.first == 1 and of.base != BEGINNING):
            yield f"{of.key}: it does not begin as a conversation does: entries at its beginning are missing"
        if self._seq < of.last:
            yield f"{of.key}: {_numbers(self._seq + 1, of.last)} missing: what was accepted is lost"
        elif self._seq > of.last:
            yield f"{of.key}: its newest entry is {self._seq}, but it says {of.last}: a number would be given twice"
        if self._hash != of.head:
            yield f"{of.key}: the hash chain does not end where it says, at entry {of.last}: something was changed"
        if self._topic is not None and self._topic != of.topic:
            yield f"{of.key}: its topic is {of.topic!r}, but the newest that was set is {self._topic!r}"
        for name, says in ((of.one, of.from_one), (of.other, of.from_other)):
            newest = self._from[name]
            # Of one who has said nothing that is kept, it may point to what is no longer kept.
            if newest != says and (newest or not 0 <= says < of.first):
                yield f"{of.key}: the newest entry of {name!r} is {newest}, but it says {says}: it may wait unseen"


def _is_stored(row: Row, conversation: str, before: bytes) -> bool:
    """Return whether an entry has the hash that it must have, given the hash before it."""
    digest = row.digest
    if digest is None:
        if row.salt is None:
            return False
        digest = digest_of(row.salt, row.text)
    said = (row.target, row.sender, row.time, row.kind, row.ref, row.owner, row.device, row.cid)
    return link(before, conversation, row.seq, *said, digest) == row.hash


def _numbers(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
