"""Facts into rows, within a transaction that somebody else begins and commits."""

from __future__ import annotations

import sqlite3
from typing import Final, assert_never

from libchat.limits import DEVICES
from libchat.records import (
    Audit,
    Cursor,
    Fact,
    Known,
    Look,
    Mark,
    Member,
    RoomBan,
    RoomEnd,
    RoomMute,
    RoomSettings,
    Stored,
)
from libchat.store.opened import Opened
from libchat.store.seal import note_down

_RAISE_CURSOR: Final = """INSERT INTO cursors VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""

_KNOW: Final = """INSERT INTO names VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET display = excluded.display, since = excluded.since, device = excluded.device,
        is_account = excluded.is_account"""

_IS_KNOWN: Final = """SELECT 1 FROM names WHERE key = ? AND display = ? AND since = ? AND is_account = ?
    AND (? OR device = ?)"""

_IS_MET: Final = "SELECT 1 FROM devices WHERE name = ? AND device = ?"

_MEET: Final = "INSERT OR REPLACE INTO devices (name, device) VALUES (?, ?)"
"""The row is a new one each time: the largest `id` is that of the device that was here last."""

_BEGIN_DEVICE: Final = """INSERT INTO cursors
    SELECT name, ?2, conversation, seq FROM cursors WHERE name = ?1 AND device = ''
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""

_SURPLUS: Final = "SELECT name, device FROM devices WHERE name = ? ORDER BY id DESC LIMIT -1 OFFSET ?"

_BEGIN_CURSORS: Final = """INSERT INTO cursors
    SELECT ?1, '', ?2, ?3 UNION SELECT name, device, ?2, ?3 FROM devices WHERE name = ?1
    UNION SELECT name, device, conversation, ?3 FROM cursors WHERE name = ?1 AND conversation = ?2
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""

_SET_ROOM: Final = """UPDATE rooms SET invite_only = coalesce(?, invite_only), password = coalesce(?, password),
    moderated = coalesce(?, moderated), secret = coalesce(?, secret), open_topic = coalesce(?, open_topic)
    WHERE conversation = ?"""

_FORGET_ROOM: Final = tuple(
    f"DELETE FROM {table} WHERE conversation = (SELECT id FROM conversations WHERE key = ?)"  # noqa: S608 - constants
    for table in ("rooms", "bans", "mutes")
)

_RAISE_MARK: Final = """INSERT INTO marks VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""


class Facts:
    """Writes facts. They hold when the transaction is committed."""

    def __init__(self, connection: sqlite3.Connection, opened: Opened) -> None:
        self._connection = connection
        self._opened = opened

    def use(self, connection: sqlite3.Connection) -> None:
        """Use this connection from now on."""
        self._connection = connection

    def write(self, fact: Fact) -> Stored:
        execute = self._connection.execute
        match fact:
            case Known(name, display, since, device, is_account):
                execute(_KNOW, (name, display, since, device, is_account))
                if is_account and device:
                    self._meet(name, device)
            case Cursor(name, device, key, seq):
                conversation = self._opened.known(key)
                if conversation is not None:
                    number, reached = conversation.id, min(seq, conversation.last)
                    execute(_RAISE_CURSOR, (name, "", number, reached))
                    if device:
                        execute(_RAISE_CURSOR, (name, device, number, reached))
            case Mark(name, key, seq):
                conversation = self._opened.known(key)
                if conversation is not None:
                    execute(_RAISE_MARK, (name, conversation.id, min(seq, conversation.last)))
            case Member():
                return self._write_member(fact)
            case RoomSettings() | RoomBan() | RoomMute() | RoomEnd():
                self._write_rule(fact)
            case Audit():
                note_down(self._connection, fact)
            case Look(key):
                return Stored(self._opened.last(key))
            case _:
                assert_never(fact)
        return Stored()

    def is_known(self, fact: Known) -> bool:
        """Return whether the log knows all that a fact says of a name, but for when its device was here last."""
        execute = self._connection.execute
        row = (fact.name, fact.display, fact.since, fact.is_account)
        is_met = not (fact.is_account and fact.device) or execute(_IS_MET, (fact.name, fact.device)).fetchone()
        return bool(is_met) and execute(_IS_KNOWN, (*row, fact.is_account, fact.device)).fetchone() is not None

    def _meet(self, name: str, device: str) -> None:
        """Know a device of an account from now on: a new one begins where the name is."""
        execute = self._connection.execute
        is_new = execute(_IS_MET, (name, device)).fetchone() is None
        execute(_MEET, (name, device))
        if is_new:
            execute(_BEGIN_DEVICE, (name, device))
            for gone in execute(_SURPLUS, (name, DEVICES)).fetchall():
                execute("DELETE FROM devices WHERE name = ? AND device = ?", gone)
                execute("DELETE FROM cursors WHERE name = ? AND device = ?", gone)

    def _write_member(self, fact: Member) -> Stored:
        execute, conversation = self._connection.execute, self._opened.open(fact.conversation)
        execute("UPDATE conversations SET room = ? WHERE id = ? AND room <> ?", (fact.room, conversation.id, fact.room))
        if not fact.is_in:
            execute("DELETE FROM members WHERE conversation = ? AND name = ?", (conversation.id, fact.name))
            return Stored(conversation.last)
        row = (conversation.id, fact.name, fact.role)
        if execute("UPDATE members SET role = ?3 WHERE conversation = ?1 AND name = ?2", row).rowcount == 0:
            execute("INSERT INTO members (conversation, name, role) VALUES (?, ?, ?)", row)
            execute(_BEGIN_CURSORS, (fact.name, conversation.id, conversation.last))
        return Stored(conversation.last)

    def _write_rule(self, fact: RoomSettings | RoomBan | RoomMute | RoomEnd) -> None:
        """Write what is set in a room."""
        execute = self._connection.execute
        if isinstance(fact, RoomEnd):
            for forget in _FORGET_ROOM:
                execute(forget, (fact.conversation,))
            return
        conversation = self._opened.open(fact.conversation, fact.room)
        number = conversation.id
        match fact:
            case RoomSettings():
                execute("INSERT OR IGNORE INTO rooms (conversation) VALUES (?)", (number,))
                values = (fact.invite_only, fact.password, fact.moderated, fact.secret, fact.open_topic)
                execute(_SET_ROOM, (*values, number))
            case RoomBan(mask=mask, is_on=False):
                execute("DELETE FROM bans WHERE conversation = ? AND mask = ?", (number, mask))
            case RoomBan(mask=mask):
                row = (number, mask, fact.by, fact.made, fact.until, fact.reason)
                execute("INSERT OR REPLACE INTO bans VALUES (?, ?, ?, ?, ?, ?)", row)
            case RoomMute(name=name, is_on=False):
                execute("DELETE FROM mutes WHERE conversation = ? AND name = ?", (number, name))
            case RoomMute(name=name):
                row = (number, name, fact.by, fact.made, fact.until, fact.reason)
                execute("INSERT OR REPLACE INTO mutes VALUES (?, ?, ?, ?, ?, ?)", row)
