"""Who did what: the audits of the log and of the accounts, read beside a server that writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from heapq import merge
from pathlib import Path
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from libchat.errors import InvalidName, StoreError
from libchat.names import parse_room
from libchat.store.accounts_schema import APPLICATION_ID
from libchat.store.snapshot import READING_ERRORS, snapshot, words_for

_ROOMS: Final = "SELECT time, actor, action, room, subject, '', reason, 1 FROM audit WHERE time >= ? ORDER BY id"

_ACCOUNTS: Final = """SELECT time, actor, action, '', subject, address, detail, count FROM audit
    WHERE time >= ? ORDER BY id"""


class AuditLine(Struct, frozen=True, gc=False):
    """What `actor` did: in a room (`room` is not empty), or about an account. `time` is milliseconds since 1970.

    `address` is from where, as far as the accounts know; a line stands for `count` times the same.
    """

    time: int
    actor: str
    action: str
    room: str
    subject: str
    address: str
    reason: str
    count: int


def read_audit(log: Path, accounts: Path, *, since: int = 0, room: str = "") -> Iterator[AuditLine]:
    """Yield what was done since a time, in the order of time: all of it, or what was done in one room.

    A file that is not there has nothing to tell. Raises StoreError for one that cannot be read, and `InvalidName`.
    """
    wanted = parse_room(room).key if room else ""
    rooms = (line for line in _read_log(log, since) if not wanted or _key(line.room) == wanted)
    others = () if wanted else _read_accounts(accounts, since)
    return merge(rooms, others, key=lambda line: line.time)


def _key(room: str) -> str:
    try:
        return parse_room(room).key
    except InvalidName:
        return room


def _read_log(path: Path, since: int) -> list[AuditLine]:
    if not path.exists():
        return []
    with snapshot(path) as moment:
        try:
            return [AuditLine(*row) for row in moment.connection.execute(_ROOMS, (since,))]
        except READING_ERRORS as error:
            raise StoreError(f"{path} cannot be read: {words_for(error)}") from error


def _read_accounts(path: Path, since: int) -> list[AuditLine]:
    if not path.exists():
        return []
    address = f"file:{quote(path.resolve().as_posix())}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("PRAGMA trusted_schema = OFF")
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                raise StoreError(f"{path} holds no accounts of libchat")
            return [AuditLine(*row) for row in connection.execute(_ACCOUNTS, (since,))]
    except READING_ERRORS as error:
        raise StoreError(f"{path} cannot be read: {words_for(error)}") from error
