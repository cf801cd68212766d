"""A log's file as it is at one moment, for programs that only read, also beside a server that writes.

The moment lasts as long as one transaction of a connection that cannot write. It never checkpoints: SQLite does not let
a read-only connection do so, not even as the last one to leave. A server goes on meanwhile, only its write-ahead log
grows until the moment is over.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from libchat.errors import StoreError
from libchat.store.schema import APPLICATION_ID, STEPS, connect_to_read
from libchat.store.texts import plain

Progress: TypeAlias = Callable[[int, int], None]
"""Told how much is done, of how much in all (0 if that is not known). It may raise, which ends what is being done."""

CACHE_KIB: Final = 65_536
"""Pages that are kept while a whole file is read: entries are walked by conversation, and lie in the order of time."""

BEAT: Final = 500_000
"""Steps of SQLite's machine between two beats: some tens of milliseconds."""

READING_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises: the second, when SQLite's message quotes bytes of it that are no text."""

_WORDS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error, or is full",
    sqlite3.SQLITE_READONLY: "it cannot be written to",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "it is no log, or damaged at its beginning",
    sqlite3.SQLITE_BUSY: "another program holds the file",
    sqlite3.SQLITE_CANTOPEN: "this user may not read it, or not write in its folder",
}


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


class Snapshot:
    """One moment of a log. `connection` reads it; what is made in its temporary tables is gone in the end."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self._interruption: BaseException | None = None

    @property
    def is_interrupted(self) -> bool:
        """Whether a beat has ended what SQLite did."""
        return self._interruption is not None

    @contextmanager
    def beating(self, beat: Callable[[], None]) -> Iterator[None]:
        """Call `beat` again and again while SQLite works. What it raises ends the work, and is raised by the block.

        It is what lets Ctrl-C through, too: Python acts on signals only while it runs itself.
        """

        def step() -> int:
            try:
                beat()
            except BaseException as error:  # noqa: BLE001 - SQLite would lose it: it is raised again below
                self._interruption = error
                return 1
            return 0

        self.connection.set_progress_handler(step, BEAT)
        try:
            yield
        except READING_ERRORS:
            if self._interruption is not None:
                raise self._interruption from None
            raise
        finally:
            self.connection.set_progress_handler(None, 0)


@contextmanager
def snapshot(path: Path) -> Iterator[Snapshot]:
    """Give the log's file as it is now, until the block ends.

    Raises StoreError if there is no such file, if it is no log, or of another version.
    """
    _refuse_places(path)
    try:
        connection = connect_to_read(path)
    except READING_ERRORS as error:
        raise StoreError(f"{path} cannot be read: {words_for(error)}") from error
    try:
        try:
            connection.execute("PRAGMA query_only = OFF")  # for temporary tables: the file itself is opened read-only
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.create_function("plain", 1, plain, deterministic=True)
            connection.execute("BEGIN")
            _refuse_others(connection, path)
        except READING_ERRORS as error:
            raise StoreError(f"{path} cannot be read: {words_for(error)}") from error
        yield Snapshot(path, connection)
    finally:
        connection.close()


def words_for(error: sqlite3.Error | UnicodeDecodeError) -> str:
    """Return what an error means for a person."""
    if isinstance(error, UnicodeDecodeError):
        return _WORDS[sqlite3.SQLITE_CORRUPT]
    return _WORDS.get(kind_of(error), str(error))


def kind_of(error: Exception) -> int:
    """Return the kind of an error: the lower byte of its code. Those of Python itself have none."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def _refuse_places(path: Path) -> None:
    """Raise for what cannot be a log. Nothing is opened here.

    Closing a file would end the locks that SQLite holds on it in this process (sqlite.org/howtocorrupt.html, 2.2), and
    SQLite, also a connection that only reads, throws the write-ahead log of an empty file away.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise StoreError(f"there is no file {path}") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it")
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path} cannot be read: this user may not")
    if not size:
        raise StoreError(f"{path} is empty: no log was ever in it, or it was cut off")


def _refuse_others(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on the moment stands
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is no log of libchat")
    if version > len(STEPS):
        remedy = "upgrade libchat"
        raise StoreError(f"{path} was written by a newer libchat (version {version} of its tables); {remedy}")
    if version < len(STEPS):
        remedy = "start a server on it once, which brings it up to date"
        raise StoreError(f"{path} was written by an older libchat (version {version} of its tables); {remedy}")
