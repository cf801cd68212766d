"""What a plugin has brought along, so that all of it can be taken away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

from libchat.errors import PluginError
from libchat.locks import PLUGINS, tiered_lock
from libchat.plugins.loaded.guard import end_threads
from libchat.plugins.loaded.timer import Timer

T = TypeVar("T")


class Ledger:
    """Timers, threads and open things of one plugin. Its commands and hooks are in the host's tables only."""

    def __init__(self, plugin: str) -> None:
        self.ending = threading.Event()
        """Set when the plugin is about to go."""
        self._plugin = plugin
        self._lock = tiered_lock(PLUGINS)
        self._timers: set[Timer] = set()
        self._threads: list[threading.Thread] = []
        self._stack = ExitStack()

    def keep_timer(self, make: Callable[[Callable[[], None]], Timer], function: Callable[[], object]) -> Timer:
        """Make a timer that calls a function once, and keep it until then."""
        timers: list[Timer] = []

        def fire() -> None:
            with self._lock:
                self._timers.difference_update(timers)
            function()

        self.check_open()
        timer = make(fire)
        timers.append(timer)
        return self.keep(timer)

    def keep(self, timer: Timer) -> Timer:
        """Keep a timer, to be cancelled at the end."""
        with self._lock:
            self._timers.add(timer)
        if self.ending.is_set():
            timer.cancel()
        return timer

    def start_thread(self, function: Callable[[], object]) -> threading.Thread:
        """Run a function in a thread that is waited for at the end."""
        self.check_open()
        thread = threading.Thread(target=function, name=f"plugin {self._plugin}", daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()
        return thread

    def enter(self, manager: AbstractContextManager[T]) -> T:
        """Enter a context manager that is exited at the end."""
        self.check_open()
        value = manager.__enter__()
        with self._lock:
            self._stack.push(manager)
        return value

    def check_open(self) -> None:
        """Raise `PluginError` if the plugin is going: nothing new would be taken away."""
        if self.ending.is_set():
            raise PluginError(self._plugin, "it is being unloaded, and cannot begin anything")

    @property
    def timers(self) -> int:
        """How many timers wait."""
        with self._lock:
            return sum(not timer.is_cancelled for timer in self._timers)

    @property
    def threads(self) -> int:
        """How many threads are alive."""
        with self._lock:
            return sum(thread.is_alive() for thread in self._threads)

    def end(self) -> list[threading.Thread]:
        """Cancel timers, have threads end, and return those that do not."""
        self.ending.set()
        with self._lock:
            timers, self._timers = self._timers, set()
            threads, self._threads = self._threads, []
        for timer in timers:
            timer.cancel()
        return end_threads(threads)

    def close(self) -> None:
        """Exit what was entered, last first: code of the author. Raises whatever that raises."""
        self._stack.close()
