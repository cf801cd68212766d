"""Who is here: the names that are held, and the sessions that hold them.

A name is unique by its canonical form and by how it looks (its skeleton). A guest's name is held as long as one of its
sessions lives. An account's name stays held; more of its sessions may attach at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from libchat import messages as m
from libchat.core.offline import Mailbox, OfflineQueue
from libchat.errors import Code, Refused
from libchat.limits import REPLAY_ENTRIES
from libchat.names import Name, RoomName, skeleton

if TYPE_CHECKING:
    from libchat.core.replay import Backlog
    from libchat.core.rooms import Room


class Session:
    """One attached participant. Whoever carries events to it subclasses this and adds what it needs for that.

    Only the router changes it. `wants_receipts`: every accepted entry is confirmed, not only queued ones. `has_acks`:
    it acknowledges entries itself; for the others, what has left for them counts as acknowledged.
    """

    __slots__ = (
        "account",
        "attempt",
        "backlog",
        "device",
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
        self.wants_receipts = wants_receipts
        self.has_acks = has_acks
        self.person: Person | None = None
        self.mailbox: Mailbox | None = None
        """Where its private entries wait until they are acknowledged, also when it is over."""
        self.account = ""
        """The canonical name of the account that it has proven to be, "" for a guest."""
        self.attempt = 0
        """Which of its device's connections it is: a larger number is a later one."""
        self.device = ""
        """What `device_id` makes of its client's secret."""
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

    __slots__ = ("audience", "away", "is_account", "mailbox", "name", "rooms", "skeleton")

    def __init__(self, name: Name, look: str, mailbox: Mailbox, *, is_account: bool) -> None:
        self.name = name
        self.skeleton = look
        self.mailbox = mailbox
        self.is_account = is_account
        self.audience: tuple[Session, ...] = ()
        """Its sessions. A new tuple for each change, so that one may be kept as a snapshot."""
        self.away = ""
        self.rooms: dict[str, Room] = {}

    @property
    def since(self) -> int:
        """Since when private conversations are its own: a guest sees nothing that is older, an account everything."""
        return 0 if self.is_account else self.mailbox.since


class Registry:
    """Hold names uniquely. The mailboxes of those who are away are in `offline`."""

    def __init__(self, offline: OfflineQueue) -> None:
        self._offline = offline
        self.people: dict[str, Person] = {}
        self._looks: dict[str, str] = {}

    def online(self) -> list[Person]:
        """Return everyone who has a session, sorted by canonical name."""
        return [person for _, person in sorted(self.people.items()) if person.audience]

    def attach(self, session: Session, name: Name, device: str, now: int) -> tuple[Session, ...]:
        """Give a name to a session, and return the sessions that it replaces.

        The caller detaches these. They are what is left of lost connections of the same device.
        Raises `Refused` with `name-taken` if somebody else holds the name, or one that looks like it; or a later
        connection of the same device, which this one is left of.
        """
        person = self.people.get(name.key)
        if person is None:
            person = self.hold(name, is_account=session.account == name.key)
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
        del self.people[person.name.key]
        del self._looks[person.skeleton]
        self._offline.close(person.mailbox)
        return True

    def hold(self, name: Name, *, is_account: bool) -> Person:
        """Have a name held by somebody new. Raises `Refused` with `name-taken` if another name looks like it."""
        look = skeleton(name)
        if look in self._looks:
            raise _taken(name)
        person = Person(name, look, self._offline.open(name), is_account=is_account)
        self.people[name.key] = person
        self._looks[look] = name.key
        return person


def _taken(name: Name) -> Refused:
    return Refused(Code.NAME_TAKEN, f"{name} is taken, choose another name", name.display)
