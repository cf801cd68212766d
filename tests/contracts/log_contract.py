"""The contract of `libchat.store.base.Log`, rule by rule. It is kept by logs that answer at once and by others.

A log's tests subclass `LogContract` and say how it is opened; those of a log that outlives its program subclass
`PersistentLogContract`, and say how it is opened again. The other files of this suite hold parts of it.
"""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from contracts.log_changes import LogChanges
from contracts.log_facts import LogFacts
from contracts.log_pages import LogPages
from contracts.log_persistence import LogPersistence
from contracts.log_rooms import LastingRules, LogRules
from contracts.log_search import LogSearch
from contracts.log_tools import (
    SECONDS,
    Answers,
    LogSuite,
    delete,
    edit,
    entries,
    find_texts,
    look_up,
    page,
    say,
    store,
    store_entry,
    texts,
)
from contracts.log_waiting import LogWaiting
from libchat.errors import Code
from libchat.locks import HUB, tiered_lock
from libchat.messages import Entry
from libchat.records import (
    Answer,
    AskFirst,
    AskPage,
    Conflict,
    Draft,
    FirstFound,
    Member,
    Outcome,
    PageFound,
    Repeat,
    Stored,
    Unfit,
)
from libchat.store.base import Log


class LogStoring(LogSuite):
    """Rules 1 to 7 and 9: storing, numbering, recognising and answering."""

    # 1. What one `append` brings is stored all, after everything that was appended before.

    def test_a_new_log_is_empty(self) -> None:
        """Nothing is known to begin with."""
        log = self.open()
        state = log.load()
        assert (state.names, state.waiting, state.rooms) == ((), (), ())
        assert entries(log, "#red") == []
        log.close()

    def test_entries_are_kept_in_the_order_of_appending(self, log: Log) -> None:
        """Reading gives everything that several appends brought, in order."""
        store(log, say("one"), say("other", "ana bo"), say("two"))
        store(log, say("three"))
        assert texts(log, "#red") == ["one", "two", "three"]
        assert texts(log, "ana bo") == ["other"]

    def test_all_fields_are_kept(self, log: Log) -> None:
        """What is read is what was appended, and what the outcome said."""
        first = say("\U0001f44d\nline \x00 'quoted\"", "ana bo", "Ana", time=2**45, device="d", cid="c", owner="o")
        second = say("a topic", "ana bo", "bo", kind="topic", ref=1)
        expected = [
            Entry("bo", 1, "Ana", 2**45, "\U0001f44d\nline \x00 'quoted\"", "message"),
            Entry("ana", 2, "bo", 1_000, "a topic", "topic", 1),
        ]
        assert store(log, first, second) == expected
        assert entries(log, "ana bo") == expected

    def test_an_empty_append_is_answered(self, log: Log) -> None:
        """Appending nothing has no outcomes, and changes nothing."""
        assert store(log) == []
        assert entries(log, "#red") == []

    # 2. Numbers begin at 1 and have no gaps.

    def test_each_conversation_counts_from_one(self, log: Log) -> None:
        """Numbers are those of the conversation, without gaps."""
        outcomes = store(log, say("a"), say("b", "ana bo"), say("c"))
        outcomes += store(log, say("d", "ana bo"), say("e"))
        assert [outcome.seq for outcome in outcomes if isinstance(outcome, Entry)] == [1, 1, 2, 2, 3]

    def test_what_is_not_stored_takes_no_number(self, log: Log) -> None:
        """A repeat, a conflict or an unfit draft leaves no gap."""
        once = say("once", device="d", cid="c")
        outcomes = store(log, once, once, replace(once, text="else"), edit(99, "x"), say("next"))
        assert [type(outcome) for outcome in outcomes] == [Entry, Repeat, Conflict, Unfit, Entry]
        assert [entry.seq for entry in entries(log, "#red")] == [1, 2]

    # 3. The same (device, cid) is stored once.

    def test_a_repeated_draft_gives_the_first_entry(self, log: Log) -> None:
        """The second time is answered with the entry of the first, at once or much later, and nothing is stored."""
        once = say(device="d", cid="c")
        first, again = store(log, once, once)
        assert isinstance(first, Entry)
        assert again == Repeat(first)
        assert store(log, say("between"), replace(once, time=9_999))[1] == again
        assert texts(log, "#red") == ["hi", "between"]

    @pytest.mark.parametrize(
        "other",
        [
            say("else", device="d", cid="c"),
            say("hi", "ana bo", device="d", cid="c"),
            say("hi", device="d", cid="c", kind="topic"),
            say("hi", device="d", cid="c", ref=1),
        ],
        ids=["text", "conversation", "kind", "reference"],
    )
    def test_a_cid_for_something_else_is_a_conflict(self, log: Log, other: Draft) -> None:
        """A cid that stands for one thing cannot stand for another; what was stored first stays."""
        store(log, say("before"))
        store(log, say("hi", device="d", cid="c"))
        assert store(log, other) == [Conflict()]
        assert texts(log, "#red") == ["before", "hi"]
        assert texts(log, "ana bo") == []

    def test_a_draft_that_is_refused_is_not_stored(self, log: Log) -> None:
        """What may not be stored is refused in the words that it brings, and takes no number."""
        refusal = Unfit(Code.NOT_IN_ROOM, "you are not in #red")
        refused, _ = store(log, replace(say(device="d", cid="c"), refusal=refusal), say("next"))
        assert refused == refusal
        assert [entry.seq for entry in entries(log, "#red")] == [1]

    def test_a_draft_of_a_member_needs_the_membership(self, log: Log) -> None:
        """If a draft's member is none of the room by then, it is refused and takes no number; but it may be known."""
        draft = replace(say(device="d", cid="c"), member="ana")
        (refused,) = store(log, draft)
        assert isinstance(refused, Unfit)
        assert refused.code == Code.NOT_IN_ROOM
        entered, first = store(log, Member("#red", "#Red", "ana"), draft)
        assert isinstance(first, Entry)
        assert (entered, first.seq) == (Stored(), 1)
        left, again, refused = store(log, Member("#red", "#Red", "ana", is_in=False), draft, replace(draft, cid="e"))
        assert (left, again) == (Stored(1), Repeat(first))
        assert isinstance(refused, Unfit)
        assert texts(log, "#red") == ["hi"]

    def test_a_draft_that_is_refused_may_be_known(self, log: Log) -> None:
        """What was stored when it was still allowed has the answer of then; for something else, the cid is used."""
        refusal = Unfit(Code.NOT_IN_ROOM, "you are not in #red")
        once = say(device="d", cid="c")
        first = store_entry(log, once)
        again = replace(once, refusal=refusal)
        assert store(log, again, replace(again, text="else")) == [Repeat(first), Conflict()]
        assert texts(log, "#red") == ["hi"]

    def test_a_text_that_was_changed_is_known_by_what_was_sent(self, log: Log) -> None:
        """Who sends again what was changed on its way has the first answer, however it is changed then, or not."""
        once = replace(say("****", device="d", cid="c"), sent="damn")
        first = store_entry(log, once)
        changed, plain = replace(once, text="d**n"), say("damn", device="d", cid="c")
        assert store(log, once, changed, plain) == [Repeat(first), Repeat(first), Repeat(first)]
        assert store(log, say("****", device="d", cid="c")) == [Conflict()]
        store(log, delete(1))
        assert store(log, plain) == [Repeat(replace(first, text="", is_deleted=True))]

    def test_what_was_stored_unchanged_is_known_when_it_would_be_changed(self, log: Log) -> None:
        """What came as it was sent has the first answer, also if it would be changed by now."""
        first = store_entry(log, say("damn", device="d", cid="c"))
        assert store(log, replace(say("****", device="d", cid="c"), sent="damn")) == [Repeat(first)]
        assert store(log, replace(say("damn", device="d", cid="c"), sent="else")) == [Conflict()]

    def test_whether_a_cid_was_stored(self, log: Log) -> None:
        """It is asked for each device; what has no cid, or no device, is never known."""
        store(log, say("hi", device="d", cid="c"), say("hi", cid="c"), say("hi", device="d"))
        asked = AskFirst((("d", "c"), ("e", "c"), ("", "c"), ("d", "")))
        assert look_up(log, asked) == FirstFound((True, False, False, False))

    def test_a_repeat_gives_the_entry_as_it_is_now(self, log: Log) -> None:
        """What was edited or deleted meanwhile is recognised by what came first, and shown as it is."""
        once = say("first", device="d", cid="c")
        (entry,) = store(log, once)
        assert isinstance(entry, Entry)
        store(log, edit(1, "second"))
        assert store(log, once) == [Repeat(replace(entry, text="second", is_edited=True))]
        assert store(log, replace(once, text="second")) == [Conflict()]
        store(log, delete(1))
        assert store(log, once) == [Repeat(replace(entry, text="", is_edited=True, is_deleted=True))]
        assert store(log, replace(once, kind="topic")) == [Conflict()]

    def test_a_repeat_is_not_checked_again(self, log: Log) -> None:
        """An edit or a deletion that was stored is a repeat, although it could not come anew."""
        changes = [
            replace(edit(1, "new"), device="d", cid="e"),
            replace(delete(1), device="d", cid="f"),
        ]
        assert [type(outcome) for outcome in store(log, say(), *changes)] == [Entry, Entry, Entry]
        assert [type(outcome) for outcome in store(log, *changes)] == [Repeat, Repeat]

    def test_what_was_refused_is_not_remembered(self, log: Log) -> None:
        """The cid of an unfit draft is free."""
        store(log, replace(edit(1, "new"), device="d", cid="c"))
        assert isinstance(store(log, say(device="d", cid="c"))[0], Entry)

    @pytest.mark.parametrize(("device", "cid"), [("", ""), ("d", ""), ("", "c")])
    def test_without_device_or_cid_every_draft_is_new(self, log: Log, device: str, cid: str) -> None:
        """Only what names both its device and its cid is recognised."""
        outcomes = store(log, say(device=device, cid=cid), say(device=device, cid=cid))
        assert [outcome.seq for outcome in outcomes if isinstance(outcome, Entry)] == [1, 2]

    def test_devices_have_cids_of_their_own(self, log: Log) -> None:
        """Two devices may use the same cid, also if their names put together look alike."""
        for device, cid in (("d", "c"), ("e", "c"), ("1", "23"), ("12", "3"), ("1 2", "3"), ("1", "2 3")):
            store_entry(log, say(device=device, cid=cid))
        assert len(entries(log, "#red")) == 6

    # 4. Drafts with a bad reference are not stored: see `LogChanges`.
    # 5. Outcomes are as many as the records and in their order; later ones come in the order of the appends.

    def test_appends_are_answered_in_order(self, log: Log) -> None:
        """Answers come once for each append, in the order of the appends, with as many outcomes as records."""
        answers, later = Answers[list[Outcome]](), 0
        direct: list[list[Outcome]] = []
        for number in range(50):
            drafts = [say(f"{number}.{index}") for index in range(1 + number % 3)]
            outcomes = log.append(drafts, answers.take)
            if outcomes is None:
                later += 1
            else:
                direct.append(outcomes)
        every = answers.wait(later) if later else direct
        found = [[outcome.text for outcome in outcomes if isinstance(outcome, Entry)] for outcomes in every]
        assert found == [[f"{number}.{index}" for index in range(1 + number % 3)] for number in range(50)]

    def test_nothing_is_answered_twice_or_never(self) -> None:
        """When the log is closed, every append and every question was answered once, directly or later."""
        log, outcomes, answers, direct = self.open(), Answers[list[Outcome]](), Answers[Answer](), 0
        log.load()
        for _ in range(20):
            direct += log.append([say()], outcomes.take) is not None
            direct += log.ask(AskPage("#red"), answers.take) is not None
        log.close()
        log.close()
        assert direct + len(outcomes.all) + len(answers.all) == 40

    def test_appending_takes_locks_of_its_own_only(self, log: Log) -> None:
        """Whoever appends or asks may hold the hub's lock."""
        outcomes, answers = Answers[list[Outcome]](), Answers[Answer]()
        with tiered_lock(HUB):
            later = log.append([say()], outcomes.take) is None
            asked_later = log.ask(AskPage("#red"), answers.take) is None
        outcomes.wait(later)
        answers.wait(asked_later)

    # 7. What is found includes everything whose outcome was known.

    def test_an_entry_can_be_read_when_its_outcome_is_known(self, log: Log) -> None:
        """Whoever has the outcome finds the entry, also when asking from within the answer."""
        found = Answers[Answer]()

        def committed(outcomes: list[Outcome]) -> None:
            answer = log.ask(AskPage("#red"), found.take)
            if answer is not None:
                found.take(answer)

        for number in range(1, 30):
            outcomes = log.append([say()], committed)
            if outcomes is not None:
                committed(outcomes)
            answer = found.wait(number)[number - 1]
            assert isinstance(answer, PageFound)
            assert len(answer.entries) == number

    def test_a_search_finds_what_was_stored_just_now(self, log: Log) -> None:
        """The index is as new as the entries."""
        for number in range(20):
            store(log, say(f"word{number}"))
            assert find_texts(log, f"word{number}") == [f"word{number}"]

    # 9. Asking may happen at any time, from any thread.

    def test_asking_while_others_append(self, log: Log) -> None:
        """Whoever reads along sees numbers without a gap, each time at least as many as before."""
        faults: list[str] = []
        stop = threading.Event()

        def read() -> None:
            most = 0
            while not stop.is_set():
                found = entries(log, "#red")
                numbers = [entry.seq for entry in found]
                newest = [entry.seq for entry in page(log, AskPage("#red", limit=10)).entries]
                if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < most:
                    faults.append(f"read {numbers}")
                if newest != list(range(newest[0] if newest else 1, (newest[-1] if newest else 0) + 1)):
                    faults.append(f"paged {newest}")
                messages = sum(entry.kind == "message" for entry in found)
                if len(find_texts(log, "red")) < min(messages, 50):
                    faults.append(f"found fewer than {messages}")
                most = len(numbers)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(100):
            store(log, say(f"red {number}"), say("else", "#blue"), edit(2 * number + 1, f"still red {number}"))
            look_up(log, AskPage("#blue"))
        stop.set()
        for reader in readers:
            reader.join(SECONDS)
        assert faults == []

    # The id

    def test_each_log_has_an_id(self, log: Log) -> None:
        """Logs tell themselves from each other, always in the same way."""
        other = self.open()
        assert log.id
        assert log.id == log.id
        assert log.id != other.id
        other.close()


class LogContract(LogStoring, LogChanges, LogPages, LogWaiting, LogSearch, LogFacts, LogRules):
    """What every log does. Subclass it as `Test...` and give it a log."""


class PersistentLogContract(LogContract, LastingRules, LogPersistence):
    """What a log does that outlives its program, too."""
