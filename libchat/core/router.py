"""The router: what follows from a command.

How it works. `route` is called with one command at a time. It checks the command, changes who is where, and appends to
`out` the effects that follow, in order. It never does them: the hub does, in that order, and holds back everything
behind an `Append` until the log has answered it with `committed`. So the order of routing is the order of everything
that anybody sees, however long the log takes. What a command looks like to the others is fixed when it is routed (the
`recipients` of an `Append` are a snapshot), what the log says is added when it is committed.

A private entry is put into the recipient's mailbox when it is committed and stays there until it is acknowledged,
whether the recipient is here or not. Delivery to somebody who is here does not look at the mailbox at all; `replay`
hands out what a session has not had yet, page by page, and while it does, new entries of those conversations queue up
behind in the same mailbox. That is all of the offline queue.

Times are in milliseconds since 1970 and must not go back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice

from msgspec.structs import replace

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.near import near_names
from libchat.core.offline import Mailbox, OfflineQueue
from libchat.core.registry import Person, Registry, Session
from libchat.core.rooms import Room, Rooms, room_conversation
from libchat.errors import Code, InvalidMessage, InvalidName, Refused
from libchat.limits import CID_BYTES, QUEUE_SECONDS, TEXT_BYTES, TOPIC_BYTES
from libchat.names import Name, RoomName, parse_name, parse_room, parse_target
from libchat.text import check_text, clean_line

Out = list[fx.Effect]
Deliveries = list[fx.Delivery]
Read = Callable[[str, int, int], Iterable[m.Entry]]
"""Reads a conversation: (conversation, after, up to and including) -> entries in the order of their numbers."""


class Router:
    """Decide what follows from commands. Not thread-safe: the hub calls it under its lock."""

    def __init__(self, *, server: str = "libchat", log: str = "", offline: OfflineQueue | None = None) -> None:
        self.offline = offline if offline is not None else OfflineQueue()
        self.registry = Registry(self.offline)
        self.rooms = Rooms()
        self._server = server
        self._log = log
        self._replaying = 0
        """How many sessions still get what waited. Nearly always none, and then nobody is asked."""

    # --- what the hub calls -----------------------------------------------------------------------------------------

    def route(self, session: Session, command: m.Command | m.Rejected, now: int, out: Out) -> None:
        """Append to `out` what follows from a command. A refused command has one effect: the error."""
        if session.is_over:
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

    def committed(self, append: fx.Append, outcome: m.Outcome, out: Deliveries) -> None:
        """Append to `out` what follows from the log's answer to an `Append`."""
        if type(outcome) is m.Entry:
            self._publish(append, outcome, out)
            self._confirm(append, outcome, out)
        elif type(outcome) is m.Repeat:
            self._confirm(append, outcome.entry, out)
        else:
            self._deplore(append, outcome, out)

    def replay(self, session: Session, read: Read, now: int, out: Deliveries) -> None:
        """Append to `out` the next page of what waits for a session, unless it has had everything."""
        mailbox = session.mailbox
        if mailbox is None or not session.is_replaying:
            return
        oldest = now - QUEUE_SECONDS * 1000
        streams = [
            _waiting(read, conversation, session.unacked.get(conversation, 0), mailbox, oldest)
            for conversation in mailbox.spans
        ]
        page = list(islice(merge(*streams, key=_time_of), session.replay_entries))
        for conversation, entry in page:
            session.unacked[conversation] = entry.seq
            out.append(fx.Reply(session, replace(entry, is_queued=True)))
        if len(page) < session.replay_entries:
            session.unacked.update((conversation, span.newest) for conversation, span in mailbox.spans.items())
            self.stop_replay(session)

    def stop_replay(self, session: Session) -> None:
        """Notice that nothing more of what waits is for this session. Harmless when called twice."""
        if session.is_replaying:
            session.is_replaying = False
            self._replaying -= 1

    def tell_topic(self, tell: fx.TellTopic, out: Deliveries) -> None:
        """Append to `out` an answer with the topic that a room has now."""
        answer, topic = tell.answer, tell.room.topic
        event = replace(answer, topic=topic) if isinstance(answer, m.Entered) else replace(answer, text=topic)
        out.append(fx.Reply(tell.session, event))

    def drained(self, session: Session, out: Out) -> None:
        """Notice that everything handed to a session has left for it."""
        if session.mailbox is not None and not session.has_acks:
            for conversation, seq in session.unacked.items():
                session.mailbox.acknowledge(conversation, seq)
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
            self._end_membership(person, room, reason, out)

    # --- connection -------------------------------------------------------------------------------------------------

    def _hello(self, session: Session, command: m.Hello, now: int, out: Out) -> None:
        out.append(fx.Reply(session, m.Welcome(self._server, self._log, cid=command.cid)))

    def _register(self, session: Session, command: m.Register, now: int, out: Out) -> None:
        if session.person is not None:
            reason = f"you are {session.person.name} already; exit and connect again to take another name"
            raise Refused(Code.ALREADY_REGISTERED, reason, session.person.name.display)
        name = parse_name(command.name)
        for ghost in self.registry.attach(session, name, command.device, now):
            self.depart(ghost, "", out)
            reason = "another connection of the same device has taken over"
            out.append(fx.Close(ghost, m.Bye(reason, is_final=True)))
        out.append(fx.Reply(session, m.Registered(_person(session).name.display, command.cid)))
        # Also with an empty mailbox: what was routed before may not be committed, and so not be in it yet.
        session.is_replaying = True
        self._replaying += 1
        out.append(fx.Replay(session))

    def _ping(self, session: Session, command: m.Ping, now: int, out: Out) -> None:
        out.append(fx.Reply(session, m.Pong(command.cid)))

    def _exit(self, session: Session, command: m.Exit, now: int, out: Out) -> None:
        self.depart(session, clean_line(command.reason)[:TOPIC_BYTES], out)
        out.append(fx.Close(session, m.Bye(is_final=True)))

    def _rejected(self, session: Session, command: m.Rejected, now: int, out: Out) -> None:
        raise Refused(command.code, clean_line(command.reason), clean_line(command.subject))

    # --- entries ----------------------------------------------------------------------------------------------------

    def _send(self, session: Session, command: m.Send, now: int, out: Out) -> None:
        person = _person(session)
        text = check_text(command.text, TEXT_BYTES)
        target = parse_target(command.target)
        if isinstance(target, RoomName):
            self._append_to_room(
                session, person, self._own_room(person, target), text, "message", now, command.cid, out
            )
        else:
            self._append_to_pair(session, person, target, text, now, command.cid, out)

    def _append_to_room(
        self, session: Session, person: Person, room: Room, text: str, kind: str, now: int, cid: str, out: Out
    ) -> None:
        target, sender = str(room.name), person.name.display
        draft = m.Draft(room.conversation, target, sender, now, text, kind, session.device, cid)
        absent = tuple(member.mailbox for member in room.absent)
        out.append(fx.Append(session, draft, room.audience, absent, room=room))

    def _append_to_pair(
        self, session: Session, person: Person, target: Name, text: str, now: int, cid: str, out: Out
    ) -> None:
        other = self.registry.people.get(target.key)
        if other is person:
            raise Refused(Code.TO_YOURSELF, "you cannot send to yourself", target.display)
        mailbox = other.mailbox if other is not None else self.offline.find(target)
        if mailbox is None:
            raise self._no_such_name(target)
        recipients = other.audience if other is not None else ()
        is_queued = not recipients
        if is_queued:
            self.offline.check_room(mailbox)
        if len(person.audience) > 1:
            recipients += person.audience
        conversation = pair_conversation(person.name, target)
        shown, sender = mailbox.name.display, person.name.display
        draft = m.Draft(conversation, shown, sender, now, text, "message", session.device, cid)
        away = other.away if other is not None else ""
        out.append(fx.Append(session, draft, recipients, mailbox.alone, is_queued, away))

    def _publish(self, append: fx.Append, entry: m.Entry, out: Deliveries) -> None:
        recipients = append.recipients
        conversation = append.draft.conversation
        if append.mailboxes:
            for mailbox in append.mailboxes:
                current = self._recalled(mailbox) if mailbox.is_forgotten else mailbox
                current.add(conversation, entry.seq)
        if self._replaying:
            held = [each for each in recipients if self._is_held(each, conversation, entry.seq)]
            if held:
                recipients = tuple(each for each in recipients if each not in held)
        if append.mailboxes:
            for recipient in recipients:
                recipient.unacked[conversation] = entry.seq
        if entry.kind == "topic" and append.room is not None:
            append.room.topic = entry.text
        if recipients:
            out.append(fx.Deliver(recipients, entry, append.session))

    def _recalled(self, mailbox: Mailbox) -> Mailbox:
        """Return the mailbox of a name that was forgotten while an entry for it was on its way to the log."""
        person = self.registry.people.get(mailbox.name.key)
        if person is not None:
            return person.mailbox
        found = self.offline.find(mailbox.name)
        if found is not None:
            return found
        self.offline.close(mailbox)
        return mailbox

    def _is_held(self, session: Session, conversation: str, seq: int) -> bool:
        """Return whether older entries of this conversation still wait for a session; then this one waits behind."""
        if not session.is_replaying or session.mailbox is None or conversation not in session.mailbox.spans:
            return False
        session.mailbox.add(conversation, seq)
        return True

    def _confirm(self, append: fx.Append, entry: m.Entry, out: Deliveries) -> None:
        session = append.session
        if session.wants_receipts or append.is_queued or append.away:
            cid = append.draft.cid
            receipt = m.Accepted(entry.target, entry.seq, entry.time, cid, append.is_queued, append.away)
            out.append(fx.Reply(session, receipt))

    def _deplore(self, append: fx.Append, outcome: m.Outcome, out: Deliveries) -> None:
        if isinstance(outcome, m.Failure):
            code, reason = Code.UNAVAILABLE, f"nothing was sent: {outcome.reason}"
        else:
            code, reason = Code.CID_REUSED, "this cid belongs to another message; nothing was sent"
        out.append(fx.Reply(append.session, m.Failed(code, reason, append.draft.target, append.draft.cid)))

    def _ack(self, session: Session, command: m.Ack, now: int, out: Out) -> None:
        person = _person(session)
        conversation = conversation_of(person, parse_target(command.target))
        person.mailbox.acknowledge(conversation, command.seq)
        if command.seq >= session.unacked.get(conversation, 0) and not session.is_replaying:
            session.unacked.pop(conversation, None)

    def _history(self, session: Session, command: m.History, now: int, out: Out) -> None:
        person = _person(session)
        target = parse_target(command.target)
        if isinstance(target, RoomName):
            self._own_room(person, target)
        since = 0 if person.is_account or isinstance(target, RoomName) else person.since
        conversation = conversation_of(person, target)
        page = fx.ReadPage(session, conversation, str(target), command.limit, command.before, since, command.cid)
        out.append(page)

    # --- rooms ------------------------------------------------------------------------------------------------------

    def _join(self, session: Session, command: m.Join, now: int, out: Out) -> None:
        person = _person(session)
        name = parse_room(command.room)
        room = self.rooms.get(name)
        if room is None or person.name.key not in room.members:
            others = room.audience if room is not None else ()
            room = self.rooms.join(person, name)
            if others:
                out.append(fx.Deliver(others, m.Joined(str(room.name), person.name.display)))
        if room not in session.rooms:
            session.rooms.append(room)
        out.append(fx.TellTopic(session, room, m.Entered(str(room.name), room.names(), "", command.cid)))

    def _leave(self, session: Session, command: m.Leave, now: int, out: Out) -> None:
        person = _person(session)
        room = self._own_room(person, parse_room(command.room))
        for own in person.audience:
            if room in own.rooms:
                own.rooms.remove(room)
        self._end_membership(person, room, "", out)
        out.append(fx.Reply(session, m.Exited(str(room.name), command.cid)))

    def _end_membership(self, person: Person, room: Room, reason: str, out: Out) -> None:
        has_ended = self.rooms.leave(person, room)
        if room.audience:
            out.append(fx.Deliver(room.audience, m.Left(str(room.name), person.name.display, reason)))
        if has_ended:
            out.append(fx.Drop(m.Forget(room.conversation)))

    def _topic(self, session: Session, command: m.Topic, now: int, out: Out) -> None:
        person = _person(session)
        room = self._own_room(person, parse_room(command.room))
        if command.text is None:
            out.append(fx.TellTopic(session, room, m.TopicIs(str(room.name), "", command.cid)))
            return
        text = _check_note(command.text)
        self._append_to_room(session, person, room, text, "topic", now, command.cid, out)

    def _own_room(self, person: Person, name: RoomName) -> Room:
        room = person.rooms.get(name.key)
        if room is None:
            raise Refused(Code.NOT_IN_ROOM, f"you are not in {name}; join it first", str(name))
        return room

    # --- people -----------------------------------------------------------------------------------------------------

    def _who(self, session: Session, command: m.Who, now: int, out: Out) -> None:
        people = self.registry.online()
        shown = ""
        if command.room:
            name = parse_room(command.room)
            room = self.rooms.get(name)
            if room is None:
                raise Refused(Code.NO_SUCH_NAME, f"there is no room {name}; `join` makes one", str(name))
            people = [room.members[key] for key in sorted(room.members)]
            shown = str(room.name)
        present = tuple(m.Present(person.name.display, person.away) for person in people)
        out.append(fx.Reply(session, m.Online(present, shown, command.cid)))

    def _list_rooms(self, session: Session, command: m.Rooms, now: int, out: Out) -> None:
        rooms = tuple(m.RoomInfo(str(room.name), len(room.members), room.topic) for room in self.rooms.listed())
        out.append(fx.Reply(session, m.RoomList(rooms, command.cid)))

    def _away(self, session: Session, command: m.Away, now: int, out: Out) -> None:
        _person(session).away = _check_note(command.text)
        out.append(fx.Reply(session, m.Done(command.cid)))

    def _typing(self, session: Session, command: m.Typing, now: int, out: Out) -> None:
        person = _person(session)
        target = parse_target(command.target)
        if isinstance(target, RoomName):
            room = self._own_room(person, target)
            recipients, shown = room.audience, str(room.name)
        else:
            other = self.registry.people.get(target.key)
            recipients, shown = (other.audience, other.name.display) if other is not None else ((), "")
        if recipients:
            out.append(fx.Deliver(recipients, m.IsTyping(person.name.display, shown), session))

    def _no_such_name(self, name: Name) -> Refused:
        near = near_names(name, (person.name for person in self.registry.people.values()))
        hint = f"did you mean {' or '.join(near)}?" if near else "`who` lists who is online"
        return Refused(Code.NO_SUCH_NAME, f"nobody here was ever called {name}; {hint}", name.display)


def pair_conversation(one: Name, other: Name) -> str:
    """Return the key of the conversation of two names."""
    return f"{one.key} {other.key}" if one.key < other.key else f"{other.key} {one.key}"


def conversation_of(person: Person, target: Name | RoomName) -> str:
    """Return the key of the conversation that a person has with a target."""
    if isinstance(target, RoomName):
        return room_conversation(target)
    return pair_conversation(person.name, target)


def _person(session: Session) -> Person:
    """Return whose session it is. `route` has refused sessions without a name."""
    assert session.person is not None
    return session.person


def _check_note(text: str) -> str:
    """Return a cleaned one-line text, which may be empty."""
    text = clean_line(text)
    return check_text(text, TOPIC_BYTES) if text else ""


def _waiting(
    read: Read, conversation: str, handed_out: int, mailbox: Mailbox, oldest: int
) -> Iterator[tuple[str, m.Entry]]:
    """Yield, with its conversation, what waits in it, was said by somebody else, and is not too old."""
    span = mailbox.spans[conversation]
    for entry in read(conversation, max(span.cursor, handed_out), span.newest):
        if entry.time >= oldest and parse_name(entry.sender).key != mailbox.name.key:
            yield conversation, entry


def _time_of(item: tuple[str, m.Entry]) -> int:
    return item[1].time


def _fail(session: Session, command: m.Command | m.Rejected, code: str, reason: str, subject: str, out: Out) -> None:
    cid = getattr(command, "cid", "")[:CID_BYTES]
    out.append(fx.Reply(session, m.Failed(code, reason, subject, cid)))


_BEFORE_REGISTRATION = frozenset({m.Hello, m.Register, m.Ping, m.Exit, m.Rejected})

_HANDLERS: dict[type[m.Command | m.Rejected], Callable[..., None]] = {  # each takes the command of its own type
    m.Hello: Router._hello,
    m.Register: Router._register,
    m.Send: Router._send,
    m.Ack: Router._ack,
    m.Join: Router._join,
    m.Leave: Router._leave,
    m.Topic: Router._topic,
    m.Who: Router._who,
    m.Rooms: Router._list_rooms,
    m.Away: Router._away,
    m.Typing: Router._typing,
    m.History: Router._history,
    m.Ping: Router._ping,
    m.Exit: Router._exit,
    m.Rejected: Router._rejected,
}
