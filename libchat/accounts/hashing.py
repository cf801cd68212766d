"""The threads that hash passwords: few, because each hash fills a core and 64 MiB, and with a bounded queue."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from libchat import limits
from libchat.locks import LOG, tiered_lock

JOIN_SECONDS: Final = 5.0
"""How long closing waits for the hashes under way. One takes a fifth of a second."""


class _Job(NamedTuple):
    work: Callable[[], None]
    done: Callable[[Exception | None], None]


class HashPool:
    """Does work in `threads` threads, which begin with the first piece; at most `queue` pieces wait."""

    def __init__(self, threads: int | None = None, queue: int = limits.HASH_QUEUE) -> None:
        self._count = threads or os.cpu_count() or 1
        self._queue = queue
        self._condition = threading.Condition(tiered_lock(LOG))  # type: ignore[arg-type]  # all of Lock that it uses
        self._waiting: deque[_Job] = deque()
        self._busy = 0
        self._threads: list[threading.Thread] = []
        self._is_closing = False

    def submit(self, work: Callable[[], None], done: Callable[[Exception | None], None]) -> bool:
        """Have `work` done, and then `done` called in the same thread with what it raised, if it did.

        Returns False, and does nothing, if too much waits already or the pool is closed. Never blocks. No lock is held
        while either is called; `done` must not raise.
        """
        with self._condition:
            if self._is_closing or len(self._waiting) >= self._queue + self._count - self._busy:
                return False
            self._waiting.append(_Job(work, done))
            self._condition.notify()
            if len(self._threads) == self._count:
                return True
            name = f"libchat-hash-{len(self._threads)}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
        thread.start()
        return True

    def stop(self) -> list[Callable[[Exception | None], None]]:
        """Take no more, and drop what waits: return whom to tell. What is under way goes on."""
        with self._condition:
            self._is_closing = True
            dropped = [job.done for job in self._waiting]
            self._waiting.clear()
            self._condition.notify_all()
        return dropped

    def join(self) -> bool:
        """Wait for the threads of a pool that was stopped; return whether all have ended in time."""
        for thread in self._threads:
            thread.join(JOIN_SECONDS)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.work()
            except Exception as error:  # noqa: BLE001  # the outermost frame of a thread
                job.done(error)
            else:
                job.done(None)
            with self._condition:
                self._busy -= 1

    def _next(self) -> _Job | None:
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._is_closing)
            if not self._waiting:
                return None
            self._busy += 1
            return self._waiting.popleft()
