"""What the router wants done. The hub does it, in this order and no other."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from libchat.claims import Request
from libchat.core.moderation import Change
from libchat.core.offline import Mailbox
from libchat.core.registry import Session
from libchat.core.rooms import Room
from libchat.messages import Bye, Command, Edit, Entered, Event, Registered, Rejected, Send, TopicIs
from libchat.names import Name
from libchat.records import Draft, Fact, Member, Question, RoomEnd
from libchat.vetting import Said


class Append(Struct, frozen=True, gc=False):
    """Have the log store a draft; then ask the router what follows (`Router.committed`).

    `recipients` is the audience at the time of routing; `mailbox` is where a private entry waits until it is
    acknowledged. `away` is the recipient's away note, `room` the room that the entry is for.
    """

    session: Session
    draft: Draft
    recipients: tuple[Session, ...]
    mailbox: Mailbox | None = None
    is_queued: bool = False
    away: str = ""
    room: Room | None = None


class Note(Struct, frozen=True, gc=False):
    """Have the log remember a fact. If it cannot, the `session` that depends on it ends (`Router.noted`)."""

    fact: Fact
    session: Session | None = None


class Enter(Struct, frozen=True, gc=False):
    """Have the log take notice of a join, and say where the room is; then ask the router (`Router.entered`).

    `after` is the number after which the session wants what it has missed, None if it has missed nothing.
    """

    session: Session
    room: Room
    fact: Fact
    answer: Entered
    after: int | None = None


class Exit(Struct, frozen=True, gc=False):
    """Have the log take notice that an account leaves a room; then ask the router (`Router.exited`).

    `told` is what everybody hears of it, nobody before the log has it.
    """

    session: Session
    fact: Member
    cid: str
    told: tuple[Delivery, ...]
    room: Room


class Decide(Struct, frozen=True, gc=False):
    """Have the log take notice of what somebody decides in a room, all of it or nothing; then ask the router.

    It asks `Router.decided`. `changes` are what counts in the room from then on; `facts` what the log has to know of
    that, with the line of the audit. `told` is what everybody hears of it, nobody before the log has it.
    """

    session: Session
    room: Room
    changes: tuple[Change, ...]
    facts: tuple[Fact, ...]
    cid: str
    told: tuple[Delivery, ...]


class EndRoom(Struct, frozen=True, gc=False):
    """Have the log forget what was set in a room that has ended; then tell the memberships (`Memberships.ended`)."""

    fact: RoomEnd


class Hear(Struct, frozen=True, gc=False):
    """Have it noticed, behind everything that was routed before, that sessions hear a room again if they enter it."""

    room: Room
    sessions: tuple[Session, ...]


class Ask(Struct, frozen=True, gc=False):
    """Have the log look something up; then ask the router what follows (`Router.answered`)."""

    session: Session
    question: Question
    target: str = ""
    cid: str = ""


class Verify(Struct, frozen=True, gc=False):
    """Have the accounts asked; then ask the router what follows (`Router.verified`). Until then, the session waits.

    `command` is what led to it, `name` the one that it is about, and `is_reserved` says whether that is reserved.
    """

    session: Session
    request: Request
    command: Command
    name: Name
    is_reserved: bool = False


class Vet(Struct, frozen=True, gc=False):
    """Have something vetted; then ask the router what follows (`Router.judged`). Until then, the session waits.

    `command` is what led to it, and `said` what is vetted; `device` and `cid` are those under which it would be stored.
    It does not stand in line: nothing is said yet.
    """

    session: Session
    command: Send | Edit
    said: Said
    device: str
    cid: str


class Resume(Struct, frozen=True, gc=False):
    """Have a transport look at a session again: its commands are not held back any more."""

    session: Session


class Deliver(Struct, frozen=True, gc=False):
    """Hand an event to many: to every one of `recipients` but `skip`."""

    recipients: tuple[Session, ...]
    event: Event
    skip: Session | None = None


class Reply(Struct, frozen=True, gc=False):
    """Hand an event to one."""

    session: Session
    event: Event


class Close(Struct, frozen=True, gc=False):
    """Hand a last event to one, then end its connection."""

    session: Session
    bye: Bye


class TellTopic(Struct, frozen=True, gc=False):
    """Hand an answer to one, with the topic that a room has by then (`Router.tell_topic`)."""

    session: Session
    room: Room
    answer: TopicIs


class TellRooms(Struct, frozen=True, gc=False):
    """Hand one the answer that the name is theirs, with the rooms that the account is in by then.

    The router fills it in (`Memberships.tell_rooms`).
    """

    session: Session
    answer: Registered


class Replay(Struct, frozen=True, gc=False):
    """Have the next page of what waits handed to a session (`Replays.go_on`)."""

    session: Session


class StopReplay(Struct, frozen=True, gc=False):
    """Have it noticed that a session has ended, or has left a room (`Replays.end`)."""

    session: Session
    conversation: str = ""


class Settle(Struct, frozen=True, gc=False):
    """Have it noticed, behind everything that was routed and stored before, that a session has everything.

    `Replays.settled` is told, with the same `turn`.
    """

    session: Session
    turn: int


Delivery = Deliver | Reply | Close | Resume
"""What is left for a transport to do."""

ForLog = Append | Note | Enter | Exit | Decide | EndRoom
"""What goes to the log first. Each one is answered by it."""

Effect = ForLog | Ask | Verify | Vet | TellTopic | TellRooms | Replay | StopReplay | Settle | Hear | Delivery

Handlers = dict[type[Command | Rejected], Callable[..., None]]
"""What appends to a list the effects of a command, by its type: called with session, command, time and list."""
