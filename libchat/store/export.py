"""A log as lines of text that any version and any program can read (`lines`): for archives, and for other machines.

The same log always gives the same bytes, also when it has been imported meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from libchat.errors import StoreError
from libchat.store import lines
from libchat.store.lines import FORMAT, LINE_BYTES, VERSION, Line, encode_line
from libchat.store.snapshot import READING_ERRORS, Progress, no_progress, snapshot, words_for

STRIDE: Final = 1_000
"""Lines between two times that progress is told."""

_NAMES: Final = "SELECT key, display, since, device, is_account <> 0 FROM names ORDER BY rowid"

_DEVICES: Final = "SELECT name, device FROM devices ORDER BY id"

_CONVERSATIONS: Final = """SELECT key, room, topic, first, last, base, head, from_one, from_other
    FROM conversations ORDER BY id"""

_ENTRIES: Final = """SELECT e.id, c.key, e.seq, e.target, e.sender, e.time, e.kind, e.hash, e.text, e.ref,
    e.owner, e.device, e.cid, e.salt, e.digest, e.edited, e.deleted
    FROM entries e CROSS JOIN conversations c ON c.id = e.conversation ORDER BY e.id"""

_REACTIONS: Final = """SELECT c.key, e.seq, r.text, r.name, r.display, r.at FROM reactions r
    CROSS JOIN entries e ON e.id = r.entry CROSS JOIN conversations c ON c.id = e.conversation
    ORDER BY r.entry, r.text, r.name"""

_SENT: Final = """SELECT c.key, e.seq, s.digest FROM sent s
    CROSS JOIN entries e ON e.id = s.entry CROSS JOIN conversations c ON c.id = e.conversation ORDER BY s.entry"""

_CURSORS: Final = """SELECT u.name, c.key, u.seq, u.device FROM cursors u
    CROSS JOIN conversations c ON c.id = u.conversation ORDER BY u.name, u.device, u.conversation"""

_MARKS: Final = """SELECT m.name, c.key, m.seq FROM marks m
    CROSS JOIN conversations c ON c.id = m.conversation ORDER BY m.name, m.conversation"""

_MEMBERS: Final = """SELECT c.key, m.name, m.role FROM members m
    CROSS JOIN conversations c ON c.id = m.conversation ORDER BY m.conversation, m.name"""

_ROOMS: Final = """SELECT c.key, r.invite_only, r.password, r.moderated, r.secret, r.open_topic FROM rooms r
    CROSS JOIN conversations c ON c.id = r.conversation ORDER BY r.conversation"""

_BANS: Final = """SELECT c.key, b.mask, b.actor, b.made, b.until, b.reason FROM bans b
    CROSS JOIN conversations c ON c.id = b.conversation ORDER BY b.conversation, b.mask"""

_MUTES: Final = """SELECT c.key, m.name, m.actor, m.made, m.until, m.reason FROM mutes m
    CROSS JOIN conversations c ON c.id = m.conversation ORDER BY m.conversation, m.name"""

_AUDIT: Final = "SELECT id, time, actor, action, room, subject, reason FROM audit ORDER BY id"

_COUNTED: Final = (
    "names",
    "devices",
    "conversations",
    "entries",
    "reactions",
    "sent",
    "cursors",
    "marks",
    "members",
    "rooms",
    "bans",
    "mutes",
    "audit",
)


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of these bytes."""
        ...


def export_log(path: Path, stream: Sink, progress: Progress = no_progress) -> int:
    """Write a log as it is now, also beside a server that writes, and return how many lines that were.

    Raises StoreError if it cannot be read, and what the stream raises.
    """
    with snapshot(path) as moment:
        connection = moment.connection
        digest = sha256()
        count = 0
        try:
            total = sum(_count(connection, table) for table in _COUNTED)
            for line in _lines(connection):
                data = _encode(line)
                digest.update(data)
                stream.write(data)
                count += 1
                if count % STRIDE == 0:
                    progress(count, total)
        except (sqlite3.Error, ValueError) as error:
            words = words_for(error) if isinstance(error, READING_ERRORS) else str(error)
            raise StoreError(f"{path} cannot be exported: {words}; 'libchat verify' tells more") from error
        stream.write(_encode(lines.End(count, digest.hexdigest())))
    return count + 1


def _lines(connection: sqlite3.Connection) -> Iterator[Line]:
    """Yield all lines but the last."""
    (log_id,) = _one(connection, "SELECT value FROM meta WHERE key = 'id'")
    (newest,) = _one(connection, "SELECT entries FROM counters")
    yield lines.Header(FORMAT, VERSION, str(log_id), int(newest))
    for name, display, since, device, is_account in connection.execute(_NAMES):
        yield lines.Name(name, display, since, device, bool(is_account))
    for row in connection.execute(_DEVICES):
        yield lines.Device(*row)
    for row in connection.execute(_CONVERSATIONS):
        yield lines.Conversation(*row)
    for row in connection.execute(_ENTRIES):
        yield lines.Entry(*row)
    for row in connection.execute(_REACTIONS):
        yield lines.Reaction(*row)
    for row in connection.execute(_SENT):
        yield lines.Sent(*row)
    for row in connection.execute(_CURSORS):
        yield lines.Cursor(*row)
    for row in connection.execute(_MARKS):
        yield lines.Mark(*row)
    for conversation, name, role in connection.execute(_MEMBERS):
        yield lines.Member(conversation, name, role=role)
    yield from _rules(connection)


def _rules(connection: sqlite3.Connection) -> Iterator[Line]:
    """Yield the lines of what is set in rooms, and of who did what in them."""
    for conversation, invite_only, password, moderated, secret, open_topic in connection.execute(_ROOMS):
        yield lines.Room(conversation, bool(invite_only), password, bool(moderated), bool(secret), bool(open_topic))
    for row in connection.execute(_BANS):
        yield lines.Ban(*row)
    for row in connection.execute(_MUTES):
        yield lines.Mute(*row)
    for row in connection.execute(_AUDIT):
        yield lines.Audit(*row)


def _encode(line: Line) -> bytes:
    data = encode_line(line) + b"\n"
    if len(data) > LINE_BYTES:
        raise ValueError("an entry is too long")
    return data


def _count(connection: sqlite3.Connection, table: str) -> int:
    (count,) = _one(connection, f"SELECT count(*) FROM {table}")  # noqa: S608 - a constant
    return int(count)


def _one(connection: sqlite3.Connection, query: str) -> Sequence[str | int]:
    row: Sequence[str | int] | None = connection.execute(query).fetchone()
    if row is None:
        raise ValueError("it has no id or no counters")
    return row
