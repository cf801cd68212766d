"""What the router wants done. The hub does it, in this order and no other."""

from __future__ import annotations

from msgspec import Struct

from libchat.core.offline import Mailbox
from libchat.core.registry import Session
from libchat.core.rooms import Room
from libchat.messages import Bye, Draft, Entered, Event, Forget, TopicIs


class Append(Struct, frozen=True, gc=False):
    """Have the log store a draft; then ask the router what follows (`Router.committed`).

    `recipients` is the audience at the time of routing; `mailboxes` are those in which the entry waits until it is
    acknowledged. `away` is the recipient's away note, `room` the room that the entry is for.
    """

    session: Session
    draft: Draft
    recipients: tuple[Session, ...]
    mailboxes: tuple[Mailbox, ...] = ()
    is_queued: bool = False
    away: str = ""
    room: Room | None = None


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


class Drop(Struct, frozen=True, gc=False):
    """Have the log forget a conversation that has ended."""

    draft: Forget


class ReadPage(Struct, frozen=True, gc=False):
    """Answer with a page of history: the newest `limit` entries before `before` that are not older than `since`."""

    session: Session
    conversation: str
    target: str
    limit: int
    before: int | None
    since: int
    cid: str


class TellTopic(Struct, frozen=True, gc=False):
    """Hand an answer to one, with the topic that a room has by then (`Router.tell_topic`)."""

    session: Session
    room: Room
    answer: Entered | TopicIs


class Replay(Struct, frozen=True, gc=False):
    """Have the router read some of what waits for a session, and do what follows (`Router.replay`)."""

    session: Session


class StopReplay(Struct, frozen=True, gc=False):
    """Have the router notice that a session has ended (`Router.stop_replay`)."""

    session: Session


Delivery = Deliver | Reply | Close
"""What is left for a transport to do."""

Effect = Append | Drop | ReadPage | TellTopic | Replay | StopReplay | Delivery
