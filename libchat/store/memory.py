"""A log in memory: the newest entries of each conversation, gone when the program ends."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from libchat.limits import MEMORY_ENTRIES
from libchat.locks import LOG, tiered_lock
from libchat.messages import Conflict, Draft, Entry, Forget, Forgotten, Outcome, Repeat


class MemoryLog:
    """Keep the newest `entries` of each conversation, with their client ids."""

    def __init__(self, entries: int = MEMORY_ENTRIES) -> None:
        self._limit = entries
        self._conversations: dict[str, _Conversation] = {}
        self._first: dict[tuple[str, str], tuple[str, Entry]] = {}
        """Conversation and entry of each (device, cid) that is kept."""
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
            self._first.clear()

    def _append(self, draft: Draft | Forget) -> Outcome:
        kept = self._conversations.get(draft.conversation)
        if kept is None:
            kept = self._conversations[draft.conversation] = _Conversation()
        if isinstance(draft, Forget):
            while kept.entries:
                self._drop_oldest(kept)
            return Forgotten()
        device_cid = (draft.device, draft.cid) if draft.cid else None
        if device_cid is not None and device_cid in self._first:
            conversation, first = self._first[device_cid]
            is_same = (conversation, first.kind, first.text) == (draft.conversation, draft.kind, draft.text)
            return Repeat(first) if is_same else Conflict()
        kept.last = seq = kept.last + 1
        entry = Entry(draft.target, seq, draft.sender, draft.time, draft.text, draft.kind)
        kept.entries.append(entry)
        kept.device_cids.append(device_cid)
        if device_cid is not None:
            self._first[device_cid] = (draft.conversation, entry)
        if len(kept.entries) > self._limit:
            self._drop_oldest(kept)
        return entry

    def _drop_oldest(self, kept: _Conversation) -> None:
        kept.entries.popleft()
        device_cid = kept.device_cids.popleft()
        if device_cid is not None:
            del self._first[device_cid]


class _Conversation:
    """The newest entries of one conversation, without gaps, and beside each one its (device, cid) if it has a cid."""

    __slots__ = ("device_cids", "entries", "last")

    def __init__(self) -> None:
        self.last = 0
        self.entries: deque[Entry] = deque()
        self.device_cids: deque[tuple[str, str] | None] = deque()

    def between(self, after: int, until: int) -> list[Entry]:
        dropped = self.last - len(self.entries)
        return list(islice(self.entries, max(after - dropped, 0), max(until - dropped, 0)))

    def page(self, before: int | None, limit: int, since: int) -> tuple[list[Entry], bool]:
        dropped = self.last - len(self.entries)
        end = len(self.entries) if before is None else min(max(before - 1 - dropped, 0), len(self.entries))
        begin = bisect_left(self.entries, since, hi=end, key=_time_of)
        start = max(begin, end - limit)
        return list(islice(self.entries, start, end)), start > begin


def _time_of(entry: Entry) -> int:
    return entry.time
