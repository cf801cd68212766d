"""Transactions whose outcome is always known before anybody is told.

A COMMIT may fail in a way that leaves open whether the transaction is in the file: when the disk does not confirm that
it has written. Then the connection is opened anew, and a counter, which every transaction raises, tells. It tells the
truth for good when one more transaction has been committed after it (`settle`): that one stands in the file behind
what was in doubt, or instead of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_NOT_COMMITTED: Final = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR_WRITE))
"""Errors of a COMMIT after which the transaction is surely not in the file: its last page was not even handed over."""


class Unsettled(Exception):
    """Nobody knows whether a transaction was committed, until `settle` finds out."""


class Transactions:
    """Commits on one connection, which `connect` opens."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], connection: sqlite3.Connection, level: str) -> None:
        self._connect = connect
        self._level = level
        self._current = ""
        self.connection = connection
        self._number = self._count()
        self._use_level(level)

    def run(self, work: Callable[[], T], *, is_lasting: bool = True) -> T:
        """Return what `work` returns when what it wrote is committed.

        What need not be `is_lasting` survives a killed process, but perhaps not a power cut; it is cheap. Raises what
        `work` or the COMMIT raises, and then nothing was written; `Unsettled` if that is not known.
        """
        self._use_level(self._level if is_lasting else "NORMAL")
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            result = work()
            self.connection.execute("UPDATE counters SET transactions = ?", (self._number + 1,))
        except BaseException:
            self._roll_back()
            raise
        self._commit()
        self._number += 1
        return result

    def settle(self) -> bool:
        """Return whether the transaction in doubt was committed.

        Raises sqlite3.Error as long as that cannot be found out: then it has to be tried again.
        """
        self.connection.close()
        self.connection = self._connect()
        self._current = ""
        self._use_level("FULL")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that all that is found is written once more
        found = self._count()
        # Two further each time: so the distance stays odd if the transaction is there, also if this COMMIT is in doubt.
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("UPDATE counters SET transactions = ?", (found + 2,))
        self.connection.execute("COMMIT")
        is_there = (found - self._number) % 2 == 1
        self._number = found + 2
        return is_there

    def _commit(self) -> None:
        try:
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            if code_of(error) not in _NOT_COMMITTED:
                raise Unsettled(str(error)) from error
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """End a transaction that failed. Some errors have ended it already."""
        if not self.connection.in_transaction:
            return
        try:
            self.connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise Unsettled(str(error)) from error

    def _count(self) -> int:
        (number,) = self.connection.execute("SELECT transactions FROM counters").fetchone()
        return int(number)

    def _use_level(self, level: str) -> None:
        if level != self._current:
            self.connection.execute(f"PRAGMA synchronous = {level}")
            self._current = level


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's extended code of an error. Those of Python's module itself have none."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR))
