"""What happens to one plugin, one thing after the other: events and timers in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from libchat.locks import PLUGINS, tiered_lock

Job = Callable[[], None]

WAITING: Final = 1000
"""Events that wait for a plugin at most: one that is so far behind does not catch up, and memory has an end."""


class Lane:
    """A queue that has a thread only as long as something is in it. `spawn` starts a function in some thread."""

    def __init__(self, spawn: Callable[[Job], None]) -> None:
        self._spawn = spawn
        self._lock = tiered_lock(PLUGINS)
        self._jobs: deque[Job] = deque()
        self._is_running = False
        self._is_closed = False

    def post(self, job: Job) -> bool:
        """Have a job done behind those that wait, and return at once: False if there is no room for it."""
        with self._lock:
            if self._is_closed or len(self._jobs) >= WAITING:
                return self._is_closed
            self._jobs.append(job)
            if self._is_running:
                return True
            self._is_running = True
        self._spawn(self._run)
        return True

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, and nothing runs."""
        with self._lock:
            return not self._is_running

    def close(self) -> None:
        """Forget what waits, and take nothing more."""
        with self._lock:
            self._is_closed = True
            self._jobs.clear()

    def _run(self) -> None:
        while (job := self._take()) is not None:
            job()

    def _take(self) -> Job | None:
        with self._lock:
            if not self._jobs:
                self._is_running = False
                return None
            return self._jobs.popleft()
