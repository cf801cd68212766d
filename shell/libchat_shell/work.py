"""Work that takes its time, in a thread of its own: one thing after the other, in the order in which it was given."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

_log = logging.getLogger("libchat.shell")

WAITING: Final = 20_000
"""Pieces of work that wait at most: more than the parts of any paste. The newest are refused."""


class Worker:
    """One thread, started when there is something to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._condition = threading.Condition()
        self._work: deque[Callable[[], None]] = deque()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], None]) -> bool:
        """Have something done, after what was given before. Return False if too much waits. From any thread."""
        with self._condition:
            if self._is_closed or len(self._work) >= WAITING:
                return False
            self._work.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._condition.notify_all()
        return True

    def close(self, seconds: float, *, is_patient: bool = False) -> None:
        """Take nothing more, and wait that long at most for what has begun; what has not is dropped.

        If patient, wait for that, too, and drop what is left when the time is over.
        """
        with self._condition:
            self._is_closed = True
            if not is_patient:
                self._work.clear()
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)
        with self._condition:
            self._work.clear()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._work or self._is_closed)
                if not self._work:
                    return
                work = self._work.popleft()
            try:
                work()
            except Exception:  # noqa: BLE001  # the outermost frame of what was given
                _log.exception("the shell has made a mistake")
