"""Questions into answers, on a connection that only reads. The work for each is bounded by its limit and its index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Final, TypeAlias, assert_never

from libchat.limits import KNOWN_NAMES
from libchat.records import (
    Answer,
    AskFirst,
    AskPage,
    AskSearch,
    AskUnread,
    AskWaiting,
    FirstFound,
    Known,
    PageFound,
    Question,
    RoomBan,
    RoomMute,
    RoomSettings,
    RoomState,
    Span,
    State,
    UnreadFound,
    Waiting,
    WaitingFound,
)
from libchat.store.reading import ENTRY, IS_USED, EntryRow, entry_of, with_reactions
from libchat.store.searching import find_words

STRIDE: Final = 16
"""Entries of one span that are read at once. Most spans are shorter, as they hold what waits for one person."""

_Found: TypeAlias = tuple[EntryRow, str]


def load(connection: sqlite3.Connection) -> State:
    """Return what a log knows when it is opened."""
    return State(_load_names(connection), _load_waiting(connection), _load_rooms(connection))


def answer(connection: sqlite3.Connection, question: Question) -> Answer:
    """Return the answer to a question, as of one moment. Raises sqlite3.Error if it cannot be read."""
    connection.execute("BEGIN")
    try:
        return _answer(connection, question)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _answer(connection: sqlite3.Connection, question: Question) -> Answer:
    match question:
        case AskPage():
            return _find_page(connection, question)
        case AskWaiting():
            return _find_waiting(connection, question)
        case AskUnread():
            return _find_unread(connection, question)
        case AskSearch():
            return find_words(connection, question)
        case AskFirst(keys):
            return FirstFound(tuple(connection.execute(IS_USED, key).fetchone() is not None for key in keys))
        case _:
            assert_never(question)


# --- what a log begins with -----------------------------------------------------------------------------------------


def _load_names(connection: sqlite3.Connection) -> tuple[Known, ...]:
    rows = connection.execute(
        "SELECT key, display, since, device, is_account FROM names ORDER BY rowid DESC LIMIT ?", (KNOWN_NAMES,)
    ).fetchall()
    return tuple(
        Known(name, display, since, device, bool(is_account))
        for name, display, since, device, is_account in reversed(rows)
    )


def _load_waiting(connection: sqlite3.Connection) -> tuple[Waiting, ...]:
    rows = connection.execute(
        """SELECT c.one, c.key, coalesce(u.seq, 0), c.from_other FROM conversations c
            JOIN names n ON n.key = c.one
            LEFT JOIN cursors u ON u.name = c.one AND u.device = '' AND u.conversation = c.id
            WHERE c.one IS NOT NULL AND c.from_other >= c.first AND c.from_other > coalesce(u.seq, 0)
        UNION ALL SELECT c.other, c.key, coalesce(u.seq, 0), c.from_one FROM conversations c
            JOIN names n ON n.key = c.other
            LEFT JOIN cursors u ON u.name = c.other AND u.device = '' AND u.conversation = c.id
            WHERE c.other IS NOT NULL AND c.from_one >= c.first AND c.from_one > coalesce(u.seq, 0)"""
    )
    return tuple(Waiting(*row) for row in rows)


_ROOMS: Final = """SELECT c.key, c.room, c.topic, m.name, m.role
    FROM conversations c LEFT JOIN members m ON c.id = m.conversation
    WHERE c.one IS NULL AND (m.name IS NOT NULL OR c.topic <> '' OR c.id IN (
        SELECT conversation FROM rooms UNION SELECT conversation FROM bans UNION SELECT conversation FROM mutes
    )) ORDER BY c.id, m.name"""

_SETTINGS: Final = """SELECT c.key, c.room, r.invite_only, r.password, r.moderated, r.secret, r.open_topic
    FROM rooms r JOIN conversations c ON c.id = r.conversation"""

_BANS: Final = """SELECT c.key, c.room, b.mask, b.actor, b.made, b.until, b.reason
    FROM bans b JOIN conversations c ON c.id = b.conversation ORDER BY b.conversation, b.mask"""

_MUTES: Final = """SELECT c.key, c.room, m.name, m.actor, m.made, m.until, m.reason
    FROM mutes m JOIN conversations c ON c.id = m.conversation ORDER BY m.conversation, m.name"""


def _load_rooms(connection: sqlite3.Connection) -> tuple[RoomState, ...]:
    members: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for key, room, topic, name, role in connection.execute(_ROOMS):
        people = members.setdefault((key, room, topic), [])
        if name is not None:
            people.append((name, role))
    settings: dict[str, RoomSettings] = {}
    for key, room, invite_only, password, moderated, secret, open_topic in connection.execute(_SETTINGS):
        flags = (bool(invite_only), password, bool(moderated), bool(secret), bool(open_topic))
        settings[key] = RoomSettings(key, room, *flags)
    bans: dict[str, list[RoomBan]] = {}
    for row in connection.execute(_BANS):
        bans.setdefault(row[0], []).append(RoomBan(*row))
    mutes: dict[str, list[RoomMute]] = {}
    for row in connection.execute(_MUTES):
        mutes.setdefault(row[0], []).append(RoomMute(*row))
    return tuple(
        RoomState(
            *room,
            tuple(theirs),
            settings.get(room[0]),
            tuple(bans.get(room[0], ())),
            tuple(mutes.get(room[0], ())),
        )
        for room, theirs in members.items()
    )


# --- pages ----------------------------------------------------------------------------------------------------------

_OLDER: Final = f"""SELECT {ENTRY} FROM entries e
    WHERE e.conversation = ? AND e.seq < ? AND e.time >= ? ORDER BY e.seq DESC LIMIT ?"""  # noqa: S608 - made of constants, as those below

_NEWER: Final = f"""SELECT {ENTRY} FROM entries e
    WHERE e.conversation = ? AND e.seq >= ? AND e.time >= ? ORDER BY e.seq LIMIT ?"""  # noqa: S608

_DELIVERED: Final = "SELECT seq FROM cursors WHERE conversation = ? AND name = ? AND device = ''"
_READ: Final = "SELECT seq FROM marks WHERE conversation = ? AND name = ?"


def _find_page(connection: sqlite3.Connection, asked: AskPage) -> PageFound:
    row = connection.execute("SELECT id, last FROM conversations WHERE key = ?", (asked.conversation,)).fetchone()
    if row is None:
        return PageFound(())
    conversation, last = row
    older, start = _parts_of_page(asked, last)
    # One more on each side than asked for: it tells whether there is more.
    before: list[EntryRow] = connection.execute(_OLDER, (conversation, start, asked.since, older + 1)).fetchall()
    newer = 0 if asked.where == "before" else asked.limit - min(len(before), older)
    since: list[EntryRow] = connection.execute(_NEWER, (conversation, start, asked.since, newer + 1)).fetchall()
    rows = before[:older][::-1] + since[:newer]
    return PageFound(
        tuple(with_reactions(connection, rows)),
        len(before) > older,
        len(since) > newer,
        _seq_of(connection, _DELIVERED, conversation, asked.other),
        _seq_of(connection, _READ, conversation, asked.other),
    )


def _parts_of_page(asked: AskPage, last: int) -> tuple[int, int]:
    """Return how many entries are wanted before a number, and the number."""
    match asked.where:
        case "before":
            return asked.limit, last + 1 if asked.at is None else asked.at
        case "after":
            return 0, (asked.at or 0) + 1
        case "around":
            return asked.limit // 2, last + 1 if asked.at is None else asked.at


def _seq_of(connection: sqlite3.Connection, query: str, conversation: int, name: str) -> int:
    row = connection.execute(query, (conversation, name)).fetchone() if name else None
    return 0 if row is None else int(row[0])


# --- what waits -----------------------------------------------------------------------------------------------------

_WALK: Final = f"""SELECT {ENTRY} FROM entries e
    WHERE e.conversation = ? AND e.seq > ? AND e.seq <= ? AND {{skip}} <> ? ORDER BY e.seq LIMIT {STRIDE}"""  # noqa: S608
_WALK_PAST_DEVICE: Final = _WALK.format(skip="e.device")
_WALK_PAST_NAME: Final = _WALK.format(skip="e.name")


def _find_waiting(connection: sqlite3.Connection, asked: AskWaiting) -> WaitingFound:
    walks = [_walk(connection, asked, span) for span in asked.spans]
    found = list(islice(merge(*walks, key=_id_of), asked.limit + 1))
    kept = found[: asked.limit]
    return WaitingFound(
        tuple((conversation, entry_of(row)) for row, conversation in kept),
        len(found) > asked.limit,
    )


def _id_of(found: _Found) -> int:
    return found[0][0]


def _walk(connection: sqlite3.Connection, asked: AskWaiting, span: Span) -> Iterator[_Found]:
    """Yield what a span holds for the asker, reading a few at a time."""
    row = connection.execute("SELECT id FROM conversations WHERE key = ?", (span.conversation,)).fetchone()
    if row is None:
        return
    query, skipped = (_WALK_PAST_DEVICE, asked.device) if asked.device else (_WALK_PAST_NAME, asked.name)
    after = span.after
    while True:
        rows: list[EntryRow] = connection.execute(query, (row[0], after, span.until, skipped)).fetchall()
        for found in rows:
            yield found, span.conversation
        if len(rows) < STRIDE:
            return
        after = rows[-1][2]


_UNREAD: Final = """
    WITH mine(id, key, first, last) AS (
        SELECT id, key, first, last FROM conversations WHERE one = ?1 AND one IS NOT NULL
        UNION SELECT id, key, first, last FROM conversations WHERE other = ?1 AND other IS NOT NULL
        UNION SELECT c.id, c.key, c.first, c.last FROM members m JOIN conversations c ON c.id = m.conversation
            WHERE m.name = ?1
    ), spans(id, key, first, after, last) AS (
        SELECT id, key, first, coalesce(
            (SELECT seq FROM cursors u WHERE u.name = ?1 AND u.device = ?2 AND u.conversation = mine.id),
            (SELECT 0 FROM devices d WHERE d.name = ?1 AND d.device = ?2),
            (SELECT seq FROM cursors u WHERE u.name = ?1 AND u.device = '' AND u.conversation = mine.id),
            0
        ), last FROM mine
    )
    SELECT key, after, last FROM spans WHERE last > after AND last >= first ORDER BY id"""


def _find_unread(connection: sqlite3.Connection, asked: AskUnread) -> UnreadFound:
    rows = connection.execute(_UNREAD, (asked.name, asked.device))
    return UnreadFound(tuple(Span(*row) for row in rows))
