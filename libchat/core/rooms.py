"""Who is in which room. A room begins with its first member and ends with its last, unless it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from libchat.core.moderation import Change, Rules, changed
from libchat.core.roles import Rank
from libchat.errors import Code, Refused
from libchat.limits import KNOWN_TOPICS, MEMBERS_BY_ROOM, ROOM_INVITATIONS, ROOMS_BY_NAME
from libchat.records import Member

if TYPE_CHECKING:
    from libchat.core.registry import Person, Session
    from libchat.names import RoomName


def room_conversation(name: RoomName) -> str:
    """Return the key of a room's conversation."""
    return "#" + name.key


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many rooms one name may be in, and how many members one room may have; 0 is no limit."""

    rooms_by_name: int = ROOMS_BY_NAME
    members_by_room: int = MEMBERS_BY_ROOM


class Room:
    """A named group of people."""

    __slots__ = (
        "_audience",
        "_coming",
        "ahead",
        "conversation",
        "deaf",
        "invited",
        "is_kept",
        "is_ruled",
        "leaving",
        "members",
        "name",
        "returning",
        "rules",
        "topic",
    )

    def __init__(self, name: RoomName) -> None:
        self.name = name
        self.conversation = room_conversation(name)
        self.is_kept = False
        self.topic = ""
        self.members: dict[str, Person] = {}
        self.rules = Rules()
        """How it is, as far as the log has it."""
        self.ahead = Rules()
        """How it is going to be, when the log has everything that is under way."""
        self._coming: list[Change] = []
        """What is under way to the log."""
        self.is_ruled = False
        """Whether the log may hold anything that is set in it."""
        self.leaving = 0
        """How many leavings of accounts are under way to the log. Until it has answered, the room has not ended."""
        self.invited: dict[str, int] = {}
        """Until when each canonical name may enter by invitation, oldest first."""
        self.returning: dict[str, str] = {}
        """The guests whose connections were lost here, each with the device that may come back."""
        self.deaf: set[Session] = set()
        """The sessions that were put out, as long as something may be under way that was said to them before."""
        self._audience: tuple[Session, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in it, and nobody keeps it: it has ended, or is about to."""
        return not (self.members or self.is_kept)

    @property
    def audience(self) -> tuple[Session, ...]:
        """The sessions that hear what is said. The same tuple until somebody comes or goes: it may serve as a snapshot.

        An account hears it on all its sessions; a guest when the session has entered: one that took over from a lost
        connection has to say first what it has missed.
        """
        if self._audience is None:
            self._audience = tuple(
                session
                for person in self.members.values()
                for session in person.audience
                if person.is_account or self in session.rooms
            )
        return self._audience

    def refresh(self) -> None:
        """Notice that sessions of members have come or gone."""
        self._audience = None

    def rank(self, name: str) -> Rank:
        """Return the rank of a canonical name, as which it may act: the lower one, if it is just being changed."""
        return min(self.rules.rank(name), self.ahead.rank(name))

    def expect(self, facts: Iterable[Change]) -> None:
        """Notice what is under way to the log."""
        self._coming += facts
        self._look_ahead()

    def settle(self, facts: Iterable[Change], *, is_stored: bool) -> list[Change]:
        """Notice what became of facts that were under way, and return those that count now.

        Roles of those who have left meanwhile do not, and nobody is put out who has left by themselves.
        """
        settled = [fact for fact in facts if any(fact is coming for coming in self._coming)]
        self._coming = [coming for coming in self._coming if not any(coming is fact for fact in settled)]
        counting = settled if is_stored else []
        for fact in counting:
            if not (isinstance(fact, Member) and not fact.is_in):
                self.rules = changed(self.rules, fact)
        self._look_ahead()
        return counting

    def give_role(self, name: str, role: str) -> None:
        """Give somebody a role, at once."""
        self.rules = changed(self.rules, Member(self.conversation, str(self.name), name, role))
        self._look_ahead()

    def forget(self, name: str) -> None:
        """Notice that somebody is no member any more: nothing that was to become of them does."""
        roles = {other: role for other, role in self.rules.roles.items() if other != name}
        self.rules = replace(self.rules, roles=roles)
        self._coming = [fact for fact in self._coming if not (isinstance(fact, Member) and fact.name == name)]
        self._look_ahead()

    def _look_ahead(self) -> None:
        self.ahead = self.rules
        for fact in self._coming:
            self.ahead = changed(self.ahead, fact)

    def invite(self, name: str, until: int) -> None:
        """Have a canonical name enter by invitation, until a time."""
        self.invited.pop(name, None)
        self.invited[name] = until
        if len(self.invited) > ROOM_INVITATIONS:
            del self.invited[next(iter(self.invited))]

    def let_return(self, name: str, device: str) -> None:
        """Have a guest whose connection was lost come back with the same device, whoever may enter."""
        self.returning.pop(name, None)
        self.returning[name] = device
        if len(self.returning) > ROOM_INVITATIONS:
            del self.returning[next(iter(self.returning))]

    def names(self) -> tuple[str, ...]:
        """Return the members' names as they are shown, sorted; without those who are just being put out."""
        return tuple(self.members[key].name.display for key in sorted(self.members.keys() - self.ahead.leaving))


class Rooms:
    """All rooms there are, by canonical name. A room that has ended leaves its topic to the next one of its name."""

    def __init__(self, *, topics: int = KNOWN_TOPICS, quotas: Quotas | None = None) -> None:
        self._most_topics = topics
        self._quotas = quotas if quotas is not None else Quotas()
        self._rooms: dict[str, Room] = {}
        self._topics: dict[str, str] = {}
        """The topics of rooms that have ended, longest ago first."""

    def get(self, name: RoomName) -> Room | None:
        """Return the room of that name, if there is one."""
        return self._rooms.get(name.key)

    def listed(self) -> list[Room]:
        """Return all rooms, sorted by canonical name."""
        return [room for _, room in sorted(self._rooms.items())]

    def keep(self, name: RoomName) -> Room:
        """Return the room of that name, made if need be, and keep it when it is empty."""
        room = self._open(name)
        room.is_kept = True
        return room

    def join(self, person: Person, name: RoomName, *, role: str | None = None) -> Room:
        """Make a person a member, and return the room: a new one if there is none.

        Who makes a room is its owner, and so is who enters one that is about to end; `role` says otherwise of a room
        that was there before a restart.
        """
        room = self._open(name)
        if role is None:
            role = "owner" if room.is_empty else ""
        room.members[person.name.key] = person
        person.rooms[name.key] = room
        if role:
            room.give_role(person.name.key, role)
        room.refresh()
        return room

    def check_room_for(self, person: Person, name: RoomName) -> None:
        """Raise `Refused` with `too-many` if a person is in too many rooms to enter one, or it has too many members."""
        most_rooms, most_members = self._quotas.rooms_by_name, self._quotas.members_by_room
        if most_rooms and len(person.rooms) >= most_rooms:
            reason = f"you are in {most_rooms} rooms, and more are not allowed; leave one of them first"
            raise Refused(Code.TOO_MANY, reason, str(name))
        room = self._rooms.get(name.key)
        if most_members and room is not None and len(room.members) >= most_members:
            raise Refused(Code.TOO_MANY, f"{name} is full: it has {most_members} members", str(name))

    def leave(self, person: Person, room: Room) -> None:
        """End a membership, and the room with its last one, unless a leaving is under way, which may fail."""
        del room.members[person.name.key]
        del person.rooms[room.name.key]
        room.forget(person.name.key)
        room.refresh()
        self._end_empty(room)

    def answered(self, room: Room) -> None:
        """Notice that a leaving is no longer under way. The room ends with the last one, if nobody is in it."""
        room.leaving -= 1
        self._end_empty(room)

    def _end_empty(self, room: Room) -> None:
        if room.is_empty and not room.leaving:
            del self._rooms[room.name.key]
            self.remember(room.name, room.topic)

    def topic(self, name: RoomName) -> str:
        """Return the topic of the room of that name, or of the last one."""
        room = self._rooms.get(name.key)
        return room.topic if room is not None else self._topics.get(name.key, "")

    def set_topic(self, name: RoomName, topic: str) -> None:
        """Set the topic of the room of that name, or of the next one."""
        room = self._rooms.get(name.key)
        if room is not None:
            room.topic = topic
        else:
            self.remember(name, topic)

    def remember(self, name: RoomName, topic: str) -> None:
        """Keep the topic of a room that is not there."""
        self._topics.pop(name.key, None)
        if topic:
            self._topics[name.key] = topic
        if len(self._topics) > self._most_topics:
            del self._topics[next(iter(self._topics))]

    def _open(self, name: RoomName) -> Room:
        room = self._rooms.get(name.key)
        if room is None:
            room = self._rooms[name.key] = Room(name)
            room.topic = self._topics.pop(name.key, "")
        return room
