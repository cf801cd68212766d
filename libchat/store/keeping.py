"""What a log does when nobody waits: it lets go of what is too old, and erases texts for good. A little at a time.

A message that was deleted leaves the index of texts, but its words stay in the index's older parts until these are
merged. So after a deletion all parts are merged into one, at most once an hour, since that writes the index anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Final

from libchat.limits import KNOWN_NAMES
from libchat.records import Retention
from libchat.store import texts
from libchat.store.transactions import Transactions

HOUR: Final = 3_600_000
"""Milliseconds between two looks at everything that is kept."""

ENTRIES: Final = 500
"""Entries that go at once: about 20 ms of work."""

PAGES: Final = 250
"""Pages of the index that are merged at once: 1 MB, about 10 ms."""

LAST_STEPS: Final = 200
"""Steps of erasing at the end: about two seconds. The next start takes up what is left."""

_FIND_OLD: Final = """SELECT c.id FROM conversations c JOIN entries e ON e.conversation = c.id AND e.seq = c.first
    WHERE c.id > ?1 AND (e.time < ?2 OR (?3 > 0 AND c.last - c.first >= ?3)) ORDER BY c.id LIMIT 1"""

_NAME_TOO_MANY: Final = "SELECT rowid FROM names ORDER BY rowid DESC LIMIT 1 OFFSET ?"
_FORGET_NAMES: Final = "DELETE FROM names WHERE NOT is_account AND rowid <= ?"


class Keeper:
    """Keeps a log's file small and clean, between the commits of others. `clock` gives milliseconds since 1970."""

    def __init__(self, transactions: Transactions, retention: Retention, clock: Callable[[], int]) -> None:
        self._transactions = transactions
        self._retention = retention
        self._clock = clock
        self._long: set[int] = set()
        """Conversations that may have become too long."""
        self._position: int | None = None
        """How far the look at all conversations has come, by id."""
        self._next_look = self._next_erasing = 0
        self._erasing = 0
        """How many erased texts are being merged away."""

    def note(self, lengths: Iterable[tuple[int, int]]) -> None:
        """Take notice of conversations that have grown, each with its newest number."""
        if self._retention.entries:
            self._long.update(number for number, last in lengths if last > self._retention.entries)

    def step(self) -> bool:
        """Do a little, and return whether there is more to do. Raises sqlite3.Error and `Unsettled`."""
        return self._trim_long() or self._look_further() or self._erase_some()

    def finish(self) -> None:
        """Erase what was deleted, unless that takes too long. It is for the end."""
        self._next_erasing = 0
        for _ in range(LAST_STEPS):
            if not self._erase_some():
                break

    # --- retention --------------------------------------------------------------------------------------------------

    def _trim_long(self) -> bool:
        if not self._long:
            return False
        number = next(iter(self._long))
        if self._trim(number) < ENTRIES:
            self._long.discard(number)
        return True

    def _look_further(self) -> bool:
        """Look for the next conversation that has something too old."""
        now = self._clock()
        if self._position is None:
            if now < self._next_look:
                return False
            self._forget_names()
            self._next_look = now + HOUR
            if not self._retention.seconds and not self._retention.entries:
                return False
            self._position = 0
        query = (self._position, self._bound(), self._retention.entries)
        row = self._transactions.connection.execute(_FIND_OLD, query).fetchone()
        if row is None:
            self._position = None
            return False
        self._position = row[0] if self._trim(row[0]) < ENTRIES else row[0] - 1
        return True

    def _bound(self) -> int:
        """Return from when on entries are kept."""
        seconds = self._retention.seconds
        return self._clock() - seconds * 1_000 if seconds else 0

    def _forget_names(self) -> None:
        """Forget the names of guests that were taken before the newest that are remembered."""
        execute = self._transactions.connection.execute
        newest = execute(_NAME_TOO_MANY, (KNOWN_NAMES,)).fetchone()
        if newest is not None:
            self._transactions.run(lambda: execute(_FORGET_NAMES, newest), is_lasting=False)

    def _trim(self, number: int) -> int:
        """Take the oldest entries of a conversation away if they are too many or too old; return how many."""
        return self._transactions.run(lambda: self._take_oldest(number), is_lasting=False)

    def _take_oldest(self, number: int) -> int:
        execute, bound, entries = self._transactions.connection.execute, self._bound(), self._retention.entries
        (last,) = execute("SELECT last FROM conversations WHERE id = ?", (number,)).fetchone()
        newest = last - entries if entries else 0
        oldest: Iterable[tuple[int, int, bytes]] = execute(
            "SELECT seq, time, hash FROM entries WHERE conversation = ? ORDER BY seq LIMIT ?", (number, ENTRIES)
        )
        gone = list(takewhile(lambda row: row[0] <= newest or row[1] < bound, oldest))
        if gone:
            until, _, base = gone[-1]
            texts.take_oldest(self._transactions.connection, number, until)
            execute("DELETE FROM entries WHERE conversation = ? AND seq <= ?", (number, until))
            execute("UPDATE conversations SET first = ?, base = ? WHERE id = ?", (until + 1, base, number))
            execute("UPDATE counters SET erased = erased + 1")
        return len(gone)

    # --- erased texts -----------------------------------------------------------------------------------------------

    def _erase_some(self) -> bool:
        """Merge a part of the index; in the end, overwrite what the write-ahead log holds."""
        if not self._erasing and not self._begin_erasing():
            return False
        connection = self._transactions.connection
        if self._merge(PAGES):
            return True
        self._transactions.run(self._end_erasing)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return False

    def _begin_erasing(self) -> bool:
        now = self._clock()
        if now < self._next_erasing:
            return False
        (self._erasing,) = self._transactions.connection.execute("SELECT erased FROM counters").fetchone()
        if not self._erasing:
            return False
        self._next_erasing = now + HOUR
        self._merge(-PAGES)  # a negative number takes all parts together
        return True

    def _merge(self, pages: int) -> bool:
        """Merge so many pages, and return whether something was left to do."""
        connection = self._transactions.connection
        return self._transactions.run(lambda: texts.merge(connection, pages), is_lasting=False)

    def _end_erasing(self) -> None:
        """Note that all is erased, unless more has come meanwhile."""
        query = "UPDATE counters SET erased = 0 WHERE erased = ?"
        self._transactions.connection.execute(query, (self._erasing,))
        self._erasing = 0
