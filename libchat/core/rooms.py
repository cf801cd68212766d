"""Who is in which room. A room begins with its first member and ends with its last, unless it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libchat.core.registry import Person, Session
    from libchat.names import RoomName


def room_conversation(name: RoomName) -> str:
    """Return the key of a room's conversation."""
    return "#" + name.key


class Room:
    """A named group of people."""

    __slots__ = ("_absent", "_audience", "conversation", "is_kept", "members", "name", "topic")

    def __init__(self, name: RoomName) -> None:
        self.name = name
        self.conversation = room_conversation(name)
        self.is_kept = False
        self.topic = ""
        self.members: dict[str, Person] = {}
        self._audience: tuple[Session, ...] | None = None
        self._absent: tuple[Person, ...] | None = None

    @property
    def audience(self) -> tuple[Session, ...]:
        """The sessions of all members. The same tuple until somebody comes or goes, so it may serve as a snapshot."""
        if self._audience is None:
            self._audience = tuple(session for person in self.members.values() for session in person.audience)
        return self._audience

    @property
    def absent(self) -> tuple[Person, ...]:
        """The members without a session: accounts, which stay until they leave."""
        if self._absent is None:
            self._absent = tuple(person for person in self.members.values() if not person.audience)
        return self._absent

    def refresh(self) -> None:
        """Notice that sessions of members have come or gone."""
        self._audience = self._absent = None

    def names(self) -> tuple[str, ...]:
        """Return the members' names as they are shown, sorted."""
        return tuple(self.members[key].name.display for key in sorted(self.members))


class Rooms:
    """All rooms there are, by canonical name."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def get(self, name: RoomName) -> Room | None:
        """Return the room of that name, if there is one."""
        return self._rooms.get(name.key)

    def listed(self) -> list[Room]:
        """Return all rooms, sorted by canonical name."""
        return [room for _, room in sorted(self._rooms.items())]

    def keep(self, name: RoomName) -> Room:
        """Return the room of that name, made if need be, and keep it when it is empty."""
        room = self._rooms.setdefault(name.key, Room(name))
        room.is_kept = True
        return room

    def join(self, person: Person, name: RoomName) -> Room:
        """Make a person a member, and return the room: a new one if there is none of that name."""
        room = self._rooms.setdefault(name.key, Room(name))
        room.members[person.name.key] = person
        person.rooms[name.key] = room
        room.refresh()
        return room

    def leave(self, person: Person, room: Room) -> bool:
        """End a membership. Return whether the room ended with it."""
        del room.members[person.name.key]
        del person.rooms[room.name.key]
        room.refresh()
        if room.members or room.is_kept:
            return False
        del self._rooms[room.name.key]
        return True
