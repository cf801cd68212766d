"""The accounts of a server: `libchat.store.base.Accounts`, over a file or in memory.

One thread (`libchat-accounts`) does all work on the file, so that short transactions follow each other; passwords are
hashed by a few more (`libchat-hash-N`, one for each core), which takes 64 MiB for each of these. A request goes to and
fro between them until it is answered. Nobody ever waits for a lock that is held over any of that.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, TypeVar, get_args

from libchat import limits
from libchat.accounts.case import Case, Work
from libchat.accounts.clerk import BUSY, Clerk
from libchat.accounts.hashing import HashPool
from libchat.accounts.known import Entry
from libchat.claims import Added, Admit, Answer, Change, Denied, Request
from libchat.core.backoff import Backoff
from libchat.errors import Closed, Code, StoreError
from libchat.locks import LOG, tiered_lock
from libchat.security.passwords import Argon2, Hasher
from libchat.store.accounts import AccountBook

_LOGGER: Final = logging.getLogger("libchat.accounts")

WATCH_SECONDS: Final = 1.0
"""How often the file is looked at for what another program did: a person at the command line waits no longer."""

CLOSE_SECONDS: Final = 10.0
"""How long closing waits for the thread: twice as long as a transaction waits for that of another program."""

CLOSED: Final = Denied(Code.UNAVAILABLE, "the server is closing: try again in a moment")
BROKEN: Final = Denied(Code.UNAVAILABLE, "the server cannot use its accounts at the moment: tell who runs it")

Answered = Callable[[Answer], None]
T = TypeVar("T")


def _now() -> int:
    return time.time_ns() // 1_000_000


class AccountDesk:
    """Answers what a server asks of the accounts in the file at `path`, or of new ones in memory (None).

    `admit` is whom the server takes. `hasher` makes and compares hashes of passwords, in `hash_threads` threads (None:
    one for each core) behind a queue of `hash_queue`, of which one address has `hashes_per_address` at most; `requests`
    is how many requests may wait in all. `clock` gives
    milliseconds since 1970, `entropy` random bytes, `backoff` says how long who guesses has to wait, and
    `watch_seconds` is how often the file is looked at.

    Raises StoreError, which says what to do, if the file cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        admit: Admit = "open",
        hasher: Hasher | None = None,
        clock: Callable[[], int] = _now,
        entropy: Callable[[int], bytes] = os.urandom,
        backoff: Backoff | None = None,
        hash_threads: int | None = None,
        hash_queue: int = limits.HASH_QUEUE,
        hashes_per_address: int = limits.HASHES_PER_ADDRESS,
        requests: int = limits.ACCOUNT_REQUESTS,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        if admit not in get_args(Admit):
            raise ValueError(f"{admit!r} is nothing to admit: choose one of {', '.join(get_args(Admit))}")
        self._admit: Admit = admit
        self._is_shared = path is not None
        """Whether another program may change them."""
        self._name = "the accounts in memory" if path is None else str(path)
        self._book = AccountBook(None if path is None else Path(path).resolve())
        counts = backoff if backoff is not None else Backoff()  # one that is empty yet is false
        self._clerk = Clerk(self._book, admit, hasher or Argon2(), counts, clock, entropy)
        self._pool = HashPool(hash_threads, hash_queue)
        self._hashes_per_address = hashes_per_address
        self._hashing: Counter[str] = Counter()
        self._requests = requests
        self._watch_seconds = watch_seconds
        self._changed: Callable[[Change], None] | None = None
        self._lock = tiered_lock(LOG)  # guards the next two
        self._open_requests = 0
        self._has_begun = False
        """Whether the thread runs: from the first question on, or when the file is to be watched."""
        self._is_closing = False
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="libchat-accounts", daemon=True)

    @property
    def admit(self) -> Admit:
        return self._admit

    def load(self) -> tuple[Added, ...]:
        try:
            self._call(self._look)
            return self._call(lambda: tuple(Added(row.name, row.display) for row in self._book.accounts()))
        except sqlite3.Error as error:
            raise StoreError(f"{self._name} cannot be read: {error}; put a backup in its place") from error

    def watch(self, changed: Callable[[Change], None]) -> None:
        def begin() -> None:
            self._changed = changed

        if self._is_shared:
            self._put(begin)

    def ask(self, request: Request, answered: Answered) -> None:
        with self._lock:
            is_closing, is_full = self._is_closing, self._open_requests >= self._requests
            if not is_closing and not is_full:
                self._open_requests += 1
                self._put_locked(lambda: self._begin(request, answered))
                return
        answered(CLOSED if is_closing else BUSY)

    def close(self) -> None:
        with self._lock:
            if self._is_closing:
                return
            self._is_closing = True
            if not self._has_begun:
                self._book.close()
                return
            self._inbox.put(self._stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_SECONDS)
            if self._thread.is_alive():
                _LOGGER.error("%s were not closed in time: the disk does not answer", self._name)

    def _put(self, work: Callable[[], None]) -> None:
        with self._lock:
            if not self._is_closing:
                self._put_locked(work)

    def _put_locked(self, work: Callable[[], None]) -> None:
        """Have the accounts' thread do something, which begins with the first of it."""
        self._inbox.put(work)
        if not self._has_begun:
            self._has_begun = True
            self._thread.start()

    # --- the accounts' thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Do what comes in, and look at the file from time to time, until the desk is closed and all is answered."""
        look_at = time.monotonic() + self._watch_seconds
        while not (self._is_closing and self._is_idle()):
            try:
                work = self._inbox.get(timeout=max(look_at - time.monotonic(), 0))
            except Empty:
                work = None
            if work is not None:
                work()
            if time.monotonic() >= look_at:
                self._tell_changes()
                look_at = time.monotonic() + self._watch_seconds
        self._pool.join()
        self._book.close()

    def _is_idle(self) -> bool:
        with self._lock:
            return not self._open_requests and self._inbox.empty()

    def _stop(self) -> None:
        for done in self._pool.stop():
            done(_Dropped())

    def _begin(self, request: Request, answered: Answered) -> None:
        found = self._guard(lambda: self._clerk.begin(request))
        if isinstance(found, Case):
            self._advance(found, answered)
        else:
            self._answer(found, answered)

    def _advance(self, case: Case, answered: Answered) -> None:
        """Go on with a case, until it is answered or has to be hashed."""
        found = self._guard(lambda: self._clerk.advance(case))
        if not callable(found):
            self._answer(found, answered)
        elif not self._hash(found, case, answered):
            self._clerk.cancel(case)
            self._answer(CLOSED if self._is_closing else BUSY, answered)

    def _hash(self, work: Work, case: Case, answered: Answered) -> bool:
        """Have work for a case done by those who hash, unless too much waits there, in all or from this address."""
        address = case.request.address
        if address and self._hashing[address] >= self._hashes_per_address:
            return False
        if not self._pool.submit(work, lambda error: self._inbox.put(lambda: self._go_on(case, error, answered))):
            return False
        self._hashing[address] += 1
        return True

    def _go_on(self, case: Case, error: Exception | None, answered: Answered) -> None:
        """Take a case back from those who hash."""
        self._hashing[case.request.address] -= 1
        self._hashing += Counter()  # forget those who have none any more
        if error is None:
            self._advance(case, answered)
            return
        self._clerk.cancel(case)
        if isinstance(error, _Dropped):
            self._answer(CLOSED, answered)
            return
        _LOGGER.error("a password could not be hashed: %s: %s", type(error).__name__, error)
        self._answer(BROKEN, answered)

    def _guard(self, work: Callable[[], T]) -> T | Denied:
        """Return what `work` returns, or the answer for a file that cannot be used."""
        try:
            return work()
        except sqlite3.Error as error:
            _LOGGER.error("%s cannot be used: %s", self._name, error)
        except Exception:
            _LOGGER.exception("a request to the accounts could not be answered")
        return BROKEN

    def _answer(self, answer: Answer, answered: Answered) -> None:
        try:
            answered(answer)
        except Exception:  # somebody else's mistake must not end the accounts
            _LOGGER.exception("an answer could not be passed on")
        with self._lock:
            self._open_requests -= 1

    # --- what others do ---------------------------------------------------------------------------------------------

    def _tell_changes(self) -> None:
        changed = self._changed
        if changed is None:
            return
        try:
            changes = self._look() if self._book.has_changed() else []
        except sqlite3.Error as error:
            _LOGGER.error("%s cannot be read: %s", self._name, error)
            return
        for change in changes:
            try:
                changed(change)
            except Exception:  # somebody else's mistake must not end the accounts
                _LOGGER.exception("a change of the accounts could not be passed on")

    def _look(self) -> list[Change]:
        """Read all accounts, and return what another program did to them."""
        with self._book.reading():
            keys = self._book.all_keys()
            rows = self._book.accounts()
        return self._clerk.known.update(
            {row.name: Entry(row.display, row.made, keys.get(row.name, frozenset())) for row in rows}
        )

    def _call(self, work: Callable[[], T]) -> T:
        """Return what `work` returns in the accounts' thread, or here before that runs; or raise what it raises."""
        results: SimpleQueue[T | Exception] = SimpleQueue()

        def run() -> None:
            try:
                results.put(work())
            except Exception as error:  # noqa: BLE001  # it is raised again where it was asked for
                results.put(error)

        with self._lock:
            if self._is_closing:
                raise Closed(f"{self._name} are closed")
            has_begun = self._has_begun
            if has_begun:
                self._inbox.put(run)
        if not has_begun:
            return work()  # nobody else is there yet
        result = results.get()
        if isinstance(result, Exception):
            raise result
        return result


class _Dropped(Exception):
    """A password was not hashed, because the server closes."""


class MemoryAccounts(AccountDesk):
    """Accounts that end with the program, for servers that keep nothing, and for tests: see `AccountDesk`."""
