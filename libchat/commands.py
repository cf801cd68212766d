"""What a participant wants of the chat: immutable values, which are types of the native wire as well."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from libchat.limits import (
    BAN_SECONDS,
    CID_BYTES,
    HISTORY_ENTRIES,
    INVITE_SECONDS,
    INVITE_USES,
    KEY_CHARACTERS,
    KEY_ID_CHARACTERS,
    LABEL_CHARACTERS,
    MASK_CHARACTERS,
    PASSWORD_CHARACTERS,
    PROOF_CHARACTERS,
    SEARCH_ENTRIES,
    TOKEN_CHARACTERS,
)

VERSION: Final = 1
"""The version of the native protocol. Fields and types may be added to it; none changes its meaning."""

Cid = Annotated[str, Meta(max_length=CID_BYTES)]
Sequence = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""A sequence number: JSON readers everywhere hold integers up to 2**53 - 1 exactly (RFC 8259, section 6)."""


Secret = Annotated[str, Meta(max_length=PASSWORD_CHARACTERS)]
"""A password. Commands that hold one do not show it in their repr."""


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

    `password` makes the name an account, or shows that one may have it. `key` is the client's own (Ed25519, RFC 8032),
    `proof` its signature under the `nonce` of the server's welcome (`libchat.security.device_keys`), both in base64url
    without padding; with them, the key is signed in once, by the password, and needs none again. `label` is what the
    person calls the device. `token` is an invite's.
    """

    name: str
    device: Annotated[str, Meta(max_length=CID_BYTES)] = ""
    cid: Cid = ""
    attempt: Sequence = 0
    password: Secret = ""
    key: Annotated[str, Meta(max_length=KEY_CHARACTERS)] = ""
    proof: Annotated[str, Meta(max_length=PROOF_CHARACTERS)] = ""
    token: Annotated[str, Meta(max_length=TOKEN_CHARACTERS)] = ""
    label: Annotated[str, Meta(max_length=LABEL_CHARACTERS)] = ""

    def __repr__(self) -> str:
        return f"Register({self.name!r}, cid={self.cid!r})"


class Password(Command, frozen=True):
    """Make the own name an account with this password, or change the password of the account.

    The `old` one is needed for that, unless this connection was given the name by a password or a device's key.
    """

    new: Secret
    old: Secret = ""
    cid: Cid = ""

    def __repr__(self) -> str:
        return f"Password(cid={self.cid!r})"


class Devices(Command, frozen=True):
    """Ask which devices are signed in to the own account."""

    cid: Cid = ""


class Revoke(Command, frozen=True):
    """Sign a device of the own account out, by the `id` that `DeviceList` tells: its connections end."""

    device: Annotated[str, Meta(max_length=KEY_ID_CHARACTERS)]
    cid: Cid = ""


class MakeInvite(Command, frozen=True):
    """Make an invite to the server, or to one of its rooms, which so many may use for so many seconds."""

    room: str = ""
    uses: Annotated[int, Meta(ge=1, le=INVITE_USES)] = 1
    seconds: Annotated[int, Meta(ge=1, le=INVITE_SECONDS)] = 24 * 3600
    cid: Cid = ""


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
    `password` is the room's, if it has one.
    """

    room: str
    cid: Cid = ""
    after: Sequence | None = None
    password: Secret = ""

    def __repr__(self) -> str:
        return f"Join({self.room!r}, {self.cid!r}, {self.after!r})"


class Leave(Command, frozen=True):
    """Leave a room."""

    room: str
    cid: Cid = ""


class Topic(Command, frozen=True):
    """Ask for the topic of a room, or set it. An empty text clears it."""

    room: str
    text: str | None = None
    cid: Cid = ""


class Kick(Command, frozen=True):
    """Put somebody out of a room. They may come back."""

    room: str
    name: str
    reason: str = ""
    cid: Cid = ""


class Ban(Command, frozen=True):
    """Keep somebody out of a room for so many seconds (0: until it is taken back), and put them out if they are in it.

    `mask` is a name, an address, or a network as 192.168.1.0/24; with `by_address`, the name of somebody who is here,
    and the addresses from which they come are banned.
    """

    room: str
    mask: Annotated[str, Meta(max_length=MASK_CHARACTERS)]
    seconds: Annotated[int, Meta(ge=0, le=BAN_SECONDS)] = 0
    reason: str = ""
    by_address: bool = False
    cid: Cid = ""


class Unban(Command, frozen=True):
    """Take a ban back."""

    room: str
    mask: Annotated[str, Meta(max_length=MASK_CHARACTERS)]
    cid: Cid = ""


class Bans(Command, frozen=True):
    """Ask who is banned from a room, and who is muted in it."""

    room: str
    cid: Cid = ""


class Mute(Command, frozen=True):
    """Have somebody not speak in a room for so many seconds (0: until it is taken back)."""

    room: str
    name: str
    seconds: Annotated[int, Meta(ge=0, le=BAN_SECONDS)] = 0
    reason: str = ""
    cid: Cid = ""


class Unmute(Command, frozen=True):
    """Have somebody who was muted speak again."""

    room: str
    name: str
    cid: Cid = ""


class Grant(Command, frozen=True):
    """Give a member of a room a role: "owner", "operator", "voice", or "" for none."""

    room: str
    name: str
    role: str
    cid: Cid = ""


class SetRoom(Command, frozen=True):
    """Set how a room is; None leaves something as it is. An empty password takes it away.

    With nothing to be set, it asks how the room is, as every member may.
    """

    room: str
    invite_only: bool | None = None
    password: Secret | None = None
    moderated: bool | None = None
    secret: bool | None = None
    open_topic: bool | None = None
    cid: Cid = ""

    def __repr__(self) -> str:
        return f"SetRoom({self.room!r}, cid={self.cid!r})"


class Invite(Command, frozen=True):
    """Invite somebody to a room: they may enter it once, also if it takes only those, or has a password."""

    room: str
    name: str
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
