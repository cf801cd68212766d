"""What follows from the answers of the accounts, whatever they are and whenever they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat import messages as m
from libchat.claims import (
    SERVER,
    Added,
    AskDevices,
    Changed,
    Claim,
    Denied,
    Device,
    DevicesFound,
    Granted,
    Invited,
    KeyRevoked,
    NewInvite,
    Removed,
    Revoked,
    RevokeDevice,
    SetPassword,
)
from libchat.errors import Code
from libchat.limits import PASSWORD_CHARACTERS, WAITING_COMMANDS
from libchat.records import Known, Member, Outcome, Record, RoomState, State
from libchat.store.base import Log
from libchat.store.memory import MemoryLog
from support.chat import Chat, Listener, SlowLog
from support.oracle import Oracle

ACCOUNT = Granted(is_account=True, has_proven=True)
GUEST = Granted()


class Ledger(MemoryLog):
    """A log that begins with what it is told, and writes down which facts it was given."""

    def __init__(self, state: State | None = None) -> None:
        super().__init__()
        self._begun = state if state is not None else State()
        self.facts: list[Record] = []

    def load(self) -> State:
        return self._begun

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome]:
        self.facts += [record for record in records if isinstance(record, (Known, Member))]
        return super().append(records, committed)


class Town(Chat):
    """A chat with accounts, to which people come over a network."""

    def __init__(self, *names: str, admit: str = "open", log: Log | None = None) -> None:
        self.oracle = Oracle(*names, admit=admit)  # type: ignore[arg-type]  # a test says which
        super().__init__(log, self.oracle)

    def arrive(self, *, has_acks: bool = True) -> Listener:
        """Return somebody without a name."""
        return Listener(has_acks=has_acks, address="192.0.2.1")

    def claim(self, name: str, password: str = "", *, device: str = "", has_acks: bool = True) -> Listener:
        """Return somebody about whom the accounts are asked."""
        session = self.arrive(has_acks=has_acks)
        self.do(session, m.Register(name, device, "1", password=password))
        assert session.heard == []
        assert session.is_waiting
        return session

    def sign_in(self, name: str, *, key: str = "", device: str = "") -> Listener:
        """Return somebody who has an account, and has heard nothing but that."""
        session = self.claim(name, "secret", device=device)
        self.oracle.answer(Granted(is_account=True, key=key, has_proven=True))
        assert isinstance(session.heard[0], m.Registered), session.heard
        session.take()
        return session

    def guest(self, name: str, *rooms: str, device: str = "", has_acks: bool = True) -> Listener:
        """Return a guest who has joined rooms."""
        session = self.arrive(has_acks=has_acks)
        self.do(session, m.Register(name, device), *map(m.Join, rooms))
        assert isinstance(session.heard[0], m.Registered), session.heard
        session.take()
        return session


# --- who is asked about ---------------------------------------------------------------------------------------------


def test_guest_of_an_open_server_waits_for_nobody() -> None:
    """Without anything to be checked, the name is given in the same turn."""
    town = Town("bo")
    ana = town.arrive()
    assert town.ask(ana, m.Register("ana", "d", "1")) == m.Registered("ana", "1")
    assert town.oracle.asked == []


@pytest.mark.parametrize(
    "command",
    [m.Register("ana", password="x"), m.Register("ana", key="k"), m.Register("ana", token="t"), m.Register("Bo")],
    ids=["password", "key", "token", "known name"],
)
def test_who_brings_something_or_wants_an_account_is_asked_about(command: m.Register) -> None:
    """The accounts look at passwords, keys and tokens, and say who may have their names."""
    town = Town("bo")
    town.do(town.arrive(), command)
    claim = town.oracle.next_claim()
    assert (claim.password, claim.key, claim.token) == (command.password, command.key, command.token)


@pytest.mark.parametrize("admit", ["invite", "accounts"])
def test_everybody_is_asked_about_where_not_all_are_taken(admit: str) -> None:
    """A server that takes not everybody has even guests looked at."""
    town = Town(admit=admit)
    ana = town.claim("ana")
    town.oracle.answer(Denied(Code.NOT_ADMITTED, "bring an invite"))
    assert ana.take() == [m.Failed("not-admitted", "bring an invite", "ana", "1")]


def test_claim_holds_all_that_may_prove_it() -> None:
    """The accounts get what was said, the nonce of this connection, the server's pin and the address."""
    town = Town()
    ana = town.arrive()
    ana.pin = "sha256:00"
    town.do(ana, m.Hello(cid="h"))
    (welcome,) = ana.take()
    assert isinstance(welcome, m.Welcome)
    town.do(ana, m.Register("Ana", "d", "1", 0, "pw", "key", "proof", "token", "lap\ttop"))
    expected = Claim(
        "ana", "Ana", "pw", "key", "proof", welcome.nonce, "sha256:00", "d", "token", "lap top", "192.0.2.1"
    )
    assert town.oracle.next_claim() == expected


def test_each_connection_has_its_own_nonce() -> None:
    """It is 16 bytes, the same for one connection, another one for the next, and says whom the server takes."""
    town = Town(admit="invite")
    one, two = town.arrive(), town.arrive()
    nonces = []
    for session in (one, one, two):
        welcome = town.ask(session, m.Hello())
        assert isinstance(welcome, m.Welcome)
        assert welcome.admit == "invite"
        nonces.append(welcome.nonce)
    assert nonces[0] == nonces[1] != nonces[2]
    assert len(nonces[0]) == 22


def test_without_accounts_there_are_no_passwords() -> None:
    """A chat that keeps none says so, and gives no nonce; a key or a token does no harm."""
    chat = Chat()
    ana = Listener(address="192.0.2.1")
    welcome = chat.ask(ana, m.Hello())
    assert isinstance(welcome, m.Welcome)
    assert welcome.nonce == ""
    assert chat.fail(ana, m.Register("ana", password="x")).code == Code.BAD_VALUE
    assert isinstance(chat.ask(ana, m.Register("ana", key="k", token="t")), m.Registered)
    for command in (m.Password("x"), m.Devices(), m.Revoke("0" * 16), m.MakeInvite()):
        assert chat.fail(ana, command).code == Code.NOT_PERMITTED


def test_programs_vouch_for_their_own() -> None:
    """Nobody is asked about participants in process, not even for an account's name."""
    town = Town("bo", admit="accounts")
    assert isinstance(town.ask(Listener(), m.Register("ana")), m.Registered)
    bo = Listener(account="bo")
    assert town.ask(bo, m.Register("bo")) == m.Registered("bo", is_account=True, rooms=())
    assert town.oracle.asked == []


def test_account_of_a_program_cannot_be_made_by_others() -> None:
    """A name that a program holds as an account, and the accounts do not know, is taken for everybody else."""
    town = Town()
    town.enter("bot", account=True)
    assert town.fail(town.arrive(), m.Register("bot", password="x")).code == Code.NAME_TAKEN


def test_secrets_show_in_no_repr() -> None:
    """Whoever logs a command or an effect logs no password, proof or token."""
    town = Town()
    session = town.arrive()
    command = m.Register("ana", "hush1", password="hush2", key="k", proof="hush3", token="hush4")
    town.do(session, command)
    shown = [command, town.oracle.next_claim(), m.Password("hush5", "hush6"), m.InviteMade("hush7", "", 1, 1)]
    assert "hush" not in repr(shown)


# --- what is granted ------------------------------------------------------------------------------------------------


def test_account_may_have_several_sessions_at_once() -> None:
    """Who signs in again is in at once, also while an earlier connection is not known to be lost."""
    town = Town("ana")
    first = town.sign_in("ana", device="phone")
    second = town.claim("Ana", "secret", device="laptop")
    town.oracle.answer(ACCOUNT)
    assert second.take() == [m.Registered("ana", "1", is_account=True, rooms=())]
    assert first.take() == []
    assert not first.is_over


def test_lost_connection_of_the_same_device_gives_way() -> None:
    """What is left of it ends."""
    town = Town("ana")
    ghost = town.sign_in("ana", device="phone")
    town.sign_in("ana", device="phone")
    assert isinstance(ghost.heard[-1], m.Bye)
    assert ghost.is_over


def test_password_makes_an_account_that_is_held() -> None:
    """A new account's name stays held when all its sessions have ended; the log knows of it."""
    log = Ledger()
    town = Town(log=log)
    ana = town.sign_in("ana")
    assert any(isinstance(fact, Known) and fact.is_account for fact in log.facts)
    town.depart(ana)
    ana = town.arrive()
    town.do(ana, m.Register("ana", "d", "1"))
    assert town.oracle.next_claim().password == ""


def test_refused_claim_may_be_tried_again() -> None:
    """A wrong password leaves the connection as it was, for the right one or another name."""
    town = Town("ana")
    ana = town.claim("ana", "wrong")
    town.oracle.answer(Denied(Code.WRONG_PASSWORD, "no"))
    assert ana.take() == [m.Failed("wrong-password", "no", "ana", "1")]
    assert isinstance(town.ask(ana, m.Register("other")), m.Registered)


def test_invite_says_where_it_leads() -> None:
    """The room of an invite is in the answer."""
    town = Town(admit="invite")
    ana = town.claim("ana")
    town.oracle.answer(Granted(room="#team"))
    assert ana.take() == [m.Registered("ana", "1", room="#team")]


@pytest.mark.parametrize("name", ["ana", "аna"], ids=["the same", "one that looks like it"])
def test_name_that_is_asked_for_is_kept_for_the_one_who_asks(name: str) -> None:
    """While an account is made for a name, no guest takes it, nor does anybody ask for one that looks like it."""
    town = Town()
    ana = town.claim("ana", "secret")
    refused = town.fail(town.arrive(), m.Register(name))
    assert (refused.code, refused.text) == (Code.NAME_TAKEN, f"{name} is taken, choose another name")  # not for whom
    if name != "ana":
        assert town.fail(town.arrive(), m.Register(name, password="x")).code == Code.NAME_TAKEN
    town.oracle.answer(Denied(Code.BUSY, "later"))
    assert isinstance(town.ask(town.arrive(), m.Register(name)), m.Registered)
    assert ana.person is None


def test_name_of_a_guest_cannot_be_made_an_account_by_others() -> None:
    """Who is here keeps the name: the accounts are not even asked."""
    town = Town()
    town.guest("ana", device="phone")
    for name in ("Ana", "аna"):
        assert town.fail(town.arrive(), m.Register(name, "laptop", password="x")).code == Code.NAME_TAKEN


def test_guest_who_comes_back_with_a_password_keeps_the_rooms() -> None:
    """The same device makes its own name an account by signing in anew: it is in its rooms still."""
    town = Town()
    ghost, bo = town.guest("ana", "#x", device="phone"), town.guest("bo", "#x")
    ana = town.claim("ana", "secret", device="phone")
    town.oracle.answer(ACCOUNT)
    assert ghost.is_over
    assert [type(event) for event in ana.take()] == [m.Registered, m.Entered]
    assert bo.take() == []


def test_two_who_ask_for_one_name_are_not_both_given_it() -> None:
    """The first who is granted a guest's name has it; the other is told that it is taken."""
    town = Town(admit="invite")
    one, two = town.claim("ana", device="a"), town.claim("ana", device="b")
    town.oracle.answer(GUEST, 1)
    town.oracle.answer(GUEST)
    assert two.take() == [m.Registered("ana", "1")]
    assert one.take() == [m.Failed("name-taken", "ana is taken, choose another name", "ana", "1")]


def test_account_is_held_though_who_made_it_has_gone() -> None:
    """The connection ends while the password is hashed: the account is there, and nobody else takes the name."""
    town = Town()
    ana = town.claim("ana", "secret")
    town.depart(ana)
    town.oracle.answer(ACCOUNT)
    assert ana.heard == []
    town.claim("ana")


def test_guest_is_not_seated_on_an_account_made_meanwhile() -> None:
    """A guest who was admitted before the name became an account has to bring the password."""
    town = Town(admit="invite")
    guest, owner = town.claim("ana"), town.claim("ana", "secret")
    town.oracle.answer(ACCOUNT, 1)
    town.oracle.answer(GUEST)
    assert owner.take() == [m.Registered("ana", "1", is_account=True, rooms=())]
    (failed,) = guest.take()
    assert isinstance(failed, m.Failed)
    assert failed.code == Code.PASSWORD_NEEDED


# --- while it is looked at ------------------------------------------------------------------------------------------


def test_commands_wait_in_order() -> None:
    """What is said behind a claim is carried out when it is answered, in its order, and not before."""
    town = Town()
    ana = town.claim("ana", "secret")
    town.do(ana, m.Ping("2"), m.Join("#x", "3"), m.Ping("4"))
    assert ana.heard == []
    town.oracle.answer(ACCOUNT)
    assert [getattr(event, "cid", "") for event in ana.take()] == ["1", "2", "3", "4"]


def test_commands_wait_for_a_second_question_too() -> None:
    """A command that is decided by the accounts as well holds up those behind it again."""
    town = Town()
    ana = town.claim("ana", "secret")
    town.do(ana, m.Devices("2"), m.Ping("3"))
    town.oracle.answer(ACCOUNT)
    assert ana.take() == [m.Registered("ana", "1", is_account=True, rooms=())]
    town.oracle.answer(DevicesFound(()))
    assert ana.take() == [m.DeviceList((), "2"), m.Pong("3")]


def test_not_too_many_commands_wait() -> None:
    """Beyond the limit they are refused, and only they."""
    town = Town()
    ana = town.claim("ana", "secret")
    town.do(ana, *[m.Ping(str(number)) for number in range(WAITING_COMMANDS + 1)])
    (failed,) = ana.take()
    assert isinstance(failed, m.Failed)
    assert (failed.code, failed.cid) == (Code.QUEUE_FULL, str(WAITING_COMMANDS))
    town.oracle.answer(ACCOUNT)
    assert len(ana.heard) == WAITING_COMMANDS + 1


def test_answer_stands_behind_what_the_log_has_not_stored() -> None:
    """Who is told to be in has what was committed before; the order of routing is the order of everything."""
    log = SlowLog()
    town = Town(log=log)
    bo = town.guest("bo", "#x")
    ana = town.claim("ana", "secret")
    town.do(bo, m.Send("#x", "hi"))
    town.oracle.answer(ACCOUNT)
    assert ana.heard == []
    while len(log):
        log.commit()
    assert ana.take() == [m.Registered("ana", "1", is_account=True, rooms=())]


@given(st.data())
def test_whatever_the_order_of_verdicts_names_are_unique_and_nothing_is_lost(data: st.DataObject) -> None:
    """No name is held by two, each session's commands are answered once and in order, and accounts stay held."""
    town = Town("known", admit=data.draw(st.sampled_from(["open", "invite"])))
    names = st.sampled_from(["ana", "Ana", "аna", "bo", "known"])
    sessions: list[Listener] = []
    sent: dict[int, list[str]] = {}
    held = {"known"}
    for step in range(data.draw(st.integers(1, 12))):
        what = data.draw(st.sampled_from(["arrive", "say", "answer", "answer", "depart"]))
        if what == "arrive":
            session = town.arrive()
            sessions.append(session)
            sent[id(session)] = [f"{step}a", f"{step}b"]
            device, password = data.draw(st.sampled_from(["", "d", "e"])), data.draw(st.sampled_from(["", "secret"]))
            town.do(session, m.Register(data.draw(names), device, f"{step}a", password=password), m.Ping(f"{step}b"))
        elif what == "say" and sessions:
            session = data.draw(st.sampled_from(sessions))
            if not session.is_over:
                sent[id(session)].append(str(step))
                town.do(session, m.Ping(str(step)))
        elif what == "answer" and town.oracle.asked:
            _answer(town, data, held)
        elif what == "depart" and sessions:
            session = data.draw(st.sampled_from(sessions))
            if not session.is_over:
                town.depart(session)
        _check_unique(sessions)
    while town.oracle.asked:
        _answer(town, data, held)
        _check_unique(sessions)
    for session in sessions:
        cids: list[str] = [getattr(event, "cid", "") for event in session.heard]
        answered = [cid for cid in cids if cid]
        assert answered == sent[id(session)][: len(answered)]
        assert session.is_over or answered == sent[id(session)]
    for name in held:
        assert town.hub._router.registry.people[name].is_account


def _answer(town: Town, data: st.DataObject, held: set[str]) -> None:
    which = data.draw(st.integers(0, len(town.oracle.asked) - 1))
    claim = town.oracle.asked[which][0]
    assert isinstance(claim, Claim)
    if not claim.password and claim.name in held:
        verdict: Granted | Denied = Denied(Code.PASSWORD_NEEDED, "no")
    else:
        granted = ACCOUNT if claim.password else GUEST
        verdict = granted if data.draw(st.booleans()) else Denied(Code.BUSY, "later")
    if verdict is ACCOUNT:
        held.add(claim.name)
    town.oracle.answer(verdict, which)


def _check_unique(sessions: Sequence[Listener]) -> None:
    here = [session for session in sessions if session.person is not None]
    people = {id(session.person): session.person for session in here}
    assert len({person.name.key for person in people.values() if person}) == len(people)
    assert len({person.skeleton for person in people.values() if person}) == len(people)
    for person in people.values():
        assert person is not None
        assert person.is_account or len(person.audience) == 1


# --- guests become accounts -----------------------------------------------------------------------------------------


def test_guest_becomes_an_account_and_others_notice_nothing() -> None:
    """A guest who sets a password keeps rooms and messages; the log knows that it is an account, and where."""
    log = Ledger()
    town = Town(log=log)
    ana, bo = town.guest("Ana", "#x"), town.guest("bo", "#x")
    ana.take()
    log.facts.clear()
    town.do(ana, m.Password("secret", cid="1"))
    request = town.oracle.answer(Changed(is_new=True))
    assert request == SetPassword("ana", "Ana", "secret", address="192.0.2.1")
    assert ana.take() == [m.Registered("Ana", is_account=True), m.Done("1", "the password of Ana is set")]
    known, member = log.facts
    assert isinstance(known, Known)
    assert (known.name, known.is_account) == ("ana", True)
    assert member == Member("#x", "#x", "ana", role="owner")
    town.depart(ana)
    assert bo.take() == []
    town.do(bo, m.Send("#x", "where are you?"))
    ana = town.claim("ana", "secret")
    town.oracle.answer(ACCOUNT)
    assert ana.texts() == ["where are you?"]


def test_account_does_not_see_what_others_of_that_name_said_before() -> None:
    """Who makes an account of a name that a guest had reads nothing of that guest's private conversations."""
    town = Town()
    bo, guest = town.guest("bo"), town.guest("ana", device="phone")
    town.do(bo, m.Send("ana", "for your eyes only", "1"))
    town.do(guest, m.Ack("bo", 1))
    town.depart(guest)
    town.seconds += 60
    ana = town.claim("ana", "secret", device="laptop")
    town.oracle.answer(ACCOUNT)
    page = town.ask(ana, m.History("bo"))
    assert isinstance(page, m.Page)
    assert page.entries == ()
    town.do(bo, m.Send("ana", "welcome", "2"))
    town.depart(ana)
    ana = town.claim("ana", "secret", device="phone")
    town.oracle.answer(ACCOUNT)
    page = town.ask(ana, m.History("bo"))
    assert isinstance(page, m.Page)
    assert [entry.text for entry in page.entries] == ["welcome"]


def test_guest_who_has_not_entered_again_hears_its_rooms_as_an_account() -> None:
    """Who took over from a lost connection is in its rooms as an account, whatever it has said about them."""
    town = Town()
    town.guest("ana", "#x", device="phone")
    bo = town.guest("bo", "#x")
    ana = town.guest("ana", device="phone")
    town.do(bo, m.Send("#x", "not heard"))
    town.do(ana, m.Password("secret"))
    town.oracle.answer(Changed(is_new=True))
    town.do(bo, m.Send("#x", "heard"))
    assert ana.texts() == ["heard"]


def test_old_password_goes_to_the_accounts() -> None:
    """Who has not proven anything brings the old password; who has, need not; one that was given is checked."""
    town = Town("ana")
    ana = town.sign_in("ana", key="k")
    town.do(ana, m.Password("new", cid="1"))
    request = town.oracle.answer(Changed(is_new=False))
    assert isinstance(request, SetPassword)
    assert (request.has_proven, request.key) == (True, "k")
    assert ana.take() == [m.Done("1", "the password of ana is set")]
    town.do(ana, m.Password("new", "old", "2"))
    request = town.oracle.answer(Denied(Code.WRONG_PASSWORD, "no"))
    assert isinstance(request, SetPassword)
    assert (request.old, request.has_proven) == ("old", False)
    assert ana.take() == [m.Failed("wrong-password", "no", "ana", "2")]


def test_programs_own_participants_need_no_old_password() -> None:
    """A program vouches for them; one that the accounts do not know has proven nothing to them, and is made one."""
    town = Town("ana")
    for name, has_proven in (("ana", True), ("bot", False)):
        session = Listener(account=name)
        town.do(session, m.Register(name), m.Password("secret", cid="1"))
        request = town.oracle.answer(Changed(is_new=not has_proven))
        assert isinstance(request, SetPassword)
        assert request.has_proven is has_proven
        assert session.heard[-1] == m.Done("1", f"the password of {name} is set")


def test_sentence_is_not_taken_for_two_passwords() -> None:
    """A guest who gives an old password is told that there is none, before the first word of it counts."""
    town = Town()
    ana = town.guest("ana")
    assert town.fail(ana, m.Password("my", "sentence")).code == Code.BAD_VALUE
    assert town.fail(ana, m.Password("")).code == Code.BAD_VALUE
    assert town.fail(ana, m.Password("x" * (PASSWORD_CHARACTERS + 1))).code == Code.BAD_VALUE
    assert town.oracle.asked == []


def test_guest_who_left_while_the_password_was_set_has_an_account() -> None:
    """The account is made: the name is held, though nobody is there to be told."""
    town = Town()
    ana = town.guest("ana")
    town.do(ana, m.Password("secret"))
    town.depart(ana)
    town.oracle.answer(Changed(is_new=True))
    town.claim("ana")


# --- devices and invites --------------------------------------------------------------------------------------------


def test_devices_are_listed() -> None:
    """The answer has every device as the accounts tell it."""
    town = Town("ana")
    ana = town.sign_in("ana", key="k")
    town.do(ana, m.Devices("1"))
    request = town.oracle.answer(DevicesFound((Device("01", "phone", 1, 2, is_current=True), Device("02", "", 3, 4))))
    assert request == AskDevices("ana", "k")
    devices = (m.DeviceInfo("01", "phone", 1, 2, is_current=True), m.DeviceInfo("02", "", 3, 4))
    assert ana.take() == [m.DeviceList(devices, "1")]


def test_revoked_device_is_sent_away() -> None:
    """All sessions that have come with the key end for good, the others do not; who asked is answered first."""
    town = Town("ana")
    phone, laptop = town.sign_in("ana", key="p", device="p"), town.sign_in("ana", key="l", device="l")
    nobody = town.sign_in("ana")
    town.do(laptop, m.Revoke("0123", "1"))
    assert town.oracle.answer(Revoked("p")) == RevokeDevice("ana", "0123")
    assert laptop.take() == [m.Done("1", "the device is signed out")]
    assert phone.take() == [m.Bye("this device was signed out", is_final=True)]
    assert nobody.take() == []
    town.do(laptop, m.Revoke("4567", "2"))
    town.oracle.answer(Revoked("l"))
    assert [type(event) for event in laptop.take()] == [m.Done, m.Bye]


def test_guest_has_no_devices() -> None:
    """A guest is told that an account is needed for that."""
    town = Town()
    ana = town.guest("ana")
    for command in (m.Devices(), m.Revoke("0" * 16)):
        assert town.fail(ana, command).code == Code.NOT_PERMITTED


@pytest.mark.parametrize(("admit", "is_allowed"), [("open", True), ("invite", False)])
def test_guests_invite_where_everybody_may_come(admit: str, is_allowed: bool) -> None:
    """Where not everybody is taken, only accounts bring others in."""
    town = Town(admit=admit)
    guest = Listener()
    town.do(guest, m.Register("ana"))
    guest.take()
    town.do(guest, m.MakeInvite("Team", 3, 60, "1"))
    if not is_allowed:
        (failed,) = guest.take()
        assert isinstance(failed, m.Failed)
        assert failed.code == Code.NOT_PERMITTED
        return
    assert town.oracle.answer(Invited("token", "#Team", 3, 99)) == NewInvite("ana", "#Team", 3, 60)
    assert guest.take() == [m.InviteMade("token", "#Team", 3, 99, "1")]


def test_invite_to_what_is_no_room_is_refused() -> None:
    """A slip of the pen is told at once."""
    town = Town()
    assert town.fail(town.guest("ana"), m.MakeInvite("no room")).code == Code.BAD_NAME


# --- what happens elsewhere -----------------------------------------------------------------------------------------


def test_guest_whose_name_becomes_an_account_elsewhere_is_told_and_ends() -> None:
    """The account's owner finds the name free for them."""
    town = Town()
    guest, bo = town.guest("ana", "#x"), town.guest("bo", "#x")
    guest.take()
    town.oracle.changed(Added("ana", "Ana"))
    (bye,) = guest.take()
    assert isinstance(bye, m.Bye)
    assert bye.is_final
    assert "ana" in bye.reason.lower()
    assert bo.take() == [m.Left("#x", "ana")]
    town.claim("ana")


def test_account_that_was_added_is_held() -> None:
    """Nobody takes its name as a guest, nor one that looks like it; adding it twice changes nothing."""
    town = Town()
    town.oracle.changed(Added("ana", "ana"))
    town.oracle.changed(Added("ana", "ana"))
    assert town.fail(town.arrive(), m.Register("аna")).code == Code.NAME_TAKEN
    ana = town.sign_in("ana")
    town.oracle.changed(Added("ana", "ana"))
    assert ana.take() == []


def test_account_that_was_removed_ends() -> None:
    """Its sessions end for good, its rooms are told, its name is free, and the log knows."""
    log = Ledger()
    town = Town("ana", log=log)
    ana, bo = town.sign_in("ana"), town.guest("bo", "#x")
    town.do(ana, m.Join("#x"))
    bo.take()
    log.facts.clear()
    town.oracle.changed(Removed("ana"))
    assert ana.heard[-1] == m.Bye("the account ana was removed", is_final=True)
    assert bo.take() == [m.Left("#x", "ana")]
    known, member = log.facts
    assert isinstance(known, Known)
    assert not known.is_account
    assert member == Member("#x", "#x", "ana", is_in=False)
    town.guest("ana")


def test_account_that_was_removed_while_away_leaves_its_rooms() -> None:
    """Its name is free though nobody was there to be sent away."""
    town = Town("ana")
    ana, bo = town.sign_in("ana"), town.guest("bo", "#x")
    town.do(ana, m.Join("#x"))
    town.depart(ana)
    bo.take()
    town.oracle.changed(Removed("ana"))
    town.oracle.changed(Removed("nobody"))
    assert bo.take() == [m.Left("#x", "ana")]
    town.guest("ana")


def test_key_that_was_revoked_elsewhere_ends_its_sessions() -> None:
    """As if the person had done it."""
    town = Town("ana")
    phone, other = town.sign_in("ana", key="p"), town.sign_in("ana", key="q")
    town.oracle.changed(KeyRevoked("ana", "p"))
    town.oracle.changed(KeyRevoked("nobody", "p"))
    assert isinstance(phone.heard[-1], m.Bye)
    assert other.take() == []


# --- at the start ---------------------------------------------------------------------------------------------------


def test_accounts_are_the_truth_about_who_is_one() -> None:
    """An account that the log does not know is held, one that only the log knows is a guest's; the log is told."""
    state = State(
        (Known("ana", "Ana", 1, "d"), Known("bo", "Bo", 2, "d", is_account=True)),
        (),
        (RoomState("#x", "#x", "", (("bo", "operator"),)),),
    )
    log = Ledger(state)
    town = Town("Ana", "Cyd", log=log)
    for name in ("ana", "cyd"):
        town.claim(name)
    bo = town.guest("bo")
    assert isinstance(town.ask(bo, m.Send("ana", "hi")), m.Accepted)
    assert town.ask(bo, m.Rooms()) == m.RoomList(())
    assert log.facts[:3] == [
        Known("ana", "Ana", 1, "d", is_account=True),
        Known("bo", "Bo", 2, "d"),
        Member("#x", "#x", "bo", is_in=False),
    ]


def test_hub_closes_its_accounts() -> None:
    """They are the hub's; what they answer after its end is heard by nobody."""
    town = Town()
    ana = town.claim("ana", "secret")
    town.hub.close()
    assert town.oracle.is_closed
    town.oracle.answer(ACCOUNT)
    assert ana.heard == []


# --- an invite to a room --------------------------------------------------------------------------------------------


def bring(town: Town, name: str, invited_by: str, room: str = "#Red") -> Listener:
    """Return somebody who has come in by an invite to a room."""
    session = town.arrive()
    town.do(session, m.Register(name, token="token"))
    town.oracle.answer(Granted(room=room, invited_by=invited_by))
    session.take()
    return session


@pytest.mark.parametrize("invited_by", [SERVER, "ana", "bo"])
@pytest.mark.parametrize("shut", [m.SetRoom("#red", invite_only=True), m.SetRoom("#red", password="tea")])
def test_an_invite_to_a_room_opens_it(shut: m.SetRoom, invited_by: str) -> None:
    """If the server has made it, or whoever is an operator there by then: once, and for who has brought it."""
    town = Town()
    ana, *_ = town.guest("ana", "#red"), town.guest("bo", "#red")
    town.do(ana, m.Grant("#red", "bo", "operator"), shut)
    cy, di = bring(town, "cy", invited_by), town.guest("di")
    assert isinstance(town.ask(cy, m.Join("#red")), m.Entered)
    assert town.fail(di, m.Join("#red")).code in (Code.INVITE_ONLY, Code.ROOM_PASSWORD)
    town.do(cy, m.Leave("#red"))
    cy.take()
    assert town.fail(cy, m.Join("#red")).code in (Code.INVITE_ONLY, Code.ROOM_PASSWORD)


@pytest.mark.parametrize("invited_by", ["bo", "eve", ""])
def test_an_invite_of_somebody_who_may_not_invite_opens_nothing(invited_by: str) -> None:
    """A plain member, somebody who is not there, and nobody in particular let nobody in."""
    town = Town()
    ana, *_ = town.guest("ana", "#red"), town.guest("bo", "#red"), town.guest("eve")
    town.do(ana, m.SetRoom("#red", invite_only=True))
    assert town.fail(bring(town, "cy", invited_by), m.Join("#red")).code == Code.INVITE_ONLY


def test_an_invite_to_a_room_does_not_help_against_a_ban() -> None:
    """Who is banned stays out; and an invite to a room that is not there is one to the chat."""
    town = Town()
    ana = town.guest("ana", "#red")
    town.do(ana, m.Ban("#red", "cy"))
    assert town.fail(bring(town, "cy", SERVER), m.Join("#red")).code == Code.BANNED
    assert isinstance(town.ask(bring(town, "di", SERVER, "#blue"), m.Join("#blue")), m.Entered)
