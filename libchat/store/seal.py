"""The seal of the audit: one hash over all its lines, by which `verify` finds that one was changed.

Each line's hash is made of the hash before it and of everything that the line says, as with entries; only the last one
is kept, in `meta`. Who can write to the file can make the seal anew as well: it shows what was done by hand, or by a
fault, and not by somebody who knows this page. A log of before there were seals is sealed as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from libchat.records import Audit
from libchat.store.chain import BEGINNING, link_audit

_LINES: Final = "SELECT time, actor, action, room, subject, reason FROM audit ORDER BY id"
_NOTE_DOWN: Final = "INSERT INTO audit (time, actor, action, room, subject, reason) VALUES (?, ?, ?, ?, ?, ?)"
_SEAL: Final = "INSERT OR REPLACE INTO meta VALUES ('audit', ?)"


def note_down(connection: sqlite3.Connection, fact: Audit) -> None:
    """Add a line to the audit, and seal it."""
    line = (fact.time, fact.actor, fact.action, fact.room, fact.subject, fact.reason)
    before = read_seal(connection) or seal_of(connection.execute(_LINES))
    connection.execute(_NOTE_DOWN, line)
    put_seal(connection, link_audit(bytes.fromhex(before), line).hex())


def read_seal(connection: sqlite3.Connection) -> str:
    """Return the seal, "" if there is none."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'audit'").fetchone()
    return "" if row is None else str(row[0])


def put_seal(connection: sqlite3.Connection, seal: str = "") -> None:
    """Put a seal in the place of the one that is there; without one, that of the lines as they are."""
    connection.execute(_SEAL, (seal or seal_of(connection.execute(_LINES)),))


def seal_of(lines: Iterator[Sequence[int | str]] | sqlite3.Cursor) -> str:
    """Return the seal of lines."""
    head = BEGINNING
    for line in lines:
        head = link_audit(head, tuple(line))
    return head.hex()


def find_fault(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what is wrong, if the audit is not what was noted down."""
    seal = read_seal(connection)
    if not seal:
        yield "the audit has no seal: nobody can tell whether somebody has changed it"
    elif seal != seal_of(connection.execute(_LINES)):
        yield "the audit is not what was noted down: somebody has changed a line, taken one away, or put one in"
