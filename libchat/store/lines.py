"""The lines of an exported log: one JSON object each, in this order.

    header         the format and its version, the log's id, and how many entries it has ever had
    name           a name that was taken, in the order in which they were
    device         one of an account, in the order in which they were here last (since version 2)
    conversation   a room or a pair, what is known of it, and the hashes at its two ends
    entry          in the order in which they were appended, with all that its hash is made of
    reaction       one that is shown now
    sent           of a text that was changed on its way, what it was before (since version 4)
    cursor, mark, member
    room           what is set in one (since version 3)
    ban, mute      those in a room (since version 3)
    audit          who did what in a room, in order (since version 3)
    end            how many lines came before, and the SHA-256 of all their bytes

Nothing in it depends on the tables of a file. Bytes are base64 (RFC 4648), times milliseconds since 1970. What is left
out has the default that stands here. `ORDER` is the order of the lines.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct
from msgspec.json import Decoder, Encoder

FORMAT: Final = "libchat-log"
VERSION: Final = 4
OLDEST: Final = 1
"""The first version that can be imported. It knew no devices: they are made of its cursors."""

LINE_BYTES: Final = 1_048_576
"""Bytes of one line with its end: forty times the longest text with everything about it, all of it escaped."""

Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Time: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Key: TypeAlias = Annotated[str, Meta(min_length=1)]
Hash: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]


class Line(
    Struct, frozen=True, gc=False, tag_field="line", tag=str.lower, omit_defaults=True, forbid_unknown_fields=True
):
    """What all lines have in common."""


class Header(Line, frozen=True, gc=False):
    """Which format this is, and which log."""

    format: str
    version: int
    id: Key
    newest: Number


class Name(Line, frozen=True, gc=False):
    """A name that was taken."""

    name: Key
    display: Key
    since: Time
    device: str = ""
    is_account: bool = False


class Device(Line, frozen=True, gc=False):
    """A device that the log knows of an account."""

    name: Key
    device: Key


class Conversation(Line, frozen=True, gc=False):
    """A room, or the private conversation of two."""

    key: Key
    room: str
    topic: str
    first: Number
    last: Number
    base: Hash
    head: Hash
    from_one: Number = 0
    from_other: Number = 0


class Entry(Line, frozen=True, gc=False):
    """An entry: with `salt` and `text` as it was sent, or with the `digest` of a text that was erased."""

    id: Number
    conversation: Key
    seq: Number
    target: str
    sender: str
    time: Time
    kind: str
    hash: Hash
    text: str = ""
    ref: Number = 0
    owner: str = ""
    device: str = ""
    cid: str = ""
    salt: bytes | None = None
    digest: Hash | None = None
    edited: Number = 0
    deleted: Number = 0


class Reaction(Line, frozen=True, gc=False):
    """A reaction to the entry `seq`, brought by the entry with the id `at`."""

    conversation: Key
    seq: Number
    text: str
    name: str
    display: str
    at: Number


class Sent(Line, frozen=True, gc=False):
    """Of the entry `seq`, the digest of the text that was sent, before it was changed."""

    conversation: Key
    seq: Number
    digest: Hash


class Cursor(Line, frozen=True, gc=False):
    """How far a name has come; with a device, how far that has."""

    name: Key
    conversation: Key
    seq: Number
    device: str = ""


class Mark(Line, frozen=True, gc=False):
    """How far a person has read."""

    name: Key
    conversation: Key
    seq: Number


class Member(Line, frozen=True, gc=False):
    """A member of a room. Before version 3, an operator was who had made it: its owner."""

    conversation: Key
    name: Key
    is_operator: bool = False
    role: str = ""


class Room(Line, frozen=True, gc=False):
    """What is set in a room."""

    conversation: Key
    invite_only: bool = False
    password: str = ""
    moderated: bool = False
    secret: bool = False
    open_topic: bool = True


class Ban(Line, frozen=True, gc=False):
    """A ban in a room."""

    conversation: Key
    mask: Key
    actor: str
    made: Time
    until: Time
    reason: str = ""


class Mute(Line, frozen=True, gc=False):
    """Somebody who is muted in a room."""

    conversation: Key
    name: Key
    actor: str
    made: Time
    until: Time
    reason: str = ""


class Audit(Line, frozen=True, gc=False):
    """A line of the audit of rooms."""

    id: Number
    time: Time
    actor: str
    action: str
    room: str
    subject: str = ""
    reason: str = ""


class End(Line, frozen=True, gc=False):
    """The last line."""

    lines: Number
    sha256: str


AnyLine: TypeAlias = (
    Header
    | Name
    | Device
    | Conversation
    | Entry
    | Reaction
    | Sent
    | Cursor
    | Mark
    | Member
    | Room
    | Ban
    | Mute
    | Audit
    | End
)

ORDER: Final[tuple[type[Line], ...]] = (
    Header,
    Name,
    Device,
    Conversation,
    Entry,
    Reaction,
    Sent,
    Cursor,
    Mark,
    Member,
    Room,
    Ban,
    Mute,
    Audit,
    End,
)

encode_line: Final = Encoder().encode
decode_line: Final = Decoder(AnyLine).decode
