"""What the model is made of: what was said, who sits where, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from libchat import messages as m

NAMES = ("ana", "bo", "cy")
ACCOUNT = "cy"
"""The one of them that is an account, on two devices."""
ROOMS = ("#red", "#blue")

Told = tuple[object, ...]
"""What is compared of an event, without words for people."""
Step = Callable[[], None]


def told(event: m.Event) -> Told | None:
    """Return what is compared of an event, None if it has no fixed place among the others."""
    match event:
        case m.Welcome():
            return (m.Welcome,)
        case m.Registered(name, cid, is_account):
            return (m.Registered, name, cid, is_account)
        case m.Accepted():
            return (m.Accepted, event.target, event.seq, event.time, event.cid, event.is_queued)
        case m.Failed():
            return (m.Failed, event.code, event.cid)
        case m.Entered():
            return (m.Entered, event.room, event.members, event.topic, event.cid, event.seq)
        case m.Exited(room, cid):
            return (m.Exited, room, cid)
        case m.Joined(room, name) | m.Left(room, name):
            return (type(event), room, name)
        case m.Bye():
            return (m.Bye, event.is_final)
        case _:
            return None


@dataclass(eq=False)
class Slot:
    """What somebody is told at one place in the order of routing; None until the log has stored what it depends on."""

    told: Told | None = None
    start: int | None = None
    """For a room: the number behind which they hear it from now on, if they have not heard it before."""


@dataclass(eq=False)
class Said:
    """An entry, and what has become of it."""

    conversation: str
    came: m.Entry
    device: str
    owner: str
    place: int
    members: frozenset[str]
    """Who was in the room when it was said."""
    text: str
    texts: set[str]
    """All that it ever said."""
    is_edited: bool = False
    is_deleted: bool = False
    edits: list[Said] = field(default_factory=list)
    reactions: dict[tuple[str, str], None] = field(default_factory=dict)

    def as_now(self) -> m.Entry:
        """Return the entry as a page shows it."""
        names: dict[str, list[str]] = {}
        for text, name in self.reactions:
            names.setdefault(text, []).append(name)
        came = self.came
        return m.Entry(
            came.target,
            came.seq,
            came.sender,
            came.time,
            self.text,
            came.kind,
            came.ref,
            self.is_edited,
            self.is_deleted,
            tuple(m.Reaction(text, tuple(some)) for text, some in names.items()),
        )

    def take_away(self) -> None:
        """Delete the entry."""
        self.text, self.is_deleted = "", True


@dataclass(eq=False)
class Seat:
    """One connection, as the server knows it."""

    slots: list[Slot] = field(default_factory=list)
    name: str = ""
    device: str = ""
    attempt: int = 0
    rooms: list[str] = field(default_factory=list)
    is_over: bool = False
    found: dict[str, list[m.Event]] = field(default_factory=dict)
    """The answers to questions, by cid, in the order in which the log looked them up."""


@dataclass(eq=False)
class Person:
    """Somebody who is here, or an account."""

    seats: list[Seat] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Room:
    """A room, from its first member to its last."""

    members: list[str] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)


def conversation_of(one: str, target: str) -> str:
    """Return the key of the conversation that somebody has with a target."""
    return target if target.startswith("#") else " ".join(sorted((one, target)))
