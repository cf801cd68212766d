"""A log in one SQLite file, for good.

One thread writes: it takes everything that waits, commits it together, and calls back. While it commits, more comes to
wait, so that a busy log commits many entries at once and a quiet one commits each at once, without any timer. Two
other threads read, on connections that cannot write.

Only the writing thread commits and checkpoints (SQLite before 3.51.3 can damage a file on which two connections do),
and only one process may: `place.Hold`. Programs that read may open the file besides (`schema.connect_to_read`).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Literal, NamedTuple, TypeAlias

from libchat.errors import StoreError
from libchat.limits import QUESTION_SECONDS
from libchat.locks import LOG, tiered_lock
from libchat.records import (
    Answer,
    Cursor,
    Failure,
    Mark,
    Outcome,
    Question,
    Record,
    Retention,
    State,
)
from libchat.store import queries
from libchat.store.answering import CLOSED, Reader
from libchat.store.keeping import Keeper
from libchat.store.place import Hold, make_private, warn_of_network
from libchat.store.schema import connect_to_read, connect_to_write, prepare
from libchat.store.transactions import Transactions, Unsettled, code_of
from libchat.store.walk import find_recent_fault
from libchat.store.writing import Writer

_LOGGER: Final = logging.getLogger("libchat.store")

ENTRIES: Final = 500
"""Records in one transaction, unless one append brings more: about 20 ms of work, as long as a slow disk's fsync."""

CHECKPOINT: Final = 5_000
"""Records after which the write-ahead log is copied into the file: about 10 MB of it."""

READERS: Final = 2
"""Threads that read: a long search does not hold up somebody's page."""

CHORES_SECONDS: Final = 600.0
"""How often a log that nobody writes to looks whether something has become too old."""

RETRY_SECONDS: Final = 0.2
"""How long to wait before asking the disk again what became of a transaction."""

CLOSE_SECONDS: Final = 30.0
"""How long closing waits for each thread. What a disk that works has to do takes less than a second."""

_Committed: TypeAlias = Callable[[list[Outcome]], None]
_Answered: TypeAlias = Callable[[Answer], None]


class _Append(NamedTuple):
    records: Sequence[Record]
    committed: _Committed


def _now() -> int:
    return time.time_ns() // 1_000_000


class SqliteLog:
    """Keep everything in the file at `path`, which is made if it is not there. Its folder must be there.

    `durability` "full" waits for the disk before anything is answered; "normal" does not: what was answered last may
    be missing after a power cut, though not after a crash of the program. `on_trouble` is told in words when the log
    cannot store, once, and when it can again; it is called by the log's thread. `entropy` gives random bytes, `clock`
    milliseconds since 1970, and `connect` opens the connection that writes. A page or a search that takes longer than
    `question_seconds` is given up.

    Raises StoreError if the file cannot be used, is something else, or is in use.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Literal["full", "normal"] = "full",
        retention: Retention = Retention(),  # noqa: B008 - it is immutable
        on_trouble: Callable[[str], None] | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], int] = _now,
        connect: Callable[[Path], sqlite3.Connection] = connect_to_write,
        question_seconds: float = QUESTION_SECONDS,
    ) -> None:
        self._path = Path(path).resolve()
        self._question_seconds = question_seconds
        self._retention = retention
        self._on_trouble = on_trouble
        self._hold = Hold(self._path)
        try:
            make_private(self._path)
            warn_of_network(self._path)
            self._transactions = self._open(connect, "FULL" if durability == "full" else "NORMAL", entropy)
        except BaseException:
            self._hold.release()
            raise
        self._writer = Writer(self._transactions.connection, entropy)
        self._keeper = Keeper(self._transactions, retention, clock)
        self._condition = threading.Condition(tiered_lock(LOG))  # type: ignore[arg-type]  # all of Lock that it uses
        self._waiting: deque[_Append] = deque()
        self._is_closing = False
        self._trouble = ""
        self._since_checkpoint = 0
        self._has_chores = True
        self._questions: SimpleQueue[tuple[Question, _Answered] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._write, name="libchat-log", daemon=True),
            *(threading.Thread(target=self._read, name=f"libchat-log-reader-{n}", daemon=True) for n in range(READERS)),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def id(self) -> str:
        return self._id

    @property
    def retention(self) -> Retention:
        return self._retention

    def load(self) -> State:
        try:
            connection = connect_to_read(self._path)
            try:
                return queries.load(connection)
            finally:
                connection.close()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise StoreError(f"{self._path} cannot be read: {error}; put a backup in its place") from error

    def append(self, records: Sequence[Record], committed: _Committed) -> list[Outcome] | None:
        with self._condition:
            if not self._is_closing:
                self._waiting.append(_Append(records, committed))
                self._condition.notify()
                return None
        return [Failure("the log is closed")] * len(records)

    def ask(self, question: Question, answered: _Answered) -> Answer | None:
        with self._condition:
            if not self._is_closing:
                self._questions.put((question, answered))
                return None
        return CLOSED

    def close(self) -> None:
        with self._condition:
            if self._is_closing:
                return
            self._is_closing = True
            self._condition.notify()
            for _ in range(READERS):
                self._questions.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(CLOSE_SECONDS)
        if any(thread.is_alive() for thread in self._threads):
            _LOGGER.error("%s was not closed in time: the disk does not answer", self._path)
        else:
            self._hold.release()

    def _open(
        self, connect: Callable[[Path], sqlite3.Connection], level: str, entropy: Callable[[int], bytes]
    ) -> Transactions:
        """Open the file to write, and make a log of it if it is none yet."""
        try:
            connection = connect(self._path)
            try:
                self._id = prepare(connection, self._path, lambda: entropy(8).hex())
                if fault := find_recent_fault(connection):
                    raise sqlite3.DatabaseError(fault)
                return Transactions(lambda: connect(self._path), connection, level)
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the second, when a message quotes what is damaged
            remedy = "put a backup in its place, or name another file"
            raise StoreError(f"{self._path} cannot be used as a log: {error}; {remedy}") from error

    # --- the writing thread -----------------------------------------------------------------------------------------

    def _write(self) -> None:
        """Commit what comes, until the log is closed and nothing waits."""
        while (appends := self._next()) is not None:
            if appends:
                self._store(appends)
            self._tidy()
        self._end()

    def _end(self) -> None:
        """Leave one tidy file behind."""
        try:
            self._keeper.finish()
        except (Unsettled, sqlite3.Error) as error:
            _LOGGER.warning("deleted texts could not be erased: %s", error)
        self._checkpoint("TRUNCATE")
        self._transactions.connection.close()

    def _next(self) -> list[_Append] | None:
        """Return what is to be committed together, nothing if there are chores to do, None if it is time to end."""
        with self._condition:
            if not self._has_chores:
                self._condition.wait_for(lambda: self._waiting or self._is_closing, CHORES_SECONDS)
            taken: list[_Append] = []
            count = 0
            while self._waiting and (not taken or count + len(self._waiting[0].records) <= ENTRIES):
                count += len(self._waiting[0].records)
                taken.append(self._waiting.popleft())
            return None if self._is_closing and not taken else taken

    def _store(self, appends: list[_Append]) -> None:
        """Commit some appends together, and call back."""
        outcomes = self._commit([record for append in appends for record in append.records])
        if outcomes is None:
            return
        start = 0
        for append in appends:
            end = start + len(append.records)
            try:
                append.committed(outcomes[start:end])
            except Exception:  # somebody else's mistake must not end the log
                _LOGGER.exception("what was stored could not be passed on")
            start = end

    def _commit(self, records: list[Record]) -> list[Outcome] | None:
        """Return what became of some records; None if nobody will ever know.

        A lost cursor or mark only means that something is delivered again, so these do not wait for the disk.
        """
        is_lasting = not all(isinstance(record, Cursor | Mark) for record in records)
        outcomes: list[Outcome] = []
        try:
            self._transactions.run(lambda: outcomes.extend(self._writer.write(records)), is_lasting=is_lasting)
        except Unsettled as error:
            is_there = self._settle(error)
            if is_there is None:
                return None
            if is_there:
                return outcomes
            return self._failures(str(error), records)
        except sqlite3.Error as error:
            self._writer.forget(self._transactions.connection)
            return self._failures(_words_for(error), records)
        except Exception as error:
            self._writer.forget(self._transactions.connection)
            _LOGGER.exception("something could not be stored")
            return [Failure(f"it could not be stored: {error}")] * len(records)
        self._end_trouble()
        self._since_checkpoint += len(records)
        self._keeper.note(self._writer.lengths())
        return outcomes

    def _failures(self, reason: str, records: list[Record]) -> list[Outcome]:
        """Return that nothing was stored, and answer what needs nothing to be stored."""
        self._begin_trouble(reason)
        failure = Failure(reason)
        try:
            return [self._writer.answer(record) or failure for record in records]
        except sqlite3.Error:
            return [failure] * len(records)

    def _settle(self, error: Unsettled) -> bool | None:
        """Find out whether the last transaction was committed, however long it takes; None if the log is closed first.

        Nothing is answered meanwhile.
        """
        self._begin_trouble(f"the disk does not say whether it has written: {error}")
        while True:
            try:
                is_there = self._transactions.settle()
            except sqlite3.Error:
                with self._condition:
                    if self._condition.wait_for(lambda: self._is_closing, RETRY_SECONDS):
                        return None
            else:
                self._writer.forget(self._transactions.connection)
                return is_there

    def _tidy(self) -> None:
        """Checkpoint if there is enough to copy, and do a little of what is to be done besides."""
        if self._since_checkpoint >= CHECKPOINT:
            self._checkpoint("PASSIVE")
        try:
            self._has_chores = self._keeper.step()
        except Unsettled as error:
            self._has_chores = False
            self._settle(error)
        except sqlite3.Error as error:
            self._has_chores = False
            _LOGGER.warning("old entries could not be taken away: %s", _words_for(error))

    def _checkpoint(self, mode: str) -> None:
        """Copy the write-ahead log into the file. If that fails, all stays where it is, until the next time."""
        self._since_checkpoint = 0
        try:
            self._transactions.connection.execute(f"PRAGMA wal_checkpoint({mode})")
        except sqlite3.Error as error:
            _LOGGER.warning("the log's file could not be brought up to date: %s", _words_for(error))

    def _begin_trouble(self, reason: str) -> None:
        if not self._trouble:
            self._trouble = reason
            _LOGGER.error("%s cannot store: %s", self._path, reason)
            self._tell(f"the log cannot store: {reason}")

    def _end_trouble(self) -> None:
        if self._trouble:
            self._trouble = ""
            _LOGGER.warning("%s stores again", self._path)
            self._tell("the log stores again")

    def _tell(self, words: str) -> None:
        if self._on_trouble is None:
            return
        try:
            self._on_trouble(words)
        except Exception:  # somebody else's mistake must not end the log
            _LOGGER.exception("nobody could be told that %s", words)

    # --- the reading threads ----------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Answer questions, until the log is closed."""
        reader = Reader(self._path, self._question_seconds, lambda: self._is_closing)
        while (asked := self._questions.get()) is not None:
            question, answered = asked
            answer = reader.answer(question)
            try:
                answered(answer)
            except Exception:  # somebody else's mistake must not end the log
                _LOGGER.exception("an answer could not be passed on")
        reader.close()


_WORDS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_READONLY: "the file cannot be written to",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is damaged",
    sqlite3.SQLITE_BUSY: "another program holds the file",
}


def _words_for(error: sqlite3.Error) -> str:
    """Return what an error means for a person. The lower byte of its code is the kind."""
    return _WORDS.get(code_of(error) & 0xFF, str(error))
