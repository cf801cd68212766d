"""One conversation in memory: its newest entries, without gaps, and what became of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from libchat.messages import Entry, Reaction
from libchat.names import parse_name
from libchat.records import AskPage, Draft, Original


class Kept(Struct, frozen=True, gc=False):
    """An entry as it is now, its place among the entries of all conversations, and what came with it.

    `key` stands for its device and client id, `sent` is the text as it came, if it was changed on the way. It is
    replaced when it changes, so whoever has got it may read it without a lock.
    """

    conversation: str
    entry: Entry
    place: int
    device: str
    owner: str
    key: str
    sent: str | None = None


class _Changes(Struct, frozen=True, gc=False):
    """The numbers of a message's edits, and its reactions: display names by text and canonical name."""

    edits: list[int]
    reactions: dict[tuple[str, str], str]


class Conversation:
    """The newest entries by their numbers."""

    __slots__ = ("_changes", "entries", "last")

    def __init__(self, last: int) -> None:
        self.last = last
        """The number of the newest entry, also if it is no longer kept."""
        self.entries: dict[int, Kept] = {}
        self._changes: dict[int, _Changes] = {}

    @property
    def dropped(self) -> int:
        """The number of the newest entry that is no longer kept."""
        return self.last - len(self.entries)

    @property
    def oldest(self) -> Kept:
        """The oldest entry that is kept. There must be one."""
        return self.entries[self.dropped + 1]

    def drop_oldest(self) -> Kept:
        """Keep the oldest entry no longer, and return it."""
        seq = self.last - len(self.entries) + 1
        if self._changes:
            self._changes.pop(seq, None)
        return self.entries.pop(seq)

    def between(self, after: int, until: int) -> Iterator[Kept]:
        """Return what is kept of the entries with `after < seq <= until`, in order."""
        return (self.entries[seq] for seq in range(max(after, self.dropped) + 1, min(until, self.last) + 1))

    # --- changes

    def original(self, seq: int) -> Original | None:
        """Return what must be known of an entry to which a draft refers, None if it is not kept."""
        kept = self.entries.get(seq)
        if kept is None:
            return None
        changes = self._changes.get(seq)
        return Original(kept.entry.kind, kept.owner, kept.entry.is_deleted, len(changes.reactions) if changes else 0)

    def change(self, draft: Draft, seq: int) -> list[Kept]:
        """Let the entry of a draft, which has the number `seq`, change the message to which it refers.

        Returns the entries of which nothing must be read any more.
        """
        match draft.kind:
            case "edit":
                self._changes_of(draft.ref).edits.append(seq)
                self._replace(draft.ref, draft.text, is_edited=True)
            case "delete":
                return self._delete(draft.ref)
            case "react":
                self._changes_of(draft.ref).reactions.setdefault(_reaction(draft), draft.sender)
            case "unreact":
                self._changes_of(draft.ref).reactions.pop(_reaction(draft), None)
        return []

    def _changes_of(self, seq: int) -> _Changes:
        return self._changes.setdefault(seq, _Changes([], {}))

    def _delete(self, seq: int) -> list[Kept]:
        changes = self._changes.pop(seq, None)
        seqs = [seq, *(changes.edits if changes else ())]
        return [self._replace(each, "", is_deleted=True) for each in seqs]

    def _replace(self, seq: int, text: str, *, is_edited: bool = False, is_deleted: bool = False) -> Kept:
        kept = self.entries[seq]
        is_edited = is_edited or kept.entry.is_edited
        entry = replace(kept.entry, text=text, is_edited=is_edited, is_deleted=is_deleted)
        self.entries[seq] = kept = replace(kept, entry=entry)
        return kept

    # --- pages

    def page(self, asked: AskPage) -> tuple[tuple[Entry, ...], bool, bool]:
        """Return the entries that are asked for with their reactions, and whether there are older and newer ones."""
        kept = range(self.dropped + 1, self.last + 1)
        oldest = bisect_left(kept, asked.since, key=lambda seq: self.entries[seq].entry.time)
        kept = kept[oldest:]
        first, stop = _slice(kept, asked)
        return tuple(self._shown(seq) for seq in kept[first:stop]), first > 0, stop < len(kept)

    def _shown(self, seq: int) -> Entry:
        entry = self.entries[seq].entry
        changes = self._changes.get(seq)
        if changes is None or not changes.reactions:
            return entry
        names: dict[str, list[str]] = {}
        for (text, _), name in changes.reactions.items():
            names.setdefault(text, []).append(name)
        return replace(entry, reactions=tuple(Reaction(text, tuple(some)) for text, some in names.items()))


def _slice(kept: range, asked: AskPage) -> tuple[int, int]:
    """Return from where to where in `kept` the numbers are that are asked for."""
    if asked.where == "after":
        first = bisect_left(kept, (asked.at or 0) + 1)
        return first, min(first + asked.limit, len(kept))
    middle = len(kept) if asked.at is None else bisect_left(kept, asked.at)
    older = asked.limit if asked.where == "before" else asked.limit // 2
    first = max(middle - older, 0)
    return first, min(middle if asked.where == "before" else first + asked.limit, len(kept))


def _reaction(draft: Draft) -> tuple[str, str]:
    return draft.text, parse_name(draft.sender).key
