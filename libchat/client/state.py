"""What a client keeps when its program ends: one SQLite file in a folder of the program's choice.

The file is private, belongs to one name at one server, and to one process at a time: SQLite's own exclusive lock says
so, and the system lets go of it when the process dies. With a WAL and `synchronous=NORMAL` nothing waits for the disk:
what was saved survives the killed process, and after a power cut the last of it may be missing, never half of it.

What the program has taken is saved before it gets it. So nothing is shown twice: when it is killed after that, and
before it has done anything with an entry, that entry does not come again.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from libchat.client.memory import Memory
from libchat.errors import StoreError
from libchat.files import make_private_folder
from libchat.locks import LOG, tiered_lock
from libchat.names import target_key
from libchat.security.known_servers import Announced, heirs

FILE_NAME: Final = "client.db"

_SCHEMA: Final = (
    """
CREATE TABLE client (device TEXT NOT NULL, name TEXT NOT NULL, server TEXT NOT NULL, log TEXT NOT NULL);
CREATE TABLE position (conversation TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE unanswered (number INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE, line BLOB NOT NULL);
""",
    """
CREATE TABLE successor (pin TEXT PRIMARY KEY, next TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
""",
)
"""What each version adds to the one before."""

VERSION: Final = len(_SCHEMA)
"""Of the schema, as `PRAGMA user_version` has it."""

_Note = tuple[str, tuple[str | int | bytes, ...]]
"""A statement, and what it is about."""


class StateFile(Memory):
    """The memory of one client in a folder, which is made if it is not there.

    `server` is what the server is known by: its pin, or else its address; a pin stands for those that come after it,
    as the server has announced, and for those before. `device` is the secret to begin with, or to
    insist on ("" takes what the file has). Raises StoreError if the folder belongs to another name, server or device,
    if another client uses it, or if the file cannot be used.
    """

    def __init__(self, folder: Path, *, name: str, server: str, device: str = "") -> None:
        self._path = folder / FILE_NAME
        self._notes: deque[_Note] = deque()
        self._unsaved: list[_Note] = []
        """The notes that are being written; they stay if that fails, and the next try begins with them."""
        # Held while the file is written. Writes have to stand in line anyway, it is the last lock that anybody takes,
        # and nobody waits for it who was not about to write.
        self._lock = tiered_lock(LOG)
        self._is_closed = False
        make_private_folder(folder)
        self._database = _open(self._path)
        try:
            self._read(target_key(name), server, device)
        except sqlite3.Error as error:
            self._database.close()
            raise self._fault(error) from error
        except BaseException:
            self._database.close()
            raise

    # --- at the start -----------------------------------------------------------------------------------------------

    def _read(self, name: str, server: str, device: str) -> None:
        database = self._database
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise StoreError(f"{self._path} was written by a newer libchat; use that, or choose another folder")
        for statement in "".join(_SCHEMA[version:]).split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
        if version == 0:
            kept = (device or os.urandom(16).hex(), name, server, "")
            database.execute("INSERT INTO client VALUES (?, ?, ?, ?)", kept)
        self.device, kept_name, kept_server, self.log = database.execute("SELECT * FROM client").fetchone()
        self.successors = _announced(database)
        self.server = self._same_server(kept_server, server)
        for kind, kept, wanted in (("name", kept_name, name), ("server", kept_server, server)):
            if kept != wanted and not (kind == "server" and self.server):
                raise StoreError(f"{self._path} belongs to the {kind} {kept}, not {wanted}; choose another folder")
        if device not in ("", self.device):
            raise StoreError(f"{self._path} belongs to another device; leave `device` out, or choose another folder")
        self.positions = dict(database.execute("SELECT conversation, seq FROM position"))
        self.unanswered = dict(database.execute("SELECT cid, line FROM unanswered ORDER BY number"))
        database.execute("COMMIT")

    def _same_server(self, kept: str, wanted: str) -> str:
        """Return the later of two pins of one server, which has announced the one with the other, or "" if it has not.

        A program may go on with the old pin when the server has been followed to the new one, and it may name the new
        one first.
        """
        if kept == wanted:
            return kept
        for earlier, later in ((wanted, kept), (kept, wanted)):
            if any(heir.pin == later for heir in heirs(earlier, self.successors.get)):
                return later
        return ""

    # --- notes ------------------------------------------------------------------------------------------------------

    def keep(self, cid: str, line: bytes) -> None:
        self._notes.append(("INSERT OR IGNORE INTO unanswered (cid, line) VALUES (?, ?)", (cid, line)))

    def answered(self, cid: str) -> None:
        self._notes.append(("DELETE FROM unanswered WHERE cid = ?", (cid,)))

    def server_is(self, server: str) -> None:
        self._notes.append(("UPDATE client SET server = ? WHERE server <> ?", (server, server)))

    def announced(self, pin: str, successor: Announced) -> None:
        about = (pin, successor.pin, int(successor.since.timestamp()))
        self._notes.append(("INSERT OR REPLACE INTO successor VALUES (?, ?, ?)", about))

    def log_is(self, log: str) -> None:
        self._notes.append(("UPDATE client SET log = ?", (log,)))
        self._notes.append(("DELETE FROM position", ()))

    def entered(self, room: str, seq: int) -> None:
        self._notes.append(("INSERT OR REPLACE INTO position VALUES (?, ?)", (room, seq)))

    def left(self, room: str) -> None:
        self._notes.append(("DELETE FROM position WHERE conversation = ?", (room,)))

    def taken(self, conversation: str, seq: int) -> None:
        self._notes.append(("INSERT OR REPLACE INTO position VALUES (?, ?)", (conversation, seq)))

    # --- keeping them -----------------------------------------------------------------------------------------------

    def save(self) -> None:
        with self._lock:
            if not self._is_closed:
                self._write()

    def close(self) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            try:
                self._write()
            finally:
                self._database.close()

    def _write(self) -> None:
        """Carry out the notes, all or none."""
        while self._notes:
            self._unsaved.append(self._notes.popleft())
        if not self._unsaved:
            return
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for statement, about in self._unsaved:
                self._database.execute(statement, about)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise self._fault(error) from error
        self._unsaved.clear()

    def _fault(self, error: sqlite3.Error) -> StoreError:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return StoreError(f"{self._path} is in use by another client; choose another folder, or end that one")
        return StoreError(f"{self._path} cannot be used: {error}; make room for it, or choose another folder")


def _announced(database: sqlite3.Connection) -> dict[str, Announced]:
    rows = database.execute("SELECT pin, next, since FROM successor")
    return {pin: Announced(successor, datetime.fromtimestamp(since, UTC)) for pin, successor, since in rows}


def _open(path: Path) -> sqlite3.Connection:
    try:
        _make_private(path)
        return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} cannot be opened: {error}; choose a folder that can be written to") from error


def _make_private(path: Path) -> None:
    """Make a file with mode 0600, unless it is there: SQLite gives its other files the same mode.

    One that is there must not be opened and closed: that would end the locks that this process has on it (POSIX).
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass
