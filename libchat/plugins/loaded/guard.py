"""Calls into code that somebody else wrote: whatever it does, the caller goes on.

Each call runs in a worker thread, and the caller waits for it, so long and no longer. A worker whose call hangs is
abandoned: it gets an exception, which ends it as soon as it executes Python code again, and another worker takes its
place. There is no sandbox in CPython: code that wants to do harm can. This is for code that has mistakes.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final, Literal, TypeVar

from libchat.errors import ChatError, PluginError
from libchat.locks import PLUGINS, tiered_lock
from libchat.plugins.loaded.output import Capture, captured
from libchat.text import clean_line, clean_text

T = TypeVar("T")

_log = logging.getLogger("libchat")

SECONDS: Final = 10.0
"""How long a call may take: whoever waits longer thinks that it does not work."""

IDLE: Final = 4
"""Workers that are kept for the next calls."""

STOPPING_SECONDS: Final = 1.0
"""How long threads have to end that were told to."""

REASON_CHARACTERS: Final = 500

_OURS: Final = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")
"""The folder of our own files, through which every call of a plugin goes."""

Fault = Literal["raised", "hung", "exited"]


class Abandoned(BaseException):
    """Raised in a thread that nobody waits for any more."""


class Guard:
    """Workers for calls into plugins. Thread-safe."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = tiered_lock(PLUGINS)
        self._idle: list[_Worker] = []
        self._workers: set[_Worker] = set()
        self._lost: set[_Worker] = set()
        self._is_closed = False

    def call(
        self,
        function: Callable[[], T],
        *,
        plugin: str = "",
        seconds: float | None = None,
        capture: Capture | None = None,
        owner: object = None,
    ) -> T:
        """Return what a function returns.

        Raises `PluginError` if it raises, exits or hangs. `ChatError` and TimeoutError pass: they are no mistakes of
        the plugin. What it prints is kept in `capture`. `owner` is whose calls `end_calls` ends.
        """
        returned: list[T] = []
        job = _Job(
            lambda: returned.append(function()),
            plugin,
            self.seconds if seconds is None else seconds,
            capture or Capture(),
        )
        worker = self._worker(owner)
        worker.jobs.put(job)
        while not job.done.wait(job.patience()):
            if job.is_overdue and job.give_up():
                self._abandon(worker)
                raise PluginError(plugin, f"it has not come back within {job.seconds:g} seconds", "hung", worker.stack)
        job.check()
        return returned[0]

    def spawn(self, function: Callable[[], object]) -> None:
        """Run a function of our own in a worker, and return at once."""

        def run() -> None:
            try:
                function()
            except Exception:  # noqa: BLE001  # the outermost frame of a thread
                _log.exception("what was to be done for a plugin has failed")

        self._worker().jobs.put(_Job(run, "", 0, None))

    def end_calls(self, owner: object) -> None:
        """Have the calls of an owner end that are under way, but for one that this thread is."""
        with self._lock:
            workers = [each for each in self._workers | self._lost if each.owner is owner]
        deadline = time.monotonic() + STOPPING_SECONDS
        for worker in workers:
            if worker.thread is not threading.current_thread() and not worker.is_free.wait(
                max(deadline - time.monotonic(), 0)
            ):
                interrupt(worker.thread)

    @property
    def lost(self) -> int:
        """How many abandoned threads are still alive."""
        with self._lock:
            self._lost = {worker for worker in self._lost if worker.thread.is_alive()}
            return len(self._lost)

    def close(self) -> None:
        """End the workers. Harmless when called twice; not to be called by one of them."""
        with self._lock:
            self._is_closed = True
            workers, self._idle = self._workers | self._lost, []
        for worker in workers:
            worker.jobs.put(None)
        end_threads([worker.thread for worker in workers])

    def _worker(self, owner: object = None) -> _Worker:
        with self._lock:
            if self._idle:
                worker = self._idle.pop()
                worker.owner = owner
                worker.is_free.clear()
                return worker
            worker = _Worker(self)
            worker.owner = owner
            self._workers.add(worker)
        worker.thread.start()
        return worker

    def _take_back(self, worker: _Worker) -> bool:
        """Keep a worker for the next call, and return whether it is kept. Called by its own thread."""
        with self._lock:
            worker.owner = None
            worker.is_free.set()
            is_kept = worker in self._workers and len(self._idle) < IDLE and not self._is_closed
            if is_kept:
                self._idle.append(worker)
            else:
                self._workers.discard(worker)
                self._lost.discard(worker)
            return is_kept

    def _abandon(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
            self._lost.add(worker)
        worker.stack = _stack_of(worker.thread)
        interrupt(worker.thread)


class _Worker:
    """A thread that does one job after the other."""

    def __init__(self, guard: Guard) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.stack = ""
        self.owner: object = None
        self.is_free = threading.Event()
        self._guard = guard
        self.thread = threading.Thread(target=self._run, name="libchat plugin worker", daemon=True)

    def _run(self) -> None:
        try:
            while (job := self.jobs.get()) is not None:
                job.run()
                del job  # or what it has returned would live until the next one
                if not self._guard._take_back(self):
                    return
        except Abandoned:
            self._guard._take_back(self)  # it came when the job was just done


class _Job:
    """One call."""

    def __init__(self, function: Callable[[], object], plugin: str, seconds: float, capture: Capture | None) -> None:
        self.seconds = seconds
        self.done = threading.Event()
        self._function = function
        self._plugin = plugin
        self._capture = capture
        self._deadline = time.monotonic() + seconds
        self._pauses = 0
        self._settling = threading.Lock()
        """Held by who decides what has become of the call; never given back, so it is decided once."""
        self._error: Exception | None = None

    def run(self) -> None:
        """Do it. Called by the worker."""
        error: Exception | None = None
        _working.job = self
        try:
            self._call()
        except (ChatError, TimeoutError) as passing:
            error = passing
        except BaseException as fault:  # noqa: BLE001  # the outermost frame of a plugin
            error = self._explain(fault)
        finally:
            _working.job = None
        if self._settling.acquire(blocking=False):
            self._error = error
            self.done.set()

    def _call(self) -> None:
        if self._capture is None:
            self._function()
            return
        with captured(self._capture):
            self._function()

    def _explain(self, fault: BaseException) -> PluginError:
        is_exit = isinstance(fault, (SystemExit, KeyboardInterrupt, GeneratorExit))
        kind: Fault = "exited" if is_exit else "raised"
        return PluginError(self._plugin, describe(fault), kind, traceback_of(fault))

    def give_up(self) -> bool:
        """Decide that it hangs, unless it has just ended."""
        return self._settling.acquire(blocking=False)

    def check(self) -> None:
        """Raise what was raised."""
        if self._error is not None:
            raise self._error

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def is_overdue(self) -> bool:
        """Whether it has taken too long."""
        return not self._pauses and time.monotonic() >= self._deadline

    def patience(self) -> float:
        """Return how long to wait before looking again."""
        return PAUSE_SECONDS if self._pauses else max(self._deadline - time.monotonic(), 0)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have the time stand still, while a person thinks."""
        self._pauses += 1
        try:
            yield
        finally:
            self._deadline = time.monotonic() + self.seconds
            self._pauses -= 1


PAUSE_SECONDS: Final = 0.5
"""How often a caller looks whether a person has answered."""


class _Working(threading.local):
    """What this thread works at."""

    job: _Job | None = None


_working: Final = _Working()


def is_guarded() -> bool:
    """Return whether this thread works at a call."""
    return _working.job is not None


@contextmanager
def patience() -> Iterator[None]:
    """Have the time of the call that this thread works at stand still meanwhile."""
    job = _working.job
    if job is None:
        yield
        return
    with job.paused():
        yield


def interrupt(thread: threading.Thread) -> None:
    """Raise `Abandoned` in a thread, where Python can: it comes when the thread executes Python code again."""
    try:
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    except AttributeError:
        return  # another Python than CPython
    if thread.ident is not None and thread.is_alive():
        raise_in(ctypes.c_ulong(thread.ident), ctypes.py_object(Abandoned))


def end_threads(threads: list[threading.Thread], seconds: float = STOPPING_SECONDS) -> list[threading.Thread]:
    """Wait for threads that were told to end, interrupt those that do not, and return those that live still."""
    for is_last in (False, True):
        deadline = time.monotonic() + seconds
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0))
        threads = [thread for thread in threads if thread.is_alive() and thread is not threading.current_thread()]
        for thread in [] if is_last else threads:
            interrupt(thread)
    return threads


def describe(fault: BaseException) -> str:
    """Return what was raised, in one line."""
    try:
        text = clean_line(str(fault)[:REASON_CHARACTERS])
    except BaseException:  # noqa: BLE001  # even this is code of the plugin
        text = ""
    if isinstance(fault, SystemExit):
        return "it wanted to end the program"
    return f"{type(fault).__name__}: {text}" if text else type(fault).__name__


def traceback_of(fault: BaseException) -> str:
    """Return the traceback of what was raised, without our own frames at its beginning."""
    try:
        frames = traceback.extract_tb(fault.__traceback__)
        own = [frame for frame in frames if not frame.filename.startswith(_OURS)]
        return clean_text("".join(traceback.format_list(own)) + describe(fault))
    except BaseException:  # noqa: BLE001
        return describe(fault)


def _stack_of(thread: threading.Thread) -> str:
    """Return where a thread is just now."""
    frame = sys._current_frames().get(thread.ident or 0)
    return clean_text("".join(traceback.format_stack(frame))) if frame is not None else ""
