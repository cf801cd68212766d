"""What the simulator has found: rooms that are left, logs that fail, and the other devices of an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libchat import messages as m
from libchat.errors import Code
from libchat.records import Outcome, Record
from support.chat import Chat, Listener, SlowLog


class SlowerLog(SlowLog):
    """A log that is never done at once."""

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Have records wait, whatever they are."""
        self._waiting.append((records, committed))
        return None


def commit_all(log: SlowLog) -> None:
    """Have everything stored, and everything looked up."""
    commit_all_but_questions(log)
    while log.look_up():
        pass


def commit_all_but_questions(log: SlowLog) -> None:
    """Have everything stored."""
    while len(log):
        log.commit()


def test_room_that_was_left_is_not_replayed() -> None:
    """What is looked up for a room does not come any more when the room was left meanwhile; the rest does."""
    log = SlowerLog(answers_at_once=False)
    chat = Chat(log)
    ana, bo = Listener(), Listener()
    chat.do(ana, m.Register("ana", "a"), m.Join("#x"), m.Send("#x", "one"))
    chat.do(bo, m.Register("bo", "b"))
    commit_all(log)
    chat.do(bo, m.Join("#x", after=0))
    log.commit()
    chat.do(bo, m.Leave("#x"))
    chat.do(ana, m.Send("bo", "two"))
    commit_all(log)
    chat.drain(bo)
    commit_all(log)
    assert bo.texts() == ["two"]


def test_name_that_the_log_does_not_know_is_not_taken() -> None:
    """If a name could not be stored, its session ends, and may come back."""
    log = SlowerLog()
    chat = Chat(log)
    ana = Listener()
    chat.do(ana, m.Register("ana", "a"))
    log.commit(failure="the disk is full")
    (bye,) = ana.heard
    assert bye == m.Bye("the log does not know of you: the disk is full; connect again")
    again = Listener()
    chat.do(again, m.Register("ana", "b"))
    commit_all(log)
    assert again.heard == [m.Registered("ana")]


def test_room_that_could_not_be_entered_is_left() -> None:
    """If a join could not be stored, the session ends before anything of the room comes; the others are told last."""
    log = SlowerLog()
    chat = Chat(log)
    ana, bo = Listener(), Listener()
    chat.do(ana, m.Register("ana", "a"), m.Join("#x"))
    chat.do(bo, m.Register("bo", "b"))
    commit_all(log)
    ana.take()
    bo.take()
    chat.do(bo, m.Join("#x"))
    chat.do(ana, m.Send("#x", "hi"))
    log.commit(failure="the disk is full")
    commit_all(log)
    assert [type(event) for event in bo.heard] == [m.Bye]
    assert [type(event) for event in ana.heard] == [m.Joined, m.Accepted, m.Left]


def test_membership_that_could_not_be_stored_is_none() -> None:
    """An account whose joining failed is not a member when it comes back, and can join then."""
    log = SlowerLog()
    chat = Chat(log)
    ana = Listener(account="ana")
    chat.do(ana, m.Register("ana", "a"))
    commit_all(log)
    chat.do(ana, m.Join("#x"))
    log.commit(failure="the disk is full")
    again = Listener(account="ana")
    chat.do(again, m.Register("ana", "a"), m.Send("#x", "hi", "1"))
    commit_all(log)
    assert [type(event) for event in again.heard] == [m.Registered, m.Failed]


def test_name_is_stored_with_what_waits_for_it() -> None:
    """Who writes to a name that the log may not know yet has it stored in the same append."""
    log = SlowerLog()
    chat = Chat(log)
    ana, bo = Listener(), Listener()
    chat.do(ana, m.Register("ana", "a"))
    commit_all(log)
    chat.do(bo, m.Register("bo", "b"))
    chat.do(ana, m.Send("bo", "hi", "1"))
    log.commit(failure="the disk is full")
    assert [type(record).__name__ for record in log.next_records()] == ["Known", "Draft"]
    commit_all(log)
    chat.do(ana, m.Send("bo", "hi", "2"))
    assert [type(record).__name__ for record in log.next_records()] == ["Known", "Draft"]


def test_other_devices_of_an_account_are_told() -> None:
    """When one device enters or leaves a room, the others hear that they are in it, or no longer."""
    chat = Chat()
    one, two = (chat.enter("ana", account=True, device=device) for device in "ab")
    chat.do(one, m.Join("#x", "1"))
    (entered,) = two.take()
    assert isinstance(entered, m.Entered)
    assert (entered.room, entered.cid) == ("#x", "")
    chat.do(one, m.Leave("#x", "2"))
    assert two.take() == [m.Exited("#x")]


def test_what_cannot_be_looked_up_is_unavailable() -> None:
    """Who asks for a page or a search that the log does not answer hears why, and stays, also while replaying."""
    log = SlowerLog(answers_at_once=False)
    chat = Chat(log)
    ana, bo = Listener(), Listener()
    chat.do(ana, m.Register("ana", "a"), m.Join("#x"), m.Send("#x", "one"))
    chat.do(bo, m.Register("bo", "b"))
    commit_all(log)
    bo.take()
    chat.do(bo, m.Search("word", cid="1"), m.History("ana", cid="2"), m.Join("#x", after=0))
    commit_all_but_questions(log)
    for cid in "12":
        log.look_up(failure="it took too long")
        assert [(event.code, event.text, event.cid) for event in bo.take() if isinstance(event, m.Failed)] == [
            (Code.UNAVAILABLE, "it took too long", cid)
        ]
    commit_all(log)
    assert bo.texts() == ["one"]


def test_who_cannot_be_told_what_waits_connects_again() -> None:
    """If the log does not answer what somebody has missed, their session ends: nothing later may come before it."""
    log = SlowerLog(answers_at_once=False)
    chat = Chat(log)
    ana, bo = Listener(), Listener()
    chat.do(ana, m.Register("ana", "a"), m.Join("#x"), m.Send("#x", "one"))
    chat.do(bo, m.Register("bo", "b"))
    commit_all(log)
    chat.do(bo, m.Join("#x", after=0))
    commit_all_but_questions(log)
    bo.take()
    log.look_up(failure="the disk cannot be read")
    assert bo.take() == [m.Bye("the disk cannot be read; connect again")]
