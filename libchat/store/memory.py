"""A log in memory: the newest entries of each conversation, gone when the program ends.

Nothing of an entry in it is seen by Python's cyclic garbage collector: dictionaries of integers or strings to structs
without references to containers are not tracked. A busy log of half a million entries would otherwise be walked through
each time the collector looks for cycles.

Conversations stand in the order in which something was last said in them. When there are too many entries in all, the
first of them loses its oldest. What is too old is dropped when something is appended to its conversation, and from all
conversations whenever a hundredth of the time for which entries are kept has passed; drafts say what time it is.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Final

from libchat.limits import DEVICES, MEMORY_ENTRIES, MEMORY_POSITIONS, MEMORY_TOTAL
from libchat.locks import LOG, tiered_lock
from libchat.messages import Entry
from libchat.names import parse_name
from libchat.records import (
    Answer,
    AskFirst,
    AskPage,
    AskSearch,
    AskUnread,
    AskWaiting,
    Audit,
    Conflict,
    Cursor,
    Draft,
    Fact,
    FirstFound,
    Known,
    Look,
    Mark,
    Member,
    Outcome,
    PageFound,
    Question,
    Record,
    Repeat,
    Retention,
    RoomBan,
    RoomEnd,
    RoomMute,
    RoomSettings,
    SearchFound,
    Span,
    State,
    Stored,
    UnreadFound,
    WaitingFound,
    check_reference,
    no_member,
)
from libchat.store.conversation import Conversation, Kept
from libchat.store.positions import Positions
from libchat.store.words import Words

_STORED: Final = Stored()


class MemoryLog:
    """Keep the newest `entries` of each conversation, `total` of all together, for so many seconds (0: no matter).

    `log_id` tells it from other logs; without one it is a random one.
    """

    def __init__(
        self, entries: int = MEMORY_ENTRIES, *, total: int = MEMORY_TOTAL, seconds: int = 0, log_id: str = ""
    ) -> None:
        self._id = log_id or os.urandom(8).hex()
        self._retention = Retention(seconds, entries)
        self._limit = entries
        self._total = total
        self._seconds = seconds
        self._place = 0
        """How many entries there ever were."""
        self._count = 0
        self._sweep_at = 0
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._latest: Conversation | None = None
        """The last one of them."""
        self._ended: dict[str, int] = {}
        """The last number of each conversation of which nothing is kept."""
        self._first: dict[str, Kept] = {}
        """What came under each client id, by `_key`."""
        self._pairs: dict[str, set[str]] = {}
        """The private conversations of each name."""
        self._rooms: dict[str, set[str]] = {}
        """The rooms of which each name is a member."""
        self._devices: dict[str, dict[str, None]] = {}
        """The devices of each account, the one that was here longest ago first."""
        self._cursors = Positions(MEMORY_POSITIONS)
        self._marks = Positions(MEMORY_POSITIONS)
        self._lock = tiered_lock(LOG)

    @property
    def id(self) -> str:
        return self._id

    @property
    def retention(self) -> Retention:
        return self._retention

    def load(self) -> State:
        """Return that nothing is known."""
        return State()

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome]:
        """Store records at once, in this order, and return what became of them."""
        with self._lock:
            return [self._append(record) if isinstance(record, Draft) else self._remember(record) for record in records]

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer:
        """Look something up at once."""
        if isinstance(question, AskSearch):
            return self._search(question)
        with self._lock:
            match question:
                case AskPage():
                    return self._page(question)
                case AskWaiting():
                    return self._find_waiting(question)
                case AskUnread():
                    return self._find_unread(question)
                case AskFirst(keys):
                    return FirstFound(tuple(_key_of(device, cid) in self._first for device, cid in keys))

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._latest = None
            self._count = 0
            for known in (self._conversations, self._ended, self._first, self._pairs, self._rooms, self._devices):
                known.clear()
            self._cursors.clear()
            self._marks.clear()

    # --- entries

    def _append(self, draft: Draft) -> Outcome:
        key = _key(draft) if draft.cid else ""
        if key and (first := self._first.get(key)) is not None:
            return self._recognise(draft, first)
        if draft.refusal is not None:
            return draft.refusal
        if draft.member and draft.conversation not in self._rooms.get(draft.member, ()):
            return no_member(draft)
        conversation = self._conversations.get(draft.conversation)
        if draft.ref or draft.kind != "message":
            original = conversation.original(draft.ref) if conversation is not None else None
            unfit = check_reference(draft, original)
            if unfit is not None:
                return unfit
        if conversation is None:
            conversation = self._begin(draft.conversation)
        elif conversation is not self._latest:
            self._conversations.move_to_end(draft.conversation)
        self._latest = conversation
        return self._store(conversation, draft, key)

    def _store(self, conversation: Conversation, draft: Draft, key: str) -> Entry:
        conversation.last = seq = conversation.last + 1
        self._place += 1
        self._count += 1
        entry = Entry(draft.target, seq, draft.sender, draft.time, draft.text, draft.kind, draft.ref)
        kept = Kept(draft.conversation, entry, self._place, draft.device, draft.owner, key, draft.sent)
        conversation.entries[seq] = kept
        if key:
            self._first[key] = kept
        if draft.ref:
            self._change(conversation, draft, seq)
        if len(conversation.entries) > self._limit:
            self._drop_oldest(conversation)
        if self._count > self._total:
            self._drop_oldest(self._conversations[next(iter(self._conversations))])
        if self._seconds:
            self._drop_too_old(conversation, draft.time)
        return entry

    def _recognise(self, draft: Draft, first: Kept) -> Repeat | Conflict:
        now = self._conversations[first.conversation].entries[first.entry.seq].entry
        came = first.entry
        is_text_same = now.is_deleted or _sent(came.text, first.sent) == _sent(draft.text, draft.sent)
        is_same = (first.conversation, came.kind, came.ref) == (draft.conversation, draft.kind, draft.ref)
        return Repeat(now) if is_same and is_text_same else Conflict()

    def _change(self, conversation: Conversation, draft: Draft, seq: int) -> None:
        for kept in conversation.change(draft, seq):
            if kept.key:
                self._first[kept.key] = kept  # nor is its text kept there

    def _begin(self, key: str) -> Conversation:
        conversation = self._conversations[key] = Conversation(self._ended.pop(key, 0))
        for name in _names(key):
            self._pairs.setdefault(name, set()).add(key)
        return conversation

    # --- what is no longer kept

    def _drop_too_old(self, conversation: Conversation, now: int) -> None:
        self._drop_older(conversation, now - self._seconds * 1000)
        if now >= self._sweep_at:
            self._sweep_at = now + self._seconds * 10
            for each in list(self._conversations.values()):
                self._drop_older(each, now - self._seconds * 1000)

    def _drop_older(self, conversation: Conversation, since: int) -> None:
        while conversation.entries and conversation.oldest.entry.time < since:
            self._drop_oldest(conversation)

    def _drop_oldest(self, conversation: Conversation) -> None:
        kept = conversation.drop_oldest()
        self._count -= 1
        if kept.key:
            del self._first[kept.key]
        if not conversation.entries:
            self._end(kept.conversation, conversation)

    def _end(self, key: str, conversation: Conversation) -> None:
        self._ended[key] = conversation.last
        del self._conversations[key]
        if conversation is self._latest:
            self._latest = None
        for name in _names(key):
            _discard(self._pairs, name, key)

    # --- facts

    def _remember(self, fact: Fact) -> Stored:
        match fact:
            case Cursor():
                seq = min(fact.seq, self._last(fact.conversation))
                if seq:
                    self._cursors.advance(fact.conversation, fact.name, "", seq)
                if seq and fact.device:
                    self._cursors.advance(fact.conversation, fact.name, fact.device, seq)
                return _STORED
            case Mark(name, conversation, seq):
                if self._last(conversation):
                    self._marks.advance(conversation, name, "", min(seq, self._last(conversation)))
            case Member():
                return self._remember_member(fact)
            case Look(conversation):
                return Stored(self._last(conversation))
            case Known(name, _, _, device, is_account):
                if is_account and device:  # the name itself would be asked for when the log is opened again
                    self._meet(name, device)
            case RoomSettings() | RoomBan() | RoomMute() | RoomEnd() | Audit():
                pass  # the hub has them as long as this log is there, and nobody could read them here afterwards
        return _STORED

    def _meet(self, name: str, device: str) -> None:
        """Know a device of an account from now on: a new one begins where the name is."""
        devices = self._devices.setdefault(name, {})
        is_new = device not in devices
        devices.pop(device, None)
        devices[device] = None
        if is_new:
            for key in self._conversations_of(name):
                seq = self._cursors.find(key, name)
                if seq is not None:
                    self._cursors.advance(key, name, device, seq)
        if len(devices) > DEVICES:
            gone = next(iter(devices))
            del devices[gone]
            for key in self._conversations_of(name):
                self._cursors.drop(key, name, gone)

    def _conversations_of(self, name: str) -> set[str]:
        """Return the private conversations of a name, and the rooms of which it is a member."""
        return self._pairs.get(name, set()) | self._rooms.get(name, set())

    def _remember_member(self, member: Member) -> Stored:
        last = self._last(member.conversation)
        if not member.is_in:
            _discard(self._rooms, member.name, member.conversation)
        elif member.conversation not in self._rooms.setdefault(member.name, set()):
            self._rooms[member.name].add(member.conversation)
            self._cursors.advance(member.conversation, member.name, _JOINED, last)
            self._cursors.advance(member.conversation, member.name, "", last)
        return Stored(last)

    def _last(self, key: str) -> int:
        conversation = self._conversations.get(key)
        return conversation.last if conversation is not None else self._ended.get(key, 0)

    # --- questions

    def _page(self, asked: AskPage) -> PageFound:
        conversation = self._conversations.get(asked.conversation)
        found = conversation.page(asked) if conversation is not None else ((), False, False)
        delivered = self._cursors.find(asked.conversation, asked.other) if asked.other else 0
        read = self._marks.find(asked.conversation, asked.other) if asked.other else 0
        return PageFound(*found, delivered or 0, read or 0)

    def _find_waiting(self, asked: AskWaiting) -> WaitingFound:
        spans = (self._others(span, asked) for span in asked.spans if span.conversation in self._conversations)
        found = list(islice(merge(*spans, key=_place), asked.limit + 1))
        entries = tuple((kept.conversation, kept.entry) for kept in found[: asked.limit])
        return WaitingFound(entries, len(found) > asked.limit)

    def _others(self, span: Span, asked: AskWaiting) -> Iterator[Kept]:
        """Return what somebody has not said themselves of a span."""
        for kept in self._conversations[span.conversation].between(span.after, span.until):
            is_own = kept.device == asked.device if asked.device else parse_name(kept.entry.sender).key == asked.name
            if not is_own:
                yield kept

    def _find_unread(self, asked: AskUnread) -> UnreadFound:
        keys = sorted(self._conversations_of(asked.name))
        spans = (Span(key, self._position(key, asked), self._last(key)) for key in keys)
        return UnreadFound(tuple(span for span in spans if self._holds_something(span)))

    def _position(self, key: str, asked: AskUnread) -> int:
        position = self._cursors.find(key, asked.name, asked.device) if asked.device else None
        if position is None and asked.device not in self._devices.get(asked.name, ()):
            return self._cursors.find(key, asked.name) or 0
        return max(position or 0, self._cursors.find(key, asked.name, _JOINED) or 0)

    def _holds_something(self, span: Span) -> bool:
        conversation = self._conversations.get(span.conversation)
        return conversation is not None and span.after < conversation.last

    def _search(self, asked: AskSearch) -> SearchFound:
        words = Words(asked.words)
        if not words.is_findable:
            return SearchFound(())
        with self._lock:
            copies = [list(conversation.entries.values()) for conversation in self._heard(asked)]
        # Looking through them takes long, and needs no lock: what is in a copy does not change.
        matches = (_matches(copy, asked, words) for copy in copies)
        found = list(islice(merge(*matches, key=_place, reverse=True), asked.limit + 1))
        entries = tuple(kept.entry for kept in found[: asked.limit])
        return SearchFound(entries, found[asked.limit - 1].place if len(found) > asked.limit else None)

    def _heard(self, asked: AskSearch) -> list[Conversation]:
        keys = {*asked.rooms, *self._pairs.get(asked.name, ())}
        if asked.only:
            keys &= {asked.only}
        return [self._conversations[key] for key in keys if key in self._conversations]


_JOINED = "\n"
"""Instead of a device: where a member was when they became one. No device is called that."""


def _matches(copy: list[Kept], asked: AskSearch, words: Words) -> Iterator[Kept]:
    """Return what is found of a conversation, newest first."""
    return (kept for kept in reversed(copy) if _is_asked(kept, asked) and words.stand_in(kept.entry.text))


def _is_asked(kept: Kept, asked: AskSearch) -> bool:
    entry = kept.entry
    is_older = asked.before is None or kept.place < asked.before
    return is_older and entry.kind == "message" and not entry.is_deleted and entry.time >= asked.since


def _place(kept: Kept) -> int:
    return kept.place


def _key(draft: Draft) -> str:
    """Return a draft's device and client id as one string, which no other two make; "" if it has not got both."""
    return _key_of(draft.device, draft.cid)


def _key_of(device: str, cid: str) -> str:
    return f"{len(device)} {device}{cid}" if device and cid else ""


def _sent(text: str, sent: str | None) -> str:
    """Return a text as it came."""
    return text if sent is None else sent


def _names(key: str) -> list[str]:
    """Return the two names of a private conversation, none of a room."""
    return [] if key.startswith("#") else key.split(" ")


def _discard(known: dict[str, set[str]], name: str, conversation: str) -> None:
    """Remove a conversation from those of a name, and the name if it was the last."""
    some = known.get(name)
    if some is not None:
        some.discard(conversation)
        if not some:
            del known[name]
