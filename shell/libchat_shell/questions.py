"""Questions to the person, one after the other: each takes the place of the input, and what was being typed comes back.

Behind the answer to a secret question there is a pause, until whoever has asked is done or asks again. What is typed
meanwhile, by who is fast or by a paste, is meant for the next question mostly: it is neither seen nor said, and the
next secret question takes it as its answer.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from libchat_shell.front import Query
from libchat_shell.prompt import document

PAUSE: Final = Query("... ", is_secret=True)
"""What stands in the place of the input while it is not known whether there will be another secret question."""


class Questions:
    """What is asked in an input. Everything is called in the interface's thread."""

    def __init__(self, buffer: Buffer) -> None:
        self.kept = ""
        """What was being typed when the first question came."""
        self.pauses = 0
        """How many pauses have begun: it tells one from a later one."""
        self._buffer = buffer
        self._waiting: deque[tuple[Query, Future[str]]] = deque()
        self._is_pausing = False
        self._ahead: deque[str] = deque()
        """What was entered in the pause."""

    @property
    def current(self) -> Query | None:
        """What the input answers, None if it is the shell's own."""
        if self._waiting:
            return self._waiting[0][0]
        return PAUSE if self._is_pausing else None

    @property
    def is_pausing(self) -> bool:
        """Whether the input answers nothing just now, but may in a moment."""
        return self._is_pausing

    def put(self, query: Query, answer: Future[str]) -> None:
        """Ask, after what was asked before."""
        typed = self._buffer.text
        if self.current is None:
            self.kept = typed
        was_pausing, self._is_pausing = self._is_pausing, False
        self._waiting.append((query, answer))
        if len(self._waiting) > 1:
            return
        self._open()
        if was_pausing and query.is_secret:
            self._buffer.document = document(typed)
            if self._ahead:
                self._settle(self._ahead.popleft(), typed)
                return
        self._ahead.clear()

    def take(self, answer: Future[str]) -> None:
        """Take a question back."""
        if self._waiting and self._waiting[0][1] is answer:
            self._waiting.popleft()
            self._go_on()
        else:
            self._waiting = deque(each for each in self._waiting if each[1] is not answer)

    def enter(self) -> None:
        """Answer with what is typed."""
        if self._is_pausing:
            self._ahead.append(self._buffer.text)
            self._open()
        else:
            self.answer(self._buffer.text)

    def answer(self, text: str | None) -> None:
        """Answer the question; with None, it is not answered."""
        if self._is_pausing:
            self.release()
        else:
            self._settle(text)

    def _settle(self, text: str | None, typed: str = "") -> None:
        """Answer the question. In a pause behind it, what is typed already stays."""
        query, answer = self._waiting.popleft()
        self._is_pausing = query.is_secret and text is not None and not self._waiting
        self.pauses += self._is_pausing
        self._go_on()
        if self._is_pausing:
            self._buffer.document = document(typed)
        if text is None:
            answer.cancel()
        elif answer.set_running_or_notify_cancel():
            answer.set_result(text)

    def release(self) -> None:
        """Notice that who has asked is done: what was typed since the last answer was for nobody."""
        if self._is_pausing:
            self._is_pausing = False
            self._ahead.clear()
            self._go_on()

    def refuse(self) -> None:
        """Answer nothing any more."""
        while self._waiting:
            self._waiting.popleft()[1].cancel()

    def _go_on(self) -> None:
        """Have the next question in the input, or what was being typed."""
        if self.current is not None:
            self._open()
        else:
            self._buffer.document = document(self.kept)
            self.kept = ""

    def _open(self) -> None:
        self._buffer.cancel_completion()
        self._buffer.document = Document()
