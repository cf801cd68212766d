"""What owners and operators decide in rooms, over a log that may be slow, or fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from libchat import messages as m
from libchat.core.rooms import Room
from libchat.errors import Code
from libchat.limits import KICKS_BY_ACCOUNT, ROOM_BANS, ROOM_MUTES
from libchat.names import parse_room
from libchat.records import (
    Audit,
    Fact,
    Member,
    Outcome,
    Record,
    RoomBan,
    RoomEnd,
    RoomMute,
    RoomSettings,
    RoomState,
    State,
)
from libchat.store.memory import MemoryLog
from support.chat import Chat, Listener, SlowLog, hush


class SlowerLog(SlowLog):
    """A log that is never done at once."""

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Have records wait, whatever they are."""
        self._waiting.append((records, committed))
        return None


class Diary(MemoryLog):
    """A log that writes down the facts of each append."""

    def __init__(self) -> None:
        super().__init__()
        self.appends: list[list[Record]] = []

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome]:
        """Store records, and write them down."""
        self.appends.append(list(records))
        return super().append(records, committed)

    def rules(self) -> list[list[Record]]:
        """Return what was appended, as far as it is about order in rooms."""
        kinds = (RoomSettings, RoomBan, RoomMute, RoomEnd, Audit, Member)
        ruled: list[list[Record]] = [[record for record in each if isinstance(record, kinds)] for each in self.appends]
        return [records for records in ruled if records]


@pytest.fixture
def chat() -> Chat:
    """Return a chat."""
    return Chat()


def room_of(chat: Chat, name: str = "#red") -> Room:
    """Return a room."""
    room = chat.hub._router.rooms.get(parse_room(name))
    assert room is not None
    return room


def meet(chat: Chat, *names: str, account: bool = False) -> list[Listener]:
    """Return people in #red, the first of whom is its owner; nobody has heard anything yet."""
    people = [chat.enter(name, "#red", device=f"device of {name}", account=account) for name in names]
    hush(people)
    return people


def slow_meet(*names: str, account: bool = False) -> tuple[Chat, SlowerLog, list[Listener]]:
    """Return the same over a log that is never done at once, but has everything so far."""
    log = SlowerLog()
    chat = Chat(log)
    people = []
    for name in names:
        listener = Listener(account=name if account else "")
        chat.do(listener, m.Register(name, f"device of {name}"), m.Join("#red"))
        people.append(listener)
    commit_all(log)
    hush(people)
    return chat, log, people


def commit_all(log: SlowLog) -> None:
    """Have everything stored, and everything looked up."""
    while len(log):
        log.commit()
    while log.look_up():
        pass


# --- kicks ----------------------------------------------------------------------------------------------------------


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


# --- bans -----------------------------------------------------------------------------------------------------------


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


# --- mutes, roles, settings -----------------------------------------------------------------------------------------


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


# --- the log --------------------------------------------------------------------------------------------------------

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
