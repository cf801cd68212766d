"""Keeping people out of rooms, over a log that may be slow."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.errors import Code
from libchat.limits import ROOM_BANS, ROOM_MUTES
from support.chat import Chat, Listener, hush
from support.order import commit_all, meet, room_of, slow_meet


@pytest.fixture
def chat() -> Chat:
    """Return a chat."""
    return Chat()


def test_ban(chat: Chat) -> None:
    """Who is banned is put out and does not come back, by no name that looks like it, until it is taken back."""
    ana, bill = meet(chat, "ana", "bill")
    chat.do(ana, m.Ban("#red", "Bill", 0, "spam"))
    assert bill.take() == [m.Kicked("#red", "bill", "ana", "spam")]
    failed = chat.fail(bill, m.Join("#red", "1", 0))
    assert (failed.code, failed.text, failed.cid) == (Code.BANNED, "you are banned from #red: spam", "1")
    chat.do(bill, m.Exit())
    look_alike = chat.enter("bi1l")
    assert chat.fail(look_alike, m.Join("#red")).code == Code.BANNED
    chat.do(look_alike, m.Exit())
    assert chat.ask(ana, m.Bans("#red", "2")) == m.BanList(
        "#red", (m.BanInfo("bill", "ana", int(chat.seconds * 1000), 0, "spam"),), (), "2"
    )
    chat.do(ana, m.Unban("#red", "BILL"))
    chat.enter("bill", "#red")
    assert chat.fail(ana, m.Unban("#red", "bill")).code == Code.NO_SUCH_NAME


def test_nobody_slips_in_while_it_is_being_shut() -> None:
    """Who enters while a ban or a setting is under way is refused as if it were there."""
    shutting: list[tuple[m.Command, Code]] = [
        (m.Ban("#red", "cy"), Code.BANNED),
        (m.SetRoom("#red", invite_only=True), Code.INVITE_ONLY),
        (m.SetRoom("#red", password="tea"), Code.ROOM_PASSWORD),
    ]
    for command, code in shutting:
        chat, log, (ana,) = slow_meet("ana")
        cy = Listener()
        chat.do(cy, m.Register("cy"))
        chat.do(ana, command)
        chat.do(cy, m.Join("#red"))
        commit_all(log)
        assert [event.code for event in cy.heard if isinstance(event, m.Failed)] == [code]
        assert room_of(chat).names() == ("ana",)


def test_a_room_opens_when_the_log_has_it() -> None:
    """Who enters while a password is being taken away still has to know it."""
    chat, log, (ana,) = slow_meet("ana")
    chat.do(ana, m.SetRoom("#red", password="tea"))
    commit_all(log)
    cy = Listener()
    chat.do(cy, m.Register("cy"))
    chat.do(ana, m.SetRoom("#red", password=""))
    chat.do(cy, m.Join("#red", "1"))
    commit_all(log)
    chat.do(cy, m.Join("#red", "2"))
    commit_all(log)
    kinds = [type(event) for event in cy.heard[1:]]
    assert kinds == [m.Failed, m.Entered]


def test_answers_tell_what_is_so_when_they_come() -> None:
    """Who asks, or comes, behind a decision that is under way hears how things are when that has been stored."""
    chat, log, (ana, _) = slow_meet("ana", "bo", account=True)
    chat.do(ana, m.Grant("#red", "bo", "voice"), m.Ban("#red", "eve"), m.Who("#red"), m.Bans("#red"))
    again = Listener(account="bo")
    chat.do(again, m.Register("bo", "x"))
    commit_all(log)
    online, bans = ana.heard[2:]
    assert isinstance(online, m.Online)
    assert isinstance(bans, m.BanList)
    assert [person.role for person in online.people] == ["owner", "voice"]
    assert [each.mask for each in bans.bans] == ["eve"]
    entered = again.heard[1]
    assert isinstance(entered, m.Entered)
    assert entered.role == "voice"


def test_a_ban_ends_by_itself(chat: Chat) -> None:
    """After its seconds, who was banned may enter, and it is listed no longer."""
    ana, bo = meet(chat, "ana", "bo")
    chat.do(ana, m.Ban("#red", "bo", 60))
    chat.seconds += 59
    assert chat.fail(bo, m.Join("#red")).code == Code.BANNED
    chat.seconds += 1
    assert isinstance(chat.ask(bo, m.Join("#red")), m.Entered)
    assert chat.ask(ana, m.Bans("#red")) == m.BanList("#red", ())


def test_ban_by_address(chat: Chat) -> None:
    """All who come from there and have no role as high are put out, and nobody enters from there, in any notation."""
    (ana,) = meet(chat, "ana")
    people = [Listener(address=address) for address in ("10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2", "10.0.0.1")]
    for name, listener in zip(("bo", "cy", "di", "op"), people, strict=True):
        chat.do(listener, m.Register(name), m.Join("#red"))
    chat.do(ana, m.Grant("#red", "op", "owner"))
    hush([ana, *people])
    assert chat.ask(ana, m.Ban("#red", "bo", by_address=True)) == m.Done("", "10.0.0.1 is banned from #red")
    assert room_of(chat).names() == ("ana", "di", "op")
    assert chat.fail(people[1], m.Join("#red")).code == Code.BANNED
    chat.do(ana, m.Ban("#red", "10.0.0.0/24"))
    assert room_of(chat).names() == ("ana", "op")
    assert chat.fail(ana, m.Ban("#red", "ana", by_address=True)).code == Code.NO_SUCH_NAME
    assert chat.fail(ana, m.Ban("#red", "nobody", by_address=True)).code == Code.NO_SUCH_NAME


def test_who_cannot_be_banned(chat: Chat) -> None:
    """Neither oneself, nor who has a role as high; and what is no mask is refused."""
    ana, bo = meet(chat, "ana", "bo")
    chat.do(ana, m.Grant("#red", "bo", "operator"))
    assert chat.fail(bo, m.Ban("#red", "ana")).code == Code.NOT_PERMITTED
    assert chat.fail(bo, m.Ban("#red", "bo")).code == Code.TO_YOURSELF
    assert chat.fail(ana, m.Ban("#red", "a b")).code == Code.BAD_NAME
    assert chat.fail(ana, m.Ban("#red", "bo", -1)).code == Code.BAD_VALUE
    assert room_of(chat).rules.bans == {}


def test_as_many_bans_and_mutes_as_there_may_be(chat: Chat) -> None:
    """Beyond the limit nothing is taken, until one has ended or was taken back."""
    (ana,) = meet(chat, "ana")
    for number in range(ROOM_BANS):
        chat.do(ana, m.Ban("#red", f"n{number}", 60 if number == 5 else 0))
    for number in range(ROOM_MUTES):
        chat.do(ana, m.Mute("#red", f"n{number}", 60 if number == 5 else 0))
    hush([ana])
    assert chat.fail(ana, m.Ban("#red", "more")).code == Code.TOO_MANY
    assert chat.fail(ana, m.Mute("#red", "more")).code == Code.TOO_MANY
    chat.do(ana, m.Ban("#red", "n1", 7))
    chat.seconds += 60
    chat.do(ana, m.Ban("#red", "more"), m.Mute("#red", "more"))
    assert len(room_of(chat).rules.bans) == ROOM_BANS - 1
    assert len(room_of(chat).rules.mutes) == ROOM_MUTES
