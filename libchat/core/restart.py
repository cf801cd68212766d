"""What was before a restart: names, what waits for them, and rooms with their members and rules.

How it works. The log's state is read once, before anything is routed. The accounts, if they are kept, are the truth
about who is one; what the log does not know of that yet is returned as facts for it. A room in which only guests were
has ended by then, so what was set in it is to be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable

from libchat.claims import Added
from libchat.core.entries import known_as
from libchat.core.members import Members
from libchat.core.moderation import changed
from libchat.core.offline import Mailbox, OfflineQueue, Waiting
from libchat.core.registry import Registry
from libchat.core.rooms import Rooms
from libchat.names import parse_name, parse_room
from libchat.records import Fact, Known, Member, RoomEnd, RoomState, State


def load_names(state: State, accounts: Iterable[Added] | None, registry: Registry, offline: OfflineQueue) -> list[Fact]:
    """Know all names, hold those of accounts, and have wait what does. `accounts` is None if none are kept."""
    facts: list[Fact] = []
    kept = None if accounts is None else {added.name for added in accounts}
    waiting: dict[str, dict[str, Waiting]] = {}
    for each in state.waiting:
        waiting.setdefault(each.name, {})[each.conversation] = Waiting(each.cursor, each.newest)
    for known in state.names:
        name = parse_name(known.display)
        is_account = known.is_account if kept is None else name.key in kept
        if is_account:
            mailbox = registry.hold(name, is_account=True, is_reserved=kept is not None).mailbox
        else:
            mailbox = offline.open(name)
        _fill(mailbox, known, waiting.get(name.key, {}))
        if not is_account:
            offline.close(mailbox)
        if is_account != known.is_account:
            facts.append(known_as(mailbox, mailbox.device, is_account=is_account))
    return facts


def _fill(mailbox: Mailbox, known: Known, waiting: dict[str, Waiting]) -> None:
    mailbox.since, mailbox.device, mailbox.is_noted = known.since, known.device, True
    mailbox.spans.update(waiting)


def load_rooms(state: State, registry: Registry, rooms: Rooms, members: Members, *, has_accounts: bool) -> list[Fact]:
    """Have the rooms be there in which accounts are members. The names are loaded before."""
    facts: list[Fact] = []
    for room in state.rooms:
        facts += _load_members(room, registry, rooms, members, has_accounts=has_accounts)
        facts += _load_rules(room, rooms)
    return facts


def _load_members(
    state: RoomState, registry: Registry, rooms: Rooms, members: Members, *, has_accounts: bool
) -> list[Fact]:
    """Have the members be in a room again; of those that are no accounts any more the log is told."""
    facts: list[Fact] = []
    name = parse_room(state.room)
    rooms.remember(name, state.topic)
    for key, role in state.members:
        person = registry.people.get(key)
        if person is not None:
            rooms.join(person, name, role=role)
            members.stored(Member(state.conversation, state.room, key, role))
        elif has_accounts:
            facts.append(Member(state.conversation, state.room, key, is_in=False))
    return facts


def _load_rules(state: RoomState, rooms: Rooms) -> list[Fact]:
    """Have a room be as it was; one that only guests were in has ended, and is forgotten."""
    known = [*((state.settings,) if state.settings is not None else ()), *state.bans, *state.mutes]
    room = rooms.get(parse_room(state.room))
    if not known or room is None:
        return [RoomEnd(state.conversation)] if known else []
    for fact in known:
        room.rules = changed(room.rules, fact)
    room.ahead, room.is_ruled = room.rules, True
    return []
