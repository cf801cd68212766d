"""What goes into a log and comes out of it, beside entries. All are immutable; times are milliseconds since 1970.

A `conversation` is named by its key: `#room` by canonical name, or the two canonical names of a pair, sorted, with a
space between. A `name` here is a canonical name; a `device` is what `device_id` makes of a client's secret.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from libchat.errors import Code
from libchat.limits import REACTIONS
from libchat.messages import Entry

# --- what is appended -----------------------------------------------------------------------------------------------


class Unfit(Struct, frozen=True, gc=False):
    """A draft refers to an entry to which it must not refer. `reason` is for a person."""

    code: Code
    reason: str


class Draft(Struct, frozen=True, gc=False):
    """An entry before the log has numbered it. One that has a `cid` is kept once for each (`device`, `cid`).

    `ref` is the number of the entry in the same conversation that it is about: what a message replies to, what an edit
    replaces, a deletion takes away, a reaction is for (`check_reference`). `owner` says who wrote it: who brings the
    same one may edit and delete it later; nobody may if it is "". `is_operator`: its sender may delete what others own.
    With a `refusal` it may not be stored; but it may be known, from when it was still allowed. With a `member` it may
    be stored if that name is a member of the room by then: whether their joining can be stored, nobody knows yet.
    `sent` is the text as it came, if it was changed on the way (`libchat.vetting`): who sends it again sends that.
    """

    conversation: str
    target: str
    sender: str
    time: int
    text: str
    kind: str = "message"
    device: str = ""
    cid: str = ""
    ref: int = 0
    owner: str = ""
    is_operator: bool = False
    refusal: Unfit | None = None
    sent: str | None = None
    member: str = ""


class Known(Struct, frozen=True, gc=False):
    """A name was taken: it can be written to from now on. `since` is when, `device` by which device.

    The log knows that device of an account from then on. A new one begins where the name is, in each conversation: what
    another one acknowledges later is not taken from it. Of more than `DEVICES`, the log forgets the one that was here
    longest ago.
    """

    name: str
    display: str
    since: int
    device: str = ""
    is_account: bool = False


class Cursor(Struct, frozen=True, gc=False):
    """A device of a name has everything of a conversation up to `seq`, and so has the name. Neither ever goes back.

    Without a device, it says so for the name alone. It goes as far as the newest entry by then, and no further.
    """

    name: str
    device: str
    conversation: str
    seq: int


class Mark(Struct, frozen=True, gc=False):
    """A person has read everything of a conversation up to `seq`, or to the newest entry. It never goes back."""

    name: str
    conversation: str
    seq: int


class Member(Struct, frozen=True, gc=False):
    """An account is a member of a room from now on, or no longer. `room` is its name as it is shown.

    Who becomes a member has nothing of the room to catch up with: the cursors of the name and of all its devices there
    begin at the room's newest entry. Of who is one already, it tells the `role`: "owner", "operator", "voice" or "".
    """

    conversation: str
    room: str
    name: str
    role: str = ""
    is_in: bool = True


class RoomSettings(Struct, frozen=True, gc=False):
    """What is set in a room from now on; None leaves something as it is.

    `password` is what `libchat.core.moderation.hash_password` makes of one, "" if there is none.
    """

    conversation: str
    room: str
    invite_only: bool | None = None
    password: str | None = None
    moderated: bool | None = None
    secret: bool | None = None
    open_topic: bool | None = None

    def __repr__(self) -> str:
        return f"RoomSettings({self.conversation!r})"


class RoomBan(Struct, frozen=True, gc=False):
    """Nobody who fits `mask` enters a room until a time (0: ever) from now on; or, not `is_on`, they may again.

    A mask is a canonical name, or a network in the notation of `ipaddress`. `by` is how who banned them is shown.
    """

    conversation: str
    room: str
    mask: str
    by: str = ""
    made: int = 0
    until: int = 0
    reason: str = ""
    is_on: bool = True


class RoomMute(Struct, frozen=True, gc=False):
    """Whoever has a canonical name does not speak in a room until a time (0: ever); or, not `is_on`, they may again."""

    conversation: str
    room: str
    name: str
    by: str = ""
    made: int = 0
    until: int = 0
    reason: str = ""
    is_on: bool = True


class RoomEnd(Struct, frozen=True, gc=False):
    """A room has ended: what was set in it, and who was banned or muted there, is forgotten."""

    conversation: str


class Audit(Struct, frozen=True, gc=False):
    """Who did what in a room, to whom, and why. It is kept for ever: the newest does not replace the one before."""

    time: int
    actor: str
    action: str
    room: str
    subject: str = ""
    reason: str = ""


class Look(Struct, frozen=True, gc=False):
    """Nothing is to be remembered: the answer says where the conversation is by then."""

    conversation: str


RoomFact = RoomSettings | RoomBan | RoomMute | RoomEnd | Audit
"""What is remembered of how order is kept in rooms."""

Fact = Known | Cursor | Mark | Member | Look | RoomFact
"""What is remembered beside entries: the newest replaces the one before."""

Record = Draft | Fact

# --- what the log answers to it -------------------------------------------------------------------------------------


class Repeat(Struct, frozen=True, gc=False):
    """A draft's client id was seen before, for the same: the entry of the first time."""

    entry: Entry


class Conflict(Struct, frozen=True, gc=False):
    """A draft's client id was used for another entry."""


class Failure(Struct, frozen=True, gc=False):
    """The log could not store it. `reason` is for a person."""

    reason: str


class Stored(Struct, frozen=True, gc=False):
    """The log has stored a fact. For `Member` and `Look`, `seq` is the number of the conversation's newest entry."""

    seq: int = 0


Outcome = Entry | Repeat | Conflict | Unfit | Failure | Stored
"""What became of a record."""

# --- what is asked --------------------------------------------------------------------------------------------------


class AskPage(Struct, frozen=True, gc=False):
    """Ask for `limit` entries of a conversation that are not older than `since`.

    `where` "before": the newest ones before the number `at` (None: of all); "after": the oldest ones after it;
    "around": the entry `at` in the middle, with up to `limit // 2` before it, and what is left of `limit` from it on.
    `other` is whose receipts are wanted, too.
    """

    conversation: str
    at: int | None = None
    where: Literal["before", "after", "around"] = "before"
    limit: int = 50
    since: int = 0
    other: str = ""


class PageFound(Struct, frozen=True, gc=False):
    """Entries in the order of their numbers, and whether there are older and newer ones that are not older than asked.

    `delivered` and `read` are the cursor and the mark of the `other`, 0 if there is none.
    """

    entries: tuple[Entry, ...]
    has_older: bool = False
    has_newer: bool = False
    delivered: int = 0
    read: int = 0


class Span(Struct, frozen=True, gc=False):
    """The numbers `after < seq <= until` of a conversation."""

    conversation: str
    after: int
    until: int


class AskWaiting(Struct, frozen=True, gc=False):
    """Ask for the first `limit` entries of some spans in the order in which they were appended.

    Left out is what the asker has said: with a `device`, what came from it; without, what `name` has sent.
    """

    spans: tuple[Span, ...]
    name: str
    device: str
    limit: int


class WaitingFound(Struct, frozen=True, gc=False):
    """Each entry with its conversation. `has_more`: there are further ones."""

    entries: tuple[tuple[str, Entry], ...]
    has_more: bool = False


class AskUnread(Struct, frozen=True, gc=False):
    """Ask what a device has not acknowledged of its name's private conversations, and of the rooms it is a member of.

    A device that the log knows (`Known`), and that has no cursor in a conversation, has nothing of it: it began later.
    One that the log does not know is where its name is.
    """

    name: str
    device: str


class UnreadFound(Struct, frozen=True, gc=False):
    """The spans that hold something, by conversation."""

    spans: tuple[Span, ...]


class AskSearch(Struct, frozen=True, gc=False):
    """Ask for the newest `limit` messages in which all `words` stand, older than `before` (an answer's `next`).

    A word matches whole words, in any case and with any accents; one that ends with `*` their beginnings; one with
    spaces matches these words next to each other. Looked through are the conversations `rooms`, and the private ones
    of `name`, as far as they are not older than `since`. With `only`, nothing but that conversation (still one of
    these).
    """

    words: tuple[str, ...]
    rooms: tuple[str, ...]
    name: str
    since: int = 0
    only: str = ""
    before: int | None = None
    limit: int = 50


class SearchFound(Struct, frozen=True, gc=False):
    """Entries, newest first. `next` is what to ask `before` for further ones, None if there are none."""

    entries: tuple[Entry, ...]
    next: int | None = None


class AskFirst(Struct, frozen=True, gc=False):
    """Ask which pairs of a device and a client id something was stored under."""

    keys: tuple[tuple[str, str], ...]


class FirstFound(Struct, frozen=True, gc=False):
    """Whether it was, for each of them in their order."""

    are_known: tuple[bool, ...]


class Unanswered(Struct, frozen=True, gc=False):
    """The log could not read what was asked for, or not in time. `reason` is for a person."""

    reason: str


Question = AskPage | AskWaiting | AskUnread | AskSearch | AskFirst
Answer = PageFound | WaitingFound | UnreadFound | SearchFound | FirstFound | Unanswered

# --- what it begins with --------------------------------------------------------------------------------------------


class Waiting(Struct, frozen=True, gc=False):
    """Something waits for a name: of a private conversation, what lies after its cursor, up to the newest for it."""

    name: str
    conversation: str
    cursor: int
    newest: int


class RoomState(Struct, frozen=True, gc=False):
    """A room that has members (accounts, each with its role), a topic, or anything that is set in it.

    `settings` holds all of them, None if none was ever set. Bans and mutes are in the order of masks and names.
    """

    conversation: str
    room: str
    topic: str
    members: tuple[tuple[str, str], ...]
    settings: RoomSettings | None = None
    bans: tuple[RoomBan, ...] = ()
    mutes: tuple[RoomMute, ...] = ()


class State(Struct, frozen=True, gc=False):
    """What a log knows when it is opened. Names are in the order in which they were taken."""

    names: tuple[Known, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    rooms: tuple[RoomState, ...] = ()


class Retention(Struct, frozen=True, gc=False):
    """How long entries are kept: so many seconds, and so many in each conversation. 0 is without end."""

    seconds: int = 0
    entries: int = 0


# --- rules that every log keeps -------------------------------------------------------------------------------------

REFERRING = frozenset({"edit", "delete", "react", "unreact"})
"""The kinds of entries that are nothing without what they refer to."""


class Original(Struct, frozen=True, gc=False):
    """What must be known of the entry to which a draft refers."""

    kind: str
    owner: str
    is_deleted: bool
    reactions: int


def no_member(draft: Draft) -> Unfit:
    """Return why a draft is not stored whose `member` is none."""
    return Unfit(Code.NOT_IN_ROOM, f"you are not in {draft.target}: that you join it could not be stored")


def check_reference(draft: Draft, original: Original | None) -> Unfit | None:
    """Return what is wrong with a draft's reference, None if nothing is.

    It must be to a message that is there and not deleted. Only its owner edits it; its owner and operators delete it.
    A message has `REACTIONS` reactions at most.
    """
    if not draft.ref and draft.kind not in REFERRING:
        return None
    if original is None or original.kind != "message":
        return Unfit(Code.NO_SUCH_ENTRY, f"there is no message {draft.ref} in {draft.target}")
    if original.is_deleted:
        return Unfit(Code.NO_SUCH_ENTRY, f"message {draft.ref} in {draft.target} was deleted")
    is_own = bool(draft.owner) and draft.owner == original.owner
    if draft.kind == "edit" and not is_own:
        return Unfit(Code.NOT_YOURS, f"message {draft.ref} in {draft.target} is not yours to edit")
    if draft.kind == "delete" and not (is_own or draft.is_operator):
        return Unfit(Code.NOT_YOURS, f"message {draft.ref} in {draft.target} is not yours to delete")
    if draft.kind == "react" and original.reactions >= REACTIONS:
        return Unfit(Code.TOO_MANY, f"message {draft.ref} in {draft.target} has {REACTIONS} reactions already")
    return None


def device_id(secret: str) -> str:
    """Return what is kept of a device's secret: who reads the log cannot pose as the device. "" if there is none."""
    from hashlib import sha256  # loads OpenSSL, for which not every program that imports libchat has a use

    return sha256(secret.encode()).hexdigest()[:32] if secret else ""
