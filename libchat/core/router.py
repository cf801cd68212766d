"""The router: what follows from a command.

How it works. `route` is called with one command at a time. It checks the command, changes who is where, and appends to
`out` the effects that follow, in order. It never does them: the hub does, in that order, and holds back everything
behind what the log stores until the log has answered it (`committed`, `entered`). So the order of routing is the order
of everything that anybody sees, however long the log takes. What the log looks up (`answered`) comes when it comes.

What the accounts must decide, they are asked (`libchat.core.reception`), and the session's further commands wait, in
order, until they have answered (`verified`).

Times are in milliseconds since 1970 and must not go back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from libchat import messages as m
from libchat.claims import Added, Admit, Change, Granted
from libchat.claims import Answer as Verdict
from libchat.core import effects as fx
from libchat.core.entries import Entries, check_speech, known_as, own_room, person_of
from libchat.core.members import Members
from libchat.core.moderation import changed
from libchat.core.offline import OfflineQueue, Waiting
from libchat.core.order import HANDLERS, Order
from libchat.core.reading import ask_page, ask_search, tell_found, tell_page
from libchat.core.reception import Reception
from libchat.core.registry import Person, Registry, Session
from libchat.core.replay import Replays
from libchat.core.rooms import Quotas, Room, Rooms
from libchat.errors import Code, InvalidMessage, InvalidName, Refused
from libchat.limits import CID_BYTES, TEXT_BYTES, TOPIC_BYTES, WAITING_COMMANDS
from libchat.names import Name, RoomName, parse_name, parse_room, parse_target
from libchat.records import (
    Answer,
    AskPage,
    AskSearch,
    Fact,
    Failure,
    Known,
    Look,
    Member,
    Outcome,
    PageFound,
    Retention,
    RoomEnd,
    RoomState,
    SearchFound,
    State,
    Stored,
    UnreadFound,
    WaitingFound,
    device_id,
)
from libchat.text import check_note, check_reaction, check_text, clean_line

Out = list[fx.Effect]
NO_ROLES: Mapping[str, str] = {}


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
        self._members = Members()
        self._entries = Entries(self.registry, self.rooms, self.offline, self.replays)
        self.committed = self._entries.committed
        """Append to `out` what follows from the log's answer to an `Append`."""
        self._reception = Reception(self.registry, self, admit)
        self.order = Order(self.registry, self.rooms, self.offline, self._members, self, new_nonce)
        self._new_nonce = new_nonce
        self._server = server
        self._log = log
        self._retention = retention if retention is not None else Retention()

    def load(self, state: State, accounts: Iterable[Added] | None = None) -> list[Fact]:
        """Begin with what a log knows: names, what waits for them, and rooms with members.

        Return what the log does not know yet: the `accounts`, if they are kept, are the truth about who is one.
        """
        facts: list[Fact] = []
        kept = None if accounts is None else {added.name: added for added in accounts}
        waiting: dict[str, dict[str, Waiting]] = {}
        for each in state.waiting:
            waiting.setdefault(each.name, {})[each.conversation] = Waiting(each.cursor, each.newest)
        for known in state.names:
            name = parse_name(known.display)
            is_account = known.is_account if kept is None else name.key in kept
            if is_account:
                mailbox = self.registry.hold(name, is_account=True, is_reserved=kept is not None).mailbox
            else:
                mailbox = self.offline.open(name)
            mailbox.since, mailbox.device, mailbox.is_noted = known.since, known.device, True
            mailbox.spans.update(waiting.get(name.key, {}))
            if not is_account:
                self.offline.close(mailbox)
            if is_account != known.is_account:
                facts.append(known_as(mailbox, mailbox.device, is_account=is_account))
        if kept is not None:
            self._reception.begin(kept.values())
        for room in state.rooms:
            room_name = parse_room(room.room)
            self.rooms.remember(room_name, room.topic)
            for key, role in room.members:
                person = self.registry.people.get(key)
                if person is not None:
                    self.rooms.join(person, room_name, role=role)
                    self._members.stored(Member(room.conversation, room.room, key, role))
                elif kept is not None:
                    facts.append(Member(room.conversation, room.room, key, is_in=False))
            facts += self._load_rules(room)
        return facts

    def _load_rules(self, state: RoomState) -> list[Fact]:
        """Have a room be as it was; one that only guests were in has ended, and is forgotten."""
        known = [*((state.settings,) if state.settings is not None else ()), *state.bans, *state.mutes]
        room = self.rooms.get(parse_room(state.room))
        if not known or room is None:
            return [RoomEnd(state.conversation)] if known else []
        for fact in known:
            room.rules = changed(room.rules, fact)
        room.ahead, room.is_ruled = room.rules, True
        return []

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
            _HANDLERS[type(command)](self, session, command, now, out)
        except Refused as refused:
            _fail(session, command, refused.code, refused.reason, refused.subject, out)
        except InvalidName as invalid:
            _fail(session, command, Code.BAD_NAME, str(invalid), clean_line(invalid.name), out)
        except InvalidMessage as invalid:
            _fail(session, command, invalid.code, invalid.reason, "", out)

    def _hold_back(self, session: Session, command: m.Command | m.Rejected, out: Out) -> None:
        """Have a command wait until the accounts have answered."""
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
                _fail(session, verify.command, refused.code, refused.reason, refused.subject, out)
        while (held := session.next_held()) is not None:
            self.route(session, held, now, out)

    def changed(self, change: Change, now: int, out: Out) -> None:
        """Append to `out` what follows from what another program did to the accounts."""
        self._reception.changed(change, now, out)

    def entered(self, enter: fx.Enter, outcome: Outcome, out: Out) -> None:
        """Append to `out` what follows from the log's answer to an `Enter`."""
        if isinstance(outcome, Failure):
            self._send_away(enter.session, outcome, out)  # live entries would leave a gap
            return
        if isinstance(enter.fact, Member):
            self._members.stored(enter.fact)
        if enter.session in enter.room.deaf:
            return  # it was put out of the room before this was through
        seq = outcome.seq if isinstance(outcome, Stored) else 0
        out.append(fx.Reply(enter.session, replace(enter.answer, topic=self.rooms.topic(enter.room.name), seq=seq)))
        if enter.after is not None and enter.after < seq:
            self.replays.resume(enter.session, enter.room.conversation, enter.after, out)

    def exited(self, leaving: fx.Exit, outcome: Outcome, out: Out) -> None:
        """Append to `out` what follows from the log's answer to an `Exit`: nobody has left whom it has not let go."""
        if isinstance(outcome, Failure):
            room, reason = leaving.fact.room, f"you have not left: {outcome.reason}"
            out.append(fx.Reply(leaving.session, m.Failed(Code.UNAVAILABLE, reason, room, leaving.cid)))
            return
        self._members.stored(leaving.fact)
        out += leaving.told

    def decided(self, decide: fx.Decide, outcomes: Sequence[Outcome], out: Out) -> None:
        """Append to `out` what follows from the log's answer to a `Decide`."""
        self.order.decided(decide, outcomes, out)

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
            self._restore(effect.fact, session, out, effect.room)
            self._call_back(effect.fact, out)
        elif isinstance(effect, fx.Enter):
            self.depart(session, "the log does not know of them", out)
            if isinstance(effect.fact, Member):
                self._restore(effect.fact, session, out)
        elif _depends_on(effect):
            self.depart(session, "the log does not know of them", out)

    def _restore(self, member: Member, session: Session, out: Out, left: Room | None = None) -> None:
        """Have an account be in a room, or not, as the log knows it, unless it has changed that again meanwhile."""
        person = self.registry.people.get(member.name)
        if person is None or not self._members.failed(member):
            return
        name = parse_room(member.room)
        room, kept = person.rooms.get(name.key), self._members.find(member.name, member.conversation)
        if room is None and kept is not None:
            if left is not None:
                self.rooms.revive(left)
            self.rooms.join(person, name, role=kept.role)
        elif room is not None and kept is None:
            self._forget_room(person, room)
            out += self.end_membership(person, room, "")
            out += [fx.Reply(other, m.Exited(member.room)) for other in self._other_devices(session, person)]

    def _call_back(self, member: Member, out: Out) -> None:
        """End all sessions of an account that could not leave a room: they have missed what was said there since."""
        person = self.registry.people.get(member.name)
        for session in person.audience if person is not None else ():
            self.depart(session, "", out)
            out.append(fx.Close(session, m.Bye(f"the log could not let you leave {member.room}; connect again")))

    def answered(self, ask: fx.Ask, answer: Answer, now: int, out: Out) -> None:
        """Append to `out` what follows from what the log has found."""
        session = ask.session
        if isinstance(answer, PageFound):
            out.append(fx.Reply(session, tell_page(ask, answer)))
        elif isinstance(answer, SearchFound):
            out.append(fx.Reply(session, tell_found(ask, answer)))
        elif isinstance(answer, WaitingFound):
            self.replays.found(session, answer, now, out)
        elif isinstance(answer, UnreadFound):
            self.replays.learned(session, answer, out)
        elif isinstance(ask.question, AskPage | AskSearch):
            out.append(fx.Reply(session, m.Failed(Code.UNAVAILABLE, answer.reason, ask.target, ask.cid)))
        elif session.is_replaying:
            self.depart(session, "the log cannot be read", out)
            out.append(fx.Close(session, m.Bye(f"{answer.reason}; connect again")))

    def tell_topic(self, tell: fx.TellTopic, out: Out) -> None:
        """Append to `out` an answer with the topic that a room has now."""
        out.append(fx.Reply(tell.session, replace(tell.answer, text=self.rooms.topic(tell.room.name))))

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
        if person is None or not self.registry.detach(session):
            return
        for room in list(person.rooms.values()):
            self.order.lost(person, room, session.device)
            out += self.end_membership(person, room, reason)

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
        for ghost in self.registry.attach(session, name, device, now, is_reserved=granted is not None):
            self.depart(ghost, "", out)
            reason = "another connection of the same device has taken over"
            out.append(fx.Close(ghost, m.Bye(reason, is_final=True)))
        person = person_of(session)
        out.append(fx.Note(known_as(person.mailbox, session.device, is_account=person.is_account), session))
        leads_to = granted.room if granted is not None else ""
        out.append(fx.Reply(session, m.Registered(person.name.display, command.cid, person.is_account, leads_to)))
        if session.has_acks and person.is_account:
            for room in person.rooms.values():
                out.append(fx.Enter(session, room, Look(room.conversation), self._entered(person, room, "")))
        self.replays.begin(session)
        out.append(fx.Replay(session))

    def _ping(self, session: Session, command: m.Ping, now: int, out: Out) -> None:
        out.append(fx.Reply(session, m.Pong(command.cid)))

    def _exit(self, session: Session, command: m.Exit, now: int, out: Out) -> None:
        self.depart(session, clean_line(command.reason)[:TOPIC_BYTES], out)
        out.append(fx.Close(session, m.Bye(is_final=True)))

    def _rejected(self, session: Session, command: m.Rejected, now: int, out: Out) -> None:
        raise Refused(command.code, clean_line(command.reason), clean_line(command.subject))

    # --- accounts ---------------------------------------------------------------------------------------------------

    def _password(self, session: Session, command: m.Password, now: int, out: Out) -> None:
        self._reception.set_password(session, command, now, out)

    def _devices(self, session: Session, command: m.Devices, now: int, out: Out) -> None:
        self._reception.list_devices(session, command, now, out)

    def _revoke(self, session: Session, command: m.Revoke, now: int, out: Out) -> None:
        self._reception.revoke(session, command, now, out)

    def _make_invite(self, session: Session, command: m.MakeInvite, now: int, out: Out) -> None:
        self._reception.make_invite(session, command, now, out)

    # --- entries ----------------------------------------------------------------------------------------------------

    def _send(self, session: Session, command: m.Send, now: int, out: Out) -> None:
        text = check_text(command.text, TEXT_BYTES)
        self._entries.append(session, parse_target(command.target), text, now, command.cid, out, ref=command.ref)

    def _edit(self, session: Session, command: m.Edit, now: int, out: Out) -> None:
        text = check_text(command.text, TEXT_BYTES)
        self._refer(session, command, "edit", text, now, out)

    def _delete(self, session: Session, command: m.Delete, now: int, out: Out) -> None:
        self._refer(session, command, "delete", "", now, out)

    def _react(self, session: Session, command: m.React, now: int, out: Out) -> None:
        self._refer(session, command, "react", check_reaction(command.text), now, out)

    def _unreact(self, session: Session, command: m.Unreact, now: int, out: Out) -> None:
        self._refer(session, command, "unreact", check_reaction(command.text), now, out)

    def _refer(
        self,
        session: Session,
        command: m.Edit | m.Delete | m.React | m.Unreact,
        kind: str,
        text: str,
        now: int,
        out: Out,
    ) -> None:
        target = parse_target(command.target)
        self._entries.append(session, target, text, now, command.cid, out, kind, command.seq)

    def _ack(self, session: Session, command: m.Ack, now: int, out: Out) -> None:
        self._entries.acknowledge(session, parse_target(command.target), command.seq, out)

    def _read(self, session: Session, command: m.Read, now: int, out: Out) -> None:
        self._entries.mark(session, parse_target(command.target), command.seq, out)

    def _history(self, session: Session, command: m.History, now: int, out: Out) -> None:
        out.append(ask_page(session, command))

    def _search(self, session: Session, command: m.Search, now: int, out: Out) -> None:
        out.append(ask_search(session, command))

    # --- rooms ------------------------------------------------------------------------------------------------------

    def _join(self, session: Session, command: m.Join, now: int, out: Out) -> None:
        person = person_of(session)
        name = parse_room(command.room)
        room = self.rooms.get(name)
        is_new = room is None or person.name.key not in room.members
        if room is not None:
            self.order.admit(session, room, command.password, now)
        if room is None or is_new:
            self.rooms.check_room_for(person, name)
            others = room.audience if room is not None else ()
            out += self.order.begun(name) if room is None else []
            room = self.rooms.join(person, name)
            if others:
                out.append(fx.Deliver(others, m.Joined(str(room.name), person.name.display)))
        if room not in session.rooms:
            session.rooms.append(room)
            room.refresh()
        fact = self._change(person, room) if person.is_account and is_new else Look(room.conversation)
        after = None if person.is_account and not is_new else command.after
        out.append(fx.Enter(session, room, fact, self._entered(person, room, command.cid), after))
        if is_new:
            for other in self._other_devices(session, person):
                out.append(fx.Enter(other, room, Look(room.conversation), self._entered(person, room, "")))

    def _other_devices(self, session: Session, person: Person) -> list[Session]:
        """Return the sessions of a person that are told of what another one of them does."""
        return [other for other in person.audience if other is not session and other.has_acks and person.is_account]

    def _entered(self, person: Person, room: Room, cid: str) -> m.Entered:
        """Return the answer to a join, as far as it is known when it is routed."""
        kept, role = self._retention, room.ahead.roles.get(person.name.key, "")
        return m.Entered(str(room.name), room.names(), "", cid, 0, kept.seconds, kept.entries, role)

    def _change(self, person: Person, room: Room) -> Member:
        """Return what the log has to know of an account that has entered or left a room."""
        return self._members.change(_membership(person, room))

    def membership(self, person: Person, room: Room) -> Member:
        """Return what the log has to know of somebody who is an account, or is none any more, in a room."""
        fact = _membership(person, room)
        self._members.stored(fact)
        return fact

    def _leave(self, session: Session, command: m.Leave, now: int, out: Out) -> None:
        person = person_of(session)
        room = own_room(person, parse_room(command.room))
        for own in person.audience:
            out.append(fx.StopReplay(own, room.conversation))  # in line: what it entered before may not have begun
        self._forget_room(person, room)
        told = self._take_out(person, room, "")
        told.append(fx.Reply(session, m.Exited(str(room.name), command.cid)))
        told += [fx.Reply(other, m.Exited(str(room.name))) for other in self._other_devices(session, person)]
        if person.is_account:
            out.append(fx.Exit(session, self._change(person, room), command.cid, tuple(told), room))
        else:
            out += told
        out += self.order.ended(room)

    def _forget_room(self, person: Person, room: Room) -> None:
        for own in person.audience:
            if room in own.rooms:
                own.rooms.remove(room)

    def put_out(self, person: Person, room: Room) -> list[fx.Effect]:
        """Take a person out of a room, without anybody being told."""
        self._forget_room(person, room)
        self.rooms.leave(person, room)
        stops = [fx.StopReplay(own, room.conversation) for own in person.audience]
        return [*stops, *self.order.ended(room)]

    def end_membership(self, person: Person, room: Room, reason: str) -> list[fx.Effect]:
        """Take a person out of a room, and return what follows from that."""
        return [*self._take_out(person, room, reason), *self.order.ended(room)]

    def _take_out(self, person: Person, room: Room, reason: str) -> list[fx.Delivery]:
        """Take a person out of a room, and return what the others in it hear of that."""
        self.rooms.leave(person, room)
        if not room.audience:
            return []
        return [fx.Deliver(room.audience, m.Left(str(room.name), person.name.display, reason))]

    def _topic(self, session: Session, command: m.Topic, now: int, out: Out) -> None:
        name = parse_room(command.room)
        if command.text is None:
            room = own_room(person_of(session), name)
            out.append(fx.TellTopic(session, room, m.TopicIs(str(room.name), "", command.cid)))
            return
        self._entries.append(session, name, check_note(command.text), now, command.cid, out, "topic")

    # --- people -----------------------------------------------------------------------------------------------------

    def _who(self, session: Session, command: m.Who, now: int, out: Out) -> None:
        people = self.registry.online()
        shown, roles = "", NO_ROLES
        if command.room:
            name = parse_room(command.room)
            room = self.rooms.get(name)
            if room is None or self.order.is_hidden(room, person_of(session)):
                raise Refused(Code.NO_SUCH_NAME, f"there is no room {name}; `join` makes one", str(name))
            people = [room.members[key] for key in sorted(room.members.keys() - room.ahead.leaving)]
            shown, roles = str(room.name), room.ahead.roles  # as it is when what is under way now is through
        present = tuple(m.Present(each.name.display, each.away, roles.get(each.name.key, "")) for each in people)
        out.append(fx.Reply(session, m.Online(present, shown, command.cid)))

    def _list_rooms(self, session: Session, command: m.Rooms, now: int, out: Out) -> None:
        person = person_of(session)
        seen = (room for room in self.rooms.listed() if not self.order.is_hidden(room, person))
        rooms = tuple(m.RoomInfo(str(room.name), len(room.members), room.topic) for room in seen)
        out.append(fx.Reply(session, m.RoomList(rooms, command.cid)))

    def _away(self, session: Session, command: m.Away, now: int, out: Out) -> None:
        person_of(session).away = check_note(command.text)
        out.append(fx.Reply(session, m.Done(command.cid)))

    def _typing(self, session: Session, command: m.Typing, now: int, out: Out) -> None:
        person = person_of(session)
        target = parse_target(command.target)
        if isinstance(target, RoomName):
            room = own_room(person, target)
            check_speech(person, room, "typing", now)
            recipients, shown = room.audience, str(room.name)
        else:
            other = self.registry.people.get(target.key)
            recipients, shown = (other.audience, other.name.display) if other is not None else ((), "")
        if recipients:
            out.append(fx.Deliver(recipients, m.IsTyping(person.name.display, shown), session))


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


def _membership(person: Person, room: Room) -> Member:
    key = person.name.key
    return Member(room.conversation, str(room.name), key, room.rules.roles.get(key, ""), key in room.members)


def _fail(session: Session, command: m.Command | m.Rejected, code: str, reason: str, subject: str, out: Out) -> None:
    cid = getattr(command, "cid", "")[:CID_BYTES]
    out.append(fx.Reply(session, m.Failed(code, reason, subject, cid)))


def _in_order(handler: Callable[..., None]) -> Callable[..., None]:
    """Return a handler of `Order` as one of the router."""
    return lambda router, *command: handler(router.order, *command)


_BEFORE_REGISTRATION = frozenset({m.Hello, m.Register, m.Ping, m.Exit, m.Rejected})

_HANDLERS: dict[type[m.Command | m.Rejected], Callable[..., None]] = {  # each takes the command of its own type
    m.Hello: Router._hello,
    m.Register: Router._register,
    m.Password: Router._password,
    m.Devices: Router._devices,
    m.Revoke: Router._revoke,
    m.MakeInvite: Router._make_invite,
    m.Send: Router._send,
    m.Edit: Router._edit,
    m.Delete: Router._delete,
    m.React: Router._react,
    m.Unreact: Router._unreact,
    m.Ack: Router._ack,
    m.Read: Router._read,
    m.Join: Router._join,
    m.Leave: Router._leave,
    m.Topic: Router._topic,
    m.Who: Router._who,
    m.Rooms: Router._list_rooms,
    m.Away: Router._away,
    m.Typing: Router._typing,
    m.History: Router._history,
    m.Search: Router._search,
    m.Ping: Router._ping,
    m.Exit: Router._exit,
    m.Rejected: Router._rejected,
    **{kind: _in_order(handler) for kind, handler in HANDLERS.items()},
}
