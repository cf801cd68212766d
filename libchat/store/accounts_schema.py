"""The tables of the accounts' file, and how the file is opened.

Unlike the log, it is written by several programs: a running server, and the command line beside it. So it has a
rollback journal instead of a write-ahead log, every transaction is short, and each waits for the others.

The version of the tables is in `PRAGMA user_version`; to change them, add a step to `STEPS`. Steps go forward only.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from libchat.errors import StoreError
from libchat.store.migrating import migrate, refuse_others
from libchat.store.place import make_private, warn_of_network

APPLICATION_ID: Final = 0x6C636163
"""`lcac`, in the header of the file: it tells accounts from a log and from other databases."""

OLDEST_SQLITE: Final = (3, 37, 0)
"""The first one with strict tables."""

BUSY_MILLISECONDS: Final = 5_000
"""How long a transaction waits for that of another program, which takes a few milliseconds."""

VERSION_1: Final = (
    # `password` is a PHC string, "" where only keys open the account. `seen` is when it was last proven, 0 if never.
    """CREATE TABLE accounts (
        name TEXT PRIMARY KEY, display TEXT NOT NULL, made INTEGER NOT NULL, seen INTEGER NOT NULL,
        password TEXT NOT NULL, is_admin INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE keys (
        name TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE, key TEXT NOT NULL, label TEXT NOT NULL,
        added INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (name, key)
    ) STRICT, WITHOUT ROWID""",
    # Keys of guests whom an invite has let in.
    "CREATE TABLE admitted (key TEXT PRIMARY KEY, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX admitted_by_seen ON admitted (seen)",
    # `digest` is the SHA-256 of the token. `revoked` ones are not kept: nobody need be told more than of forged ones.
    """CREATE TABLE invites (
        digest BLOB PRIMARY KEY, made INTEGER NOT NULL, by TEXT NOT NULL, room TEXT NOT NULL,
        uses INTEGER NOT NULL, remaining INTEGER NOT NULL, expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX invites_by_expiry ON invites (expires)",
    # Who has used an invite: "key:" and a key, or "name:" and an account. They may come again without using it up.
    """CREATE TABLE uses (
        digest BLOB NOT NULL REFERENCES invites ON DELETE CASCADE, who TEXT NOT NULL, PRIMARY KEY (digest, who)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX uses_by_who ON uses (who)",
    # `count` is how many wrong passwords a row stands for, 1 in all others.
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
        subject TEXT NOT NULL, address TEXT NOT NULL, detail TEXT NOT NULL, count INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX wrong_passwords ON audit (subject, address, time) WHERE action = 'wrong-password'",
)

STEPS: Final[Sequence[Sequence[str]]] = (VERSION_1,)
"""What makes each version of the one before. The first makes version 1 of an empty file."""


def open_accounts(path: Path | None, steps: Sequence[Sequence[str]] = STEPS) -> sqlite3.Connection:
    """Return a connection to the accounts' file, which is made if it is not there; None: in memory only.

    One thread at a time may use it. Raises StoreError, which says what to do, if the file cannot be used, is something
    else, is damaged, or was written by a newer libchat.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old for accounts; install {oldest} or newer")
    if path is not None:
        make_private(path)
        _shut(path)
        warn_of_network(path)
    try:
        connection = _connect(path)
        try:
            _prepare(connection, path, steps)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, UnicodeDecodeError) as error:
        remedy = "put a backup in its place, or move it away to begin without accounts"
        raise StoreError(f"{path} cannot be used as accounts: {error}; {remedy}") from error
    return connection


def _connect(path: Path | None) -> sqlite3.Connection:
    address = ":memory:" if path is None else f"file:{quote(path.as_posix())}?mode=rw"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, path: Path | None, steps: Sequence[Sequence[str]]) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a password that was changed is gone
    connection.execute("PRAGMA temp_store = MEMORY")
    # FULL, and the folder besides: without it a power cut can bring the journal back, and undo what was answered.
    connection.execute("PRAGMA synchronous = EXTRA")
    remedy = "move it away, or choose another data folder"
    refuse_others(connection, path, application=APPLICATION_ID, newest=len(steps), remedy=remedy)
    migrate(connection, APPLICATION_ID, steps)
    if path is not None:
        connection.execute("PRAGMA journal_mode = DELETE")
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _shut(path: Path) -> None:
    """Take the file away from everybody but its owner, as after a careless copy. Windows has the folder's list."""
    if os.name != "posix" or not path.stat().st_mode & 0o077:
        return
    try:
        path.chmod(0o600)
    except OSError as error:
        remedy = "make it yours, with mode 0600"
        raise StoreError(f"{path} can be read by others, and this cannot be changed; {remedy}") from error
