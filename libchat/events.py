"""What the chat tells a participant: immutable values, which are types of the native wire as well."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from libchat.commands import VERSION
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


class Successor(Struct, frozen=True, gc=False):
    """A key that comes after the server's own, as that key states.

    `pin` is the next key's, `since` from when on it may be shown, in seconds since 1970. `key` is the public key that
    signs (DER of its SubjectPublicKeyInfo), `signature` what it signs; both base64url without padding. What is signed
    stands in `libchat.security.succession`.
    """

    pin: str
    since: int
    signature: str
    key: str


class Welcome(Event, frozen=True, omit_defaults=False):
    """The answer to `Hello`. `log` names the log that counts the entries: numbers of another log mean nothing here.

    `nonce` is what a device's proof on this connection must sign, "" if the server keeps no accounts. `admit` says whom
    the server takes: "open" everybody, "invite" whoever brings an invite or has an account, "accounts" nobody else.
    `successor` is there when a change of the server's key is planned. `time` is the server's, in milliseconds since
    1970-01-01T00:00Z.
    """

    server: str
    log: str
    version: int = VERSION
    limits: Limits = Limits()
    cid: str = ""
    nonce: str = ""
    admit: str = "open"
    successor: Successor | None = None
    time: int = 0


class Registered(Event, frozen=True):
    """The answer to `Register`: the name is yours, as it is shown; and whether it is an account.

    `room` is where the invite leads to that was brought. Without a `cid`, it tells that the name is an account by now.
    `rooms` are all that an account is in (None for a guest): a device that was in another one is there no more. `kicks`
    say of some of these others who has put the account out; it has left the rest, or nobody knows any more.
    """

    name: str
    cid: str = ""
    is_account: bool = field(default=False, name="account")
    room: str = ""
    rooms: tuple[str, ...] | None = None
    kicks: tuple[Kicked, ...] = ()


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

    `is_queued`: the recipient is not here, the entry waits for them. `away`: they are here, but left this note. `text`
    is what everybody sees, if the chat has changed what was sent.
    """

    target: str
    seq: int
    time: int
    cid: str = ""
    is_queued: bool = field(default=False, name="queued")
    away: str = ""
    text: str = ""


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
    them; 0 is without end. Without a `cid` it tells an account that it is in the room still, or that another of its
    devices has entered it; and somebody who came back while being kicked, that they are in it again. `role` is your
    own: "owner", "operator", "voice" or "".
    """

    room: str
    members: tuple[str, ...]
    topic: str = ""
    cid: str = ""
    seq: int = 0
    keep_seconds: int = 0
    keep_entries: int = 0
    role: str = ""


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


class Kicked(Event, frozen=True):
    """`name` was put out of a room by `by`. If that is you, you are in it no longer; do not join again unasked."""

    room: str
    name: str
    by: str
    reason: str = ""


class Granted(Event, frozen=True):
    """`name` has a role in a room from now on: "owner", "operator", "voice", or "" for none."""

    room: str
    name: str
    role: str
    by: str


class Muted(Event, frozen=True):
    """`name` may not speak in a room: until a time in milliseconds since 1970-01-01T00:00Z, or, with 0, for good."""

    room: str
    name: str
    by: str
    until: int = 0
    reason: str = ""


class Unmuted(Event, frozen=True):
    """`name` may speak in a room again."""

    room: str
    name: str
    by: str


class RoomIs(Event, frozen=True, omit_defaults=False):
    """How a room is from now on; `by` is who has changed something. With a `cid`, the answer to who asked how it is."""

    room: str
    invite_only: bool = False
    has_password: bool = False
    moderated: bool = False
    secret: bool = False
    open_topic: bool = True
    by: str = ""
    cid: str = ""


class Invited(Event, frozen=True):
    """`name` has invited you to a room."""

    room: str
    name: str


class BanInfo(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of `BanList`: what is banned, or who is muted, by whom, when, until when (0: for good), and why."""

    mask: str
    by: str
    made: int
    until: int = 0
    reason: str = ""


class BanList(Event, frozen=True):
    """The answer to `Bans`: who is banned from a room, and who is muted in it."""

    room: str
    bans: tuple[BanInfo, ...]
    mutes: tuple[BanInfo, ...] = ()
    cid: str = ""


class TopicIs(Event, frozen=True, tag="topic"):
    """The answer to `Topic` without a text."""

    room: str
    text: str
    cid: str = ""


class Present(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of `Online`: a name, its away note if it has one, and its role in the room that was asked about."""

    name: str
    away: str = ""
    role: str = ""


class Online(Event, frozen=True):
    """The answer to `Who`, sorted by name. `room` is the room that was asked about."""

    people: tuple[Present, ...]
    room: str = ""
    cid: str = ""


class RoomInfo(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of `RoomList`: a room, how many are in it, and its topic."""

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


class DeviceInfo(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of `DeviceList`: a device, by the `id` of its key and what it is called.

    It was `added` and last `seen` then, in milliseconds since 1970. `is_current`: it is the one that asks.
    """

    id: str
    label: str
    added: int
    seen: int
    is_current: bool = field(default=False, name="current")


class DeviceList(Event, frozen=True):
    """The answer to `Devices`: the devices that are signed in to the own account, oldest first."""

    devices: tuple[DeviceInfo, ...]
    cid: str = ""


class InviteMade(Event, frozen=True):
    """The answer to `MakeInvite`. Its `token` is told this once; it `expires` then, in milliseconds since 1970."""

    token: str
    room: str
    uses: int
    expires: int
    cid: str = ""

    def __repr__(self) -> str:
        return f"InviteMade(to {self.room or 'the server'!r}, {self.uses} uses, until {self.expires})"


class Done(Event, frozen=True):
    """The answer to a command that has nothing to tell (`Away`, `Password`, `Revoke`). `text` says so to people."""

    cid: str = ""
    text: str = ""


class Pong(Event, frozen=True):
    """The answer to `Ping`."""

    cid: str = ""


class Slowed(Event, frozen=True):
    """You send faster than the server takes it: what you have sent waits `seconds` at least. Nothing is lost."""

    is_transient: ClassVar[bool] = True

    seconds: int


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
