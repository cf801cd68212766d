"""Logs in files for tests: one that has something of everything, and ways to change files behind a log's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from contracts.log_tools import delete, edit, react, say, store
from libchat.records import Audit, Cursor, Known, Mark, Member, Outcome, Record, RoomBan, RoomMute, RoomSettings
from libchat.store.sqlite import SqliteLog
from libchat.store.verify import verify

SAMPLE: Sequence[Sequence[Record]] = (
    (Known("ana", "Ana", 1, "d1", True), Known("bo", "Bo", 2), Known("cy", "Cy", 3)),
    (Member("#red", "#Red", "ana", role="owner"), Member("#red", "#Red", "bo")),
    (say("one apple", device="d1", cid="c1"), say("two pears", sender="Bo", device="d2", cid="c1")),
    (say("three plums"), say("fruit", kind="topic"), say("hello bo", "ana bo"), say("hello ana", "ana bo", "Bo")),
    (edit(1, "one cherry"), edit(1, "one \u00e4pfel"), replace(say("four", sender="cy", time=5), sent="cuatro")),
    (react(1, "+1", "Bo"), react(1, "+1", "cy"), react(1, "ha", "Bo"), react(1, "ha", "Bo", kind="unreact")),
    (edit(3, "three melons"), delete(3), say("five", "#blue", "bo"), say("vegetables", kind="topic")),
    (
        Cursor("bo", "d2", "ana bo", 1),
        Cursor("bo", "", "#blue", 1),
        Mark("bo", "ana bo", 2),
        Cursor("ana", "", "#red", 4),
    ),
    (Known("ana", "Ana", 1, "d8", True), Cursor("ana", "d1", "ana bo", 1), Cursor("ana", "d1", "#red", 4)),
    (Known("ana", "Ana", 1, "d1", True),),
    (
        RoomSettings("#red", "#Red", invite_only=True, password="salt$hash", open_topic=False),
        RoomBan("#red", "#Red", "cy", "Ana", 5, 9, "spam"),
        RoomBan("#red", "#Red", "10.0.0.0/8", "Ana", 5),
        RoomMute("#red", "#Red", "bo", "Ana", 6, 0, "noise"),
        Audit(5, "Ana", "ban", "#Red", "cy", "spam"),
        Audit(6, "Ana", "mute", "#Red", "bo", "noise"),
    ),
)
"""Appends: every kind of record, and what each can do to what came before."""


def make_log(path: Path, appends: Iterable[Sequence[Record]] = SAMPLE) -> list[list[Outcome]]:
    """Make a log, and return what became of each append."""
    log = SqliteLog(path, durability="normal")
    try:
        log.load()
        return [store(log, *records) for records in appends]
    finally:
        log.close()


def change(path: Path, *statements: str) -> None:
    """Change a file as no log would."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, f"this changes nothing: {statement}"


def findings(path: Path) -> list[str]:
    """Return what is wrong with a log's file."""
    found: list[str] = []
    figures = verify(path, found.append)
    assert figures.findings == len(found)
    return found
