"""Messages found by their words, among those that somebody may read, newest first.

There are two ways, and each is slow where the other is fast:

- *Meeting*: the index looks for the words and for who reads, and skips what has not both. To look for one conversation
  takes it about 40 us, whether anything is found or not: nothing for a few of them, too much for a thousand.
- *Walking*: all messages with the words are looked at, whoever may read them, 1 us each. That ends soon when the asker
  may read many of them, or when there are few; not when there are many, and all of them are somebody else's.

So a few conversations are met. For many of them it is walked first, as far as a fraction of what meeting takes, and
what lies behind is met. Both give the same, and nothing that is not the asker's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby, islice
from typing import Final, NamedTuple

from msgspec import json

from libchat.records import AskSearch, SearchFound
from libchat.store.reading import ENTRY, EntryRow, entry_of
from libchat.store.texts import pattern_of, pattern_of_readers

GROUP: Final = 64
"""Conversations that are met at once. The index compares all of them at each step, so that a thousand at once take
three times as long as in groups; smaller groups look up the words too often."""

WALKED: Final = 8
"""Messages walked for each conversation before it is met: about a fifth of what meeting costs at least."""

_MEET: Final = """SELECT search.rowid FROM search JOIN entries e ON e.id = search.rowid
    WHERE search MATCH ? AND search.rowid < ? AND e.time >= ? ORDER BY search.rowid DESC"""

_WALK: Final = """SELECT search.rowid, e.time >= ? AND (
        e.conversation IN (SELECT value FROM json_each(?))
        OR EXISTS (SELECT 1 FROM conversations c WHERE c.id = e.conversation AND ? IN (c.one, c.other))
    ) FROM search JOIN entries e ON e.id = search.rowid
    WHERE search MATCH ? AND search.rowid < ? ORDER BY search.rowid DESC LIMIT ?"""

_ENTRIES: Final = f"""SELECT {ENTRY} FROM entries e
    WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY e.id DESC"""  # noqa: S608 - made of constants

_IDS: Final = "SELECT id FROM conversations WHERE key IN (SELECT value FROM json_each(?)) ORDER BY id"

_NO_ENTRY: Final = 2**63 - 1
_NO_LIMIT: Final = -1


class _Readable(NamedTuple):
    """What is looked through: conversations by their ids, and all private ones of a name, unless it is ""."""

    conversations: list[int]
    name: str


def find_words(connection: sqlite3.Connection, asked: AskSearch) -> SearchFound:
    """Return the answer to a search."""
    found = list(islice(_find_ids(connection, asked), asked.limit + 1))
    kept = found[: asked.limit]
    rows: list[EntryRow] = connection.execute(_ENTRIES, (_as_json(kept),)).fetchall()
    return SearchFound(tuple(map(entry_of, rows)), kept[-1] if len(found) > asked.limit else None)


def _find_ids(connection: sqlite3.Connection, asked: AskSearch) -> Iterator[int]:
    """Return the ids of all messages that are found, newest first; each is looked for when it is taken."""
    readable = _readable(connection, asked)
    before = _NO_ENTRY if asked.before is None else asked.before
    if not asked.words or not (readable.conversations or readable.name):
        return iter(())
    if len(readable.conversations) < GROUP:
        return _meet(connection, asked, readable, before)
    return _walk(connection, asked, readable, before)


def _walk(connection: sqlite3.Connection, asked: AskSearch, readable: _Readable, before: int) -> Iterator[int]:
    """Yield what is found by walking, and from where that ends, by meeting."""
    limit = _limit_of_walk(asked, readable)
    values = (asked.since, _as_json(readable.conversations), readable.name, pattern_of(asked.words), before, limit)
    walked, oldest = 0, before
    for oldest, is_theirs in connection.execute(_WALK, values):
        walked += 1
        if is_theirs:
            yield oldest
    if walked == limit:
        yield from _meet(connection, asked, readable, oldest)


def _limit_of_walk(asked: AskSearch, readable: _Readable) -> int:
    """Return how many messages are walked. The beginning of a word is too dear to look up for each group."""
    has_beginnings = any(word.endswith("*") for word in asked.words)
    return _NO_LIMIT if has_beginnings else WALKED * len(readable.conversations)


def _meet(connection: sqlite3.Connection, asked: AskSearch, readable: _Readable, before: int) -> Iterator[int]:
    """Return what is found by meeting. A private conversation may be there twice: by its id, and by the name."""
    cursors = [
        connection.execute(_MEET, (pattern_of_readers(asked.words, group, name), before, asked.since))
        for group, name in _groups(readable)
    ]
    return (found for (found,), _ in groupby(merge(*cursors, reverse=True)))


def _groups(readable: _Readable) -> Iterator[_Readable]:
    """Yield what is met at once: the name comes with the first group, which may have nothing else."""
    name = readable.name
    for at in range(0, max(len(readable.conversations), 1), GROUP):
        yield _Readable(readable.conversations[at : at + GROUP], name)
        name = ""


def _readable(connection: sqlite3.Connection, asked: AskSearch) -> _Readable:
    if not asked.only:
        return _Readable(_ids_of(connection, asked.rooms), asked.name)
    is_theirs = asked.only in asked.rooms or (bool(asked.name) and asked.name in asked.only.split(" "))
    return _Readable(_ids_of(connection, (asked.only,) if is_theirs else ()), "")


def _ids_of(connection: sqlite3.Connection, keys: Sequence[str]) -> list[int]:
    return [number for (number,) in connection.execute(_IDS, (_as_json(keys),))]


def _as_json(values: Sequence[int] | Sequence[str]) -> str:
    return json.encode(values).decode()
