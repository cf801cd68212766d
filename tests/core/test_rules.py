"""Mutes, roles and settings of rooms, over a log that may be slow."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.errors import Code
from support.chat import Chat, hush
from support.order import commit_all, meet, room_of, slow_meet


@pytest.fixture
def chat() -> Chat:
    """Return a chat."""
    return Chat()


def test_mute(chat: Chat) -> None:
    """Who is muted hears all, and says nothing: not by editing, reacting, a topic or typing; also after coming back."""
    ana, bo = meet(chat, "ana", "bo")
    chat.do(bo, m.Send("#red", "one"))
    hush([ana, bo])
    chat.do(ana, m.Mute("#red", "bo", 60, "loud"))
    until = int(chat.seconds * 1000) + 60_000
    assert bo.take() == [m.Muted("#red", "bo", "ana", until, "loud")]
    for command in (
        m.Send("#red", "x"), m.Edit("#red", 1, "x"), m.React("#red", 1, "x"), m.Unreact("#red", 1, "x"),
        m.Topic("#red", "x"), m.Typing("#red"),
    ):  # fmt: skip
        assert chat.fail(bo, command).code == Code.MUTED
    assert isinstance(chat.ask(bo, m.Delete("#red", 1)), m.Accepted)
    chat.do(bo, m.Leave("#red"), m.Join("#red"))
    assert chat.fail(bo, m.Send("#red", "x")).code == Code.MUTED
    hush([bo])
    chat.do(ana, m.Unmute("#red", "bo"))
    assert bo.take() == [m.Unmuted("#red", "bo", "ana")]
    assert isinstance(chat.ask(bo, m.Send("#red", "two")), m.Accepted)
    assert chat.fail(ana, m.Unmute("#red", "bo")).code == Code.NO_SUCH_NAME
    chat.do(ana, m.Mute("#red", "bo", 60))
    chat.seconds += 60
    assert isinstance(chat.ask(bo, m.Send("#red", "three")), m.Accepted)


def test_what_was_said_before_is_known_when_muted(chat: Chat) -> None:
    """What was accepted, and is said again because the answer was lost, is answered, not refused."""
    ana, bo = meet(chat, "ana", "bo")
    chat.do(bo, m.Send("#red", "one", "1"))
    chat.do(ana, m.Mute("#red", "bo"))
    assert isinstance(chat.ask(bo, m.Send("#red", "one", "1")), m.Accepted)
    failed = chat.ask(bo, m.Send("#red", "two", "2"))
    assert isinstance(failed, m.Failed)
    assert failed.code == Code.MUTED


def test_nobody_is_heard_while_a_mute_is_under_way() -> None:
    """It counts for what is said from then on; if the log cannot store it, it has never been."""
    for failure in ("", "the disk is full"):
        chat, log, (ana, bo) = slow_meet("ana", "bo")
        chat.do(bo, m.Send("#red", "before"))
        chat.do(ana, m.Mute("#red", "bo", cid="1"))
        chat.do(bo, m.Send("#red", "after"))
        log.commit()
        log.commit(failure=failure)
        commit_all(log)
        assert ana.texts() == ["before"]
        assert ("bo" in room_of(chat).rules.mutes) == (not failure)
        chat.do(bo, m.Send("#red", "last"))
        commit_all(log)
        assert ana.texts() == (["before", "last"] if failure else ["before"])


def test_roles(chat: Chat) -> None:
    """Roles are told to all, shown by `who`, and let one speak where it is moderated, and delete."""
    ana, bo, cy = meet(chat, "ana", "bo", "cy")
    chat.do(ana, m.SetRoom("#red", moderated=True), m.Grant("#red", "bo", "voice"), m.Grant("#red", "cy", "operator"))
    assert bo.take()[1:] == [m.Granted("#red", "bo", "voice", "ana"), m.Granted("#red", "cy", "operator", "ana")]
    roles = (m.Present("ana", "", "owner"), m.Present("bo", "", "voice"), m.Present("cy", "", "operator"))
    assert chat.ask(bo, m.Who("#red")) == m.Online(roles, "#red")
    assert isinstance(chat.ask(bo, m.Send("#red", "hi")), m.Accepted)
    assert isinstance(chat.ask(cy, m.Delete("#red", 1)), m.Accepted)
    chat.do(cy, m.Grant("#red", "bo", ""))
    assert chat.fail(bo, m.Send("#red", "hi")).code == Code.MODERATED
    assert chat.fail(cy, m.Grant("#red", "bo", "operator")).code == Code.NOT_PERMITTED
    assert chat.fail(ana, m.Grant("#red", "bo", "king")).code == Code.BAD_VALUE


def test_the_only_owner(chat: Chat) -> None:
    """They name another one before they give it up; when they leave, operators act as owners, and one becomes it."""
    ana, bo, cy = meet(chat, "ana", "bo", "cy")
    assert "only owner" in chat.fail(ana, m.Grant("#red", "ana", "")).text
    chat.do(ana, m.Grant("#red", "bo", "operator"), m.Leave("#red"))
    hush([bo, cy])
    assert isinstance(chat.ask(bo, m.Grant("#red", "cy", "operator")), m.Done)
    assert isinstance(chat.ask(cy, m.Grant("#red", "cy", "owner")), m.Done)
    assert chat.fail(bo, m.Grant("#red", "bo", "owner")).code == Code.NOT_PERMITTED
    chat.do(cy, m.Grant("#red", "bo", "owner"), m.Grant("#red", "cy", ""))
    assert dict(room_of(chat).rules.roles) == {"bo": "owner"}


def test_roles_end_with_a_guest_and_stay_with_an_account(chat: Chat) -> None:
    """A guest who comes back is a member like others, unless the device has taken over; an account has its role."""
    (ana,) = meet(chat, "ana")
    chat.enter("bo", "#red", device="bo", account=True)
    chat.do(ana, m.Grant("#red", "bo", "voice"))
    again = chat.enter("ana", device="device of ana")
    assert isinstance(entered := chat.ask(again, m.Join("#red")), m.Entered)
    assert entered.role == "owner"
    chat.depart(again)
    chat.depart(chat.hub._router.registry.people["bo"].audience[0])
    last = chat.enter("ana", "#red")
    assert dict(room_of(chat).rules.roles) == {"bo": "voice"}
    assert isinstance(entered := chat.enter("bo", device="x", account=True).heard[0], m.Entered)
    assert entered.role == "voice"
    assert chat.fail(last, m.Kick("#red", "bo")).code == Code.NOT_PERMITTED


def test_who_is_being_made_an_operator_is_none_yet() -> None:
    """Before the log has it, nothing is done by the new role, and nothing any more by the old one."""
    chat, log, (ana, bo, cy) = slow_meet("ana", "bo", "cy")
    chat.do(ana, m.Grant("#red", "bo", "operator"))
    chat.do(bo, m.Kick("#red", "cy", cid="1"))
    commit_all(log)
    chat.do(ana, m.Grant("#red", "bo", ""))
    chat.do(bo, m.Kick("#red", "cy", cid="2"))
    log.commit(failure="the disk is full")
    commit_all(log)
    refused = [(event.cid, event.code) for event in bo.heard if isinstance(event, m.Failed)]
    assert refused == [("1", Code.NOT_PERMITTED), ("2", Code.NOT_PERMITTED)]
    chat.do(bo, m.Kick("#red", "cy"))
    commit_all(log)
    assert cy.heard[-1] == m.Kicked("#red", "cy", "bo")


def test_settings(chat: Chat) -> None:
    """Each is told as it is then, and does what it says."""
    ana, bo = meet(chat, "ana", "bo")
    done = chat.ask(ana, m.SetRoom("#red", secret=True, password="tea", open_topic=False, cid="1"))
    assert done == m.Done("1", "#red: secret on, open-topic off, password set")
    assert bo.take() == [m.RoomIs("#red", False, True, False, True, False, "ana")]
    assert chat.fail(bo, m.Topic("#red", "x")).code == Code.NOT_PERMITTED
    assert chat.ask(bo, m.Rooms()) == m.RoomList((m.RoomInfo("#red", 2),))
    cy = chat.enter("cy")
    assert chat.ask(cy, m.Rooms()) == m.RoomList(())
    unknown, secret = chat.fail(cy, m.Who("#pink")), chat.fail(cy, m.Who("#red"))
    assert unknown.code == secret.code
    assert unknown.text.replace("pink", "red") == secret.text
    for password in ("", "coffee"):
        assert chat.fail(cy, m.Join("#red", password=password)).code == Code.ROOM_PASSWORD
    assert isinstance(chat.ask(cy, m.Join("#red", password="tea")), m.Entered)
    hush([cy])
    chat.do(ana, m.SetRoom("#red", password=""))
    assert cy.take() == [m.RoomIs("#red", False, False, False, True, False, "ana")]
    assert chat.ask(bo, m.SetRoom("#red", cid="2")) == m.RoomIs("#red", False, False, False, True, False, "", "2")
    assert chat.fail(chat.enter("dan"), m.SetRoom("#red")).code == Code.NOT_IN_ROOM
    assert chat.fail(bo, m.SetRoom("#red", secret=False)).code == Code.NOT_PERMITTED


def test_invitations(chat: Chat) -> None:
    """They let one in once, past everything but a ban; who is invited is told; they end, and are an operator's."""
    ana, bo = meet(chat, "ana", "bo")
    cy, di = chat.enter("cy"), chat.enter("di")
    chat.do(ana, m.SetRoom("#red", invite_only=True, password="tea"))
    hush([bo])
    assert chat.fail(cy, m.Join("#red", password="tea")).code == Code.INVITE_ONLY
    assert chat.fail(bo, m.Invite("#red", "cy")).code == Code.NOT_PERMITTED
    assert chat.ask(ana, m.Invite("#red", "cy", "1")) == m.Done("1", "cy is invited to #red")
    assert cy.take()[-1] == m.Invited("#red", "ana")
    assert isinstance(chat.ask(cy, m.Join("#red")), m.Entered)
    chat.do(cy, m.Leave("#red"))
    assert chat.fail(cy, m.Join("#red")).code == Code.INVITE_ONLY
    chat.do(ana, m.Invite("#red", "di"))
    chat.seconds += 7 * 24 * 3600
    assert chat.fail(di, m.Join("#red")).code == Code.INVITE_ONLY
    chat.do(ana, m.Invite("#red", "di"), m.Ban("#red", "di"))
    assert chat.fail(di, m.Join("#red")).code == Code.BANNED
    hush([ana])
    assert chat.fail(ana, m.Invite("#red", "di")).code == Code.BANNED
    assert chat.fail(ana, m.Invite("#red", "bo")).code == Code.NAME_TAKEN
    assert chat.fail(ana, m.Invite("#red", "nobody")).code == Code.NO_SUCH_NAME


def test_a_guest_comes_back_after_a_lost_connection(chat: Chat) -> None:
    """With the same device, as if invited; another one of the same name is not; who was kicked is not."""
    ana, bo = meet(chat, "ana", "bo")
    chat.do(ana, m.SetRoom("#red", invite_only=True))
    chat.depart(bo)
    other = chat.enter("bo", device="another")
    assert chat.fail(other, m.Join("#red")).code == Code.INVITE_ONLY
    chat.depart(other)
    bo = chat.enter("bo", device="device of bo")
    assert isinstance(chat.ask(bo, m.Join("#red", after=0)), m.Entered)
    chat.do(ana, m.Kick("#red", "bo"))
    chat.depart(bo)
    assert chat.fail(chat.enter("bo", device="device of bo"), m.Join("#red")).code == Code.INVITE_ONLY
