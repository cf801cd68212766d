"""One thread's way to look things up: a connection that only reads, and patience that ends.

What a page or a search costs is bounded by its limit and its index, but for searches that somebody has thought out: for
words that begin with `e`, say, which are a tenth of everything. These are given up after a while, so that nobody keeps
others waiting. What waits for somebody is read to its end, however slow the disk is: given up, it would never arrive.
When the log closes, everything is given up.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Final

from libchat.records import Answer, AskPage, AskSearch, Question, Unanswered
from libchat.store import queries
from libchat.store.schema import connect_to_read
from libchat.store.snapshot import READING_ERRORS, words_for

_LOGGER: Final = logging.getLogger("libchat.store")

BEAT: Final = 5_000
"""Steps of SQLite's machine between two looks at the clock: less than a millisecond, and nothing beside that.
Work within the index takes fewer steps: there a look may come a quarter of a second late in a million entries."""

CLOSED: Final = Unanswered("the log is closed")


class Reader:
    """Answers questions on a log's file. One thread at a time may use it.

    A page or a search is given up after so many `seconds` of `clock`, anything as soon as `is_closing` says so.
    """

    def __init__(
        self,
        path: Path,
        seconds: float,
        is_closing: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._is_closing = is_closing
        self._clock = clock
        self._end = inf
        self._has_given_up = False
        self._connection: sqlite3.Connection | None = None

    def answer(self, question: Question) -> Answer:
        """Return the answer, which is `Unanswered` if it cannot be read, or not in time."""
        self._end = self._clock() + self._seconds if isinstance(question, AskPage | AskSearch) else inf
        self._has_given_up = False
        try:
            return queries.answer(self._connect(), question)
        except READING_ERRORS as error:
            # What was interrupted in the midst of the index may have another error than SQLITE_INTERRUPT.
            return self._excuse(question) if self._has_given_up else _excuse_of(error)
        except Exception:
            _LOGGER.exception("a question could not be answered")
            return Unanswered("the log made a mistake")

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            self._connection.close()

    def _connect(self) -> sqlite3.Connection:
        """Return the connection. It is opened when it is needed first, and again if that failed."""
        if self._connection is None:
            self._connection = connect_to_read(self._path)
            self._connection.set_progress_handler(self._look_at_clock, BEAT)
        return self._connection

    def _look_at_clock(self) -> bool:
        """Return whether SQLite is to give up what it does."""
        self._has_given_up = self._clock() >= self._end or self._is_closing()
        return self._has_given_up

    def _excuse(self, question: Question) -> Unanswered:
        """Return why a question was given up."""
        if self._is_closing():
            return CLOSED
        if isinstance(question, AskSearch):
            return Unanswered("the search took too long; look for rarer words, or in one conversation")
        return Unanswered("the page took too long; ask for a shorter one, or again later")


def _excuse_of(error: sqlite3.Error | UnicodeDecodeError) -> Unanswered:
    return Unanswered(f"the log cannot be read: {words_for(error)}")
