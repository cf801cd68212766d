"""Conversations: who is in them, what was said of late, what is unread; and which of them is on the screen."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from libchat import Entry
from libchat import messages as m
from libchat.names import target_key
from libchat_shell.lines import Line

HOME: Final = ""
"""The conversation outside all others."""

ENTRIES: Final = 500
"""Messages that a conversation remembers, to be replied to, edited, and shown again."""

KNOWN: Final = 2 * ENTRIES
"""Entries of which it is known that they were taken: more than can come twice, which is a page of history."""

SPEAKERS: Final = 1_000
"""Who has spoken, as far back as it is known: nobody looks for one who is further down by hand."""

BACKLOG: Final = 200
"""What is shown of the unread at most when a conversation comes on the screen: some screens full."""

TYPING_MS: Final = 6_000
"""How long somebody counts as typing after they were heard to."""


@dataclass(eq=False)
class Conversation:
    """A room, a person, or home."""

    target: str
    key: str
    members: dict[str, str] = field(default_factory=dict)
    """Who is in a room: canonical name, and the name as it is shown."""
    roles: dict[str, str] = field(default_factory=dict)
    spoken: dict[str, str] = field(default_factory=dict)
    """Who has spoken, the most recent last."""
    recent: OrderedDict[int, Entry] = field(default_factory=OrderedDict)
    """Messages by number, oldest first, as they are by now."""
    known: OrderedDict[int, tuple[str, int]] = field(default_factory=OrderedDict)
    """Who made an entry, and when, by its number: all entries that were taken, in the order in which they were."""
    backlog: deque[Callable[[], Sequence[Line]]] = field(default_factory=lambda: deque(maxlen=BACKLOG))
    """What happened and was not shown yet: it becomes lines when it is."""
    missed: int = 0
    """How much of it was dropped."""
    unread: int = 0
    mentions: int = 0
    topic: str = ""
    role: str = ""
    settings: m.RoomIs | None = None
    is_joined: bool = False
    draft: str = ""
    """What was typed, and not sent: kept by the user interface while the conversation is not on the screen."""
    typing: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Who is typing, as shown, and until when that is believed."""
    newest: int = 0
    """The highest number that there is, as far as is known."""
    seen: int = 0
    """The highest number that was shown."""
    told: int = 0
    """The highest number of which the chat was told that it is read."""
    delivered: int = 0
    read: int = 0
    read_at: int = 0
    """How far the other one of a private conversation has come, and when the last was read."""
    absence: str = ""
    """What was told last about the other one of a private conversation not being there."""
    _sorted: list[tuple[str, str]] | None = None
    """Keys and names of the members by alphabet, made when they are asked for."""

    @property
    def is_room(self) -> bool:
        """Whether it is a room."""
        return self.key.startswith("#")

    @property
    def is_private(self) -> bool:
        """Whether it is with one person."""
        return bool(self.key) and not self.is_room

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for the person in particular."""
        return self.mentions > 0 or (self.is_private and self.unread > 0)

    # --- who is there

    def enter(self, names: Iterable[str]) -> None:
        """Take a list of members for the one that is so far known."""
        self.members = {target_key(name): name for name in names}
        self._sorted = None

    def add(self, name: str) -> None:
        """Have somebody be a member."""
        self.members[target_key(name)] = name
        self._sorted = None

    def remove(self, name: str) -> None:
        """Have somebody be a member no longer."""
        key = target_key(name)
        self.members.pop(key, None)
        self.roles.pop(key, None)
        self.typing.pop(key, None)
        self._sorted = None

    def exit(self) -> None:
        """Be out of the room."""
        self.is_joined = False
        self.role = ""
        self.roles.clear()
        self.typing.clear()
        self.enter(())

    def spoke(self, name: str) -> None:
        """Notice that somebody has said something."""
        key = target_key(name)
        self.spoken.pop(key, None)
        self.spoken[key] = name
        if len(self.spoken) > SPEAKERS:
            del self.spoken[next(iter(self.spoken))]
        self.typing.pop(key, None)

    def names(self, me: str) -> list[str]:
        """Return who may be meant: who spoke last first, then by alphabet, oneself last."""
        if self._sorted is None:
            self._sorted = sorted(self.members.items())
        own = target_key(me)
        present = self.members if self.is_room else {**self.members, self.key: self.target}
        first = [name for key, name in reversed(self.spoken.items()) if key in present and key != own]
        keys = {*self.spoken, own}
        rest = [name for key, name in self._sorted if key not in keys]
        if self.is_private and self.key not in self.spoken:
            rest = [self.target, *rest]
        return [*first, *rest, me]

    def typists(self, now: int) -> list[str]:
        """Return who is typing."""
        return [name for name, until in self.typing.values() if until > now]

    # --- what was said

    def remember(self, entry: Entry) -> None:
        """Keep a message."""
        self.recent[entry.seq] = entry
        if len(self.recent) > ENTRIES:
            self.recent.popitem(last=False)

    def recall(self, entry: Entry) -> None:
        """Keep a message of history, before those that are known."""
        if entry.seq not in self.recent and len(self.recent) < ENTRIES:
            self.recent[entry.seq] = entry
            if entry.seq < self.newest:
                self.recent = OrderedDict(sorted(self.recent.items()))

    def is_new(self, entry: Entry) -> bool:
        """Return whether an entry was not taken before.

        Another one under the same number tells that the server counts anew: then nothing is known any more.
        """
        before = self.known.get(entry.seq)
        if before is None:
            return True
        if before == (entry.sender, entry.time):
            return False
        self.recent.clear()
        self.known.clear()
        self.newest = self.seen = self.told = self.delivered = self.read = 0
        return True

    def know(self, entry: Entry) -> None:
        """Notice that an entry is taken."""
        self.known[entry.seq] = (entry.sender, entry.time)
        if len(self.known) > KNOWN:
            self.known.popitem(last=False)
        self.note_newest(entry.seq)

    def amend(self, entry: Entry) -> Entry | None:
        """Change the message that an entry is about; return how it was before, None if it is not known (any more)."""
        before = self.recent.get(entry.ref)
        if before is None:
            return None
        if entry.kind == "edit":
            self.recent[entry.ref] = replace(before, text=entry.text, is_edited=True)
        elif entry.kind == "delete":
            self.recent[entry.ref] = replace(before, text="", is_deleted=True, reactions=())
        elif entry.kind in ("react", "unreact"):
            self.recent[entry.ref] = replace(before, reactions=_reactions(before, entry))
        return before

    def note_newest(self, seq: int) -> None:
        """Notice that there is a number."""
        self.newest = max(self.newest, seq)

    def reach(self, seq: int, now: int, *, is_read: bool) -> None:
        """Notice that the other one has everything up to a number, or has read it."""
        self.delivered = max(self.delivered, seq)
        if is_read and seq > self.read:
            self.read, self.read_at = seq, now

    def note_seen(self, seq: int) -> None:
        """Notice that a number was shown."""
        self.seen = max(self.seen, seq)

    def clear_unread(self) -> None:
        """Have nothing unread."""
        self.unread = self.mentions = self.missed = 0
        self.backlog.clear()


def _reactions(message: Entry, entry: Entry) -> tuple[m.Reaction, ...]:
    by_text = {reaction.text: [*reaction.names] for reaction in message.reactions}
    names = by_text.setdefault(entry.text, [])
    if entry.sender in names:
        names.remove(entry.sender)
    if entry.kind == "react":
        names.append(entry.sender)
    return tuple(m.Reaction(text, tuple(names)) for text, names in by_text.items() if names)


class Conversations:
    """The conversations in the order in which they were opened; home is always there, and has the number 0."""

    def __init__(self) -> None:
        self.home = Conversation(HOME, HOME)
        self.active = self.home
        self._by_key: dict[str, Conversation] = {HOME: self.home}
        self._visited: list[Conversation] = [self.home]

    def __iter__(self) -> Iterator[Conversation]:
        """Yield all, home first."""
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def find(self, target: str) -> Conversation | None:
        """Return the conversation if it is open."""
        return self._by_key.get(target_key(target) if target else HOME)

    def open(self, target: str) -> Conversation:
        """Return the conversation, opened if it was not."""
        key = target_key(target) if target else HOME
        found = self._by_key.get(key)
        if found is None:
            found = self._by_key[key] = Conversation(target, key)
        return found

    def switch(self, target: str) -> Conversation:
        """Have a conversation on the screen, opened if it was not."""
        self.active = self.open(target)
        self._visited = [each for each in self._visited if each is not self.active] + [self.active]
        return self.active

    def close(self, target: str) -> Conversation | None:
        """Take a conversation off the list, and return it; home stays. If it was active, the one before is."""
        found = self.find(target)
        if found is None or found is self.home:
            return None
        del self._by_key[found.key]
        self._visited = [each for each in self._visited if each is not found]
        if self.active is found:
            self.active = self._visited[-1] if self._visited else self.home
        return found

    def next_active(self) -> Conversation | None:
        """Return the one that wants attention most: where the person is waited for, else where something is unread."""
        others = [each for each in self if each is not self.active and each.unread]
        return next((each for each in others if each.is_urgent), others[0] if others else None)

    def nth(self, number: int) -> Conversation | None:
        """Return a conversation by its number; home has 0."""
        each = list(self._by_key.values())
        return each[number] if 0 <= number < len(each) else None

    def number(self, conversation: Conversation) -> int:
        """Return the number of a conversation."""
        return list(self._by_key).index(conversation.key)
