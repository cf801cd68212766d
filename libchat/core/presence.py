"""Who is here, and what they are doing: `who`, `rooms`, away notes, and that somebody is typing.

How it works. All of it is in memory, and answered as things are when they are routed: what is under way to the log then
(somebody is being put out, or given a role) counts as done, because the answer is heard behind it. Only a topic is told
as it is by the time of the answer (`tell_topic`). Nothing of this goes to the log.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.entries import check_speech, own_room, person_of
from libchat.core.registry import Person, Registry, Session
from libchat.core.rooms import Room, Rooms
from libchat.errors import Code, Refused
from libchat.names import RoomName, parse_room, parse_target
from libchat.text import check_note

Out = list[fx.Effect]
NO_ROLES: Mapping[str, str] = {}


class Presence:
    """Tell who is where, and carry what is not kept."""

    def __init__(self, registry: Registry, rooms: Rooms) -> None:
        self._registry = registry
        self._rooms = rooms

    @property
    def handlers(self) -> fx.Handlers:
        """What carries out each command of this file."""
        return {
            m.Who: self.who,
            m.Rooms: self.list_rooms,
            m.Away: self.away,
            m.Typing: self.typing,
        }

    def who(self, session: Session, command: m.Who, now: int, out: Out) -> None:
        """Tell who is here, or in a room. Raises `Refused` if there is no such room, or it is secret."""
        people = self._registry.online()
        shown, roles = "", NO_ROLES
        if command.room:
            name = parse_room(command.room)
            room = self._rooms.get(name)
            if room is None or _is_hidden(room, person_of(session)):
                raise Refused(Code.NO_SUCH_NAME, f"there is no room {name}; `join` makes one", str(name))
            people = [room.members[key] for key in sorted(room.members.keys() - room.ahead.leaving)]
            shown, roles = str(room.name), room.ahead.roles  # as it is when what is under way now is through
        present = tuple(m.Present(each.name.display, each.away, roles.get(each.name.key, "")) for each in people)
        out.append(fx.Reply(session, m.Online(present, shown, command.cid)))

    def list_rooms(self, session: Session, command: m.Rooms, now: int, out: Out) -> None:
        """Tell which rooms there are, but for secret ones of others."""
        person = person_of(session)
        seen = (room for room in self._rooms.listed() if not _is_hidden(room, person))
        rooms = tuple(m.RoomInfo(str(room.name), len(room.members), room.topic) for room in seen)
        out.append(fx.Reply(session, m.RoomList(rooms, command.cid)))

    def away(self, session: Session, command: m.Away, now: int, out: Out) -> None:
        """Set the note that others get who write while somebody is away."""
        person_of(session).away = check_note(command.text)
        out.append(fx.Reply(session, m.Done(command.cid)))

    def typing(self, session: Session, command: m.Typing, now: int, out: Out) -> None:
        """Tell a room or a name that somebody is typing. It is nobody's fault if nobody hears it."""
        person = person_of(session)
        target = parse_target(command.target)
        if isinstance(target, RoomName):
            room = own_room(person, target)
            check_speech(person, room, "typing", now)
            recipients, shown = room.audience, str(room.name)
        else:
            other = self._registry.people.get(target.key)
            recipients, shown = (other.audience, other.name.display) if other is not None else ((), "")
        if recipients:
            out.append(fx.Deliver(recipients, m.IsTyping(person.name.display, shown), session))

    def tell_topic(self, tell: fx.TellTopic, out: Out) -> None:
        """Append to `out` an answer with the topic that a room has now."""
        out.append(fx.Reply(tell.session, replace(tell.answer, text=self._rooms.topic(tell.room.name))))


def _is_hidden(room: Room, person: Person) -> bool:
    """Return whether somebody is not to know of a room: it is secret, or about to end."""
    is_secret = room.rules.settings.secret or room.ahead.settings.secret
    return (is_secret or room.is_empty) and person.name.key not in room.members
