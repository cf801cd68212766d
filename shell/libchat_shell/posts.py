"""What other threads have for the thread of the user interface."""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable


class Posts:
    """Functions that wait to be called in the interface's thread, in the order in which they came. Thread-safe.

    `loop` returns the interface's event loop, None as long as there is none: what comes before waits for `begin`.
    `taken` is called whenever all that waited was called, `admit` with what a function raises.
    """

    def __init__(
        self,
        loop: Callable[[], AbstractEventLoop | None],
        taken: Callable[[], None],
        admit: Callable[[BaseException], None],
    ) -> None:
        self._loop = loop
        self._taken = taken
        self._admit = admit
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_told = False
        """Whether the loop knows that something waits."""
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Have called what came before there was a loop."""
        loop = self._loop()
        with self._lock:
            if self._waiting and loop is not None:
                loop.call_soon(self._call)

    def put(self, function: Callable[[], None], delay: float = 0.0) -> None:
        """Have a function called, or in so many seconds."""
        if delay > 0:
            self._put_later(function, delay)
            return
        with self._lock:
            self._waiting.append(function)
            loop = self._loop()
            if self._is_told or loop is None:
                return
            self._is_told = True
        try:
            loop.call_soon_threadsafe(self._call)
        except RuntimeError:
            pass  # the loop has just been closed: nobody is there any more

    def _put_later(self, function: Callable[[], None], delay: float) -> None:
        loop = self._loop()
        if loop is None:
            self.put(lambda: self._put_later(function, delay))
            return
        try:
            loop.call_soon_threadsafe(lambda: loop.call_later(delay, self.put, function))
        except RuntimeError:
            pass

    def _call(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
            self._is_told = False
        while waiting:
            try:
                waiting.popleft()()
            except Exception as error:  # noqa: BLE001  # the outermost frame of what was posted
                self._admit(error)
        self._taken()
