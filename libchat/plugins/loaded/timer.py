"""Timers of plugins: one thread for all of a host's, or none, for tests that let time pass by hand."""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable

from libchat.locks import PLUGINS, tiered_lock


class Timer:
    """Something that will be called. `cancel` it if it need not be."""

    def __init__(self, function: Callable[[], object], period: float | None = None) -> None:
        self._function = function
        self._period = period
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Whether it will not be called any more because somebody said so."""
        return self._is_cancelled

    def cancel(self) -> None:
        """Have it not called any more. Harmless when it was called already."""
        self._is_cancelled = True


class Timers:
    """Timers in the order in which they are due.

    `ticks` returns seconds from any beginning, which never go back. What a timer calls must return at once: it runs in
    the thread of all. Unless `is_threaded`, nothing is called but by `run_due`.
    """

    def __init__(self, ticks: Callable[[], float] = time.monotonic, *, is_threaded: bool = True) -> None:
        self.ticks = ticks
        self._condition = threading.Condition(tiered_lock(PLUGINS))  # type: ignore[arg-type]  # all of Lock that it uses
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._is_threaded = is_threaded
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def after(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Have a function called once. Raises ValueError for what is no time."""
        return self._add(seconds, Timer(function))

    def every(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Have a function called again and again. Raises ValueError for what is no time."""
        if not seconds > 0:
            raise ValueError(f"a timer cannot be called every {seconds} seconds; give a number above 0")
        return self._add(seconds, Timer(function, seconds))

    def run_due(self) -> int:
        """Call everything that is due, in order; return how many were."""
        count = 0
        while (timer := self._take_due()) is not None:
            timer._function()
            count += 1
        return count

    @property
    def next_due(self) -> float | None:
        """When something is due next, in ticks; None if nothing is."""
        with self._condition:
            return min((due for due, _, timer in self._heap if not timer.is_cancelled), default=None)

    def __len__(self) -> int:
        with self._condition:
            return sum(not timer.is_cancelled for _, _, timer in self._heap)

    def close(self) -> None:
        """Call nothing any more. Harmless when called twice."""
        with self._condition:
            self._is_closed = True
            self._heap.clear()
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _add(self, seconds: float, timer: Timer) -> Timer:
        if not (seconds >= 0 and math.isfinite(seconds)):
            raise ValueError(f"a timer cannot be due in {seconds} seconds; give a number from 0")
        with self._condition:
            if not self._is_closed:
                self._push(self.ticks() + seconds, timer)
                if self._thread is None and self._is_threaded:
                    self._thread = threading.Thread(target=self._run, name="libchat plugin timers", daemon=True)
                    self._thread.start()
                self._condition.notify_all()
        return timer

    def _push(self, due: float, timer: Timer) -> None:
        heapq.heappush(self._heap, (due, next(self._count), timer))

    def _take_due(self) -> Timer | None:
        with self._condition:
            now = self.ticks()
            while self._heap and (self._heap[0][0] <= now or self._heap[0][2].is_cancelled):
                due, _, timer = heapq.heappop(self._heap)
                if timer.is_cancelled:
                    continue
                if timer._period is not None:  # what was missed, while the machine slept, is not made up for
                    self._push(max(due + timer._period, now), timer)
                return timer
        return None

    def _run(self) -> None:
        while not self._is_closed:
            self.run_due()
            with self._condition:
                if not self._is_closed:
                    self._condition.wait(self._patience())

    def _patience(self) -> float | None:
        if not self._heap:
            return None
        return min(max(self._heap[0][0] - self.ticks(), 0), threading.TIMEOUT_MAX)
