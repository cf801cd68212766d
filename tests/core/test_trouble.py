"""What the simulator has found: rooms that are left, logs that fail, and the other devices of an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libchat import messages as m
from libchat.errors import Code
from libchat.records import Known, Member, Outcome, Record, device_id
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


def test_what_is_said_behind_a_joining_that_fails_is_refused() -> None:
    """What an account says in a room before the log has answered to its joining is there only if it is a member."""
    log = SlowerLog()
    chat = Chat(log)
    bo, ana = Listener(), Listener(account="ana")
    chat.do(bo, m.Register("bo", "b"), m.Join("#x"))
    chat.do(ana, m.Register("ana", "a"))
    commit_all(log)
    bo.take()
    for failure in ("the disk is full", ""):
        chat.do(ana, m.Join("#x"))
        chat.do(ana, m.Send("#x", "hi", "1"))
        log.commit(failure=failure)
        commit_all(log)
        assert bo.texts() == ([] if failure else ["hi"])
        ana = Listener(account="ana")
        chat.do(ana, m.Register("ana", "a"))
        commit_all(log)


def test_who_signs_in_behind_a_joining_that_fails_gets_nothing_of_the_room() -> None:
    """A device that came meanwhile was told of the room, and then that it is not there: behind that, nothing comes."""
    log = SlowerLog(answers_at_once=False)
    chat = Chat(log)
    bo, one, two = Listener(), Listener(account="ana"), Listener(account="ana")
    chat.do(bo, m.Register("bo", "b"), m.Join("#x"))
    chat.do(one, m.Register("ana", "a"))
    commit_all(log)
    chat.do(one, m.Join("#x"))
    chat.do(two, m.Register("ana", "c"))
    chat.do(bo, m.Send("#x", "hi"))
    log.commit(failure="the disk is full")
    for _ in range(2):
        commit_all(log)
        chat.drain(two)
    assert [type(event) for event in two.heard] == [m.Registered, m.Entered, m.Exited]


def test_nobody_is_told_to_have_left_before_that_is_so() -> None:
    """Who leaves a room once more, on any device, while that is under way, is not told to be out: it may fail."""
    log = SlowerLog()
    chat, one, two, _ = member_in(log)
    chat.do(one, m.Leave("#x"))
    chat.do(two, m.Leave("#x", "2"))
    log.commit(failure="the disk is full")
    commit_all(log)
    failed, bye = two.take()
    assert isinstance(failed, m.Failed)
    assert (failed.code, failed.subject, failed.cid) == (Code.BUSY, "#x", "2")
    assert isinstance(bye, m.Bye)


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


def member_in(log: SlowLog) -> tuple[Chat, Listener, Listener, Listener]:
    """Return a chat in which an account with two devices and a guest are in a room that the account has made."""
    chat = Chat(log)
    one, two, bo = Listener(account="ana"), Listener(account="ana"), Listener()
    chat.do(one, m.Register("ana", "a"), m.Join("#x"))
    chat.do(two, m.Register("ana", "b"))
    chat.do(bo, m.Register("bo", "c"), m.Join("#x"))
    commit_all(log)
    for listener in (one, two, bo):
        chat.drain(listener)
        listener.take()
    return chat, one, two, bo


def test_room_that_an_account_leaves_is_left_when_the_log_has_it() -> None:
    """Nobody is told that an account has left before the log has it; then everybody is."""
    log = SlowerLog()
    chat, one, two, bo = member_in(log)
    chat.do(one, m.Leave("#x", "1"))
    assert (one.heard, two.heard, bo.heard) == ([], [], [])
    commit_all(log)
    assert (one.take(), two.take(), bo.take()) == ([m.Exited("#x", "1")], [m.Exited("#x")], [m.Left("#x", "ana")])


def test_room_that_could_not_be_left_is_not_left() -> None:
    """If leaving could not be stored, it is refused, and nobody hears of it; the account comes back as a member."""
    log = SlowerLog()
    chat, one, two, bo = member_in(log)
    chat.do(one, m.Leave("#x", "1"))
    chat.do(bo, m.Send("#x", "one"))
    log.commit(failure="the disk is full")
    commit_all(log)
    failed, bye = one.take()
    assert isinstance(failed, m.Failed)
    assert (failed.code, failed.subject, failed.cid) == (Code.UNAVAILABLE, "#x", "1")
    assert bye == m.Bye("the log could not let you leave #x; connect again")
    assert two.take() == [bye]
    chat.do(bo, m.Send("#x", "two"))
    commit_all(log)
    assert [type(event) for event in bo.take()] == [m.Accepted, m.Accepted]
    for device, listener in (("a", Listener(account="ana")), ("b", Listener(account="ana"))):
        chat.do(listener, m.Register("ana", device))
        commit_all(log)
        entered = next(event for event in listener.heard if isinstance(event, m.Entered))
        assert (entered.room, entered.members) == ("#x", ("ana", "bo"))
        assert listener.texts() == ["one", "two"]
    chat.do(listener, m.Delete("#x", 1, "2"))
    commit_all(log)
    assert isinstance(listener.heard[-1], m.Accepted), "who made the room is its operator still"


def test_guest_needs_no_log_to_leave() -> None:
    """What a guest leaves is not stored, and cannot fail."""
    log = SlowerLog()
    chat, _, _, bo = member_in(log)
    chat.do(bo, m.Leave("#x", "1"))
    assert bo.take() == [m.Exited("#x", "1")]
    assert len(log) == 0


def test_membership_is_what_the_log_knows_whatever_failed() -> None:
    """Of several changes under way, some of which fail, what the log has of them is what holds in the end."""
    for fails in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        for is_member in (True, False):
            log = SlowerLog()
            chat = Chat(log)
            ana, bo = Listener(account="ana"), Listener()
            chat.do(bo, m.Register("bo", "b"), m.Join("#x"))
            chat.do(ana, m.Register("ana", "a"))
            if is_member:
                chat.do(ana, m.Join("#x"))
            commit_all(log)
            changes = [m.Leave("#x"), m.Join("#x")] * 2
            for change in changes[:3] if is_member else changes[1:]:
                chat.do(ana, change)
            known = is_member
            for number in range(3):
                if number in fails:
                    log.commit(failure="the disk is full")
                else:
                    known = [record.is_in for record in log.next_records() if isinstance(record, Member)][-1]
                    log.commit()
            commit_all(log)
            online = chat.ask(bo, m.Who("#x"))
            assert isinstance(online, m.Online)
            names = [present.name for present in online.people]
            assert names == (["ana", "bo"] if known else ["bo"]), (fails, is_member)


def test_device_that_the_log_does_not_know_is_sent_away() -> None:
    """If a device of an account could not be stored, its session ends: what it does not acknowledge would be lost."""
    log = SlowerLog()
    chat, _, _, _ = member_in(log)
    three = Listener(account="ana")
    chat.do(three, m.Register("ana", "d"))
    log.commit(failure="the disk is full")
    assert three.heard == [m.Bye("the log does not know of you: the disk is full; connect again")]


def test_each_device_of_an_account_is_noted() -> None:
    """The log hears of every device that registers, not only of the first."""
    log = SlowerLog()
    chat, _, _, _ = member_in(log)
    chat.do(Listener(account="ana"), m.Register("ana", "d"))
    (known, *_) = log.next_records()
    assert isinstance(known, Known)
    assert (known.device, known.is_account) == (device_id("d"), True)


def test_what_a_lost_connection_had_comes_again_though_another_device_took_it() -> None:
    """A device that was handed entries, and was cut off before it acknowledged any, gets them when it is back."""
    log = SlowerLog()
    chat, one, two, bo = member_in(log)
    chat.do(bo, m.Send("ana", "one"), m.Send("#x", "two"))
    commit_all(log)
    assert one.texts() == two.texts() == ["one", "two"]
    chat.do(one, m.Ack("bo", 1), m.Ack("#x", 1))
    commit_all(log)
    chat.depart(two)
    again = Listener(account="ana")
    chat.do(again, m.Register("ana", "b"))
    commit_all(log)
    assert again.texts() == ["one", "two"]


def test_what_a_page_had_already_does_not_come_again() -> None:
    """A page may have what the log stored in the same turn, of which the hub hears only then: it comes once."""
    chat = Chat()
    ana, bo = chat.enter("ana"), chat.enter("bo")
    chat.depart(bo)
    chat.do(ana, m.Send("bo", "one"))
    bo = Listener()
    bo.replay_entries = 2
    sends = [m.Send("bo", text) for text in ("two", "three")]
    chat.hub.run([(bo, [m.Register("bo")]), (ana, sends)])
    for _ in range(3):
        chat.drain(bo)
    assert bo.texts() == ["one", "two", "three"]
