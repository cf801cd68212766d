"""The contract of `libchat.store.base.Log`, rule by rule. It is kept by logs that answer at once and by others."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from libchat import messages as m
from libchat.locks import HUB, tiered_lock
from libchat.store.base import Log

SECONDS = 10.0
"""How long a log may take for anything that is done here."""


class Answers:
    """Takes what a log answers later."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.all: list[list[m.Outcome]] = []

    def committed(self, outcomes: list[m.Outcome]) -> None:
        """Take the outcomes of one append. Takes the lowest lock, so it must be called without any."""
        with tiered_lock(HUB), self._condition:
            self.all.append(outcomes)
            self._condition.notify_all()

    def wait(self, count: int) -> list[list[m.Outcome]]:
        """Return the answers when there are as many."""
        with self._condition:
            assert self._condition.wait_for(lambda: len(self.all) >= count, SECONDS), "the log does not answer"
            return self.all


def store(log: Log, *drafts: m.Draft | m.Forget) -> list[m.Outcome]:
    """Append drafts, and return the outcomes when they are there."""
    answers = Answers()
    outcomes = log.append(drafts, answers.committed)
    if outcomes is None:
        (outcomes,) = answers.wait(1)
    return outcomes


def entries_of(outcomes: Sequence[m.Outcome]) -> list[m.Entry]:
    """Return the outcomes, which are all entries."""
    return [outcome for outcome in outcomes if isinstance(outcome, m.Entry)]


def draft(
    text: str = "hi", conversation: str = "#red", *, time: int = 1_000, device: str = "", cid: str = ""
) -> m.Draft:
    """Return a draft of something that ana says."""
    target = conversation if conversation.startswith("#") else conversation.split()[1]
    return m.Draft(conversation, target, "ana", time, text, "message", device, cid)


class LogContract(ABC):
    """What every log does. Subclass it as `Test...` and give it a log; see `log` for how it is closed."""

    @abstractmethod
    def open(self) -> Log:
        """Return a new, empty log that keeps at least 1,000 entries of each conversation."""

    @pytest.fixture
    def log(self) -> Iterator[Log]:
        """Return a log, and close it in the end."""
        log = self.open()
        yield log
        log.close()

    # 1. What one `append` brings is stored all, after everything that was appended before.

    def test_entries_are_kept_in_the_order_of_appending(self, log: Log) -> None:
        """Reading gives everything that several appends brought, in order, with all fields."""
        store(log, draft("one"), draft("other", "ana bo"), draft("two"))
        store(log, draft("three"))
        assert [entry.text for entry in log.read("#red", 0, 99)] == ["one", "two", "three"]
        topic = replace(draft("\U0001f44d\nline", "ana bo", time=2**45), kind="topic", device="d", cid="c")
        (entry,) = store(log, topic)
        assert entry == m.Entry("bo", 2, "ana", 2**45, "\U0001f44d\nline", "topic")
        assert list(log.read("ana bo", 1, 2)) == [entry]

    # 2. Numbers begin at 1, have no gaps, and never come twice, also after `Forget`.

    def test_each_conversation_counts_from_one(self, log: Log) -> None:
        """Numbers are those of the conversation, without gaps."""
        outcomes = store(log, draft("a"), draft("b", "ana bo"), draft("c"))
        outcomes += store(log, draft("d", "ana bo"), draft("e"))
        assert [entry.seq for entry in entries_of(outcomes)] == [1, 1, 2, 2, 3]

    def test_numbers_go_on_after_forgetting(self, log: Log) -> None:
        """A conversation that was forgotten is empty, and counts on where it was; others are left alone."""
        store(log, draft("a"), draft("b"), draft("c", "#blue"))
        outcomes = store(log, m.Forget("#red"), draft("d"))
        assert outcomes == [m.Forgotten(), m.Entry("#red", 3, "ana", 1_000, "d")]
        assert [entry.text for entry in log.read("#red", 0, 99)] == ["d"]
        assert [entry.text for entry in log.page("#red", before=None, limit=99, since=0)[0]] == ["d"]
        assert [entry.text for entry in log.read("#blue", 0, 99)] == ["c"]

    def test_forgetting_what_is_not_there_is_harmless(self, log: Log) -> None:
        """A conversation without an entry can be forgotten, also twice, and then begins at 1."""
        assert store(log, m.Forget("#red"), m.Forget("#red"), draft()) == [
            m.Forgotten(),
            m.Forgotten(),
            m.Entry("#red", 1, "ana", 1_000, "hi"),
        ]

    # 3. The same (device, cid) is stored once.

    def test_a_repeated_draft_gives_the_first_entry(self, log: Log) -> None:
        """The second time is answered with the entry of the first, at once or much later, and nothing is stored."""
        once = draft(device="d", cid="c")
        first, again = store(log, once, once)
        assert again == m.Repeat(entries_of([first])[0])
        assert store(log, draft("between"), replace(once, time=9_999))[1] == again
        assert [entry.text for entry in log.read("#red", 0, 99)] == ["hi", "between"]

    @pytest.mark.parametrize(
        "other",
        [draft("else", device="d", cid="c"), draft("hi", "ana bo", device="d", cid="c")],
        ids=["another text", "another conversation"],
    )
    def test_a_cid_for_something_else_is_a_conflict(self, log: Log, other: m.Draft) -> None:
        """A cid that stands for one thing cannot stand for another; what was stored first stays."""
        (first,) = store(log, draft(device="d", cid="c"))
        assert store(log, other) == [m.Conflict()]
        assert store(log, replace(draft(device="d", cid="c"), kind="topic")) == [m.Conflict()]
        assert list(log.read("#red", 0, 99)) == [first]
        assert list(log.read("ana bo", 0, 99)) == []

    @pytest.mark.parametrize(("device", "cid"), [("", ""), ("d", ""), ("", "c")])
    def test_without_device_or_cid_every_draft_is_new(self, log: Log, device: str, cid: str) -> None:
        """Only what names both its device and its cid is recognised."""
        outcomes = store(log, draft(device=device, cid=cid), draft(device=device, cid=cid))
        assert [entry.seq for entry in entries_of(outcomes)] == [1, 2]

    def test_devices_have_cids_of_their_own(self, log: Log) -> None:
        """Two devices may use the same cid."""
        outcomes = store(log, draft(device="d", cid="c"), draft("else", device="e", cid="c"))
        assert [entry.seq for entry in entries_of(outcomes)] == [1, 2]

    def test_a_cid_is_free_again_when_its_entry_is_forgotten(self, log: Log) -> None:
        """What was forgotten is not remembered by its cid either."""
        once = draft(device="d", cid="c")
        store(log, once, m.Forget("#red"))
        assert [entry.seq for entry in entries_of(store(log, once))] == [2]

    # 4. Outcomes are as many as the drafts and in their order; later ones come in the order of the appends.

    def test_appends_are_answered_in_order(self, log: Log) -> None:
        """Answers come once for each append, in the order of the appends, with as many outcomes as drafts."""
        answers, later = Answers(), 0
        direct: list[list[m.Outcome]] = []
        for number in range(50):
            drafts = [draft(f"{number}.{index}") for index in range(1 + number % 3)]
            outcomes = log.append(drafts, answers.committed)
            if outcomes is None:
                later += 1
            else:
                direct.append(outcomes)
        every = answers.wait(later) if later else direct
        assert len(every) == 50
        texts = [[entry.text for entry in entries_of(outcomes)] for outcomes in every]
        assert texts == [[f"{number}.{index}" for index in range(1 + number % 3)] for number in range(50)]

    def test_nothing_is_answered_twice(self) -> None:
        """When the log is closed, every append was answered once, directly or later."""
        log, answers, direct = self.open(), Answers(), 0
        for _ in range(20):
            direct += log.append([draft()], answers.committed) is not None
        log.close()
        assert direct + len(answers.all) == 20

    # 5. An entry can be read as soon as its outcome is known.

    def test_an_entry_can_be_read_when_its_outcome_is_known(self, log: Log) -> None:
        """Whoever has the outcome finds the entry, also from within the answer."""
        found: list[Sequence[m.Entry]] = []
        done = threading.Event()

        def committed(outcomes: list[m.Outcome]) -> None:
            found.append(log.read("#red", 0, 99))
            done.set()

        outcomes = log.append([draft()], committed)
        if outcomes is None:
            assert done.wait(SECONDS)
        else:
            committed(outcomes)
        assert [entry.text for entry in found[0]] == ["hi"]

    # 6. Reading may happen at any time, from any thread.

    def test_reading_while_others_append(self, log: Log) -> None:
        """Whoever reads along sees numbers without a gap, each time at least as many as before."""
        faults: list[str] = []
        stop = threading.Event()

        def read() -> None:
            most = 0
            while not stop.is_set():
                numbers = [entry.seq for entry in log.read("#red", 0, 10_000)]
                page = [entry.seq for entry in log.page("#red", before=None, limit=100, since=0)[0]]
                if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < most:
                    faults.append(f"read {numbers}")
                if page != list(range(page[0] if page else 1, (page[-1] if page else 0) + 1)):
                    faults.append(f"paged {page}")
                most = len(numbers)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(200):
            store(log, draft(str(number)), draft("else", "#blue"))
        stop.set()
        for reader in readers:
            reader.join(SECONDS)
        assert faults == []

    # `read` and `page`

    def test_nothing_is_read_of_an_unknown_conversation(self, log: Log) -> None:
        """A conversation that never was is empty."""
        assert list(log.read("#red", 0, 99)) == []
        assert [list(log.page("#red", before=None, limit=9, since=0)[0])] == [[]]
        assert log.page("#red", before=None, limit=9, since=0)[1] is False

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # each subclass of the suite is one
    @given(
        times=st.lists(st.integers(0, 5), max_size=12).map(sorted),
        after=st.integers(0, 14),
        until=st.integers(0, 14),
        before=st.none() | st.integers(0, 14),
        limit=st.integers(1, 14),
        since=st.integers(0, 6),
    )
    def test_reading_selects_what_it_should(
        self, times: list[int], after: int, until: int, before: int | None, limit: int, since: int
    ) -> None:
        """`read` and `page` return what a plain list does."""
        log = self.open()
        entries = entries_of(store(log, *(draft(str(time), time=time) for time in times)))
        assert list(log.read("#red", after, until)) == [entry for entry in entries if after < entry.seq <= until]
        candidates = [e for e in entries if e.time >= since and (before is None or e.seq < before)]
        page, has_more = log.page("#red", before=before, limit=limit, since=since)
        assert (list(page), has_more) == (candidates[-limit:], len(candidates) > limit)
        log.close()
