"""Records into rows, within a transaction that somebody else begins and commits.

What is remembered between transactions are the newest entry and the hash of the conversations that were written to
last. `forget` drops that, for when a transaction did not come about.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, assert_never

from libchat.errors import InvalidName
from libchat.limits import DEVICES
from libchat.messages import Entry
from libchat.names import parse_name
from libchat.records import (
    REFERRING,
    Audit,
    Conflict,
    Cursor,
    Draft,
    Fact,
    Known,
    Look,
    Mark,
    Member,
    Original,
    Outcome,
    Record,
    Repeat,
    RoomBan,
    RoomEnd,
    RoomMute,
    RoomSettings,
    Stored,
    Unfit,
    check_reference,
    no_member,
)
from libchat.store import texts
from libchat.store.chain import SALT_BYTES, digest_of, link
from libchat.store.reading import ENTRY, IS_USED, entry_of
from libchat.store.seal import note_down

CONVERSATIONS: Final = 10_000
"""Conversations that stay in the writer's memory: more than are written to within a minute. About 5 MB."""

_INSERT: Final = """INSERT INTO entries
    (id, conversation, seq, target, sender, name, owner, time, text, kind, ref, device, cid, salt, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_FIND_FIRST: Final = f"""SELECT {ENTRY}, c.key, e.text, e.salt, s.digest
    FROM entries e JOIN conversations c ON c.id = e.conversation LEFT JOIN sent s ON s.entry = e.id
    WHERE e.id = ?"""  # noqa: S608 - made of constants

_FIND_ORIGINAL: Final = """SELECT id, kind, owner, deleted, (SELECT count(*) FROM reactions WHERE entry = entries.id)
    FROM entries WHERE conversation = ? AND seq = ?"""

_FIND_TEXTS: Final = """SELECT id, salt, text FROM entries WHERE id = ?1
    UNION ALL SELECT id, salt, text FROM entries WHERE conversation = ?2 AND ref = ?3 AND kind = 'edit'"""

_RAISE_CURSOR: Final = """INSERT INTO cursors VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""

_KNOW: Final = """INSERT INTO names VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET display = excluded.display, since = excluded.since, device = excluded.device,
        is_account = excluded.is_account"""

_IS_KNOWN: Final = """SELECT 1 FROM names WHERE key = ? AND display = ? AND since = ? AND is_account = ?
    AND (? OR device = ?)"""

_IS_MEMBER: Final = "SELECT 1 FROM members WHERE conversation = ? AND name = ?"

_IS_MET: Final = "SELECT 1 FROM devices WHERE name = ? AND device = ?"

_MEET: Final = "INSERT OR REPLACE INTO devices (name, device) VALUES (?, ?)"
"""The row is a new one each time: the largest `id` is that of the device that was here last."""

_BEGIN_DEVICE: Final = """INSERT INTO cursors
    SELECT name, ?2, conversation, seq FROM cursors WHERE name = ?1 AND device = ''
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""

_SURPLUS: Final = "SELECT name, device FROM devices WHERE name = ? ORDER BY id DESC LIMIT -1 OFFSET ?"

_BEGIN_CURSORS: Final = """INSERT INTO cursors
    SELECT ?1, '', ?2, ?3 UNION SELECT name, device, ?2, ?3 FROM devices WHERE name = ?1
    UNION SELECT name, device, conversation, ?3 FROM cursors WHERE name = ?1 AND conversation = ?2
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""

_SET_ROOM: Final = """UPDATE rooms SET invite_only = coalesce(?, invite_only), password = coalesce(?, password),
    moderated = coalesce(?, moderated), secret = coalesce(?, secret), open_topic = coalesce(?, open_topic)
    WHERE conversation = ?"""

_FORGET_ROOM: Final = tuple(
    f"DELETE FROM {table} WHERE conversation = (SELECT id FROM conversations WHERE key = ?)"  # noqa: S608 - constants
    for table in ("rooms", "bans", "mutes")
)


_RAISE_MARK: Final = """INSERT INTO marks VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"""

_Row: TypeAlias = tuple[int, str, str, int, bytes, int, int, str]


class Conversation:
    """What the writer knows of a conversation: its newest entry and hash, and the newest of each side of a pair."""

    __slots__ = ("from_one", "from_other", "head", "id", "key", "last", "one", "other", "topic")

    def __init__(
        self,
        key: str,
        number: int,
        last: int = 0,
        head: bytes = b"",
        from_one: int = 0,
        from_other: int = 0,
        topic: str = "",
    ) -> None:
        self.key = key
        self.id = number
        pair = names_of(key)
        self.one, self.other = pair if pair is not None else ("", "")
        self.last = last
        self.head = head
        self.from_one = from_one
        self.from_other = from_other
        self.topic = topic


class Writer:
    """Writes records. `entropy` makes salts."""

    def __init__(self, connection: sqlite3.Connection, entropy: Callable[[int], bytes]) -> None:
        self._connection = connection
        self._entropy = entropy
        self._conversations: dict[str, Conversation] = {}
        self._touched: dict[int, Conversation] = {}
        self._newest = self._indexed = 0
        self._erased = 0

    def forget(self, connection: sqlite3.Connection) -> None:
        """Forget what is remembered, and use this connection from now on."""
        self._connection = connection
        self._conversations.clear()

    def write(self, records: Sequence[Record]) -> list[Outcome]:
        """Write records in this order, and return their outcomes. They hold when the transaction is committed.

        Raises sqlite3.Error if something cannot be written: then nothing of the transaction may be committed.
        """
        (self._newest,) = self._connection.execute("SELECT entries FROM counters").fetchone()
        self._indexed = before = self._newest
        self._touched.clear()
        self._erased = 0
        salts = self._entropy(SALT_BYTES * len(records))
        outcomes = [
            self._write_draft(record, salts[SALT_BYTES * index : SALT_BYTES * (index + 1)])
            if isinstance(record, Draft)
            else self._write_fact(record)
            for index, record in enumerate(records)
        ]
        if self._newest != before:
            self._finish()
        self._make_room()
        return outcomes

    def answer(self, record: Record) -> Outcome | None:
        """Return the outcome of a record for which nothing has to be stored, None if something has."""
        if isinstance(record, Look):
            return Stored(self._last(record.conversation))
        if isinstance(record, Known):
            return Stored() if self._is_known_already(record) else None
        return self._judge(record)

    def _judge(self, draft: Record) -> Repeat | Conflict | Unfit | None:
        """Return what is known of a draft without storing it: its client id, or that it may not be stored."""
        first = self.find_first(draft)
        return draft.refusal if first is None and isinstance(draft, Draft) else first

    def find_first(self, draft: Record) -> Repeat | Conflict | None:
        """Return what there is under a draft's client id, if it has one. An erased text is taken to be the same."""
        if not (isinstance(draft, Draft) and draft.device and draft.cid):
            return None
        used = self._connection.execute(IS_USED, (draft.device, draft.cid)).fetchone()
        if used is None:
            return None
        row = self._connection.execute(_FIND_FIRST, used).fetchone()
        *entry, conversation, text, salt, digest = row
        is_same = (entry[6], entry[7], conversation) == (draft.kind, draft.ref, draft.conversation)
        if not (is_same and (salt is None or _is_sent(draft, text, salt, digest))):
            return Conflict()
        return Repeat(entry_of(tuple(entry)))

    def lengths(self) -> list[tuple[int, int]]:
        """Return the conversations to which the last transaction has added, each with its newest number."""
        return [(conversation.id, conversation.last) for conversation in self._touched.values()]

    # --- entries ----------------------------------------------------------------------------------------------------

    def _write_draft(self, draft: Draft, salt: bytes) -> Outcome:
        if draft.cid and (known := self._judge(draft)) is not None:
            return known
        conversation = self._open(draft.conversation, draft.target)
        if draft.member and self._connection.execute(_IS_MEMBER, (conversation.id, draft.member)).fetchone() is None:
            return no_member(draft)
        original = 0
        if draft.ref or draft.kind in REFERRING:
            found = self._find_original(conversation, draft)
            if isinstance(found, Unfit):
                return found
            original = found
        entry = self._insert(conversation, draft, salt)
        if original:
            self._apply(conversation, draft, original, entry.seq)
        return entry

    def _insert(self, conversation: Conversation, draft: Draft, salt: bytes) -> Entry:
        seq = conversation.last + 1
        target, sender, time, text, kind = draft.target, draft.sender, draft.time, draft.text, draft.kind
        ref, owner, device, cid = draft.ref, draft.owner, draft.device, draft.cid
        name = canonical(sender)
        digest = digest_of(salt, text)
        key, before = conversation.key, conversation.head
        head = link(before, key, seq, target, sender, time, kind, ref, owner, device, cid, digest)
        self._newest += 1
        place = (self._newest, conversation.id, seq)
        said = (target, sender, name, owner, time, text, kind, ref, device, cid)
        self._connection.execute(_INSERT, (*place, *said, salt, head))
        if draft.sent is not None:
            row = (self._newest, digest_of(salt, draft.sent))
            self._connection.execute("INSERT INTO sent VALUES (?, ?)", row)
        self._touched[conversation.id] = conversation
        conversation.last, conversation.head = seq, head
        if name == conversation.one:
            conversation.from_one = seq
        elif name == conversation.other:
            conversation.from_other = seq
        if kind == "topic":
            conversation.topic = text
        return Entry(target, seq, sender, time, text, kind, ref)

    def _find_original(self, conversation: Conversation, draft: Draft) -> int | Unfit:
        """Return the id of the entry to which a draft refers, or why it must not."""
        row = self._connection.execute(_FIND_ORIGINAL, (conversation.id, draft.ref)).fetchone()
        if row is None:
            unfit = check_reference(draft, None)
        else:
            number, kind, owner, deleted, reactions = row
            unfit = check_reference(draft, Original(kind, owner, deleted > 0, reactions))
            if unfit is None:
                return int(number)
        assert unfit is not None, "a reference to nothing is refused"
        return unfit

    def _apply(self, conversation: Conversation, draft: Draft, original: int, seq: int) -> None:
        """Do to a message what an entry about it says."""
        if draft.kind == "edit":
            self._index_new()
            texts.take(self._connection, original)
            self._connection.execute("UPDATE entries SET edited = ? WHERE id = ?", (seq, original))
            texts.put(self._connection, original)
        elif draft.kind == "delete":
            self._index_new()
            texts.take(self._connection, original)
            self._erase(conversation, draft.ref, original, seq)
        elif draft.kind == "react":
            reaction = (original, draft.text, canonical(draft.sender), draft.sender, self._newest)
            self._connection.execute("INSERT OR IGNORE INTO reactions VALUES (?, ?, ?, ?, ?)", reaction)
        elif draft.kind == "unreact":
            taken_back = (original, draft.text, canonical(draft.sender))
            self._connection.execute("DELETE FROM reactions WHERE entry = ? AND text = ? AND name = ?", taken_back)

    def _erase(self, conversation: Conversation, ref: int, original: int, seq: int) -> None:
        """Take away the text of a message and of its edits, and leave their digests."""
        found = self._connection.execute(_FIND_TEXTS, (original, conversation.id, ref)).fetchall()
        self._connection.executemany(
            "UPDATE entries SET text = '', salt = NULL, digest = ?, deleted = ? WHERE id = ?",
            [(digest_of(salt, text), seq, number) for number, salt, text in found],
        )
        self._connection.execute("DELETE FROM reactions WHERE entry = ?", (original,))
        self._connection.executemany("DELETE FROM sent WHERE entry = ?", [(number,) for number, _, _ in found])
        self._erased += 1

    def _index_new(self) -> None:
        """Put the messages into the index that are not in it yet."""
        if self._indexed != self._newest:
            texts.put_new(self._connection, self._indexed)
            self._indexed = self._newest

    def _finish(self) -> None:
        """Write down what has become of the index, the counters and the conversations."""
        self._index_new()
        self._connection.execute("UPDATE counters SET entries = ?, erased = erased + ?", (self._newest, self._erased))
        self._connection.executemany(
            "UPDATE conversations SET last = ?, head = ?, from_one = ?, from_other = ?, topic = ? WHERE id = ?",
            [(c.last, c.head, c.from_one, c.from_other, c.topic, c.id) for c in self._touched.values()],
        )

    # --- conversations ----------------------------------------------------------------------------------------------

    def _open(self, key: str, shown: str = "") -> Conversation:
        """Return a conversation; a new one if there is none, of a room that is `shown` as that."""
        conversation = self._conversations.get(key)
        if conversation is None:
            conversation = self._conversations[key] = self._read(key) or self._begin(key, shown)
        return conversation

    def _read(self, key: str) -> Conversation | None:
        row = self._connection.execute(
            "SELECT id, last, head, from_one, from_other, topic FROM conversations WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else Conversation(key, *row)

    def _begin(self, key: str, shown: str) -> Conversation:
        pair = names_of(key)
        one, other, room = (*pair, "") if pair is not None else (None, None, shown or key)
        self._connection.execute(
            "INSERT INTO conversations (key, one, other, room) VALUES (?, ?, ?, ?)", (key, one, other, room)
        )
        conversation = self._read(key)
        assert conversation is not None, "it was put there"
        return conversation

    def _make_room(self) -> None:
        """Forget the conversations that were opened first."""
        while len(self._conversations) > CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]

    # --- facts ------------------------------------------------------------------------------------------------------

    def _write_fact(self, fact: Fact) -> Stored:
        execute = self._connection.execute
        match fact:
            case Known(name, display, since, device, is_account):
                execute(_KNOW, (name, display, since, device, is_account))
                if is_account and device:
                    self._meet(name, device)
            case Cursor(name, device, key, seq):
                conversation = self._known(key)
                if conversation is not None:
                    number, reached = conversation.id, min(seq, conversation.last)
                    execute(_RAISE_CURSOR, (name, "", number, reached))
                    if device:
                        execute(_RAISE_CURSOR, (name, device, number, reached))
            case Mark(name, key, seq):
                conversation = self._known(key)
                if conversation is not None:
                    execute(_RAISE_MARK, (name, conversation.id, min(seq, conversation.last)))
            case Member():
                return self._write_member(fact)
            case RoomSettings() | RoomBan() | RoomMute() | RoomEnd():
                self._write_rule(fact)
            case Audit():
                note_down(self._connection, fact)
            case Look(key):
                return Stored(self._last(key))
            case _:
                assert_never(fact)
        return Stored()

    def _is_known_already(self, fact: Known) -> bool:
        """Return whether the log knows all that a fact says of a name, but for when its device was here last."""
        execute = self._connection.execute
        row = (fact.name, fact.display, fact.since, fact.is_account)
        is_met = not (fact.is_account and fact.device) or execute(_IS_MET, (fact.name, fact.device)).fetchone()
        return bool(is_met) and execute(_IS_KNOWN, (*row, fact.is_account, fact.device)).fetchone() is not None

    def _meet(self, name: str, device: str) -> None:
        """Know a device of an account from now on: a new one begins where the name is."""
        execute = self._connection.execute
        is_new = execute(_IS_MET, (name, device)).fetchone() is None
        execute(_MEET, (name, device))
        if is_new:
            execute(_BEGIN_DEVICE, (name, device))
            for gone in execute(_SURPLUS, (name, DEVICES)).fetchall():
                execute("DELETE FROM devices WHERE name = ? AND device = ?", gone)
                execute("DELETE FROM cursors WHERE name = ? AND device = ?", gone)

    def _write_member(self, fact: Member) -> Stored:
        execute, conversation = self._connection.execute, self._open(fact.conversation)
        execute("UPDATE conversations SET room = ? WHERE id = ? AND room <> ?", (fact.room, conversation.id, fact.room))
        if not fact.is_in:
            execute("DELETE FROM members WHERE conversation = ? AND name = ?", (conversation.id, fact.name))
            return Stored(conversation.last)
        row = (conversation.id, fact.name, fact.role)
        if execute("UPDATE members SET role = ?3 WHERE conversation = ?1 AND name = ?2", row).rowcount == 0:
            execute("INSERT INTO members (conversation, name, role) VALUES (?, ?, ?)", row)
            execute(_BEGIN_CURSORS, (fact.name, conversation.id, conversation.last))
        return Stored(conversation.last)

    def _write_rule(self, fact: RoomSettings | RoomBan | RoomMute | RoomEnd) -> None:
        """Write what is set in a room."""
        execute = self._connection.execute
        if isinstance(fact, RoomEnd):
            for forget in _FORGET_ROOM:
                execute(forget, (fact.conversation,))
            return
        conversation = self._open(fact.conversation, fact.room)
        number = conversation.id
        match fact:
            case RoomSettings():
                execute("INSERT OR IGNORE INTO rooms (conversation) VALUES (?)", (number,))
                values = (fact.invite_only, fact.password, fact.moderated, fact.secret, fact.open_topic)
                execute(_SET_ROOM, (*values, number))
            case RoomBan(mask=mask, is_on=False):
                execute("DELETE FROM bans WHERE conversation = ? AND mask = ?", (number, mask))
            case RoomBan(mask=mask):
                row = (number, mask, fact.by, fact.made, fact.until, fact.reason)
                execute("INSERT OR REPLACE INTO bans VALUES (?, ?, ?, ?, ?, ?)", row)
            case RoomMute(name=name, is_on=False):
                execute("DELETE FROM mutes WHERE conversation = ? AND name = ?", (number, name))
            case RoomMute(name=name):
                row = (number, name, fact.by, fact.made, fact.until, fact.reason)
                execute("INSERT OR REPLACE INTO mutes VALUES (?, ?, ?, ?, ?, ?)", row)

    def _last(self, key: str) -> int:
        """Return the number of a conversation's newest entry, 0 if there is none."""
        conversation = self._known(key)
        return conversation.last if conversation is not None else 0

    def _known(self, key: str) -> Conversation | None:
        return self._conversations.get(key) or self._read(key)


def _is_sent(draft: Draft, text: str, salt: bytes, digest: bytes | None) -> bool:
    """Return whether a draft is what came when a text was stored, which may have been changed: then as a digest."""
    sent = draft.text if draft.sent is None else draft.sent
    return text == sent if digest is None else digest == digest_of(salt, sent)


def names_of(key: str) -> tuple[str, str] | None:
    """Return the two names of a pair; None for a room."""
    if key.startswith("#"):
        return None
    one, _, other = key.partition(" ")
    return one, other


def canonical(sender: str) -> str:
    """Return the canonical form of a sender's name; as it is, if nobody could be called that."""
    try:
        return parse_name(sender).key
    except InvalidName:
        return sender
