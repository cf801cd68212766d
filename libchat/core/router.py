"""The router: what follows from a command.

How it works. `route` is called with one command at a time. It checks the command, changes who is where, and appends to
`out` the effects that follow, in order. It never does them: the hub does, in that order, and holds back everything
behind what the log stores until the log has answered it (`committed`, `entered`). So the order of routing is the order
of everything that anybody sees, however long the log takes. What the log looks up (`answered`) comes when it comes.

Each noun has a file, and tells which commands it carries out (`handlers`); the router keeps one table of them all:

    speech         what is said and looked up       decisions    what owners and operators decide
    memberships    who is in which room             reception    what has to do with accounts
    presence       who is here, and typing          router       connections: hello, register, ping, exit

What the accounts must decide, they are asked (`libchat.core.reception`), and the session's further commands wait, in
order, until they have answered (`verified`). So they do while something is vetted (`judged`), in a chat that vets.

Times are in milliseconds since 1970 and must not go back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from libchat import messages as m
from libchat.claims import Added, Admit, Change, Granted
from libchat.claims import Answer as Verdict
from libchat.core import effects as fx
from libchat.core.decisions import Decisions
from libchat.core.entries import Entries, known_as, person_of
from libchat.core.happenings import Happenings
from libchat.core.members import Members
from libchat.core.memberships import Memberships
from libchat.core.offline import OfflineQueue
from libchat.core.presence import Presence
from libchat.core.reading import tell_found, tell_page
from libchat.core.reception import Reception
from libchat.core.registry import Registry, Session
from libchat.core.replay import Replays
from libchat.core.restart import load_names, load_rooms
from libchat.core.rooms import Quotas, Rooms
from libchat.core.speech import Speech
from libchat.core.vetting import Vetting
from libchat.errors import Code, InvalidMessage, InvalidName, Refused
from libchat.happenings import Came, Went
from libchat.limits import CID_BYTES, TOPIC_BYTES, WAITING_COMMANDS
from libchat.names import Name, parse_name
from libchat.records import (
    Answer,
    AskPage,
    AskSearch,
    Fact,
    Failure,
    FirstFound,
    Known,
    Look,
    Member,
    Outcome,
    PageFound,
    Retention,
    RoomEnd,
    SearchFound,
    State,
    UnreadFound,
    WaitingFound,
    device_id,
)
from libchat.text import clean_line
from libchat.vetting import Judgement

Out = list[fx.Effect]
_BEFORE_REGISTRATION: Final = frozenset({m.Hello, m.Register, m.Ping, m.Exit, m.Rejected})


class Router:
    """Decide what follows from commands. Not thread-safe: the hub calls it under its lock.

    `log` names the log, `retention` is how long it keeps entries. `admit` is whom the server takes, None without
    accounts; `new_nonce` returns what a device's proof must sign, another one each time. `quotas` are how many rooms
    and members there may be.
    """

    def __init__(
        self,
        *,
        server: str = "libchat",
        log: str = "",
        retention: Retention | None = None,
        offline: OfflineQueue | None = None,
        admit: Admit | None = None,
        new_nonce: Callable[[], str] = str,
        quotas: Quotas | None = None,
    ) -> None:
        self.offline = offline if offline is not None else OfflineQueue()
        self.registry = Registry(self.offline)
        self.rooms = Rooms(quotas=quotas)
        self.replays = Replays()
        self.happenings = Happenings()
        self._members = Members()
        self._entries = Entries(self.registry, self.rooms, self._members, self.offline, self.replays)
        self.committed = self._entries.committed
        """Append to `out` what follows from the log's answer to an `Append`."""
        kept = retention if retention is not None else Retention()
        self.memberships = Memberships(self.registry, self.rooms, self._members, self.replays, kept, self.happenings)
        self.exited = self.memberships.exited
        """Append to `out` what follows from the log's answer to an `Exit`."""
        decisions = Decisions(self.registry, self.offline, self._members, self.memberships, new_nonce, self.happenings)
        self.decided = decisions.decided
        """Append to `out` what follows from the log's answer to a `Decide`."""
        presence = Presence(self.registry, self.rooms)
        self.tell_topic = presence.tell_topic
        """Append to `out` an answer with the topic that a room has now."""
        self._reception = Reception(self.registry, self, self.memberships, admit)
        self._new_nonce = new_nonce
        self._server = server
        self._log = log
        self._speech = Speech(self._entries)
        self._vetting = Vetting(self._speech.say)
        self._handlers: fx.Handlers = {
            m.Hello: self._hello,
            m.Register: self._register,
            m.Ping: self._ping,
            m.Exit: self._exit,
            m.Rejected: self._rejected,
            **self._speech.handlers,
            **self.memberships.handlers,
            **presence.handlers,
            **decisions.handlers,
            **self._reception.handlers,
        }
        """What carries out each command."""

    def load(self, state: State, accounts: Iterable[Added] | None = None) -> list[Fact]:
        """Begin with what a log knows: names, what waits for them, and rooms with members.

        Return what the log does not know yet: the `accounts`, if they are kept, are the truth about who is one.
        """
        kept = None if accounts is None else list(accounts)
        facts = load_names(state, kept, self.registry, self.offline)
        if kept is not None:
            self._reception.begin(kept)
        facts += load_rooms(state, self.registry, self.rooms, self._members, has_accounts=kept is not None)
        for fact in facts:
            if isinstance(fact, RoomEnd):
                self.memberships.not_ended(fact)  # nobody asks what becomes of it: it is told again before it matters
        return facts

    def reserve(self, name: Name) -> None:
        """Keep a name for the program itself. Raises `Refused` if somebody has it, or an account or its look does."""
        self._reception.check_free(name)
        if name.key not in self.registry.people:
            self.registry.hold(name, is_account=True)
        elif not self.registry.people[name.key].is_account:
            raise Refused(Code.NAME_TAKEN, f"{name} is taken, choose another name", name.display)

    # --- what the hub calls -----------------------------------------------------------------------------------------

    def route(self, session: Session, command: m.Command | m.Rejected, now: int, out: Out) -> None:
        """Append to `out` what follows from a command. A refused command has one effect: the error."""
        if session.is_over:
            return
        if session.is_waiting:
            self._hold_back(session, command, out)
            return
        try:
            if session.person is None and type(command) not in _BEFORE_REGISTRATION:
                raise Refused(Code.NOT_REGISTERED, "register a name first")
            self._handlers[type(command)](session, command, now, out)
        except (Refused, InvalidName, InvalidMessage) as error:
            _refuse(session, command, error, out)

    def _hold_back(self, session: Session, command: m.Command | m.Rejected, out: Out) -> None:
        """Have a command wait until the one before it is decided."""
        if not session.hold(command):
            reason = f"{WAITING_COMMANDS} commands wait for the answer to an earlier one already"
            _fail(session, command, Code.QUEUE_FULL, reason, "", out)

    def verified(self, verify: fx.Verify, verdict: Verdict, now: int, out: Out) -> None:
        """Append to `out` what follows from the accounts' answer, and from the commands that waited for it."""
        session = verify.session
        try:
            self._reception.answered(verify, verdict, now, out)
        except Refused as refused:
            if not session.is_over:
                _refuse(session, verify.command, refused, out)
        self._release(session, now, out)

    def vet(self, *, is_on: bool) -> None:
        """Have messages and edits vetted from now on, or no longer. What is being vetted is still answered."""
        self._handlers.update(self._vetting.handlers if is_on else self._speech.handlers)

    def judged(self, vet: fx.Vet, judgement: Judgement, now: int, out: Out) -> None:
        """Append to `out` what follows from a judgement, and from the commands that waited for it."""
        try:
            self._vetting.judged(vet, judgement, now, out)
        except (Refused, InvalidName, InvalidMessage) as error:
            _refuse(vet.session, vet.command, error, out)
        self._release(vet.session, now, out)

    def _release(self, session: Session, now: int, out: Out) -> None:
        """Carry out the commands that have waited, until one has to wait again."""
        while (held := session.next_held()) is not None:
            self.route(session, held, now, out)

    def changed(self, change: Change, now: int, out: Out) -> None:
        """Append to `out` what follows from what another program did to the accounts."""
        self._reception.changed(change, now, out)

    def entered(self, enter: fx.Enter, outcome: Outcome, out: Out) -> None:
        """Append to `out` what follows from the log's answer to an `Enter`."""
        if isinstance(outcome, Failure):
            self._send_away(enter.session, outcome, out)  # live entries would leave a gap
        else:
            self.memberships.entered(enter, outcome, out)

    def hear(self, hear: fx.Hear) -> None:
        """Notice that everything that was routed before sessions were put out of a room is through."""
        hear.room.deaf.difference_update(hear.sessions)

    def noted(self, note: fx.Note, outcome: Outcome, out: Out) -> None:
        """Append to `out` what follows from the log's answer to a `Note`: whom it does not know is sent away."""
        if note.session is None or note.session.mailbox is None:
            return
        if not isinstance(outcome, Failure):
            note.session.mailbox.is_noted = True
        elif _depends_on(note):
            self._send_away(note.session, outcome, out)

    def _send_away(self, session: Session, failure: Failure, out: Out) -> None:
        out.append(fx.Close(session, m.Bye(f"the log does not know of you: {failure.reason}; connect again")))

    def failed(self, effect: fx.Note | fx.Enter | fx.Exit, out: Out) -> None:
        """Take back what the log could not take notice of, and end the sessions that depend on it."""
        session = effect.session
        if session is None or session.mailbox is None:
            return
        if isinstance(effect, fx.Exit):
            self.memberships.not_left(effect, out)
            self._call_back(effect.fact, out)
        elif isinstance(effect, fx.Enter):
            self.depart(session, "the log does not know of them", out)
            if isinstance(effect.fact, Member):
                self.memberships.restore(effect.fact, session, out)
        elif _depends_on(effect):
            self.depart(session, "the log does not know of them", out)

    def _call_back(self, member: Member, out: Out) -> None:
        """End all sessions of an account that could not leave a room: they have missed what was said there since."""
        person = self.registry.people.get(member.name)
        for session in person.audience if person is not None else ():
            self.depart(session, "", out)
            out.append(fx.Close(session, m.Bye(f"the log could not let you leave {member.room}; connect again")))

    def answered(self, ask: fx.Ask, answer: Answer, now: int, out: Out) -> None:
        """Append to `out` what follows from what the log has found."""
        session = ask.session
        assert not isinstance(answer, FirstFound), "the hub asks that for itself"
        if isinstance(answer, PageFound):
            out.append(fx.Reply(session, tell_page(ask, answer)))
        elif isinstance(answer, SearchFound):
            out.append(fx.Reply(session, tell_found(ask, answer)))
        elif isinstance(answer, WaitingFound):
            self.replays.found(session, answer, now, out)
        elif isinstance(answer, UnreadFound):
            is_ahead = session.person is not None and self.memberships.is_changing(session.person)
            self.replays.learned(session, answer, out, is_ahead=is_ahead)
        elif isinstance(ask.question, AskPage | AskSearch):
            out.append(fx.Reply(session, m.Failed(Code.UNAVAILABLE, answer.reason, ask.target, ask.cid)))
        elif session.is_replaying:
            self.depart(session, "the log cannot be read", out)
            out.append(fx.Close(session, m.Bye(f"{answer.reason}; connect again")))

    def drained(self, session: Session, out: Out) -> None:
        """Notice that everything handed to a session has left for it."""
        if session.mailbox is not None and not session.has_acks:
            for conversation, seq in session.unacked.items():
                self._entries.advance(session, conversation, seq, out)
            session.unacked.clear()
        if session.is_replaying:
            out.append(fx.Replay(session))

    def depart(self, session: Session, reason: str, out: Out) -> None:
        """End a session. A guest's name is free again, and the others in its rooms are told."""
        person = session.person
        session.is_over = True
        session.rooms.clear()
        if session.is_replaying:
            out.append(fx.StopReplay(session))  # in line: until then, live entries must not overtake those that wait
        if person is None:
            return
        is_free = self.registry.detach(session)
        if not person.audience:
            self.happenings.note(Went(person.name.display))
        if not is_free:
            return
        for room in list(person.rooms.values()):
            out += self.memberships.lost(person, room, session.device, reason)

    # --- connection -------------------------------------------------------------------------------------------------

    def _hello(self, session: Session, command: m.Hello, now: int, out: Out) -> None:
        reception = self._reception
        if reception.has_accounts and not session.nonce:
            session.nonce = self._new_nonce()
        welcome = m.Welcome(
            self._server,
            self._log,
            cid=command.cid,
            nonce=session.nonce,
            admit=reception.admit,
            successor=session.successor,
            time=now,
        )
        out.append(fx.Reply(session, welcome))

    def _register(self, session: Session, command: m.Register, now: int, out: Out) -> None:
        if session.person is not None:
            reason = f"you are {session.person.name} already; exit and connect again to take another name"
            raise Refused(Code.ALREADY_REGISTERED, reason, session.person.name.display)
        name = parse_name(command.name)
        if self._reception.must_ask(session, name, command):
            self._reception.claim(session, name, command, out)
        else:
            self.seat(session, name, command, now, out)

    def seat(
        self, session: Session, name: Name, command: m.Register, now: int, out: Out, granted: Granted | None = None
    ) -> None:
        """Give a name to a session: because it was `granted`, or because nobody need be asked. Raises `Refused`."""
        session.attempt = command.attempt
        device = device_id(command.device)
        ghosts = self.registry.attach(session, name, device, now, is_reserved=granted is not None)
        if len(person_of(session).audience) == 1:
            self.happenings.note(Came(person_of(session).name.display))
        for ghost in ghosts:
            self.depart(ghost, "", out)
            reason = "another connection of the same device has taken over"
            out.append(fx.Close(ghost, m.Bye(reason, is_final=True)))
        person = person_of(session)
        out.append(fx.Note(known_as(person.mailbox, session.device, is_account=person.is_account), session))
        leads_to = granted.room if granted is not None else ""
        if granted is not None and leads_to:
            self.memberships.let_in(name, granted, now)
        registered = m.Registered(person.name.display, command.cid, person.is_account, leads_to)
        if not (session.has_acks and person.is_account):
            out.append(fx.Reply(session, registered))
        else:
            out.append(fx.TellRooms(session, registered))
            for room in person.rooms.values():
                out.append(fx.Enter(session, room, Look(room.conversation), self.memberships.greeting(person, room)))
        self.replays.begin(session)
        out.append(fx.Replay(session))

    def _ping(self, session: Session, command: m.Ping, now: int, out: Out) -> None:
        out.append(fx.Reply(session, m.Pong(command.cid)))

    def _exit(self, session: Session, command: m.Exit, now: int, out: Out) -> None:
        self.depart(session, clean_line(command.reason)[:TOPIC_BYTES], out)
        out.append(fx.Close(session, m.Bye(is_final=True)))

    def _rejected(self, session: Session, command: m.Rejected, now: int, out: Out) -> None:
        raise Refused(command.code, clean_line(command.reason), clean_line(command.subject))


def _depends_on(note: fx.Note) -> bool:
    """Return whether the session of a note that could not be stored must end.

    So it is with a name that the log does not know, and with a device: what it is given, and does not acknowledge,
    would not come again.
    """
    session = note.session
    assert session is not None
    assert session.mailbox is not None
    is_device = isinstance(note.fact, Known) and note.fact.is_account and bool(note.fact.device)
    return is_device or not session.mailbox.is_noted


def _refuse(
    session: Session, command: m.Command | m.Rejected, error: Refused | InvalidName | InvalidMessage, out: Out
) -> None:
    if isinstance(error, Refused):
        _fail(session, command, error.code, error.reason, error.subject, out)
    elif isinstance(error, InvalidName):
        _fail(session, command, Code.BAD_NAME, str(error), clean_line(error.name), out)
    else:
        _fail(session, command, error.code, error.reason, "", out)


def _fail(session: Session, command: m.Command | m.Rejected, code: str, reason: str, subject: str, out: Out) -> None:
    cid = getattr(command, "cid", "")[:CID_BYTES]
    out.append(fx.Reply(session, m.Failed(code, reason, subject, cid)))
