"""Records into rows, within a transaction that somebody else begins and commits: entries here, facts beside it.

What is remembered between transactions are the conversations that were written to last. `forget` drops that, for when a
transaction did not come about.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from libchat.errors import InvalidName
from libchat.messages import Entry
from libchat.names import parse_name
from libchat.records import (
    REFERRING,
    Conflict,
    Draft,
    Known,
    Look,
    Original,
    Outcome,
    Record,
    Repeat,
    Stored,
    Unfit,
    check_reference,
    no_member,
)
from libchat.store import texts
from libchat.store.chain import SALT_BYTES, digest_of, link
from libchat.store.facts import Facts
from libchat.store.opened import Conversation, Opened
from libchat.store.reading import ENTRY, IS_USED, entry_of

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

_IS_MEMBER: Final = "SELECT 1 FROM members WHERE conversation = ? AND name = ?"


class Writer:
    """Writes records. `entropy` makes salts."""

    def __init__(self, connection: sqlite3.Connection, entropy: Callable[[int], bytes]) -> None:
        self._connection = connection
        self._entropy = entropy
        self._opened = Opened(connection)
        self._facts = Facts(connection, self._opened)
        self._touched: dict[int, Conversation] = {}
        self._newest = self._indexed = 0
        self._erased = 0

    def forget(self, connection: sqlite3.Connection) -> None:
        """Forget what is remembered, and use this connection from now on."""
        self._connection = connection
        self._opened.forget(connection)
        self._facts.use(connection)

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
            else self._facts.write(record)
            for index, record in enumerate(records)
        ]
        if self._newest != before:
            self._finish()
        self._opened.make_room()
        return outcomes

    def answer(self, record: Record) -> Outcome | None:
        """Return the outcome of a record for which nothing has to be stored, None if something has."""
        if isinstance(record, Look):
            return Stored(self._opened.last(record.conversation))
        if isinstance(record, Known):
            return Stored() if self._facts.is_known(record) else None
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
        conversation = self._opened.open(draft.conversation, draft.target)
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


def _is_sent(draft: Draft, text: str, salt: bytes, digest: bytes | None) -> bool:
    """Return whether a draft is what came when a text was stored, which may have been changed: then as a digest."""
    sent = draft.text if draft.sent is None else draft.sent
    return text == sent if digest is None else digest == digest_of(salt, sent)


def canonical(sender: str) -> str:
    """Return the canonical form of a sender's name; as it is, if nobody could be called that."""
    try:
        return parse_name(sender).key
    except InvalidName:
        return sender
