"""What is said between a participant and the chat: commands in, events out.

All are immutable values. The same types travel on the native wire, where `type` is the class's tag and every field has
the name that stands here (or in `msgspec.field`); `docs/reference/wire.md` describes each field for people who write
clients. Names and texts in commands are as the peer wrote them: the router checks and cleans them.

`cid` is the client's own id of a command, at most `CID_BYTES` characters. The answer repeats it. For entries (`Send`,
`Edit`, `Delete`, `React`, `Unreact`, `Topic` with a text) it is also what makes sending twice harmless: the log keeps
it beside the entry.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct, field

from libchat.limits import (
    CID_BYTES,
    HISTORY_ENTRIES,
    LINE_BYTES,
    NAME_CHARACTERS,
    REACTION_CHARACTERS,
    SEARCH_ENTRIES,
    TEXT_BYTES,
    TOPIC_BYTES,
)

VERSION: Final = 1
"""The version of the native protocol. Fields and types may be added to it; none changes its meaning."""

Cid = Annotated[str, Meta(max_length=CID_BYTES)]
Sequence = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""A sequence number: JSON readers everywhere hold integers up to 2**53 - 1 exactly (RFC 8259, section 6)."""


# --- commands -------------------------------------------------------------------------------------------------------


class Command(Struct, frozen=True, gc=False, tag_field="type", tag=str.lower, omit_defaults=True):
    """Something that a participant wants. One of its subclasses."""


class Hello(Command, frozen=True):
    """Ask for the server's version and limits. May come at any time; nothing depends on it."""

    version: int = VERSION
    agent: str = ""
    cid: Cid = ""


class Register(Command, frozen=True):
    """Take a name. A connection has one name, until it ends.

    `device` is a secret of the client's own making, kept between connections: a connection that brings the device of
    an older one takes its name over, so that nobody waits for their own lost connection to time out. `attempt` tells
    which of two is older, whichever is heard first: the one with the larger number takes over. Equal ones do.
    """

    name: str
    device: Annotated[str, Meta(max_length=CID_BYTES)] = ""
    cid: Cid = ""
    attempt: Sequence = 0


class Send(Command, frozen=True):
    """Say something to a name or a `#room`; with `ref`, in reply to the message of that number there."""

    target: str
    text: str
    cid: Cid = ""
    ref: Sequence = 0


class Edit(Command, frozen=True):
    """Replace the text of an own message."""

    target: str
    seq: Sequence
    text: str
    cid: Cid = ""


class Delete(Command, frozen=True):
    """Take an own message away; an operator of a room may take away anybody's."""

    target: str
    seq: Sequence
    cid: Cid = ""


class React(Command, frozen=True):
    """Answer a message without words."""

    target: str
    seq: Sequence
    text: str
    cid: Cid = ""


class Unreact(Command, frozen=True):
    """Take a reaction back."""

    target: str
    seq: Sequence
    text: str
    cid: Cid = ""


class Ack(Command, frozen=True):
    """Acknowledge every entry of a conversation up to and including `seq`: they need not be sent again."""

    target: str
    seq: Sequence


class Read(Command, frozen=True):
    """Say that the person has read every entry of a conversation up to and including `seq`."""

    target: str
    seq: Sequence


class Join(Command, frozen=True):
    """Enter a room. It is made if there is none of that name.

    Who was there before, and lost the connection, says `after` which number: what was said since then comes, too.
    """

    room: str
    cid: Cid = ""
    after: Sequence | None = None


class Leave(Command, frozen=True):
    """Leave a room."""

    room: str
    cid: Cid = ""


class Topic(Command, frozen=True):
    """Ask for the topic of a room, or set it. An empty text clears it."""

    room: str
    text: str | None = None
    cid: Cid = ""


class Who(Command, frozen=True):
    """Ask who is online, or who is in a room."""

    room: str = ""
    cid: Cid = ""


class Rooms(Command, frozen=True):
    """Ask which rooms there are."""

    cid: Cid = ""


class Away(Command, frozen=True):
    """Tell the others that one is away, and why; an empty text says that one is back."""

    text: str = ""
    cid: Cid = ""


class Typing(Command, frozen=True):
    """Tell a name or a room that one is typing. Answered only if it is refused; the first that a slow reader misses."""

    target: str


class History(Command, frozen=True):
    """Ask for entries of a conversation: the newest ones, those next to one number, or those around it.

    At most one of `before` (the newest ones before it), `after` (the oldest ones after it) and `around` is given.
    """

    target: str
    before: Sequence | None = None
    limit: Annotated[int, Meta(ge=1, le=HISTORY_ENTRIES)] = 50
    cid: Cid = ""
    after: Sequence | None = None
    around: Sequence | None = None


class Search(Command, frozen=True):
    """Ask for the newest messages with all words of `text` that one may read: in own rooms and private conversations.

    `"two words"` must stand next to each other, `begin*` matches beginnings. With `target`, only that conversation is
    looked through. `before` is the `next` of an answer, for older ones.
    """

    text: str
    target: str = ""
    before: Sequence | None = None
    limit: Annotated[int, Meta(ge=1, le=SEARCH_ENTRIES)] = SEARCH_ENTRIES
    cid: Cid = ""


class Ping(Command, frozen=True):
    """Ask whether the other side is there."""

    cid: Cid = ""


class Exit(Command, frozen=True):
    """End the connection. A guest's name is free again."""

    reason: str = ""


class Rejected(Struct, frozen=True, gc=False):
    """What a dialect makes of a line that it cannot read. It is answered with an error; the connection lives on."""

    code: str
    reason: str
    subject: str = ""
    cid: str = ""


# --- events ---------------------------------------------------------------------------------------------------------


class Event(Struct, frozen=True, gc=False, tag_field="type", tag=str.lower, omit_defaults=True):
    """Something that the chat tells a participant. One of its subclasses."""

    is_transient: ClassVar[bool] = False
    """Whether a slow reader does without it: it says how things are just now, and the next one makes up for it."""


class Limits(Struct, frozen=True, gc=False):
    """What the server takes; a command over a limit is answered with an error."""

    line_bytes: int = LINE_BYTES
    text_bytes: int = TEXT_BYTES
    topic_bytes: int = TOPIC_BYTES
    name_characters: int = NAME_CHARACTERS
    cid_characters: int = CID_BYTES
    history_entries: int = HISTORY_ENTRIES
    search_entries: int = SEARCH_ENTRIES
    reaction_characters: int = REACTION_CHARACTERS


class Welcome(Event, frozen=True, omit_defaults=False):
    """The answer to `Hello`. `log` names the log that counts the entries: numbers of another log mean nothing here."""

    server: str
    log: str
    version: int = VERSION
    limits: Limits = Limits()
    cid: str = ""


class Registered(Event, frozen=True):
    """The answer to `Register`: the name is yours, as it is shown; and whether it is an account."""

    name: str
    cid: str = ""
    is_account: bool = field(default=False, name="account")


class Reaction(Struct, frozen=True, gc=False):
    """What some people answered to a message without words, each by name, in the order in which they did."""

    text: str
    names: tuple[str, ...]


class Entry(Event, frozen=True):
    """One thing that happened in a conversation. The log holds nothing else.

    `target` is where it was sent: a `#room`, or the name of the recipient. `seq` counts the entries of a conversation
    from 1, without gaps; `time` is in milliseconds since 1970-01-01T00:00Z. `kind` is one of

        message   a text; with `ref`, a reply to the message of that number
        topic     the room's new topic
        edit      the message `ref` has this text from now on
        delete    the message `ref` is taken away
        react     an answer to the message `ref` without words: an emoji, mostly
        unreact   the reaction `text` to `ref` is taken back

    What is read later is shown as it is by then: `is_edited`, `is_deleted` (then without a text), `reactions`.
    """

    target: str
    seq: int
    sender: str
    time: int
    text: str
    kind: str = "message"
    ref: int = 0
    is_edited: bool = field(default=False, name="edited")
    is_deleted: bool = field(default=False, name="deleted")
    reactions: tuple[Reaction, ...] = ()
    is_queued: bool = field(default=False, name="queued")


class Accepted(Event, frozen=True):
    """The receipt of an entry: the log has it, under this number. It is never lost from here on.

    `is_queued`: the recipient is not here, the entry waits for them. `away`: they are here, but left this note.
    """

    target: str
    seq: int
    time: int
    cid: str = ""
    is_queued: bool = field(default=False, name="queued")
    away: str = ""


class Delivered(Event, frozen=True):
    """A device of `name` has everything of your private conversation up to `seq`."""

    is_transient: ClassVar[bool] = True

    name: str
    seq: int


class IsRead(Event, frozen=True, tag="read"):
    """`name` has read everything of the conversation with `target` up to `seq`.

    In a private conversation `name` is the other, or yourself on another device; in a room, yourself.
    """

    is_transient: ClassVar[bool] = True

    name: str
    target: str
    seq: int


class Skipped(Event, frozen=True):
    """What was said to `target` up to the number `seq`, and did not come, has waited too long. History may have it."""

    target: str
    seq: int


class Entered(Event, frozen=True):
    """The answer to `Join`: you are in the room, with these members (you are one of them).

    `seq` is the number of its newest entry by then. Its entries are kept for `keep_seconds`, and `keep_entries` of
    them; 0 is without end. Without a `cid` it tells an account that it is in the room still, or
    that another of its devices has entered it.
    """

    room: str
    members: tuple[str, ...]
    topic: str = ""
    cid: str = ""
    seq: int = 0
    keep_seconds: int = 0
    keep_entries: int = 0


class Exited(Event, frozen=True):
    """The answer to `Leave`: you are no longer in the room. Without a `cid`, another device of the account has left."""

    room: str
    cid: str = ""


class Joined(Event, frozen=True):
    """Somebody else entered a room that you are in."""

    room: str
    name: str


class Left(Event, frozen=True):
    """Somebody else left a room that you are in. `reason` says why, if it was not simply by leaving."""

    room: str
    name: str
    reason: str = ""


class TopicIs(Event, frozen=True, tag="topic"):
    """The answer to `Topic` without a text."""

    room: str
    text: str
    cid: str = ""


class Present(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of `Online`: a name, and its away note if it has one."""

    name: str
    away: str = ""


class Online(Event, frozen=True):
    """The answer to `Who`, sorted by name. `room` is the room that was asked about."""

    people: tuple[Present, ...]
    room: str = ""
    cid: str = ""


class RoomInfo(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of `RoomList`."""

    room: str
    members: int
    topic: str = ""


class RoomList(Event, frozen=True, tag="rooms"):
    """The answer to `Rooms`, sorted by name."""

    rooms: tuple[RoomInfo, ...]
    cid: str = ""


class IsTyping(Event, frozen=True, tag="typing"):
    """Somebody is typing a message to `target`: you, or a room that you are in."""

    is_transient: ClassVar[bool] = True

    name: str
    target: str


class Page(Event, frozen=True):
    """The answer to `History`: entries in the order of their numbers.

    `has_more`: there are older ones; `has_newer`: there are newer ones. In a private conversation, the other has
    everything up to `delivered`, and has read everything up to `read`.
    """

    target: str
    entries: tuple[Entry, ...]
    has_more: bool = field(default=False, name="more")
    cid: str = ""
    has_newer: bool = field(default=False, name="newer")
    delivered: int = 0
    read: int = 0


class Found(Event, frozen=True):
    """The answer to `Search`: messages, newest first. `next` is what to ask `before` for older ones, if there are."""

    entries: tuple[Entry, ...]
    next: int | None = None
    cid: str = ""


class Done(Event, frozen=True):
    """The answer to a command that has nothing to tell (`Away`)."""

    cid: str = ""


class Pong(Event, frozen=True):
    """The answer to `Ping`."""

    cid: str = ""


class Failed(Event, frozen=True, tag="error"):
    """The command was refused; nothing of it took effect. `code` is for programs, `text` for people.

    `subject` is the name, room or word that it is about.
    """

    code: str
    text: str
    subject: str = ""
    cid: str = ""


class Bye(Event, frozen=True):
    """The last event of a connection. `is_final`: it is of no use to connect again by itself."""

    reason: str = ""
    is_final: bool = field(default=False, name="final")


# --- the client's own: never on a wire ------------------------------------------------------------------------------


class Interrupted(Event, frozen=True):
    """The connection is lost. The client connects again by itself; what is sent meanwhile goes out then."""

    reason: str


class Resumed(Event, frozen=True):
    """The connection is back, with the same name and rooms."""
