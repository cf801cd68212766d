"""Who is in which room: joining and leaving, and what the log has of that.

How it works. A person is in a room as soon as that is routed, so that all that is routed behind it finds them there. An
account's joining and leaving are in the log, too: the answer to a join comes behind it (`entered`), and nobody hears of
a leaving before it (`exited`). If the log could not store one of them, the account is, or is not, in the room as the
log knows it (`restore`), unless it has changed that again meanwhile. Of guests the log learns nothing.

A room ends with its last membership, when no leaving of an account is under way any more: that may fail, and then the
room goes on as it was. Who enters it meanwhile enters that same room. What the log has of how it was set is forgotten
when it has ended (`fx.EndRoom`), at the latest when the next room of that name is made.
"""

from __future__ import annotations

from msgspec.structs import replace

from libchat import messages as m
from libchat.claims import SERVER, Granted
from libchat.core import effects as fx
from libchat.core import moderation
from libchat.core.entries import own_room, person_of
from libchat.core.happenings import Happenings
from libchat.core.members import Members
from libchat.core.registry import Person, Registry, Session
from libchat.core.replay import Replays
from libchat.core.roles import Rank
from libchat.core.rooms import Room, Rooms, room_conversation
from libchat.errors import Code, Refused
from libchat.limits import INVITATION_SECONDS
from libchat.names import Name, RoomName, parse_room
from libchat.records import Audit, Failure, Look, Member, Outcome, Retention, RoomEnd, Stored

Out = list[fx.Effect]


class Memberships:
    """Carry out `join` and `leave`, and whatever else makes or ends a membership. `retention` is told to who enters."""

    def __init__(
        self,
        registry: Registry,
        rooms: Rooms,
        members: Members,
        replays: Replays,
        retention: Retention,
        happenings: Happenings,
    ) -> None:
        self._registry = registry
        self._rooms = rooms
        self._members = members
        self._replays = replays
        self._retention = retention
        self._happenings = happenings
        self._unended: dict[str, RoomEnd] = {}
        """By conversation, the newest end of a room of which the log has not said that it knows."""

    @property
    def handlers(self) -> fx.Handlers:
        """What carries out each command of this file."""
        return {
            m.Join: self.join,
            m.Leave: self.leave,
        }

    # --- commands ---------------------------------------------------------------------------------------------------

    def join(self, session: Session, command: m.Join, now: int, out: Out) -> None:
        """Have a person enter a room, on a session. Raises `Refused` unless they may."""
        person = person_of(session)
        name = parse_room(command.room)
        room = self._rooms.get(name)
        is_new = room is None or person.name.key not in room.members
        if room is not None:
            _admit(session, room, command.password, now)
        if room is None or is_new:
            self._rooms.check_room_for(person, name)
            others = room.audience if room is not None else ()
            out += self._begun(person, name, now) if room is None or room.is_empty else []
            room = self._rooms.join(person, name)
            joined = m.Joined(str(room.name), person.name.display)
            self._happenings.note(joined)
            if others:
                out.append(fx.Deliver(others, joined))
        if room not in session.rooms:
            session.rooms.append(room)
            room.refresh()
        fact = self._change(person, room) if person.is_account and is_new else Look(room.conversation)
        after = None if person.is_account else command.after  # of its devices the log knows what they have
        out.append(fx.Enter(session, room, fact, self.greeting(person, room, command.cid), after))
        if is_new:
            for other in self._other_devices(session, person):
                out.append(fx.Enter(other, room, Look(room.conversation), self.greeting(person, room)))

    def leave(self, session: Session, command: m.Leave, now: int, out: Out) -> None:
        """Have a person leave a room, on all sessions. Raises `Refused` if they are not in it."""
        person, name = person_of(session), parse_room(command.room)
        if name.key not in person.rooms and room_conversation(name) in self._members.changing(person.name.key):
            raise Refused(Code.BUSY, f"you are just leaving {name}; try again", str(name))  # it may fail yet
        room = own_room(person, name)
        out += self._miss_nothing(person, room)
        self._forget_room(person, room)
        if person.is_account:
            room.leaving += 1
        told = self._take_out(person, room, "")
        told.append(fx.Reply(session, m.Exited(str(room.name), command.cid)))
        told += [fx.Reply(other, m.Exited(str(room.name))) for other in self._other_devices(session, person)]
        if person.is_account:
            out.append(fx.Exit(session, self._change(person, room), command.cid, tuple(told), room))
        else:
            out += told
        out += self._ended(room)

    def let_in(self, name: Name, granted: Granted, now: int) -> None:
        """Have who brings an invite to a room be invited there, as long as whoever made it may invite past all else.

        That is the server, or an operator: those who are none any more, or have left, cannot let anybody in by it.
        """
        room, by = self._rooms.get(parse_room(granted.room)), granted.invited_by
        if room is not None and (by == SERVER or room.rank(by) >= Rank.OPERATOR):
            room.invite(name.key, now + INVITATION_SECONDS * 1000)

    # --- from the log -----------------------------------------------------------------------------------------------

    def entered(self, enter: fx.Enter, outcome: Outcome, out: Out) -> None:
        """Append to `out` what follows from the log's answer to an `Enter`, which is no failure."""
        if isinstance(enter.fact, Member):
            self._members.stored(enter.fact)
            person = self._registry.people.get(enter.fact.name)
            if person is not None:
                person.kicks.pop(enter.fact.conversation, None)
        if enter.session in enter.room.deaf:
            return  # it was put out of the room before this was through
        seq = outcome.seq if isinstance(outcome, Stored) else 0
        out.append(fx.Reply(enter.session, replace(enter.answer, topic=self._rooms.topic(enter.room.name), seq=seq)))
        if enter.after is not None and enter.after < seq:
            self._replays.resume(enter.session, enter.room.conversation, enter.after, out)

    def tell_rooms(self, tell: fx.TellRooms, out: Out) -> None:
        """Append to `out` the answer to who has signed in as an account, with the rooms that it is in by now.

        What is under way to the log behind this, the session hears as it comes.
        """
        person = tell.session.person
        if person is None:
            return
        kept = self._members.of(person.name.key)
        rooms = tuple(member.room for member in kept.values())
        kicks = tuple(kicked for conversation, kicked in person.kicks.items() if conversation not in kept)
        out.append(fx.Reply(tell.session, replace(tell.answer, rooms=rooms, kicks=kicks)))

    def is_changing(self, person: Person) -> bool:
        """Return whether a room that an account enters, leaves or is put out of is under way to the log."""
        key = person.name.key
        return bool(self._members.changing(key)) or any(key in room.ahead.leaving for room in person.rooms.values())

    def exited(self, leaving: fx.Exit, outcome: Outcome, out: Out) -> None:
        """Append to `out` what follows from the log's answer to an `Exit`: nobody has left whom it has not let go."""
        if isinstance(outcome, Failure):
            room, reason = leaving.fact.room, f"you have not left: {outcome.reason}"
            out.append(fx.Reply(leaving.session, m.Failed(Code.UNAVAILABLE, reason, room, leaving.cid)))
            return
        self._members.stored(leaving.fact)
        out += leaving.told
        out += self._answered(leaving.room)

    def not_left(self, leaving: fx.Exit, out: Out) -> None:
        """Have an account be in a room again that it could not leave, and the room go on."""
        self.restore(leaving.fact, leaving.session, out)
        out += self._answered(leaving.room)

    def restore(self, member: Member, session: Session, out: Out) -> None:
        """Have an account be in a room, or not, as the log knows it, unless it has changed that again meanwhile."""
        person = self._registry.people.get(member.name)
        if not self._members.failed(member) or person is None:
            return
        name = parse_room(member.room)
        room, kept = person.rooms.get(name.key), self._members.find(member.name, member.conversation)
        if room is None and kept is not None:
            self._rooms.join(person, name, role=kept.role)
        elif room is not None and kept is None:
            self._forget_room(person, room)
            out += self._miss_nothing(person, room)
            out += self.end(person, room, "")
            out += [fx.Reply(other, m.Exited(member.room)) for other in self._other_devices(session, person)]

    # --- ends of memberships ----------------------------------------------------------------------------------------

    def put_out(self, person: Person, room: Room) -> list[fx.Effect]:
        """Take a person out of a room, without anybody being told."""
        self._forget_room(person, room)
        self._rooms.leave(person, room)
        return [*self._miss_nothing(person, room), *self._ended(room)]

    def end(self, person: Person, room: Room, reason: str) -> list[fx.Effect]:
        """Take a person out of a room, and return what follows from that."""
        return [*self._take_out(person, room, reason), *self._ended(room)]

    def lost(self, person: Person, room: Room, device: str, reason: str) -> list[fx.Effect]:
        """End the membership of a guest whose connection is lost: with the same device they may come back."""
        if device and person.name.key not in room.ahead.leaving:
            room.let_return(person.name.key, device)
        return self.end(person, room, reason)

    def not_ended(self, end: RoomEnd) -> None:
        """Notice that the log may not have heard yet that a room has ended."""
        self._unended[end.conversation] = end

    def ended(self, end: RoomEnd, outcome: Outcome) -> None:
        """Notice what the log has answered to the end of a room. If it cannot know it now, the next room tells it."""
        if not isinstance(outcome, Failure) and self._unended.get(end.conversation) is end:
            del self._unended[end.conversation]

    def _take_out(self, person: Person, room: Room, reason: str) -> list[fx.Delivery]:
        """Take a person out of a room, and return what the others in it hear of that."""
        self._rooms.leave(person, room)
        left = m.Left(str(room.name), person.name.display, reason)
        self._happenings.note(left)
        return [fx.Deliver(room.audience, left)] if room.audience else []

    def _miss_nothing(self, person: Person, room: Room) -> list[fx.Effect]:
        """Have a person's sessions miss nothing of a room any more. In line: what they entered may not have begun."""
        return [fx.StopReplay(own, room.conversation) for own in person.audience]

    def _forget_room(self, person: Person, room: Room) -> None:
        for own in person.audience:
            if room in own.rooms:
                own.rooms.remove(room)

    # --- what they share --------------------------------------------------------------------------------------------

    def _other_devices(self, session: Session, person: Person) -> list[Session]:
        """Return the sessions of a person that are told of what another one of them does."""
        return [other for other in person.audience if other is not session and other.has_acks and person.is_account]

    def greeting(self, person: Person, room: Room, cid: str = "") -> m.Entered:
        """Return the answer to a join, as far as it is known when it is routed."""
        kept, role = self._retention, room.ahead.roles.get(person.name.key, "")
        return m.Entered(str(room.name), room.names(), "", cid, 0, kept.seconds, kept.entries, role)

    def _change(self, person: Person, room: Room) -> Member:
        """Return what the log has to know of an account that has entered or left a room."""
        return self._members.change(_membership(person, room))

    def fact_of(self, person: Person, room: Room) -> Member:
        """Return what the log has to know of somebody who is an account, or is none any more, in a room."""
        fact = _membership(person, room)
        self._members.stored(fact)
        return fact

    def _begun(self, person: Person, room: RoomName, now: int) -> list[fx.Effect]:
        """Return what has to be done because a room is made: nothing of an earlier one is left, and an audit.

        Or, of one that was about to end, goes on with another owner.
        """
        noted = fx.Note(Audit(now, person.name.display, "make", str(room)))
        conversation = room_conversation(room)
        if conversation not in self._unended or self._rooms.get(room) is not None:
            return [noted]
        return [self._end(conversation), noted]

    def _answered(self, room: Room) -> list[fx.Effect]:
        """Return what has to be done because a leaving is no longer under way, and the room may have ended."""
        self._rooms.answered(room)
        return self._ended(room)

    def _ended(self, room: Room) -> list[fx.Effect]:
        """Return what has to be done because somebody has left a room, and it may have ended with that."""
        if not room.is_ruled or self._rooms.get(room.name) is room:
            return []
        return [self._end(room.conversation)]

    def _end(self, conversation: str) -> fx.EndRoom:
        end = RoomEnd(conversation)
        self.not_ended(end)
        return fx.EndRoom(end)


def _admit(session: Session, room: Room, password: str, now: int) -> None:
    """Raise `Refused` unless somebody may enter a room that there is. An invitation is used up by that."""
    name = person_of(session).name
    if name.key in room.members:
        if name.key in room.ahead.leaving:
            raise Refused(Code.BUSY, f"you are just being put out of {room.name}; try again", str(room.name))
        return
    may_return = bool(session.device) and room.returning.get(name.key) == session.device
    is_invited = may_return or room.invited.get(name.key, 0) > now
    for rules in (room.rules, room.ahead):
        moderation.check_entry(rules, str(room.name), name, session.address, password, now, is_invited=is_invited)
    room.invited.pop(name.key, None)
    room.returning.pop(name.key, None)


def _membership(person: Person, room: Room) -> Member:
    key = person.name.key
    return Member(room.conversation, str(room.name), key, room.rules.roles.get(key, ""), key in room.members)
