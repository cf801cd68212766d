"""What is decided in rooms while the log is slow, or fails."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat.errors import Code
from libchat.names import parse_room
from libchat.records import (
    Audit,
    Fact,
    Member,
    RoomEnd,
    RoomSettings,
    RoomState,
    State,
)
from support.chat import Chat, Listener, hush
from support.order import Diary, SlowerLog, commit_all, meet, room_of, slow_meet

DECISIONS: list[m.Command] = [
    m.Kick("#red", "bo", cid="1"),
    m.Ban("#red", "bo", cid="1"),
    m.Unban("#red", "eve", cid="1"),
    m.Mute("#red", "bo", cid="1"),
    m.Unmute("#red", "eve", cid="1"),
    m.Grant("#red", "bo", "operator", cid="1"),
    m.SetRoom("#red", invite_only=True, password="tea", moderated=True, secret=True, open_topic=False, cid="1"),
    m.Invite("#red", "cy", cid="1"),
]


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("decision", DECISIONS, ids=lambda each: type(each).__name__)
def test_a_log_that_fails_changes_nothing(decision: m.Command, account: bool) -> None:
    """Before the log has answered nobody hears anything; when it has failed, one is told, and all is as it was."""
    chat, log, (ana, bo) = slow_meet("ana", "bo", account=account)
    cy = Listener()
    chat.do(cy, m.Register("cy"))
    chat.do(ana, m.Ban("#red", "eve"), m.Mute("#red", "eve"))
    commit_all(log)
    hush([ana, bo, cy])
    room = room_of(chat)
    before = (room.rules, room.ahead, room.names(), dict(room.invited))
    chat.do(ana, decision)
    assert ana.heard == bo.heard == cy.heard == []
    log.commit(failure="the disk is full")
    commit_all(log)
    (failed,) = ana.take()
    assert failed == m.Failed(Code.UNAVAILABLE, "nothing was changed: the disk is full", "#red", "1")
    assert (room.rules, room.ahead, room.names(), dict(room.invited)) == before
    assert bo.heard == cy.heard == []
    chat.do(bo, m.Send("#red", "still here"))
    commit_all(log)
    assert ana.texts() == ["still here"]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda each: type(each).__name__)
def test_each_decision_is_stored_with_its_audit(decision: m.Command) -> None:
    """What the log has to know and who did it come in one append; no password stands in it."""
    log = Diary()
    chat = Chat(log)
    ana, _ = meet(chat, "ana", "bo", account=True)
    chat.enter("cy")
    chat.do(ana, m.Ban("#red", "eve"), m.Mute("#red", "eve"))
    log.appends.clear()
    assert isinstance(chat.ask(ana, decision), m.Done)
    (records,) = log.rules()
    *facts, audit = records
    assert isinstance(audit, Audit)
    assert (audit.time, audit.actor, audit.room) == (int(chat.seconds * 1000), "ana", "#red")
    assert bool(facts) == (not isinstance(decision, m.Invite))
    assert "tea" not in repr(records)
    assert "tea" not in repr(decision)


def test_of_guests_the_log_learns_no_roles() -> None:
    """It learns who did it; when the room has ended, what was set in it is forgotten."""
    log = Diary()
    chat = Chat(log)
    ana, bo = meet(chat, "ana", "bo")
    chat.do(ana, m.Grant("#red", "bo", "voice"))
    made, granted = log.rules()
    assert [type(record) for record in (*made, *granted)] == [Audit, Audit]
    chat.do(ana, m.Leave("#red"))
    chat.do(bo, m.Exit())
    assert len(log.rules()) == 2
    cy = chat.enter("cy", "#red")
    chat.do(cy, m.SetRoom("#red", secret=True), m.Leave("#red"))
    assert log.rules()[-1][-1] == RoomEnd("#red")
    chat.enter("di", "#red")
    assert not room_of(chat).rules.settings.secret


def test_who_makes_a_room_is_in_the_audit() -> None:
    """It is in the log together with the membership; who enters later, or enters a room that is kept, is not."""
    log = Diary()
    chat = Chat(log)
    chat.hub.keep_room("#kept")
    ana = chat.enter("Ana", "#kept", account=True)
    log.appends.clear()
    chat.do(ana, m.Join("#Red"))
    chat.enter("bo", "#red")
    made = Audit(int(chat.seconds * 1000), "Ana", "make", "#Red")
    assert log.rules() == [[made, Member("#red", "#Red", "ana", "owner")]]


def test_a_room_whose_end_could_not_be_stored() -> None:
    """It is stored when somebody makes a room of that name again."""
    log = SlowerLog()
    chat = Chat(log)
    ana = Listener()
    chat.do(ana, m.Register("ana"), m.Join("#red"), m.SetRoom("#red", secret=True))
    commit_all(log)
    chat.do(ana, m.Leave("#red"))
    log.commit(failure="the disk is full")
    chat.do(ana, m.Join("#red"))
    assert log.next_records()[0] == RoomEnd("#red")
    commit_all(log)
    chat.do(ana, m.Leave("#red"), m.Join("#red"))
    assert not any(isinstance(record, RoomEnd) for record in log.next_records())


def test_a_room_that_ended_with_a_kick_and_whose_end_could_not_be_stored() -> None:
    """Its bans are not those of the next room, when the server starts again, either."""
    chat, log, (ana, bo) = slow_meet("ana", "bo", account=True)
    chat.do(ana, m.Ban("#red", "bo"), m.Leave("#red"))
    log.commit()
    assert list(log.next_records()) == [RoomEnd("#red")]
    log.commit(failure="the disk is full")
    chat.do(bo, m.Join("#red"))
    assert log.next_records()[0] == RoomEnd("#red")


def test_the_end_of_a_room_is_told_until_the_log_has_the_newest_one() -> None:
    """That it has an earlier one says nothing: what was set since then is in it still."""
    log = SlowerLog()
    chat = Chat(log)
    chat.do(ana := Listener(), m.Register("ana"))
    commit_all(log)
    chat.do(ana, m.Join("#red"), m.SetRoom("#red", secret=True), m.Leave("#red"))
    chat.do(ana, m.Join("#red"), m.SetRoom("#red", secret=True), m.Leave("#red"))
    log.commit()
    chat.do(ana, m.Join("#red"))
    log.commit(failure="the disk is full")
    assert log.next_records()[0] == RoomEnd("#red")


def test_a_room_of_guests_whose_end_could_not_be_stored_at_the_start() -> None:
    """It is stored when somebody makes a room of that name: else the next start would find its settings in that one."""
    log = GuestsRoomLog()
    chat = Chat(log)
    assert list(log.next_records()) == [RoomEnd("#red")]
    log.commit(failure="the disk is full")
    chat.do(Listener(), m.Register("ana"), m.Join("#red"))
    assert RoomEnd("#red") in log.next_records()


class GuestsRoomLog(SlowerLog):
    """A log that begins with a room in which only guests were."""

    def load(self) -> State:
        """Return what is known."""
        return State(rooms=(RoomState("#red", "#red", "", (), settings=RoomSettings("#red", "#red", secret=True)),))


def test_a_room_that_an_account_could_not_leave_is_as_it_was() -> None:
    """Its settings and bans, and the role of who wanted to leave, are there again."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(ana, m.SetRoom("#red", moderated=True), m.Ban("#red", "bo"))
    commit_all(log)
    before = room_of(chat).rules
    chat.do(ana, m.Leave("#red"))
    log.commit(failure="the disk is full")
    commit_all(log)
    assert room_of(chat).rules == before


@pytest.mark.parametrize("name", ["ana", "cy"])
def test_a_room_that_could_not_be_left_is_as_it_was_though_somebody_has_made_it_anew(name: str) -> None:
    """Who has entered it meanwhile, perhaps the same one, is in the room that there was, and is not its only owner."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(ana, m.SetRoom("#red", moderated=True), m.Ban("#red", "bo"))
    commit_all(log)
    before = room_of(chat).rules
    other = ana
    if name != "ana":
        chat.do(other := Listener(account=name), m.Register(name, "x"))
        commit_all(log)
    chat.do(ana, m.Leave("#red"))
    chat.do(other, m.Join("#red"))
    log.commit(failure="the disk is full")
    commit_all(log)
    after = room_of(chat).rules
    assert (after.settings, after.bans) == (before.settings, before.bans)
    assert after.roles["ana"] == after.roles[name] == "owner"


def test_a_room_that_could_not_be_left_twice_is_as_it_was() -> None:
    """Of the rooms that were made anew meanwhile, the log has nothing: what it has of the first one counts."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(ana, m.SetRoom("#red", moderated=True), m.Ban("#red", "bo"))
    commit_all(log)
    before = room_of(chat).rules
    chat.do(ana, *[m.Leave("#red"), m.Join("#red")] * 2)
    log.commit(failure="the disk is full")
    commit_all(log)
    after = room_of(chat).rules
    assert (after.settings, after.bans) == (before.settings, before.bans)


@pytest.mark.parametrize("again", [[], [m.SetRoom("#red", secret=True)], [m.Ban("#red", "cy"), m.Leave("#red")]])
@pytest.mark.parametrize("last", [m.Leave("#red"), m.Join("#red")])
def test_a_ban_holds_in_a_room_that_could_not_be_left_and_entered_again(
    again: list[m.Command], last: m.Command
) -> None:
    """If nothing of that could be stored, the room is as it was, wherever its only owner wanted to be in the end."""
    chat, log, (ana, bo) = slow_meet("ana", "bo", account=True)
    chat.do(ana, m.Ban("#red", "bo"))
    commit_all(log)
    before = room_of(chat).rules
    chat.do(ana, m.Leave("#red"), m.Join("#red"), *again, m.Leave("#red"), m.Join("#red"), last)
    while len(log):
        log.commit(failure="the disk is full")
    assert room_of(chat).rules == before
    assert list(room_of(chat).members) == ["ana"]
    bo.take()
    chat.do(bo, m.Join("#red"))
    (failed,) = bo.take()
    assert isinstance(failed, m.Failed)
    assert failed.code == Code.BANNED


def test_a_room_ends_when_the_last_leaving_is_stored_though_the_one_before_was_not() -> None:
    """The log is told of its end when no leaving is under way any more, and what was set in it is forgotten."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(ana, m.SetRoom("#red", moderated=True))
    commit_all(log)
    for command in (m.Leave("#red"), m.Join("#red"), m.Leave("#red")):
        chat.do(ana, command)
    log.commit(failure="the disk is full")
    log.commit(failure="the disk is full")
    log.commit()
    assert chat.hub._router.rooms.get(parse_room("#red")) is None
    assert list(log.next_records()) == [RoomEnd("#red")]


def test_who_enters_a_room_that_is_about_to_end_is_its_owner() -> None:
    """As if they had made it, and the audit says so; but it goes on as it is set, and nothing of it is forgotten."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(ana, m.SetRoom("#red", moderated=True), m.Ban("#red", "di"))
    commit_all(log)
    before = room_of(chat).rules
    chat.do(cy := Listener(account="cy"), m.Register("cy", "x"))
    commit_all(log)
    chat.do(ana, m.Leave("#red"))
    chat.do(cy, m.Join("#red"))
    log.commit()
    made = Audit(int(chat.seconds * 1000), "cy", "make", "#red")
    assert list(log.next_records()) == [made, Member("#red", "#red", "cy", "owner")]
    commit_all(log)
    after = room_of(chat).rules
    assert (after.settings, after.bans, after.roles) == (before.settings, before.bans, {"cy": "owner"})


def test_who_enters_a_room_that_is_about_to_end_does_not_end_it_for_the_log() -> None:
    """Though the end of an earlier room of that name is still under way."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(cy := Listener(account="cy"), m.Register("cy", "x"))
    chat.do(ana, m.SetRoom("#red", secret=True), m.Leave("#red"))
    log.commit()
    log.commit()
    chat.do(ana, m.Join("#red"), m.SetRoom("#red", moderated=True), m.Leave("#red"))
    chat.do(cy, m.Join("#red"))
    assert list(log.next_records()) == [RoomEnd("#red")]
    log.commit()
    log.commit()
    assert not any(isinstance(record, RoomEnd) for record in log.next_records())
    commit_all(log)
    assert room_of(chat).rules.settings.moderated


def test_a_room_that_is_about_to_end_is_not_shown() -> None:
    """Nobody is in it: it is in no list, and `who` finds none of that name."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(bo := Listener(), m.Register("bo"))
    commit_all(log)
    chat.do(ana, m.Leave("#red"))
    bo.take()
    chat.do(bo, m.Rooms("1"), m.Who("#red", "2"))
    commit_all(log)
    listed, failed = bo.take()
    assert listed == m.RoomList((), "1")
    assert isinstance(failed, m.Failed)
    assert failed.code == Code.NO_SUCH_NAME


def test_a_ban_holds_while_the_last_member_leaves() -> None:
    """The room may go on, if that cannot be stored: who is banned gets in when it has ended, and not before."""
    chat, log, (ana, bo) = slow_meet("ana", "bo", account=True)
    chat.do(ana, m.Ban("#red", "bo"))
    commit_all(log)
    bo.take()
    chat.do(ana, m.Leave("#red"))
    chat.do(bo, m.Join("#red", "1"))
    commit_all(log)
    (failed,) = bo.take()
    assert isinstance(failed, m.Failed)
    assert (failed.code, failed.cid) == (Code.BANNED, "1")
    chat.do(bo, m.Join("#red", "2"))
    commit_all(log)
    assert [type(event) for event in bo.take()] == [m.Entered]


def test_who_could_not_leave_has_the_role_as_before() -> None:
    """Also one that was given, and not made with the room."""
    chat, log, (ana, bo) = slow_meet("ana", "bo", account=True)
    chat.do(ana, m.Grant("#red", "bo", "voice"))
    commit_all(log)
    chat.do(bo, m.Leave("#red"))
    log.commit(failure="the disk is full")
    commit_all(log)
    assert dict(room_of(chat).rules.roles) == {"ana": "owner", "bo": "voice"}


def test_two_settings_of_which_one_fails() -> None:
    """Each is stored by itself: the one that could not be is not stored with the other."""
    chat, log, (ana,) = slow_meet("ana", account=True)
    chat.do(ana, m.SetRoom("#red", moderated=True))
    chat.do(ana, m.SetRoom("#red", secret=True))
    log.commit(failure="the disk is full")
    facts: list[Fact] = [record for record in log.next_records() if isinstance(record, RoomSettings)]
    commit_all(log)
    settings = room_of(chat).rules.settings
    assert (settings.moderated, settings.secret) == (False, True)
    assert [(fact.moderated, fact.secret) for fact in facts if isinstance(fact, RoomSettings)] == [(None, True)]


def test_a_guest_who_becomes_an_account_while_something_is_decided() -> None:
    """What was decided about the guest is stored of the account."""
    chat, log, (ana, bo) = slow_meet("ana", "bo")
    chat.do(ana, m.Grant("#red", "bo", "voice"))
    person = bo.person
    assert person is not None
    person.is_account = True
    log.commit()
    assert len(log) == 1
    assert log.next_records() == [Member("#red", "#red", "bo", "voice")]
