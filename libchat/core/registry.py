"""Who is here: the names that are held, and the sessions that hold them.

A name is unique by its canonical form and by how it looks (its skeleton). A guest's name is held as long as one of its
sessions lives. An account's name stays held; more of its sessions may attach at any time.

While the accounts find out whether somebody may have a name, it is reserved, and so is what looks like it: who has an
account made for a name must not lose the name meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from libchat.core.offline import Mailbox, OfflineQueue
from libchat.core.standing import Standing
from libchat.errors import Code, Refused
from libchat.limits import KICKS_BY_ACCOUNT, REPLAY_ENTRIES
from libchat.names import Name, RoomName, skeleton

if TYPE_CHECKING:
    from libchat import messages as m
    from libchat.core.replay import Backlog
    from libchat.core.rooms import Room


class Session(Standing):
    """One attached participant. Whoever carries events to it subclasses this and adds what it needs for that.

    Only the router changes it. `wants_receipts`: every accepted entry is confirmed, not only queued ones. `has_acks`:
    it acknowledges entries itself; for the others, what has left for them counts as acknowledged.
    """

    __slots__ = (
        "backlog",
        "has_acks",
        "is_over",
        "mailbox",
        "person",
        "replay_entries",
        "rooms",
        "successor",
        "unacked",
        "wants_receipts",
    )

    def __init__(self, *, wants_receipts: bool, has_acks: bool) -> None:
        super().__init__()
        self.wants_receipts = wants_receipts
        self.has_acks = has_acks
        self.person: Person | None = None
        self.mailbox: Mailbox | None = None
        """Where its private entries wait until they are acknowledged, also when it is over."""
        self.rooms: list[Room] = []
        """The rooms that were entered on this session, in that order."""
        self.successor: m.Successor | None = None
        """What its server has to announce about its next key."""
        self.unacked: dict[str, int] = {}
        """The last entry of each conversation that was handed to this session, waits, and is not acknowledged."""
        self.replay_entries = REPLAY_ENTRIES
        """How many entries of what waits it takes at once."""
        self.backlog: Backlog | None = None
        """What it has missed and still gets, page by page, as it takes it."""
        self.is_over = False
        """Whether it has ended. Nothing follows from its commands any more."""

    @property
    def is_replaying(self) -> bool:
        """Whether it still gets what it has missed."""
        return self.backlog is not None

    @property
    def room(self) -> RoomName | None:
        """The room that was entered last, on this session, and is not left."""
        return self.rooms[-1].name if self.rooms else None


class Person:
    """Somebody who holds a name."""

    __slots__ = ("audience", "away", "is_account", "kicks", "mailbox", "name", "rooms", "skeleton")

    def __init__(self, name: Name, look: str, mailbox: Mailbox, *, is_account: bool) -> None:
        self.name = name
        self.skeleton = look
        self.mailbox = mailbox
        self.is_account = is_account
        self.audience: tuple[Session, ...] = ()
        """Its sessions. A new tuple for each change, so that one may be kept as a snapshot."""
        self.away = ""
        self.rooms: dict[str, Room] = {}
        self.kicks: dict[str, m.Kicked] = {}
        """What an account's devices that are away are told later of its kicks, by conversation, oldest first."""

    def was_kicked(self, conversation: str, kicked: m.Kicked) -> None:
        """Remember how an account was put out of a room, until it is in it again."""
        self.kicks.pop(conversation, None)
        self.kicks[conversation] = kicked
        if len(self.kicks) > KICKS_BY_ACCOUNT:
            del self.kicks[next(iter(self.kicks))]

    @property
    def since(self) -> int:
        """Since when private conversations are its own: what others of that name said before is not for it to see."""
        return self.mailbox.since


class Registry:
    """Hold names uniquely. The mailboxes of those who are away are in `offline`."""

    def __init__(self, offline: OfflineQueue) -> None:
        self._offline = offline
        self.people: dict[str, Person] = {}
        self._looks: dict[str, str] = {}
        self._reserved: dict[str, tuple[str, int]] = {}
        """By how it looks, each name about which the accounts are asked, and how often."""

    def online(self) -> list[Person]:
        """Return everyone who has a session, sorted by canonical name."""
        return [person for _, person in sorted(self.people.items()) if person.audience]

    def attach(
        self, session: Session, name: Name, device: str, now: int, *, is_reserved: bool = False
    ) -> tuple[Session, ...]:
        """Give a name to a session, and return the sessions that it replaces. `is_reserved`: the name was, until now.

        The caller detaches these. They are what is left of lost connections of the same device.
        Raises `Refused` with `name-taken` if somebody else holds the name, or one that looks like it; or a later
        connection of the same device, which this one is left of.
        """
        person = self.people.get(name.key)
        if person is None:
            person = self.hold(name, is_account=session.account == name.key, is_reserved=is_reserved)
            person.mailbox.claim(device, now)
            ghosts: tuple[Session, ...] = ()
        else:
            ghosts = tuple(old for old in person.audience if device and old.device == device)
            is_own = person.is_account and session.account == name.key
            if not (is_own or ghosts) or any(old.attempt > session.attempt for old in ghosts):
                raise _taken(name)
        session.person = person
        session.mailbox = person.mailbox
        session.device = device
        session.owner = _owner(person, device)
        person.audience += (session,)
        for room in person.rooms.values():
            room.refresh()
        return ghosts

    def detach(self, session: Session) -> bool:
        """Take the name from a session. Return whether the name is free now: a guest's last session has gone."""
        person = session.person
        if person is None:
            return False
        session.person = None
        person.audience = tuple(other for other in person.audience if other is not session)
        for room in person.rooms.values():
            room.refresh()
        if person.audience or person.is_account:
            return False
        self.release(person)
        return True

    def release(self, person: Person) -> None:
        """Have nobody hold a name any more. What waits for it still waits."""
        del self.people[person.name.key]
        if self._looks.get(person.skeleton) == person.name.key:
            del self._looks[person.skeleton]
        self._offline.close(person.mailbox)

    def hold(self, name: Name, *, is_account: bool, is_reserved: bool = False) -> Person:
        """Have a name held by somebody new. Raises `Refused` with `name-taken` if another name looks like it.

        If it was reserved, or is an account already, it is held whatever looks like it.
        """
        look = skeleton(name)
        if not is_reserved and (look in self._looks or look in self._reserved):
            raise self._taken(name, look)
        person = Person(name, look, self._offline.open(name), is_account=is_account)
        self.people[name.key] = person
        self._looks.setdefault(look, name.key)
        return person

    def reserve(self, name: Name, device: str) -> None:
        """Keep a name, until `unreserve`, from everybody but those who reserve it as well.

        Raises `Refused` with `name-taken` if somebody has it, or one that looks like it; but for a guest's own device.
        """
        look = skeleton(name)
        holder = self._looks.get(look)
        if holder is not None and not (holder == name.key and self._is_guests_own(holder, device)):
            raise self._taken(name, look)
        reserved, count = self._reserved.get(look, (name.key, 0))
        if reserved != name.key:
            raise _taken(name)
        self._reserved[look] = (name.key, count + 1)

    def unreserve(self, name: Name) -> None:
        """Take one reservation of a name back."""
        look = skeleton(name)
        key, count = self._reserved.pop(look)
        if count > 1:
            self._reserved[look] = (key, count - 1)

    def _taken(self, name: Name, look: str) -> Refused:
        """Return the refusal of a name, which says like whose it looks, if that is another one that somebody has."""
        holder = self._looks.get(look, name.key)
        return _taken(name, "" if holder == name.key else self.people[holder].name.display)

    def _is_guests_own(self, key: str, device: str) -> bool:
        person = self.people[key]
        return bool(device) and not person.is_account and any(old.device == device for old in person.audience)


def _owner(person: Person, device: str) -> str:
    if person.is_account:
        return person.name.key
    return f"{person.name.key} {device}" if device else ""


def _taken(name: Name, other: str = "") -> Refused:
    like = f": it looks like {other}" if other else ""
    return Refused(Code.NAME_TAKEN, f"{name} is taken, choose another name{like}", name.display)
