"""A log's file made of exported lines (`lines`), checked line by line and then as a whole before it is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol, assert_never

from msgspec import MsgspecError
from msgspec.structs import astuple

from libchat.errors import StoreError
from libchat.store import lines
from libchat.store.fresh import fresh
from libchat.store.lines import FORMAT, LINE_BYTES, OLDEST, ORDER, VERSION, AnyLine, decode_line
from libchat.store.opened import names_of
from libchat.store.schema import SEEN_DEVICES, connect_to_write, prepare
from libchat.store.seal import put_seal
from libchat.store.snapshot import Progress, no_progress, words_for
from libchat.store.texts import put_all
from libchat.store.verify import Figures, verify
from libchat.store.walk import canonical_form

STRIDE: Final = 1_000
"""Lines between two times that progress is told."""

_CONVERSATION: Final = """INSERT INTO conversations
    (key, one, other, room, topic, first, last, base, head, from_one, from_other)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_ENTRY: Final = """INSERT INTO entries
    (id, conversation, seq, target, sender, name, owner, time, text, kind, ref, device, cid, salt, digest, hash, edited,
    deleted)
    SELECT ?2, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18
    FROM conversations WHERE key = ?1"""

_REACTION: Final = """INSERT INTO reactions (entry, text, name, display, at)
    SELECT e.id, ?3, ?4, ?5, ?6 FROM conversations c JOIN entries e ON e.conversation = c.id AND e.seq = ?2
    WHERE c.key = ?1"""

_SENT: Final = """INSERT INTO sent (entry, digest)
    SELECT e.id, ?3 FROM conversations c JOIN entries e ON e.conversation = c.id AND e.seq = ?2 WHERE c.key = ?1"""

_CURSOR: Final = (
    "INSERT INTO cursors (conversation, name, device, seq) SELECT id, ?2, ?3, ?4 FROM conversations WHERE key = ?1"
)
_MARK: Final = "INSERT INTO marks (conversation, name, seq) SELECT id, ?2, ?3 FROM conversations WHERE key = ?1"
_MEMBER: Final = "INSERT INTO members (conversation, name, role) SELECT id, ?2, ?3 FROM conversations WHERE key = ?1"
_ROOM: Final = """INSERT INTO rooms (conversation, invite_only, password, moderated, secret, open_topic)
    SELECT id, ?2, ?3, ?4, ?5, ?6 FROM conversations WHERE key = ?1"""
_BAN: Final = """INSERT INTO bans (conversation, mask, actor, made, until, reason)
    SELECT id, ?2, ?3, ?4, ?5, ?6 FROM conversations WHERE key = ?1"""
_MUTE: Final = """INSERT INTO mutes (conversation, name, actor, made, until, reason)
    SELECT id, ?2, ?3, ?4, ?5, ?6 FROM conversations WHERE key = ?1"""
_AUDIT: Final = "INSERT INTO audit (id, time, actor, action, room, subject, reason) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Source(Protocol):
    """Where lines come from: a binary file."""

    def readline(self, limit: int = -1, /) -> bytes:
        """Return the next line with its end, no more than `limit` bytes of it; nothing at the end of the file."""
        ...


class _Wrong(Exception):
    """What is wrong with a line."""


def import_log(stream: Source, path: Path, progress: Progress = no_progress) -> Figures:
    """Make a log at `path` of what was exported, and return what is in it.

    Raises StoreError if something is there already, if a line is not as it should be (it says which), or if what comes
    out is not right. Then nothing is left behind.
    """
    with fresh(path, is_folders=True) as temporary:
        try:
            _fill(stream, temporary, progress)
            figures, finding = _look_at(temporary)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be written: {words_for(error)}") from error
        if figures.findings:
            more = f" (and {figures.findings - 1} more findings)" if figures.findings > 1 else ""
            raise StoreError(f"what was exported is not right, nothing was imported: {finding}{more}")
    return figures


def _look_at(path: Path) -> tuple[Figures, str]:
    findings: list[str] = []

    def find(finding: str) -> None:
        if not findings:
            findings.append(finding)

    figures = verify(path, find)
    return figures, "".join(findings)


def _fill(stream: Source, path: Path, progress: Progress) -> None:
    """Write all lines into an empty file."""
    reader = _Reader(stream, progress)
    header = reader.header()
    with closing(connect_to_write(path)) as connection:
        prepare(connection, path, lambda: header.id)
        # Whatever goes wrong, the file is thrown away: it needs no journal, and reaches the disk when it is whole.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE counters SET entries = ?", (header.newest,))
        for line in reader:
            try:
                _insert(connection, line)
            except sqlite3.IntegrityError as error:
                raise reader.error("it says again what stands in an earlier line") from error
            except _Wrong as error:
                raise reader.error(str(error)) from error
        if header.version == OLDEST:
            for statement in SEEN_DEVICES:
                connection.execute(statement)
        put_seal(connection, header.audit)
        put_all(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


class _Reader:
    """Reads lines, and sees to it that they are whole, in order, and all there."""

    def __init__(self, stream: Source, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress
        self._number = 0
        self._place = 0
        self._digest = sha256()

    def header(self) -> lines.Header:
        """Return the first line."""
        line = self._next()
        if not isinstance(line, lines.Header) or line.format != FORMAT:
            raise self.error("this is no exported log")
        if not OLDEST <= line.version <= VERSION:
            raise self.error(
                f"it was written by a newer libchat (version {line.version} of the format): upgrade libchat"
            )
        return line

    def __iter__(self) -> Iterator[AnyLine]:
        """Yield the lines between the first and the last."""
        while True:
            before, digest = self._number, self._digest.hexdigest()
            line = self._next()
            if isinstance(line, lines.End):
                break
            self._check_order(line)
            yield line
            if self._number % STRIDE == 0:
                self._progress(self._number, 0)
        if (line.lines, line.sha256) != (before, digest):
            raise self.error(f"{before} lines do not add up to what the last line says: some were changed or lost")
        if self._stream.readline(1):
            raise self.error("something follows the last line")

    def error(self, words: str) -> StoreError:
        """Return an error about the line that was read last."""
        return StoreError(f"line {self._number}: {words}; nothing was imported")

    def _next(self) -> AnyLine:
        data = self._stream.readline(LINE_BYTES)
        self._number += 1
        if not data:
            raise self.error("the file ends too early, its last line is missing")
        if not data.endswith(b"\n"):
            words = "the line is too long" if len(data) >= LINE_BYTES else "the file ends too early, within a line"
            raise self.error(words)
        try:
            line: AnyLine = decode_line(data)
        except (MsgspecError, UnicodeDecodeError) as error:
            raise self.error(f"this is no line of an exported log: {error}") from error
        self._digest.update(data)
        return line

    def _check_order(self, line: AnyLine) -> None:
        place = ORDER.index(type(line))
        if place < max(self._place, 1):
            raise self.error(f"a line of this kind ({type(line).__name__.lower()}) cannot come here")
        self._place = place


def _insert(connection: sqlite3.Connection, line: AnyLine) -> None:
    """Write one line into the tables. Raises `_Wrong`, and sqlite3.IntegrityError if it is there already."""
    execute = connection.execute
    match line:
        case lines.Entry():
            name = canonical_form(line.sender)
            said = (line.target, line.sender, name, line.owner, line.time, line.text, line.kind, line.ref)
            proof = (line.salt, line.digest, line.hash)
            row = (
                line.conversation,
                line.id,
                line.seq,
                *said,
                line.device,
                line.cid,
                *proof,
                line.edited,
                line.deleted,
            )
            _require(execute(_ENTRY, row), f"the conversation {line.conversation!r} did not come before")
        case lines.Conversation():
            one, other = names_of(line.key) or (None, None)
            ends = (line.first, line.last, line.base, line.head, line.from_one, line.from_other)
            execute(_CONVERSATION, (line.key, one, other, line.room, line.topic, *ends))
        case lines.Name(name, display, since, device, is_account):
            execute("INSERT INTO names VALUES (?, ?, ?, ?, ?)", (name, display, since, device, is_account))
        case lines.Device(name, device):
            execute("INSERT INTO devices (name, device) VALUES (?, ?)", (name, device))
        case lines.Reaction(conversation, seq, text, name, display, at):
            found = execute(_REACTION, (conversation, seq, text, name, display, at))
            _require(found, f"the entry {seq} of {conversation!r} did not come before")
        case lines.Sent(conversation, seq, digest):
            found = execute(_SENT, (conversation, seq, digest))
            _require(found, f"the entry {seq} of {conversation!r} did not come before")
        case lines.Cursor(name, conversation, seq, device):
            found = execute(_CURSOR, (conversation, name, device, seq))
            _require(found, f"the conversation {conversation!r} did not come before")
        case lines.Mark(name, conversation, seq):
            found = execute(_MARK, (conversation, name, seq))
            _require(found, f"the conversation {conversation!r} did not come before")
        case lines.Member(conversation, name, is_operator, role):
            found = execute(_MEMBER, (conversation, name, role or ("owner" if is_operator else "")))
            _require(found, f"the conversation {conversation!r} did not come before")
        case lines.Room() | lines.Ban() | lines.Mute() | lines.Audit():
            _insert_rule(connection, line)
        case lines.Header() | lines.End():
            raise _Wrong("a line of this kind cannot come here")
        case _:
            assert_never(line)


def _insert_rule(connection: sqlite3.Connection, line: lines.Room | lines.Ban | lines.Mute | lines.Audit) -> None:
    """Write one line of what is set in rooms, and of who did what in them."""
    row = astuple(line)
    if isinstance(line, lines.Audit):
        connection.execute(_AUDIT, row)
        return
    found = connection.execute({lines.Room: _ROOM, lines.Ban: _BAN, lines.Mute: _MUTE}[type(line)], row)
    _require(found, f"the conversation {line.conversation!r} did not come before")


def _require(cursor: sqlite3.Cursor, words: str) -> None:
    if cursor.rowcount != 1:
        raise _Wrong(words)
