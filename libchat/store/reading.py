"""Entries as they are now: the newest text of a message, what is left of a deleted one, and reactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from msgspec import json
from msgspec.structs import replace

from libchat.messages import Entry, Reaction

ENTRY: Final = """
    e.id, e.target, e.seq, e.sender, e.time,
    CASE WHEN e.edited
        THEN (SELECT x.text FROM entries x WHERE x.conversation = e.conversation AND x.seq = e.edited)
        ELSE e.text END,
    e.kind, e.ref, e.edited, e.deleted
"""
"""The columns of `entries e` of which `entry_of` makes an entry."""

IS_USED: Final = "SELECT id FROM entries WHERE device = ? AND cid = ? AND device <> '' AND cid <> ''"
"""Finds what was stored under a device's client id."""

EntryRow: TypeAlias = tuple[int, str, int, str, int, str, str, int, int, int]


def entry_of(row: EntryRow) -> Entry:
    """Return the entry of a row of `ENTRY`, without its reactions."""
    _, target, seq, sender, time, text, kind, ref, edited, deleted = row
    return Entry(target, seq, sender, time, text, kind, ref, is_edited=edited > 0, is_deleted=deleted > 0)


def with_reactions(connection: sqlite3.Connection, rows: Sequence[EntryRow]) -> list[Entry]:
    """Return the entries of some rows, with their reactions."""
    reactions = _reactions_of(connection, [row[0] for row in rows])
    entries = [entry_of(row) for row in rows]
    if not reactions:
        return entries
    return [
        replace(entry, reactions=reactions[row[0]]) if row[0] in reactions else entry
        for row, entry in zip(rows, entries, strict=True)
    ]


def _reactions_of(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, tuple[Reaction, ...]]:
    """Return the reactions to some entries, in the order in which each was first made."""
    rows: Iterable[tuple[int, str, str]] = connection.execute(
        """SELECT entry, text, display FROM reactions
        WHERE entry IN (SELECT value FROM json_each(?)) ORDER BY at""",
        (json.encode(ids).decode(),),
    )
    names: dict[int, dict[str, list[str]]] = {}
    for entry, text, display in rows:
        names.setdefault(entry, {}).setdefault(text, []).append(display)
    return {
        entry: tuple(Reaction(text, tuple(people)) for text, people in texts.items()) for entry, texts in names.items()
    }
