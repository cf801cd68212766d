"""Every log keeps the contract of logs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from contracts.log_contract import Answers, LogContract, draft, entries_of, store
from libchat import messages as m
from libchat.store.base import Log
from libchat.store.memory import MemoryLog


class TestMemoryLog(LogContract):
    def open(self) -> Log:
        """Return a log in memory."""
        return MemoryLog()

    def test_the_newest_entries_are_kept(self) -> None:
        """Beyond its limit, a conversation loses its oldest entries; what is left keeps its numbers."""
        log = MemoryLog(entries=3)
        store(log, *(draft(str(number), device="d", cid=str(number)) for number in range(1, 6)), draft("x", "#blue"))
        assert [entry.seq for entry in log.read("#red", 0, 99)] == [3, 4, 5]
        assert [entry.seq for entry in log.read("#red", 3, 4)] == [4]
        assert [entry.seq for entry in log.read("#red", 0, 2)] == []
        page, has_more = log.page("#red", before=5, limit=9, since=0)
        assert ([entry.seq for entry in page], has_more) == ([3, 4], False)
        assert [entry.seq for entry in log.read("#blue", 0, 99)] == [1]

    def test_cids_of_dropped_entries_are_forgotten(self) -> None:
        """What is kept of cids is bounded like the entries: a dropped entry's cid is free, a kept one's is not."""
        log = MemoryLog(entries=2)
        drafts = [draft(str(number), device="d", cid=str(number)) for number in range(3)]
        store(log, *drafts)
        assert isinstance(store(log, drafts[1])[0], m.Repeat)
        assert [entry.seq for entry in entries_of(store(log, drafts[0]))] == [4]


class LaterLog:
    """A log whose answers come later, from a thread of its own: to see that the contract allows and checks that."""

    def __init__(self) -> None:
        self._log = MemoryLog()
        self._condition = threading.Condition()
        self._waiting: list[tuple[Sequence[m.Draft | m.Forget], Callable[[list[m.Outcome]], None]]] = []
        self._is_closing = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def append(
        self, drafts: Sequence[m.Draft | m.Forget], committed: Callable[[list[m.Outcome]], None]
    ) -> list[m.Outcome] | None:
        """Have drafts stored by the thread."""
        with self._condition:
            self._waiting.append((drafts, committed))
            self._condition.notify()
        return None

    def read(self, conversation: str, after: int, until: int) -> Sequence[m.Entry]:
        """Return what is kept of the entries with `after < seq <= until`, in order."""
        return self._log.read(conversation, after, until)

    def page(self, conversation: str, *, before: int | None, limit: int, since: int) -> tuple[Sequence[m.Entry], bool]:
        """Return the newest `limit` entries before `before`, since `since`, in order; and whether there are older."""
        return self._log.page(conversation, before=before, limit=limit, since=since)

    def close(self) -> None:
        """Finish what was appended."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._is_closing)
                if not self._waiting:
                    return
                drafts, committed = self._waiting.pop(0)
            outcomes = self._log.append(drafts, committed)
            assert outcomes is not None
            committed(outcomes)


class TestLaterLog(LogContract):
    def open(self) -> Log:
        """Return a log with a thread."""
        return LaterLog()


def test_answers_are_counted() -> None:
    """The contract notices when a log answers more than once."""
    answers = Answers()
    answers.committed([])
    answers.committed([])
    assert len(answers.wait(2)) == 2
