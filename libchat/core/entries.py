"""What is said: from a command to a draft, and from the log's answer to what everybody hears of it.

What an entry looks like to others is fixed when it is routed (its recipients are a snapshot); what the log says is
added when it is committed. A private entry is put into the recipient's mailbox then, and stays there until it is
acknowledged, whether the recipient is here or not. Delivery to somebody who is here does not look at the mailbox.
"""

from __future__ import annotations

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core import moderation
from libchat.core.members import Members
from libchat.core.near import near_names
from libchat.core.offline import Mailbox, OfflineQueue
from libchat.core.registry import Person, Registry, Session
from libchat.core.replay import Replays
from libchat.core.roles import Rank
from libchat.core.rooms import Room, Rooms, room_conversation
from libchat.errors import Code, Refused
from libchat.names import Name, RoomName
from libchat.near import question
from libchat.records import Conflict, Cursor, Draft, Failure, Known, Mark, Outcome, Repeat, Unfit

Out = list[fx.Effect]
Deliveries = list[fx.Delivery]


class Entries:
    """Make drafts, and carry on with what the log made of them."""

    def __init__(
        self, registry: Registry, rooms: Rooms, members: Members, offline: OfflineQueue, replays: Replays
    ) -> None:
        self._registry = registry
        self._rooms = rooms
        self._members = members
        self._offline = offline
        self._replays = replays

    # --- to the log -------------------------------------------------------------------------------------------------

    def append(
        self,
        session: Session,
        target: Name | RoomName,
        text: str,
        now: int,
        cid: str,
        out: Out,
        kind: str = "message",
        ref: int = 0,
    ) -> None:
        """Have something said to a name or to a room that one is in. Raises `Refused`.

        What may not be said now may have been said before, and be said again only because its answer was lost: the log
        knows.
        """
        person = person_of(session)
        try:
            if isinstance(target, RoomName):
                self._append_to_room(session, person, own_room(person, target), text, now, cid, out, kind, ref)
            else:
                self._append_to_pair(session, person, target, text, now, cid, out, kind, ref)
        except Refused as refused:
            room = self._rooms.get(target) if session.is_trusted and isinstance(target, RoomName) else None
            if room is not None:  # the program itself is heard in every room, and is in none for that
                self._put_into_room(session, person, room, text, now, cid, out, kind, ref)
                return
            if not (cid and session.device):
                raise
            conversation, device = conversation_of(person, target), session.device
            unfit = Unfit(Code(refused.code), refused.reason)
            said = (conversation, str(target), person.name.display, now, text, kind, device, cid, ref, session.owner)
            is_queued = refused.code == Code.QUEUE_FULL
            out.append(fx.Append(session, Draft(*said, refusal=unfit), (), is_queued=is_queued))

    def _append_to_room(
        self, session: Session, person: Person, room: Room, text: str, now: int, cid: str, out: Out, kind: str, ref: int
    ) -> None:
        check_speech(person, room, kind, now)
        self._put_into_room(session, person, room, text, now, cid, out, kind, ref)

    def _put_into_room(
        self, session: Session, person: Person, room: Room, text: str, now: int, cid: str, out: Out, kind: str, ref: int
    ) -> None:
        target, sender = str(room.name), person.name.display
        device, owner = session.device, session.owner
        is_operator = kind == "delete" and room.rank(person.name.key) >= Rank.OPERATOR
        is_changing = room.conversation in self._members.changing(person.name.key)
        member = person.name.key if is_changing else ""  # if their joining is not stored, this must not be, either
        said = (room.conversation, target, sender, now, text, kind, device, cid, ref, owner)
        draft = Draft(*said, is_operator, member=member)
        out.append(fx.Append(session, draft, room.audience, room=room))

    def _append_to_pair(
        self,
        session: Session,
        person: Person,
        target: Name,
        text: str,
        now: int,
        cid: str,
        out: Out,
        kind: str,
        ref: int,
    ) -> None:
        other = self._registry.people.get(target.key)
        if other is person:
            raise Refused(Code.TO_YOURSELF, "you cannot send to yourself", target.display)
        if other is not None:
            mailbox, recipients, away = other.mailbox, other.audience, other.away
        elif (found := self._offline.find(target)) is not None:
            mailbox, recipients, away = found, (), ""
        else:
            raise self._no_such_name(target)
        is_queued = not recipients
        if is_queued:
            self._offline.check_room(mailbox)
        if len(person.audience) > 1:
            recipients += person.audience
        conversation = pair_conversation(person.name, target)
        shown, sender = mailbox.name.display, person.name.display
        draft = Draft(conversation, shown, sender, now, text, kind, session.device, cid, ref, session.owner)
        if not mailbox.is_noted:  # stored with the entry or not at all: else nobody would know for whom it waits
            out.append(fx.Note(known_as(mailbox, mailbox.device, is_account=other is not None and other.is_account)))
        out.append(fx.Append(session, draft, recipients, mailbox, is_queued, away))

    def _no_such_name(self, name: Name) -> Refused:
        near = near_names(name, (person.name for person in self._registry.people.values()))
        hint = question(near) or "`who` lists who is online"
        return Refused(Code.NO_SUCH_NAME, f"nobody here was ever called {name}; {hint}", name.display)

    # --- from the log -----------------------------------------------------------------------------------------------

    def committed(self, append: fx.Append, outcome: Outcome, out: Deliveries) -> None:
        """Append to `out` what follows from the log's answer to an `Append`."""
        if type(outcome) is m.Entry:
            entry = outcome
            self._publish(append, entry, out)
        elif type(outcome) is Repeat:
            entry = outcome.entry
        else:
            self._deplore(append, outcome, out)
            return
        if append.session.wants_receipts or append.is_queued or append.away:
            self._confirm(append, entry, out)

    def _publish(self, append: fx.Append, entry: m.Entry, out: Deliveries) -> None:
        recipients, mailbox, seq = append.recipients, append.mailbox, entry.seq
        if append.room is not None and append.room.deaf:
            recipients = tuple(each for each in recipients if each not in append.room.deaf)
        conversation = append.draft.conversation
        if mailbox is not None:
            current = self._recalled(mailbox) if mailbox.is_forgotten else mailbox
            current.add(conversation, seq)
        if self._replays.count:
            is_held = self._replays.is_held
            held = [each for each in recipients if each is not append.session and is_held(each, conversation, seq)]
            if held:
                recipients = tuple(each for each in recipients if each not in held)
        if mailbox is not None:
            for recipient in recipients:
                recipient.unacked[conversation] = seq
        elif entry.kind == "topic" and append.room is not None:
            self._rooms.set_topic(append.room.name, entry.text)
        if recipients:
            out.append(fx.Deliver(recipients, entry, append.session))

    def _recalled(self, mailbox: Mailbox) -> Mailbox:
        """Return the mailbox of a name that was forgotten while an entry for it was on its way to the log."""
        person = self._registry.people.get(mailbox.name.key)
        if person is not None:
            return person.mailbox
        found = self._offline.find(mailbox.name)
        if found is not None:
            return found
        self._offline.close(mailbox)
        return mailbox

    def _confirm(self, append: fx.Append, entry: m.Entry, out: Deliveries) -> None:
        draft = append.draft
        sent = draft.text if draft.sent is None else draft.sent
        text = "" if entry.text == sent or entry.is_edited or entry.is_deleted else entry.text
        receipt = m.Accepted(entry.target, entry.seq, entry.time, draft.cid, append.is_queued, append.away, text)
        out.append(fx.Reply(append.session, receipt))

    def _deplore(self, append: fx.Append, outcome: Outcome, out: Deliveries) -> None:
        if isinstance(outcome, Unfit):
            code, reason = outcome.code, outcome.reason
        elif isinstance(outcome, Conflict):
            code, reason = Code.CID_REUSED, "this cid belongs to another message; nothing was sent"
        else:
            why = outcome.reason if isinstance(outcome, Failure) else "the log has not answered"
            code, reason = Code.UNAVAILABLE, f"nothing was sent: {why}"
        out.append(fx.Reply(append.session, m.Failed(code, reason, append.draft.target, append.draft.cid)))

    # --- receipts ---------------------------------------------------------------------------------------------------

    def acknowledge(self, session: Session, target: Name | RoomName, seq: int, out: Out) -> None:
        """Move the cursor of a session's device in the conversation with a target, and tell the other side."""
        person = person_of(session)
        conversation = conversation_of(person, target)
        self.advance(session, conversation, seq, out)
        if seq >= session.unacked.get(conversation, 0) and not session.is_replaying:
            session.unacked.pop(conversation, None)

    def advance(self, session: Session, conversation: str, seq: int, out: Out) -> None:
        """Move a cursor; never back, nor past what there is. Also of a session that is over."""
        mailbox = session.mailbox
        if mailbox is None:
            return
        is_account = session.person is not None and session.person.is_account
        moved = mailbox.acknowledge(conversation, seq)
        if moved or is_account:  # a guest is where the name is, whatever the device
            device = session.device if is_account else ""
            out.append(fx.Note(Cursor(mailbox.name.key, device, conversation, moved or seq)))
        if moved and conversation[0] != "#":
            self._tell_other(mailbox.name, conversation, m.Delivered(mailbox.name.display, moved), out)

    def mark(self, session: Session, target: Name | RoomName, seq: int, out: Out) -> None:
        """Have it remembered how far a person has read, and tell their other devices and the other side."""
        person = person_of(session)
        name, conversation = person.name, conversation_of(person, target)
        out.append(fx.Note(Mark(name.key, conversation, seq)))
        if len(person.audience) > 1:
            own = m.IsRead(name.display, str(target) if isinstance(target, RoomName) else target.display, seq)
            out.append(fx.Deliver(tuple(each for each in person.audience if each.has_acks), own, session))
        if isinstance(target, Name):
            self._tell_other(name, conversation, m.IsRead(name.display, name.display, seq), out)

    def _tell_other(self, name: Name, conversation: str, event: m.Event, out: Out) -> None:
        """Tell the other side of a private conversation, as far as its clients know receipts."""
        one, _, two = conversation.partition(" ")
        other = self._registry.people.get(two if one == name.key else one)
        if other is None:
            return
        for session in other.audience:
            if session.has_acks:
                out.append(fx.Deliver(tuple(each for each in other.audience if each.has_acks), event))
                return


def person_of(session: Session) -> Person:
    """Return whose session it is. `route` has refused sessions without a name."""
    assert session.person is not None
    return session.person


def known_as(mailbox: Mailbox, device: str, *, is_account: bool) -> Known:
    """Return the fact that the name of a mailbox was taken by a device, which may be another one of an account."""
    return Known(mailbox.name.key, mailbox.name.display, mailbox.since, device, is_account)


def own_room(person: Person, name: RoomName) -> Room:
    """Return a room that a person is in. Raises `Refused` if they are not."""
    room = person.rooms.get(name.key)
    if room is None:
        raise Refused(Code.NOT_IN_ROOM, f"you are not in {name}; join it first", str(name))
    return room


def check_speech(person: Person, room: Room, kind: str, now: int) -> None:
    """Raise `Refused` unless a member of a room may say something of this kind, as the room is and as it will be."""
    name = person.name.key
    for rules in (room.rules, room.ahead) if room.ahead is not room.rules else (room.rules,):
        moderation.check_speech(rules, str(room.name), name, rules.rank(name), kind, now)


def pair_conversation(one: Name, other: Name) -> str:
    """Return the key of the conversation of two names."""
    return f"{one.key} {other.key}" if one.key < other.key else f"{other.key} {one.key}"


def conversation_of(person: Person, target: Name | RoomName) -> str:
    """Return the key of the conversation that a person has with a target."""
    if isinstance(target, RoomName):
        return room_conversation(target)
    return pair_conversation(person.name, target)
