"""What a log is, in plain lists and dictionaries: slow, and short enough to be seen to be right.

It is a log itself, so that the suite of logs can be held against it, too.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from libchat.limits import DEVICES
from libchat.messages import Entry, Reaction
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
    FirstFound,
    Known,
    Look,
    Mark,
    Member,
    Original,
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
    RoomState,
    SearchFound,
    Span,
    State,
    Stored,
    UnreadFound,
    Waiting,
    WaitingFound,
    check_reference,
    no_member,
)


@dataclass
class Row:
    """An entry, and what became of it."""

    draft: Draft
    seq: int
    text: str
    is_edited: bool = False
    is_deleted: bool = False
    reactions: list[tuple[str, str]] = field(default_factory=list)

    def entry(self, *, with_reactions: bool = False) -> Entry:
        """Return the entry as it is now."""
        draft = self.draft
        order = list(dict.fromkeys(text for text, _ in self.reactions)) if with_reactions else []
        reactions = tuple(Reaction(text, tuple(who for what, who in self.reactions if what == text)) for text in order)
        return Entry(
            draft.target, self.seq, draft.sender, draft.time, self.text, draft.kind, draft.ref,
            self.is_edited, self.is_deleted, reactions,
        )  # fmt: skip


class LogModel:
    """A log that keeps all records, and looks through all of them for each question."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(8)
        self.retention = Retention()
        self._rows: list[Row] = []
        self._names: dict[str, Known] = {}
        self._devices: dict[str, list[str]] = {}
        """The devices of each account, the one that was here last at the end."""
        self._cursors: dict[tuple[str, str, str], int] = {}
        self._marks: dict[tuple[str, str], int] = {}
        self._members: dict[str, dict[str, Member]] = {}
        self._rules: dict[str, list[RoomSettings | RoomBan | RoomMute]] = {}
        """What was ever set in each room, and who was ever banned or muted."""

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome]:
        """Store records."""
        return [self._store(record) for record in records]

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer:
        """Look something up."""
        match question:
            case AskPage():
                return self._page(question)
            case AskWaiting():
                return self._waiting(question)
            case AskUnread():
                return self._unread(question)
            case AskSearch():
                return self._search(question)
            case AskFirst(keys):
                firsts = [(row.draft.device, row.draft.cid) for row in self._rows]
                return FirstFound(tuple(all(key) and key in firsts for key in keys))

    def load(self) -> State:
        """Return what is known."""
        rooms = {conversation for conversation, members in self._members.items() if members}
        rooms |= {conversation for conversation in self._rules if any(self._ruled(conversation))}
        rooms |= {row.draft.conversation for row in self._rows if row.draft.kind == "topic" and self._topic(row)}
        return State(
            tuple(self._names.values()),
            tuple(waiting for name in self._names for waiting in self._waiting_for(name)),
            tuple(self._room(conversation) for conversation in sorted(rooms)),
        )

    def close(self) -> None:
        """Do nothing."""

    # --- storing

    def _store(self, record: Record) -> Outcome:
        match record:
            case Draft():
                return self._store_draft(record)
            case Known():
                self._names[record.name] = record
                if record.is_account and record.device:
                    self._meet(record.name, record.device)
            case Cursor():
                reached = min(record.seq, self._last(record.conversation))
                for device in ("", record.device) if reached else ():
                    self._advance(record.name, device, record.conversation, reached)
            case Mark():
                key = (record.name, record.conversation)
                self._marks[key] = max(self._marks.get(key, 0), min(record.seq, self._last(record.conversation)))
            case Member():
                return self._store_member(record)
            case Look():
                return Stored(self._last(record.conversation))
            case RoomSettings() | RoomBan() | RoomMute():
                self._rules.setdefault(record.conversation, []).append(record)
            case RoomEnd():
                self._rules.pop(record.conversation, None)
            case Audit():
                pass  # no question is answered with it
        return Stored()

    def _meet(self, name: str, device: str) -> None:
        devices = self._devices.setdefault(name, [])
        if device in devices:
            devices.remove(device)
        else:
            for (whose, which, conversation), seq in list(self._cursors.items()):
                if (whose, which) == (name, ""):
                    self._cursors[name, device, conversation] = seq
        devices.append(device)
        if len(devices) > DEVICES:
            gone = (name, devices.pop(0))
            self._cursors = {key: seq for key, seq in self._cursors.items() if key[:2] != gone}

    def _advance(self, name: str, device: str, conversation: str, seq: int) -> None:
        key = (name, device, conversation)
        self._cursors[key] = max(self._cursors.get(key, 0), seq)

    def _store_member(self, record: Member) -> Stored:
        members = self._members.setdefault(record.conversation, {})
        last = self._last(record.conversation)
        if record.is_in and record.name not in members:
            for device in ("", *self._devices.get(record.name, [])):
                self._advance(record.name, device, record.conversation, last)
            for name, device, conversation in list(self._cursors):
                if (name, conversation) == (record.name, record.conversation):
                    self._advance(name, device, conversation, last)
        members.pop(record.name, None)
        if record.is_in:
            members[record.name] = record
        return Stored(last)

    def _store_draft(self, draft: Draft) -> Outcome:
        if draft.device and draft.cid:
            for row in self._rows:
                if (row.draft.device, row.draft.cid) == (draft.device, draft.cid):
                    return Repeat(row.entry()) if _is_same(row, draft) else Conflict()
        if draft.refusal is not None:
            return draft.refusal
        if draft.member and draft.member not in self._members.get(draft.conversation, {}):
            return no_member(draft)
        ref = next((row for row in self._of(draft.conversation) if row.seq == draft.ref), None)
        original = None
        if ref is not None:
            original = Original(ref.draft.kind, ref.draft.owner, ref.is_deleted, len(ref.reactions))
        unfit = check_reference(draft, original)
        if unfit is not None:
            return unfit
        row = Row(draft, self._last(draft.conversation) + 1, draft.text)
        self._rows.append(row)
        if ref is not None:
            self._change(ref, draft)
        return row.entry()

    def _change(self, ref: Row, draft: Draft) -> None:
        mine = [(text, who) for text, who in ref.reactions if (text, who.casefold()) == (draft.text, _key(draft))]
        if draft.kind == "edit":
            ref.text, ref.is_edited = draft.text, True
        elif draft.kind == "react" and not mine:
            ref.reactions.append((draft.text, draft.sender))
        elif draft.kind == "unreact":
            ref.reactions = [reaction for reaction in ref.reactions if reaction not in mine]
        elif draft.kind == "delete":
            ref.reactions = []
            for row in self._of(draft.conversation):
                if row is ref or (row.draft.kind, row.draft.ref) == ("edit", ref.seq):
                    row.text, row.is_deleted = "", True

    # --- reading

    def _of(self, conversation: str) -> list[Row]:
        return [row for row in self._rows if row.draft.conversation == conversation]

    def _last(self, conversation: str) -> int:
        return len(self._of(conversation))

    def _page(self, question: AskPage) -> PageFound:
        rows = [row for row in self._of(question.conversation) if row.draft.time >= question.since]
        at = question.at
        if question.where == "after":
            first = sum(row.seq <= (at or 0) for row in rows)
            stop = first + question.limit
        elif question.where == "before":
            stop = len(rows) if at is None else sum(row.seq < at for row in rows)
            first = max(stop - question.limit, 0)
        else:
            middle = sum(row.seq < (at or 0) for row in rows)
            first = max(middle - question.limit // 2, 0)
            stop = first + question.limit
        return PageFound(
            tuple(row.entry(with_reactions=True) for row in rows[first:stop]),
            first > 0,
            stop < len(rows),
            self._cursors.get((question.other, "", question.conversation), 0),
            self._marks.get((question.other, question.conversation), 0),
        )

    def _waiting(self, question: AskWaiting) -> WaitingFound:
        spans = {span.conversation: span for span in question.spans}
        found: list[tuple[str, Entry]] = []
        for row in self._rows:
            span = spans.get(row.draft.conversation)
            is_own = row.draft.device == question.device if question.device else _key(row.draft) == question.name
            if span is not None and span.after < row.seq <= span.until and not is_own:
                found.append((span.conversation, row.entry()))
        return WaitingFound(tuple(found[: question.limit]), len(found) > question.limit)

    def _unread(self, question: AskUnread) -> UnreadFound:
        found: list[Span] = []
        for conversation in dict.fromkeys(row.draft.conversation for row in self._rows):
            if question.name in self._members.get(conversation, {}) or question.name in _pair(conversation):
                is_known = question.device in self._devices.get(question.name, [])
                start = 0 if is_known else self._cursors.get((question.name, "", conversation), 0)
                after = self._cursors.get((question.name, question.device, conversation), start)
                if after < self._last(conversation):
                    found.append(Span(conversation, after, self._last(conversation)))
        return UnreadFound(tuple(found))

    def _search(self, question: AskSearch) -> SearchFound:
        found: list[tuple[int, Entry]] = []
        for place, row in enumerate(self._rows):
            conversation = row.draft.conversation
            is_heard = conversation in question.rooms or question.name in _pair(conversation)
            is_asked = question.only in ("", conversation) and row.draft.time >= question.since
            is_before = question.before is None or place < question.before
            is_text = row.draft.kind == "message" and not row.is_deleted
            if is_heard and is_asked and is_before and is_text and _has_all(row.text, question.words):
                found.insert(0, (place, row.entry()))
        newest = found[: question.limit]
        return SearchFound(tuple(entry for _, entry in newest), newest[-1][0] if len(found) > len(newest) else None)

    # --- beginning

    def _waiting_for(self, name: str) -> list[Waiting]:
        newest = {
            row.draft.conversation: row.seq
            for row in self._rows
            if name in _pair(row.draft.conversation) and _key(row.draft) != name
        }
        found = [Waiting(name, key, self._cursors.get((name, "", key), 0), seq) for key, seq in newest.items()]
        return [waiting for waiting in found if waiting.cursor < waiting.newest]

    def _topic(self, row: Row) -> str:
        topics = [other.text for other in self._of(row.draft.conversation) if other.draft.kind == "topic"]
        return topics[-1]

    def _room(self, conversation: str) -> RoomState:
        topics = [row for row in self._of(conversation) if row.draft.kind == "topic"]
        members = self._members.get(conversation, {})
        rooms = [member.room for member in members.values()] + [row.draft.target for row in topics]
        rooms += [rule.room for rule in self._rules.get(conversation, [])]
        return RoomState(
            conversation,
            rooms[0],
            topics[-1].text if topics else "",
            tuple((member.name, member.role) for member in members.values()),
            *self._ruled(conversation),
        )

    def _ruled(self, conversation: str) -> tuple[RoomSettings | None, tuple[RoomBan, ...], tuple[RoomMute, ...]]:
        rules = self._rules.get(conversation, [])
        settings: RoomSettings | None = None
        bans: dict[str, RoomBan] = {}
        mutes: dict[str, RoomMute] = {}
        for rule in rules:
            if isinstance(rule, RoomSettings):
                before = settings or RoomSettings(conversation, rule.room, False, "", False, False, True)
                flags = ("invite_only", "password", "moderated", "secret", "open_topic")
                new = {flag: value for flag in flags if (value := getattr(rule, flag)) is not None}
                settings = replace(before, **new)
            elif isinstance(rule, RoomBan):
                bans[rule.mask] = rule
            else:
                mutes[rule.name] = rule
        return (
            settings,
            tuple(ban for _, ban in sorted(bans.items()) if ban.is_on),
            tuple(mute for _, mute in sorted(mutes.items()) if mute.is_on),
        )


def _pair(conversation: str) -> list[str]:
    return conversation.split(" ") if " " in conversation else []


def _key(draft: Draft) -> str:
    return draft.sender.casefold()


def _is_same(row: Row, draft: Draft) -> bool:
    first = row.draft
    is_text_same = row.is_deleted or _sent(first) == _sent(draft)
    return is_text_same and (first.conversation, first.kind, first.ref) == (draft.conversation, draft.kind, draft.ref)


def _sent(draft: Draft) -> str:
    return draft.text if draft.sent is None else draft.sent


def _tokens(text: str) -> list[str]:
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return re.findall(r"[^\W_]+", plain.casefold())


def _has(tokens: list[str], word: str) -> bool:
    wanted = _tokens(word)
    for first in range(len(tokens) - len(wanted) + 1):
        there = tokens[first : first + len(wanted)]
        if word.endswith("*") and wanted:
            there[-1] = there[-1][: len(wanted[-1])]
        if wanted and there == wanted:
            return True
    return False


def _has_all(text: str, words: tuple[str, ...]) -> bool:
    return bool(words) and all(_has(_tokens(text), word) for word in words)
