"""Who may decide what about whom in a room, and how that is told: what the decisions have in common.

How it works. While a decision is under way, one counts by what is worse for who acts, and better for who is acted upon:
somebody acts by the lower of the two roles (`Room.rank`), and is protected by the higher one (`highest`). The table of
roles itself is in `libchat.core.roles`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from libchat import messages as m
from libchat.core import moderation
from libchat.core.entries import own_room, person_of
from libchat.core.moderation import fits, is_network
from libchat.core.registry import Person, Session
from libchat.core.roles import Action, Rank, check_may, effective
from libchat.core.rooms import Room
from libchat.errors import Code, Refused
from libchat.limits import BAN_SECONDS
from libchat.names import Name, parse_name, parse_room
from libchat.records import Audit, Member, RoomBan, RoomMute, RoomSettings

Ruling = TypeVar("Ruling", RoomBan, RoomMute)


def place(session: Session, room: str) -> tuple[Person, Room]:
    """Return who decides, and the room. Raises `Refused` if they are not in it."""
    person = person_of(session)
    own = own_room(person, parse_room(room))
    if person.name.key in own.ahead.leaving:
        raise Refused(Code.NOT_IN_ROOM, f"you are not in {own.name} any more; join it again", str(own.name))
    return person, own


def member_of(room: Room, name: str) -> Person:
    """Return a member by name. Raises `Refused` if nobody in the room is called so."""
    parsed = parse_name(name)
    person = room.members.get(parsed.key)
    if person is None:
        raise Refused(Code.NO_SUCH_NAME, f"{parsed} is not in {room.name}", parsed.display)
    return person


def check(action: Action, person: Person, room: Room, other: Person | Name | None = None) -> None:
    """Raise `Refused` unless somebody may do something, to another one who is not themselves."""
    rank, shown = acting(room, person), str(room.name)
    if other is None:
        check_may(action, rank, shown)
        return
    name = other.name if isinstance(other, Person) else other
    check_may(action, rank, shown)
    if name.key == person.name.key:
        raise Refused(Code.TO_YOURSELF, "you cannot do that to yourself; `leave` takes you out", name.display)
    check_may(action, rank, shown, name.display, highest(room, name.key))


def fitting(person: Person, room: Room, masks: Iterable[str]) -> list[Person]:
    """Return the members whom masks put out. An address puts out those of lower roles only."""
    rank, found = acting(room, person), []
    for other in list(room.members.values()):
        addresses = [session.address for session in other.audience]
        theirs = [mask for mask in masks if fits(mask, other.name, addresses)]
        if not theirs:
            continue
        if rank > highest(room, other.name.key) and other is not person:
            found.append(other)
        elif not all(map(is_network, theirs)):
            check("ban", person, room, other)
    return found


def audit_of(now: int, person: Person, room: Room, action: str, subject: str = "", reason: str = "") -> Audit:
    """Return the line of the audit about something that somebody does in a room."""
    return Audit(now, person.name.display, action, str(room.name), subject, reason)


def taken_back(fact: Ruling) -> Ruling:
    """Return that a ban or a mute is over."""
    return replace(fact, is_on=False)


def going(room: Room, person: Person) -> Member:
    """Return that somebody is in a room no more."""
    return Member(room.conversation, str(room.name), person.name.key, is_in=False)


def acting(room: Room, person: Person) -> Rank:
    """Return as what somebody acts in a room."""
    has_owner = bool(room.rules.owners() or room.ahead.owners())
    return effective(room.rank(person.name.key), has_owner=has_owner)


def highest(room: Room, name: str) -> Rank:
    """Return the rank of a canonical name, as which it is protected: the higher one, if it is just being changed."""
    return max(room.rules.rank(name), room.ahead.rank(name))


def until_of(seconds: int, now: int) -> int:
    """Return until when something holds, 0 for ever. Raises `Refused` with `bad-value` if that is too long."""
    if not 0 <= seconds <= BAN_SECONDS:
        raise Refused(Code.BAD_VALUE, f"it lasts {BAN_SECONDS} seconds at most, or, with 0, until it is taken back")
    return now + seconds * 1000 if seconds else 0


def lasting(seconds: int, reason: str) -> str:
    """Return for how long and why, in words for the audit."""
    return ": ".join(filter(None, (f"for {seconds} s" if seconds else "", reason)))


def called(role: str) -> str:
    """Return what somebody is who has a role."""
    return {"": "a plain member", "voice": "a voice"}.get(role, f"an {role}")


def why_not(room: Room, *, is_self: bool, is_only: bool) -> str:
    """Return why somebody may not give a role."""
    if is_self and is_only:
        return f"you are the only owner of {room.name}: name another one first"
    if is_self:
        return f"one gives oneself no role; ask an owner of {room.name}"
    return f"in {room.name} owners make operators and owners, operators give a voice, each to those of lower roles"


def settings_in_words(fact: RoomSettings) -> str:
    """Return what is set, in words; "" if nothing is."""
    said = []
    for key in ("invite_only", "moderated", "secret", "open_topic"):
        value = getattr(fact, key)
        if value is not None:
            said.append(f"{key.replace('_', '-')} {'on' if value else 'off'}")
    if fact.password is not None:
        said.append("password set" if fact.password else "no password")
    return ", ".join(said)


def room_is(room: Room, settings: moderation.Settings, by: str, cid: str = "") -> m.RoomIs:
    """Return how a room is, as its members are told."""
    return m.RoomIs(
        str(room.name),
        settings.invite_only,
        bool(settings.password),
        settings.moderated,
        settings.secret,
        settings.open_topic,
        by,
        cid,
    )
