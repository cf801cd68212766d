"""Every log keeps the contract of logs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from contracts.log_contract import LogContract, PersistentLogContract
from contracts.log_model import LogModel
from libchat.records import Answer, Outcome, Question, Record, Retention, State
from libchat.store.base import Log
from libchat.store.memory import MemoryLog


class TestLogModel(PersistentLogContract):
    def open(self) -> Log:
        """Return the model, which the suite must find right, too."""
        return LogModel()

    def reopen(self, log: Log) -> Log:
        """Return the same: closing loses nothing."""
        return log


class TestMemoryLog(LogContract):
    def open(self) -> Log:
        """Return a log in memory."""
        return MemoryLog()


class LaterLog:
    """A log whose answers come later, from a thread of its own: to see that the contract allows and checks that."""

    def __init__(self) -> None:
        self._log = MemoryLog()
        self._condition = threading.Condition()
        self._waiting: list[Callable[[], None]] = []
        self._is_closing = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def id(self) -> str:
        return self._log.id

    @property
    def retention(self) -> Retention:
        return self._log.retention

    def load(self) -> State:
        """Return what is known."""
        return self._log.load()

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Have records stored by the thread."""
        self._post(lambda: committed(self._log.append(records, committed)))
        return None

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer | None:
        """Have something looked up by the thread."""
        self._post(lambda: answered(self._log.ask(question, answered)))
        return None

    def close(self) -> None:
        """Finish what was appended and asked."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
        self._thread.join()

    def _post(self, work: Callable[[], None]) -> None:
        with self._condition:
            self._waiting.append(work)
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._is_closing)
                if not self._waiting:
                    return
                work = self._waiting.pop(0)
            work()


class TestLaterLog(LogContract):
    def open(self) -> Log:
        """Return a log with a thread."""
        return LaterLog()
