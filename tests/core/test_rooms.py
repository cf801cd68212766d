"""Who is in which room."""

from __future__ import annotations

import pytest

from libchat.core.offline import Mailbox
from libchat.core.registry import Person, Session
from libchat.core.rooms import Rooms, room_conversation
from libchat.names import parse_name, parse_room

RED = parse_room("#Red")


def person(name: str, sessions: int = 1) -> Person:
    """Return somebody with some sessions."""
    parsed = parse_name(name)
    made = Person(parsed, name, Mailbox(parsed), is_account=True)
    made.audience = tuple(Session(wants_receipts=True, has_acks=True) for _ in range(sessions))
    return made


@pytest.fixture
def rooms() -> Rooms:
    """Return no rooms."""
    return Rooms()


def test_a_room_begins_with_its_first_member(rooms: Rooms) -> None:
    """Whoever joins first makes the room, in the letters of that name; others find it in any."""
    room = rooms.join(person("ana"), RED)
    assert rooms.join(person("bo"), parse_room("red")) is room
    assert rooms.get(parse_room("RED")) is room
    assert (str(room.name), room.conversation, room.topic) == ("#Red", "#red", "")
    assert room_conversation(parse_room("RED")) == "#red"


def test_a_room_ends_with_its_last_member(rooms: Rooms) -> None:
    """The next room of that name is new; it is about the same, if it had a topic."""
    ana, bo = person("ana"), person("bo")
    room = rooms.join(ana, RED)
    rooms.join(bo, RED)
    room.topic = "apples"
    rooms.leave(ana, room)
    assert rooms.get(RED) is room
    rooms.leave(bo, room)
    assert rooms.get(RED) is None
    assert (ana.rooms, bo.rooms) == ({}, {})
    assert rooms.join(ana, parse_room("red")).topic == "apples"
    assert rooms.listed() != [room]


def test_a_room_goes_on_while_a_leaving_is_under_way(rooms: Rooms) -> None:
    """It ends when the last of them is answered, and nobody is in it: who enters until then owns that same room."""
    ana, bo = person("ana"), person("bo")
    room = rooms.join(ana, RED)
    room.leaving = 2
    rooms.leave(ana, room)
    assert room.is_empty
    rooms.answered(room)
    assert rooms.join(bo, RED) is room
    assert room.rules.roles == {"bo": "owner"}
    room.leaving += 1
    rooms.answered(room)
    assert rooms.get(RED) is room
    rooms.leave(bo, room)
    assert rooms.get(RED) is room
    rooms.answered(room)
    assert rooms.get(RED) is None


def test_so_many_topics_are_remembered() -> None:
    """Beyond the limit, the one of the room that ended longest ago goes; an empty one takes no place."""
    rooms = Rooms(topics=2)
    for name in ("one", "two", "none", "three"):
        rooms.remember(parse_room(name), "" if name == "none" else name)
    topics = [rooms.keep(parse_room(name)).topic for name in ("one", "two", "none", "three")]
    assert topics == ["", "two", "", "three"]


def test_who_makes_a_room_is_its_owner(rooms: Rooms) -> None:
    """Who comes later is none, unless they were one before; who leaves is none any more."""
    ana, bo, cy = person("ana"), person("bo"), person("cy")
    room = rooms.join(ana, RED)
    rooms.join(bo, RED)
    rooms.join(cy, RED, role="operator")
    assert room.rules.roles == {"ana": "owner", "cy": "operator"}
    rooms.leave(ana, room)
    rooms.join(ana, RED)
    assert room.rules.roles == {"cy": "operator"}


def test_a_kept_room_stays(rooms: Rooms) -> None:
    """A kept room is there before its first member and after its last."""
    room = rooms.keep(RED)
    ana = person("ana")
    assert rooms.join(ana, RED) is room
    rooms.leave(ana, room)
    assert rooms.get(RED) is room
    assert room.members == {}


def test_a_room_in_use_can_be_kept(rooms: Rooms) -> None:
    """Keeping a room that people are in makes no other one of it."""
    ana = person("ana")
    room = rooms.join(ana, RED)
    assert rooms.keep(parse_room("red")) is room
    rooms.leave(ana, room)
    assert rooms.get(RED) is room


def test_the_audience_is_a_snapshot(rooms: Rooms) -> None:
    """The audience is one object until somebody comes or goes; what was taken before stays as it was."""
    ana, bo = person("ana", sessions=2), person("bo")
    room = rooms.join(ana, RED)
    before = room.audience
    assert before == ana.audience
    assert room.audience is before
    rooms.join(bo, RED)
    assert room.audience == (*ana.audience, *bo.audience)
    assert before == ana.audience
    rooms.leave(ana, room)
    assert room.audience == bo.audience


def test_names_and_lists_are_sorted(rooms: Rooms) -> None:
    """Members and rooms are listed by canonical name, in the letters that they chose."""
    for name in ("cy", "Bo", "ana"):
        rooms.join(person(name), RED)
    rooms.keep(parse_room("blue"))
    assert [str(room.name) for room in rooms.listed()] == ["#blue", "#Red"]
    assert rooms.listed()[1].names() == ("ana", "Bo", "cy")
