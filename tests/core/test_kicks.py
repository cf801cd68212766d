"""Putting people out of rooms, over a log that may be slow."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.errors import Code
from libchat.limits import KICKS_BY_ACCOUNT
from support.chat import Chat, Listener, hush
from support.order import commit_all, meet, room_of, slow_meet


@pytest.fixture
def chat() -> Chat:
    """Return a chat."""
    return Chat()


def test_kick(chat: Chat) -> None:
    """All in the room hear who was put out by whom and why, who did it is answered, and who was may come back."""
    ana, bo, cy = meet(chat, "ana", "bo", "cy")
    assert chat.ask(ana, m.Kick("#Red", "BO", " be\nkind ", "1")) == m.Done("1", "bo is put out of #red")
    for listener in (bo, cy):
        assert listener.take() == [m.Kicked("#red", "bo", "ana", "be kind")]
    assert chat.fail(bo, m.Send("#red", "hi")).code == Code.NOT_IN_ROOM
    chat.do(ana, m.Send("#red", "gone"))
    assert bo.texts() == []
    assert isinstance(chat.ask(bo, m.Join("#red")), m.Entered)


def test_kick_takes_all_devices_of_an_account_out(chat: Chat) -> None:
    """An account is out on all of them, and no member any more when it comes again."""
    (ana,) = meet(chat, "ana")
    one, two = (chat.enter("bo", "#red", device=device, account=True) for device in "12")
    hush([ana, one, two])
    chat.do(ana, m.Kick("#red", "bo"))
    for listener in (one, two):
        assert listener.take() == [m.Kicked("#red", "bo", "ana")]
        assert not listener.rooms
    assert chat.enter("bo", device="3", account=True).take() == []


def test_kick_of_an_account_that_is_away(chat: Chat) -> None:
    """Who is not here is put out, too."""
    (ana,) = meet(chat, "ana")
    bo = chat.enter("bo", "#red", device="1", account=True)
    chat.depart(bo)
    chat.do(ana, m.Kick("#red", "bo"))
    assert room_of(chat).names() == ("ana",)
    assert chat.enter("bo", device="1", account=True).take() == []


def test_who_cannot_be_kicked(chat: Chat) -> None:
    """Those who are not there, oneself, and whose role is not lower; nobody without a role kicks, nor from outside."""
    ana, bo, cy = meet(chat, "ana", "bo", "cy")
    assert chat.fail(ana, m.Kick("#red", "di")).code == Code.NO_SUCH_NAME
    assert chat.fail(ana, m.Kick("#red", "ana")).code == Code.TO_YOURSELF
    assert chat.fail(bo, m.Kick("#red", "cy")).code == Code.NOT_PERMITTED
    chat.do(ana, m.Grant("#red", "bo", "operator"), m.Grant("#red", "cy", "operator"))
    hush([bo, cy])
    assert chat.fail(bo, m.Kick("#red", "cy")).code == Code.NOT_PERMITTED
    assert chat.fail(bo, m.Kick("#red", "ana")).code == Code.NOT_PERMITTED
    assert chat.fail(chat.enter("eve"), m.Kick("#red", "bo")).code == Code.NOT_IN_ROOM


def test_who_is_kicked_hears_nothing_more() -> None:
    """What was said while the kick was under way is not heard behind it; the others hear all of it in order."""
    chat, log, (ana, bo, cy) = slow_meet("ana", "bo", "cy")
    chat.do(cy, m.Send("#red", "before"))
    chat.do(ana, m.Kick("#red", "bo"))
    chat.do(cy, m.Send("#red", "after"))
    assert bo.take() == []
    chat.do(bo, m.Send("#red", "too late", "1"), m.Join("#red", "2"))
    commit_all(log)
    assert bo.texts() == ["before"]
    codes = {event.cid: event.code for event in bo.heard if isinstance(event, m.Failed)}
    assert codes == {"1": Code.NOT_IN_ROOM, "2": Code.BUSY}
    assert ana.texts() == ["before", "after"]
    chat.do(bo, m.Join("#red"))
    chat.do(cy, m.Send("#red", "again"))
    commit_all(log)
    assert bo.texts() == ["before", "again"]
    assert not room_of(chat).deaf


def test_who_leaves_while_being_kicked_may_come_back() -> None:
    """The kick finds nobody to put out then, whoever has entered meanwhile; what was said until they left is heard."""
    for account in (False, True):
        chat, log, (ana, bo) = slow_meet("ana", "bo", account=account)
        chat.do(ana, m.Kick("#red", "bo"))
        chat.do(ana, m.Send("#red", "still here?"))
        chat.do(bo, m.Leave("#red"), m.Join("#red"))
        commit_all(log)
        kinds = [type(event) for event in bo.heard]
        assert kinds == [m.Entry, m.Exited, m.Entered]
        assert room_of(chat).names() == ("ana", "bo")


def test_guest_who_comes_back_while_being_kicked_hears_it() -> None:
    """The connection that takes over from a lost one is told, though it was not there when that was decided."""
    chat, log, (ana, _) = slow_meet("ana", "bo")
    chat.do(ana, m.Kick("#red", "bo"))
    again = Listener()
    chat.do(again, m.Register("bo", "device of bo"))
    commit_all(log)
    assert again.heard.count(m.Kicked("#red", "bo", "ana")) == 1


def test_who_leaves_while_being_kicked_is_not_told_to_be_put_out() -> None:
    """What was said before they left is theirs, and comes before the news that they have left: behind a kick, not."""
    chat, log, (ana, bo, cy) = slow_meet("ana", "bo", "cy")
    chat.do(ana, m.Kick("#red", "bo"), m.Send("#red", "hi"))
    chat.do(bo, m.Leave("#red"))
    commit_all(log)
    assert [type(event) for event in bo.heard] == [m.Entry, m.Exited]
    assert [type(event) for event in cy.heard] == [m.Entry, m.Left]


def sign_in(chat: Chat, name: str, device: str) -> m.Registered:
    """Return what an account's device is told first when it comes, and have it go again."""
    listener = Listener(account=name)
    chat.do(listener, m.Register(name, device))
    chat.depart(listener)
    assert isinstance(listener.heard[0], m.Registered)
    return listener.heard[0]


def test_a_device_that_comes_again_is_told_where_it_is_and_is_not(chat: Chat) -> None:
    """It hears of each kick and ban by whom it was and why, each time that it comes, until the account is in again."""
    meet(chat, "owner")
    owner, bo = chat.enter("ana", "#blue", "#green"), chat.enter("bo", "#blue", "#green", "#pink", account=True)
    chat.depart(bo)
    chat.do(owner, m.Kick("#blue", "bo", "be kind"), m.Ban("#green", "bo"))
    kicks = (m.Kicked("#blue", "bo", "ana", "be kind"), m.Kicked("#green", "bo", "ana", "banned"))
    for device in "12":
        assert sign_in(chat, "bo", device) == m.Registered("bo", is_account=True, rooms=("#pink",), kicks=kicks)
    chat.enter("bo", "#blue", account=True, device="3")
    told = sign_in(chat, "bo", "1")
    assert (told.rooms, told.kicks) == (("#pink", "#blue"), kicks[1:])
    again = chat.enter("bo", account=True, device="3")
    chat.do(again, m.Leave("#blue"), m.Leave("#pink"))
    told = sign_in(chat, "bo", "1")
    assert (told.rooms, told.kicks) == ((), kicks[1:])


def test_a_guest_is_told_of_no_rooms(chat: Chat) -> None:
    """Where a guest is, the client says; and of a guest who was kicked, nothing is remembered."""
    ana, _ = meet(chat, "ana", "bo")
    chat.do(ana, m.Kick("#red", "bo"))
    guest = Listener()
    assert chat.ask(guest, m.Register("bill", "x")) == m.Registered("bill")


def test_as_many_kicks_as_are_remembered(chat: Chat) -> None:
    """The oldest give way: of those, one hears only that one is not there."""
    ana, bo = chat.enter("ana"), chat.enter("bo", account=True)
    for number in range(KICKS_BY_ACCOUNT + 1):
        for person in (ana, bo):
            chat.do(person, m.Join(f"#{number}"))
        chat.do(ana, m.Kick(f"#{number}", "bo"))
    kicks = sign_in(chat, "bo", "1").kicks
    assert [kicked.room for kicked in kicks] == [f"#{number}" for number in range(1, KICKS_BY_ACCOUNT + 1)]


@pytest.mark.parametrize("failure", ["", "disk full"])
def test_who_signs_in_is_told_of_no_room_what_the_log_does_not_know(failure: str) -> None:
    """Where one is when the answer comes is told: a kick that was under way counts if the log has stored it."""
    chat, log, (ana, bo) = slow_meet("ana", "bo", account=True)
    chat.do(bo, m.Join("#blue"))
    commit_all(log)
    chat.do(bo, m.Leave("#blue"))
    chat.do(ana, m.Kick("#red", "bo"))
    again = Listener(account="bo")
    chat.do(again, m.Register("bo", "y"))
    log.commit()
    log.commit(failure=failure)
    log.commit()
    told = again.heard[0]
    assert isinstance(told, m.Registered)
    assert told.rooms == (("#red",) if failure else ())
    assert told.kicks == (() if failure else (m.Kicked("#red", "bo", "ana"),))


def test_who_signs_in_while_a_leaving_fails_hears_nothing_of_it() -> None:
    """A connection that came behind it ends before it is told where it is, and the next one is in the room."""
    chat, log, (bo,) = slow_meet("bo", account=True)
    chat.do(bo, m.Leave("#red"))
    again = Listener(account="bo")
    chat.do(again, m.Register("bo", "y"))
    log.commit(failure="disk full")
    commit_all(log)
    assert [type(event) for event in again.heard] == [m.Bye]
    chat.do(later := Listener(account="bo"), m.Register("bo", "y"))
    commit_all(log)
    assert later.heard[0] == m.Registered("bo", is_account=True, rooms=("#red",))


def test_a_kick_behind_a_sign_in_is_heard_once() -> None:
    """Who signs in before somebody decides to put them out is in the room by the answer, and hears of the kick then."""
    chat, log, _ = slow_meet("ana", "bo", account=True)
    ana, again = chat.hub._router.registry.people["ana"].audience[0], Listener(account="bo")
    chat.do(again, m.Register("bo", "y"))
    chat.do(ana, m.Kick("#red", "bo"))
    commit_all(log)
    told, entered, kicked = again.heard
    assert isinstance(told, m.Registered)
    assert (told.rooms, told.kicks) == (("#red",), ())
    assert isinstance(entered, m.Entered)
    assert kicked == m.Kicked("#red", "bo", "ana")


def test_an_account_that_comes_while_it_is_kicked() -> None:
    """A new connection does not hear that it is in the room."""
    chat, log, (_, bo) = slow_meet("ana", "bo", account=True)
    chat.do(bo, m.Grant("#red", "ana", "operator"))
    ana = Listener(account="ana")
    chat.do(ana, m.Register("ana", "x"))
    commit_all(log)
    chat.do(ana, m.Kick("#red", "bo"))
    again = Listener(account="bo")
    chat.do(again, m.Register("bo", "y"))
    commit_all(log)
    assert [type(event) for event in again.heard] == [m.Registered]
