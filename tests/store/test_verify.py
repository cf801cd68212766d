"""Whatever is wrong with a log's file is found, and said in words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.log_tools import entries, say, store
from libchat.errors import StoreError
from libchat.records import Look, Retention, Stored
from libchat.store.schema import APPLICATION_ID, STEPS
from libchat.store.sqlite import SqliteLog
from libchat.store.verify import Figures, verify
from support.logfile import change, findings, make_log

RED = "(SELECT id FROM conversations WHERE key = '#red')"
PAIR = "(SELECT id FROM conversations WHERE key = 'ana bo')"
ONE = f"conversation = {RED} AND seq = 1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a log with something of everything."""
    path = tmp_path / "chat.db"
    make_log(path)
    return path


def test_a_log_is_right(path: Path) -> None:
    """Nothing is found in what a log has written, and everything is counted."""
    found: list[str] = []
    assert verify(path, found.append) == Figures(0, 17, 3, 3)
    assert found == []


def test_a_new_log_is_right(tmp_path: Path) -> None:
    """A log in which nothing stands yet is right."""
    make_log(tmp_path / "chat.db", ())
    assert findings(tmp_path / "chat.db") == []


def test_beside_a_log_that_writes(tmp_path: Path) -> None:
    """A log that is open can be looked at, with what was just stored; and it stores during the look."""
    path = tmp_path / "chat.db"
    log = SqliteLog(path)
    store(log, say("one"))
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        store(log, say("more"))
        seen.append(total)

    found: list[str] = []
    assert verify(path, found.append, progress) == Figures(0, 1, 1, 0)
    log.close()
    assert found == []
    assert len(seen) > 0
    assert set(seen) == {1}
    assert findings(path) == []


def test_nothing_is_written(path: Path) -> None:
    """The file is the same as before, to the byte and to its time."""
    before = path.read_bytes(), path.stat().st_mtime_ns
    change_of_folder = findings(path)
    assert change_of_folder == []
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_write_ahead_log_is_not_copied(tmp_path: Path) -> None:
    """What a writer has not checkpointed stays where it is: two that do so can damage the file."""
    path, beside = tmp_path / "chat.db", tmp_path / "chat.db-wal"
    log = SqliteLog(path)
    store(log, say("one"))
    before = path.read_bytes(), beside.read_bytes()
    assert findings(path) == []
    assert (path.read_bytes(), beside.read_bytes()) == before
    log.close()


def test_a_log_that_has_let_go_of_entries_is_right(tmp_path: Path) -> None:
    """Old entries that were taken away are not missing."""
    path = tmp_path / "chat.db"
    log = SqliteLog(path, durability="normal", retention=Retention(entries=4))
    for number in range(12):
        store(log, say(f"text {number}"), say("x", "ana bo", ("ana", "bo")[number > 2]), say("t", kind="topic"))
    for _ in range(1_000):
        assert store(log, Look("#red")) == [Stored(24)]
        if len(entries(log, "#red")) == len(entries(log, "ana bo")) == 4:
            break
    else:
        pytest.fail("nothing was taken away")
    log.close()
    assert findings(path) == []


BROKEN: dict[str, tuple[tuple[str, ...], str]] = {
    # --- the chain: entries altered, removed, swapped, put in, and what comes with them
    "text": ((f"UPDATE entries SET text = 'one grape' WHERE {ONE}",), "#red: the hash chain breaks at entry 1:"),
    "sender": (
        (f"UPDATE entries SET sender = 'Cy', name = 'cy' WHERE {ONE}",),
        "#red: the hash chain breaks at entry 1:",
    ),
    "time": ((f"UPDATE entries SET time = time + 1 WHERE {ONE}",), "#red: the hash chain breaks at entry 1:"),
    "owner": ((f"UPDATE entries SET owner = 'x' WHERE {ONE}",), "#red: the hash chain breaks at entry 1:"),
    "cid": ((f"UPDATE entries SET cid = 'c9' WHERE {ONE}",), "#red: the hash chain breaks at entry 1:"),
    "salt": ((f"UPDATE entries SET salt = x'00' WHERE {ONE}",), "#red: the hash chain breaks at entry 1:"),
    "target": ((f"UPDATE entries SET target = '#reD' WHERE {ONE}",), "#red: the hash chain breaks at entry 1:"),
    "hash": ((f"UPDATE entries SET hash = zeroblob(32) WHERE {ONE}",), "#red: the hash chain breaks at entry 1:"),
    "digest of an erased text": (
        (f"UPDATE entries SET digest = zeroblob(32) WHERE conversation = {RED} AND seq = 3",),
        "#red: the hash chain breaks at entry 3:",
    ),
    "removed": ((f"DELETE FROM entries WHERE conversation = {RED} AND seq = 2",), "#red: entry 2 is missing:"),
    "removed, and the gap closed": (
        (
            f"DELETE FROM entries WHERE conversation = {PAIR} AND seq = 1",
            f"UPDATE entries SET seq = 1 WHERE conversation = {PAIR}",
            f"UPDATE conversations SET last = 1, from_one = 0, from_other = 1 WHERE id = {PAIR}",
        ),
        "ana bo: the hash chain breaks at entry 1:",
    ),
    "newest removed": (
        (f"DELETE FROM entries WHERE conversation = {PAIR} AND seq = 2",),
        "ana bo: entry 2 is missing:",
    ),
    "newest removed, and no longer counted": (
        (
            f"DELETE FROM entries WHERE conversation = {PAIR} AND seq = 2",
            f"UPDATE conversations SET last = 1, from_other = 0 WHERE id = {PAIR}",
        ),
        "ana bo: the hash chain does not end where it says, at entry 1:",
    ),
    "oldest removed": (
        (
            f"DELETE FROM entries WHERE conversation = {PAIR} AND seq = 1",
            f"UPDATE conversations SET first = 2 WHERE id = {PAIR}",
        ),
        "ana bo: the hash chain breaks at entry 2:",
    ),
    "several removed": (
        (f"DELETE FROM entries WHERE conversation = {RED} AND seq IN (2, 3)",),
        "#red: entries 2 to 3 are missing:",
    ),
    "swapped": (
        (
            f"UPDATE entries SET seq = 99 WHERE conversation = {PAIR} AND seq = 1",
            f"UPDATE entries SET seq = 1 WHERE conversation = {PAIR} AND seq = 2",
            f"UPDATE entries SET seq = 2 WHERE conversation = {PAIR} AND seq = 99",
        ),
        "ana bo: the hash chain breaks at entry 1:",
    ),
    "put in": (
        (
            "INSERT INTO entries (id, conversation, seq, target, sender, name, owner, time, text, kind, ref, device, "
            "cid, salt, hash) SELECT 99, conversation, 3, target, sender, name, owner, time, text, kind, ref, device, "
            f"cid, salt, hash FROM entries WHERE conversation = {PAIR} AND seq = 2",
            f"UPDATE conversations SET last = 3, from_other = 3 WHERE id = {PAIR}",
            "UPDATE counters SET entries = 99",
        ),
        "ana bo: the hash chain breaks at entry 3:",
    ),
    "before the oldest": (
        (f"UPDATE conversations SET first = 2 WHERE id = {PAIR}",),
        "ana bo: entry 1 stands before the oldest that is kept, 2",
    ),
    # --- what a conversation says of its entries
    "last": (
        (f"UPDATE conversations SET last = 1 WHERE id = {PAIR}",),
        "ana bo: its newest entry is 2, but it says 1:",
    ),
    "head": (
        (f"UPDATE conversations SET head = zeroblob(32) WHERE id = {PAIR}",),
        "ana bo: the hash chain does not end where it says",
    ),
    "base": (
        (f"UPDATE conversations SET base = x'01' WHERE id = {PAIR}",),
        "ana bo: it does not begin as a conversation does",
    ),
    "from_one": (
        (f"UPDATE conversations SET from_one = 0 WHERE id = {PAIR}",),
        "ana bo: the newest entry of 'ana' is 1, but it says 0:",
    ),
    "from_other": (
        (f"UPDATE conversations SET from_other = 1 WHERE id = {PAIR}",),
        "ana bo: the newest entry of 'bo' is 2, but it says 1:",
    ),
    "topic": (
        (f"UPDATE conversations SET topic = 'x' WHERE id = {RED}",),
        "#red: its topic is 'x', but the newest that was set is 'vegetables'",
    ),
    "pair": ((f"UPDATE conversations SET other = 'cy' WHERE id = {PAIR}",), "ana bo: it is between 'ana' and 'cy',"),
    "room with a side": (
        (f"UPDATE conversations SET one = 'cy' WHERE id = {RED}",),
        "#red: it is between 'cy' and NULL",
    ),
    "order": (
        ("UPDATE entries SET id = id + 100 WHERE id = 3", "UPDATE counters SET entries = 200"),
        "was stored before the one before it",
    ),
    "name of an entry": (
        (f"UPDATE entries SET name = 'cy' WHERE {ONE}",),
        "#red: entry 1 is of 'ana', but is kept under the name 'cy'",
    ),
    # --- edits, deletions, references, reactions
    "edited, to an older edit": (
        (f"UPDATE entries SET edited = 5 WHERE {ONE}",),
        "#red: message 1 points to entry 5 as its newest edit, which is 6:",
    ),
    "edited, to none": (
        (f"UPDATE entries SET edited = 0 WHERE {ONE}",),
        "#red: message 1 points to entry 0 as its newest edit, which is 6:",
    ),
    "edited, to no edit": (
        (f"UPDATE entries SET edited = 1 WHERE conversation = {RED} AND seq = 2",),
        "#red: entry 2 points to entry 1 as its newest edit, which is none of it:",
    ),
    "deleted by nothing": (
        (f"UPDATE entries SET deleted = 2, text = '', digest = x'00', salt = NULL WHERE {ONE}",),
        "#red: entry 1 is marked as deleted by entry 2, which does not delete it:",
    ),
    "not deleted": (
        (f"UPDATE entries SET deleted = 0 WHERE conversation = {RED} AND seq = 3",),
        "#red: entry 3 is not marked as deleted, but entry 13 deletes it:",
    ),
    "edit not deleted": (
        (f"UPDATE entries SET deleted = 0 WHERE conversation = {RED} AND ref = 3 AND kind = 'edit'",),
        "#red: entry 12 is not marked as deleted, but entry 13 deletes it:",
    ),
    "deleted, with a text": (
        (f"UPDATE entries SET text = 'three plums' WHERE conversation = {RED} AND seq = 3",),
        "#red: entry 3 is deleted, but has a text, no salt and a digest:",
    ),
    "erased without a deletion": (
        (f"UPDATE entries SET salt = NULL WHERE {ONE}",),
        "#red: entry 1 is not deleted, but has a text, no salt and no digest:",
    ),
    "reference": (
        (f"UPDATE entries SET ref = 4 WHERE conversation = {RED} AND seq = 8",),
        "#red: entry 8 (react) refers to entry 4, which is no message before it",
    ),
    "reference to what comes later": (
        (f"UPDATE entries SET ref = 7 WHERE conversation = {RED} AND seq = 2",),
        "#red: entry 2 (message) refers to entry 7, which is no message before it",
    ),
    "reaction of nobody": (
        ("UPDATE reactions SET name = 'ana' WHERE name = 'cy'",),
        "#red: entry 1 shows the reaction '+1' of 'ana', which no entry has made",
    ),
    "reaction to no message": (
        (f"UPDATE reactions SET entry = (SELECT id FROM entries WHERE conversation = {RED} AND seq = 4)",),
        "#red: entry 4 shows the reaction '+1' of 'bo', which no entry has made",
    ),
    "reaction lost": (
        ("DELETE FROM reactions WHERE name = 'cy'",),
        "#red: message 1 lacks the reaction '+1' that 'cy' has made",
    ),
    "reaction taken back": (
        ("INSERT INTO reactions SELECT entry, 'ha', name, display, at + 2 FROM reactions WHERE name = 'bo'",),
        "#red: message 1 shows the reaction 'ha' that 'bo' has taken back",
    ),
    # --- devices, cursors, marks, members, names
    "cid twice": (
        ("DROP INDEX entries_by_cid", "UPDATE entries SET device = 'd1', cid = 'c1' WHERE device = 'd2'"),
        "the client id 'c1' of device 'd1' stands with 2 entries:",
    ),
    "cursor": (
        (f"UPDATE cursors SET seq = 9 WHERE name = 'bo' AND device = '' AND conversation = {PAIR}",),
        "ana bo: the cursor of 'bo' (device '') is at 9, beyond the newest entry 2:",
    ),
    "cursor of a device": (
        ("UPDATE cursors SET seq = 2 WHERE device = 'd2'",),
        "ana bo: the device 'd2' of 'bo' is at 2, further than its name, which is at 1:",
    ),
    "device of nobody": (("UPDATE devices SET name = 'di'",), "the device 'd8' is one of 'di', which is no name"),
    "device without a cursor": (
        ("DELETE FROM cursors WHERE device = 'd8'",),
        "#red: the device 'd8' of 'ana' has no cursor there:",
    ),
    "mark": (("UPDATE marks SET seq = 3",), "ana bo: 'bo' has read up to 3, beyond the newest entry 2:"),
    "member of a pair": (
        (f"UPDATE members SET conversation = {PAIR} WHERE name = 'bo'",),
        "ana bo: 'bo' is a member of a conversation that is no room",
    ),
    "member with a wrong name": (("UPDATE members SET name = 'BO' WHERE name = 'bo'",), "the member 'BO' has a name"),
    "role": (("UPDATE members SET role = 'king' WHERE name = 'bo'",), "the member 'bo' has the role 'king'"),
    "settings of a pair": (
        (f"UPDATE rooms SET conversation = {PAIR}",),
        "ana bo: something is set as in a room, which it is not",
    ),
    "settings": (("UPDATE rooms SET secret = 7",), "#red: what is set in the room cannot be told"),
    "ban": (("UPDATE bans SET until = -1",), "#red: for how long 'cy' is kept out or silent cannot be told"),
    "muted name": (("UPDATE mutes SET name = 'BO'",), "'BO' is muted, which is a name that nobody can have"),
    "audit taken away": (
        ("DROP TRIGGER audit_is_not_taken_away", "DELETE FROM audit WHERE id = 2"),
        "the audit has 1 lines, and there were 2: somebody has taken some away",
    ),
    "audit changed": (
        (
            "DROP TRIGGER audit_is_not_changed",
            "UPDATE audit SET actor = 'somebody else' WHERE id = 1",
            "CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit\n"
            "    BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END",
        ),
        "the audit is not what was noted down",
    ),
    "audit without its seal": (
        ("DELETE FROM meta WHERE key = 'audit'",),
        "the audit has no seal",
    ),
    "audit without its lock": (
        ("DROP TRIGGER audit_is_not_changed",),
        "the trigger 'audit_is_not_changed' is missing or changed",
    ),
    "name": (
        ("UPDATE names SET display = 'Bob' WHERE key = 'bo'",),
        "the name 'bo' is shown as 'Bob', which is another",
    ),
    "account": (("UPDATE names SET is_account = 2 WHERE key = 'bo'",), "whether the name 'bo' is an account"),
    # --- the file
    "id": (("DELETE FROM meta",), "the log has no id"),
    "counters": (("DELETE FROM counters",), "the table of counters has 0 rows"),
    "counter": (
        ("UPDATE counters SET entries = 3",),
        "the log has counted 3 entries, but there is one with the id 17:",
    ),
    "orphan": (
        ("UPDATE cursors SET conversation = 77 WHERE device = 'd2'",),
        "of the table 'cursors' belongs to something",
    ),
    "index of texts, too much": (
        ("INSERT INTO search (rowid, text, readers) VALUES (99, 'secret', 'c1')",),
        "the index of texts is not what the messages say",
    ),
    "index of texts, too little": (
        (
            "INSERT INTO search (search, rowid, text, readers) "
            f"SELECT 'delete', id, text, 'c' || conversation FROM entries WHERE conversation = {RED} AND seq = 2",
        ),
        "the index of texts is not what the messages say",
    ),
    "index of texts, other readers": (
        (
            "INSERT INTO search (search, rowid, text, readers) "
            f"SELECT 'delete', id, text, 'c' || conversation FROM entries WHERE conversation = {RED} AND seq = 2",
            "INSERT INTO search (rowid, text, readers) "
            f"SELECT id, text, 'c9' FROM entries WHERE conversation = {RED} AND seq = 2",
        ),
        "the index of texts is not what the messages say",
    ),
    "index gone": (("DROP INDEX edits",), "the index 'edits' is missing or changed"),
    "table gone": (("DROP TABLE marks",), "the table 'marks' is missing or changed"),
    "another table": (("CREATE TABLE notes (text)",), "the table 'notes' is not of a log"),
    "trigger": (
        ("CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM marks; END",),
        "the trigger 't' is not of a log",
    ),
}


@pytest.mark.parametrize(("statements", "expected"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_found(path: Path, statements: tuple[str, ...], expected: str) -> None:
    """Each thing that must be true is found when it is not, with the place where it begins, in one line."""
    change(path, *statements)
    found = findings(path)
    assert [finding for finding in found if expected in finding] != [], found
    assert [finding for finding in found if "\n" in finding] == []


def test_the_first_break_of_the_chain_is_told(path: Path) -> None:
    """One entry that was altered is one break of the chain: the entries after it are as they were stored."""
    change(path, f"UPDATE entries SET time = 7 WHERE {ONE}", "UPDATE entries SET time = 7 WHERE text = 'hello ana'")
    chain = [finding.partition(":")[0] + finding.rpartition(" at entry ")[2][:2] for finding in findings(path)]
    assert chain == ["#red1:", "ana bo2:"]


def test_damaged_pages_are_found(path: Path) -> None:
    """What SQLite cannot read is told, and does not keep the rest from being looked at."""
    change(path, "UPDATE marks SET seq = 9")
    with sqlite3.connect(path) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entries'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    data[(root - 1) * size : (root - 1) * size + 200] = bytes(200)
    path.write_bytes(data)
    found = findings(path)
    assert any("is damaged" in finding for finding in found)
    assert any("has read up to 9" in finding for finding in found)


def test_values_of_a_wrong_kind_are_found(path: Path) -> None:
    """A value that no table of a log can hold is told with its entry."""
    change(path, "PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '')")
    change(path, f"UPDATE entries SET text = x'ff' WHERE {ONE}")
    assert any("#red: entry 1 cannot be read:" in finding for finding in findings(path))


def test_what_raises_in_progress_ends_it(path: Path) -> None:
    """Ctrl-C goes through, also while SQLite works."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(path, lambda finding: None, interrupt)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


NO_LOGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (Path.unlink, "there is no file"),
    "folder": (_make_folder, "is a folder"),
    "empty": (lambda path: _write(path, b""), "is empty"),
    "words": (lambda path: _write(path, b"no database " * 1_000), "is no log"),
    "another program's": (lambda path: change(path, "PRAGMA application_id = 7"), "is no log of libchat"),
    "newer": (
        lambda path: change(path, f"PRAGMA user_version = {len(STEPS) + 1}"),
        "was written by a newer libchat",
    ),
    "older": (lambda path: change(path, f"PRAGMA user_version = {len(STEPS) - 1}"), "was written by an older libchat"),
}


@pytest.mark.parametrize(("spoil", "expected"), NO_LOGS.values(), ids=NO_LOGS)
def test_what_is_no_log_is_refused(path: Path, spoil: Callable[[Path], None], expected: str) -> None:
    """What cannot be looked at as a log is an error in words."""
    spoil(path)
    with pytest.raises(StoreError, match=expected):
        findings(path)


def test_an_emptied_file_keeps_its_write_ahead_log(path: Path) -> None:
    """SQLite would throw the write-ahead log of an empty file away: neither a look nor a server lets it."""
    beside = path.with_name("chat.db-wal")
    beside.write_bytes(b"precious")
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="is empty"):
        findings(path)
    with pytest.raises(StoreError, match=r"is empty, but was not: chat\.db-wal belongs to it"):
        SqliteLog(path)
    assert beside.read_bytes() == b"precious"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_file_that_may_not_be_read(path: Path) -> None:
    """Files of others are refused in words."""
    path.chmod(0)
    with pytest.raises(StoreError, match="this user may not"):
        findings(path)


def test_the_mark_of_logs() -> None:
    """The mark in the header is the word that it is said to be."""
    assert APPLICATION_ID.to_bytes(4, "big") == b"lcha"
