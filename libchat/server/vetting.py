"""The threads in which messages are vetted, apart from everything else: whatever is vetted with may be slow, or hang.

How it works. What is to be vetted waits in one queue. A thread takes a batch, and answers it. There is always one more
thread that waits for something to do, up to `THREADS`: so who says something that a plugin hangs on waits, and those
whom it does not concern do not wait behind them. When all are busy, the next one takes all that waits by then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from libchat.errors import Code, InvalidMessage, PluginError
from libchat.limits import TEXT_BYTES
from libchat.locks import PLUGINS, tiered_lock
from libchat.plugins.values import Drop, Message
from libchat.text import check_text, clean_line
from libchat.vetting import Allowed, Judgement, Said, Withheld

_log = logging.getLogger("libchat.server")

THREADS: Final = 8
"""Batches that are vetted at once. Of those that hang, each holds up a thread, until it is given up."""

SPARE: Final = 2
"""Threads that stay when there is nothing to do."""

BATCH: Final = 64
"""Messages that are vetted together at most. What one of them makes a plugin do, befalls all of them."""

REASON_CHARACTERS: Final = 200
"""What is told of a plugin's reason: a line on a screen, or two."""

Result: TypeAlias = Message | Drop | PluginError
Transform: TypeAlias = Callable[[Sequence[Message]], Sequence[Result]]
_Job: TypeAlias = tuple[Sequence[Said], Callable[[Sequence[Judgement]], None]]


class ThreadVetter:
    """Vets with a function, in threads of its own (`libchat.vetting.Vetter`).

    `transform` returns what becomes of some messages, one for each: changed or not, dropped, or an error. It takes a
    bounded time. `vetted` is called after each batch.
    """

    def __init__(self, transform: Transform, vetted: Callable[[], None] = lambda: None) -> None:
        self._transform = transform
        self._vetted = vetted
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = tiered_lock(PLUGINS)
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        """Threads that wait for something to do, or are about to."""
        self._is_closed = False

    def ask(self, said: Sequence[Said], judged: Callable[[Sequence[Judgement]], None]) -> None:
        """Have some things vetted."""
        self._jobs.put((said, judged))
        with self._lock:
            self._keep_one_idle()

    def close(self, seconds: float = 1.0) -> None:
        """End the threads, each within so many seconds; one that hangs is left behind. Nothing is answered any more."""
        with self._lock:
            self._is_closed = True
            threads = list(self._threads)
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join(seconds)

    def _keep_one_idle(self) -> None:
        """Have a thread wait for the next batch. Called under the lock."""
        if self._idle or len(self._threads) >= THREADS or self._is_closed:
            return
        thread = threading.Thread(target=self._run, name="libchat-vetter", daemon=True)
        self._threads.add(thread)
        self._idle += 1
        thread.start()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            with self._lock:
                self._idle -= 1
                self._keep_one_idle()
                is_last = not self._idle
            self._vet(self._batch(job) if is_last else [job])
            with self._lock:
                if self._idle >= SPARE or self._is_closed:
                    break
                self._idle += 1
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _batch(self, first: _Job) -> list[_Job]:
        """Return what waits, as far as it fits into one batch."""
        jobs = [first]
        count = len(first[0])
        while count < BATCH:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                self._jobs.put(None)  # it is the end of some thread
                break
            jobs.append(job)
            count += len(job[0])
        return jobs

    def _vet(self, jobs: list[_Job]) -> None:
        said = [each for job in jobs for each in job[0]]
        judgements = iter(self._judge(said))
        for theirs, judged in jobs:
            judgement = [next(judgements) for _ in theirs]
            if not self._is_closed:
                judged(judgement)
        self._vetted()

    def _judge(self, said: list[Said]) -> list[Judgement]:
        try:
            results = self._transform([message_of(each) for each in said])
            return [judgement_of(result) for result in results]
        except Exception:  # noqa: BLE001  # the outermost frame of a thread: nobody may wait for ever
            _log.exception("messages could not be vetted")
            return [Withheld(Code.UNAVAILABLE, "it could not be looked at; nothing was sent, try again")] * len(said)


def message_of(said: Said) -> Message:
    """Return what plugins are shown of what somebody wants to say. An edit has the number of what is edited."""
    is_edit = said.kind == "edit"
    return Message(
        said.sender, said.target, said.text, said.ref if is_edit else 0, said.time, 0 if is_edit else said.ref
    )


def judgement_of(result: Result) -> Judgement:
    """Return what follows from what plugins have made of a message."""
    if isinstance(result, Drop):
        reason = clean_line(result.reason)[:REASON_CHARACTERS] or "this may not be said here"
        return Withheld(Code.DROPPED, reason)
    if isinstance(result, PluginError):
        reason = f"the plugin {result.plugin} could not look at it; nothing was sent, try again"
        return Withheld(Code.UNAVAILABLE, reason)
    try:
        return Allowed(check_text(result.text, TEXT_BYTES))
    except InvalidMessage as invalid:
        reason = f"a plugin has made something of it that cannot be sent ({invalid.reason}); nothing was sent"
        return Withheld(Code.UNAVAILABLE, reason)
