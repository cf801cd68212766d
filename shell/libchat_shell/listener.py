"""What the chat tells, on its way to the user interface: a thread that reads, and batches for the other side.

Events are handed over every `PAUSE_SECONDS` at most, and so many at a time that a key which is pressed meanwhile is not
kept waiting. When too many wait, the thread reads no more: the chat holds them back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from libchat import Event, Participant
from libchat.errors import ChatError, Closed

PAUSE_SECONDS: Final = 0.05
BATCH: Final = 100
"""Events that are handed over at a time: some milliseconds of work."""
WAITING: Final = 2000
"""Events that wait at most, as many as a few batches of a flood."""

Post = Callable[[Callable[[], None], float], None]
"""Has a function called in the interface's thread, in so many seconds."""


class Listener:
    """Reads one participant's events until the end.

    `transform` is what plugins make of an event (it may take its time); `take` gets batches in the interface's thread,
    and `ended` is called there when it is over: with the reason, or with None if the shell has closed the chat.
    """

    def __init__(
        self,
        chat: Participant,
        post: Post,
        take: Callable[[list[Event]], None],
        ended: Callable[[ChatError | None], None],
        transform: Callable[[Event], Iterable[Event]],
    ) -> None:
        self._chat = chat
        self._post = post
        self._take = take
        self._ended = ended
        self._transform = transform
        self._condition = threading.Condition()
        self._waiting: deque[Event] = deque()
        self._is_posted = False
        self._is_stopped = False
        self._handed = 0.0
        self._thread = threading.Thread(target=self._run, name="libchat-listener", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Hand over nothing more. The thread ends when the chat is closed."""
        with self._condition:
            self._is_stopped = True
            self._waiting.clear()
            self._condition.notify_all()

    def _run(self) -> None:
        end: ChatError | None = None
        try:
            for event in self._chat.events():
                for each in self._transform(event):
                    self._put(each)
        except Closed:
            pass
        except ChatError as error:
            end = error
        self._post(lambda: self._end(end), 0.0)

    def _put(self, event: Event) -> None:
        with self._condition:
            self._condition.wait_for(lambda: len(self._waiting) < WAITING or self._is_stopped)
            if self._is_stopped:
                return
            self._waiting.append(event)
            if self._is_posted:
                return
            self._is_posted = True
            delay = max(self._handed + PAUSE_SECONDS - time.monotonic(), 0.0)
        self._post(self._hand_over, delay)

    def _hand_over(self) -> None:
        """Give the interface a batch. In its thread."""
        with self._condition:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._handed = time.monotonic()
            self._is_posted = has_more = bool(self._waiting)
            self._condition.notify_all()
        if has_more:
            self._post(self._hand_over, PAUSE_SECONDS / 5)
        if batch and not self._is_stopped:
            self._take(batch)

    def _end(self, end: ChatError | None) -> None:
        while self._waiting and not self._is_stopped:
            self._hand_over()
        if not self._is_stopped:
            self._ended(end)
