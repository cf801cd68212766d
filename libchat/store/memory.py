"""A log in memory: the newest entries of each conversation, gone when the program ends.

Nothing in it is seen by Python's cyclic garbage collector: dictionaries of integers or strings to structs without
references to containers are not tracked. A busy log of half a million entries would otherwise be walked through each
time the collector looks for cycles.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from msgspec import Struct

from libchat.limits import MEMORY_ENTRIES
from libchat.locks import LOG, tiered_lock
from libchat.messages import Conflict, Draft, Entry, Forget, Forgotten, Outcome, Repeat


class MemoryLog:
    """Keep the newest `entries` of each conversation, with their client ids."""

    def __init__(self, entries: int = MEMORY_ENTRIES) -> None:
        self._limit = entries
        self._conversations: dict[str, _Conversation] = {}
        self._ended: dict[str, int] = {}
        """The last number of each conversation that was forgotten."""
        self._first: dict[str, _First] = {}
        """What is kept under each client id, by `_key`."""
        self._lock = tiered_lock(LOG)

    def append(
        self, drafts: Sequence[Draft | Forget], committed: Callable[[list[Outcome]], None]
    ) -> list[Outcome] | None:
        """Store drafts at once, in this order, and return what became of them."""
        with self._lock:
            return [self._append(draft) for draft in drafts]

    def read(self, conversation: str, after: int, until: int) -> Sequence[Entry]:
        """Return what is kept of the entries with `after < seq <= until`, in order."""
        with self._lock:
            kept = self._conversations.get(conversation)
            return kept.between(after, until) if kept is not None else ()

    def page(self, conversation: str, *, before: int | None, limit: int, since: int) -> tuple[Sequence[Entry], bool]:
        """Return the newest `limit` entries before `before`, since `since`, in order; and whether there are older."""
        with self._lock:
            kept = self._conversations.get(conversation)
            return kept.page(before, limit, since) if kept is not None else ((), False)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._conversations.clear()
            self._ended.clear()
            self._first.clear()

    def _append(self, draft: Draft | Forget) -> Outcome:
        kept = self._conversations.get(draft.conversation)
        if isinstance(draft, Forget):
            return self._forget(draft.conversation, kept)
        if kept is None:
            last = self._ended.pop(draft.conversation, 0)
            kept = self._conversations[draft.conversation] = _Conversation(last)
        key = _key(draft)
        if key and (first := self._first.get(key)) is not None:
            is_same = (first.conversation, first.entry.kind, first.entry.text) == (
                draft.conversation,
                draft.kind,
                draft.text,
            )
            return Repeat(first.entry) if is_same else Conflict()
        kept.last = seq = kept.last + 1
        kept.entries[seq] = entry = Entry(draft.target, seq, draft.sender, draft.time, draft.text, draft.kind)
        if key:
            kept.keys[seq] = key
            self._first[key] = _First(draft.conversation, entry)
        if len(kept.entries) > self._limit:
            self._drop_oldest(kept)
        return entry

    def _forget(self, conversation: str, kept: _Conversation | None) -> Outcome:
        if kept is not None:
            while kept.entries:
                self._drop_oldest(kept)
            self._ended[conversation] = kept.last
            del self._conversations[conversation]
        return Forgotten()

    def _drop_oldest(self, kept: _Conversation) -> None:
        seq = kept.dropped + 1
        del kept.entries[seq]
        key = kept.keys.pop(seq, None)
        if key is not None:
            del self._first[key]


class _First(Struct, frozen=True, gc=False):
    """An entry that was sent with a client id."""

    conversation: str
    entry: Entry


class _Conversation:
    """The newest entries of one conversation, without gaps, by their numbers."""

    __slots__ = ("entries", "keys", "last")

    def __init__(self, last: int) -> None:
        self.last = last
        self.entries: dict[int, Entry] = {}
        self.keys: dict[int, str] = {}
        """Under which `_key` an entry stands, if it has one."""

    @property
    def dropped(self) -> int:
        """The number of the newest entry that is no longer kept."""
        return self.last - len(self.entries)

    def between(self, after: int, until: int) -> list[Entry]:
        return [self.entries[seq] for seq in range(max(after, self.dropped) + 1, min(until, self.last) + 1)]

    def page(self, before: int | None, limit: int, since: int) -> tuple[list[Entry], bool]:
        stop = self.last + 1 if before is None else min(before, self.last + 1)
        kept = range(self.dropped + 1, max(stop, self.dropped + 1))
        oldest = bisect_left(kept, since, key=lambda seq: self.entries[seq].time)
        seqs = kept[max(oldest, len(kept) - limit) :]
        return [self.entries[seq] for seq in seqs], len(kept) - len(seqs) > oldest


def _key(draft: Draft) -> str:
    """Return a draft's device and client id as one string, which no other two make; "" if it has not got both."""
    return f"{len(draft.device)} {draft.device}{draft.cid}" if draft.device and draft.cid else ""
