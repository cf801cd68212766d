from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from contracts.log_tools import Answers, look_up, page, say, store, store_entry, texts
from libchat.messages import Entry
from libchat.records import AskPage, Conflict, Cursor, Failure, Known, Outcome, Repeat, Stored, Unanswered
from libchat.store.schema import connect_to_write
from libchat.store.sqlite import SqliteLog


class Disk:
    """A disk that fails when it is told to: the statements in `faults` fail once each, before or after they are done.

    `statements` are those that matter, as they came.
    """

    def __init__(self) -> None:
        self.faults: list[tuple[str, str, int]] = []
        self.statements: list[str] = []
        self.opened: list[sqlite3.Connection] = []

    def connect(self, path: Path) -> sqlite3.Connection:
        """Return a connection on this disk."""
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
                return disk.execute(super().execute, sql, *parameters)

        connection = connect_to_write(path, factory=Connection)
        self.opened.append(connection)
        return connection

    def execute(self, execute: Callable[..., sqlite3.Cursor], sql: str, *parameters: object) -> sqlite3.Cursor:
        """Execute a statement, unless it is to fail."""
        if sql in ("COMMIT", "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"):
            self.statements.append(sql)
        if not self.faults or not sql.startswith(self.faults[0][1]):
            return execute(sql, *parameters)
        when, _, code = self.faults.pop(0)
        if when == "after":
            execute(sql, *parameters)
        elif sql == "COMMIT" and code != sqlite3.SQLITE_FULL:
            execute("ROLLBACK")
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error


class Watched:
    """A log on a disk that can fail, and what was told of its trouble."""

    def __init__(self, path: Path) -> None:
        self.disk = Disk()
        self.told: list[str] = []
        self.log = SqliteLog(path, on_trouble=self.told.append, connect=self.disk.connect)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Return a log on a disk that can fail, and close it in the end."""
    watched = Watched(tmp_path / "log.db")
    yield watched
    watched.log.close()


def test_a_full_disk_is_told_once_and_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While there is no room, nothing is stored and each record fails; when there is, the next append is stored."""
    opened: list[sqlite3.Connection] = []

    def connect(path: Path) -> sqlite3.Connection:
        opened.append(connect_to_write(path))
        return opened[-1]

    told: list[str] = []
    log = SqliteLog(tmp_path / "log.db", on_trouble=told.append, connect=connect)
    store(log, say("before"))
    ((pages,),) = opened[0].execute("PRAGMA page_count").fetchall()
    opened[0].execute(f"PRAGMA max_page_count = {pages}")
    with caplog.at_level(logging.WARNING, "libchat.store"):
        for _ in range(2):
            assert store(log, say("x" * 50_000), say("y")) == [Failure("the disk is full")] * 2
        assert told == ["the log cannot store: the disk is full"]
        opened[0].execute("PRAGMA max_page_count = 1000000")
        assert store_entry(log, say("after")).seq == 2
        store(log, say("again"))
    assert told[1:] == ["the log stores again"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert texts(log, "#red") == ["before", "after", "again"]
    log.close()


def test_what_is_sent_again_while_the_disk_is_full_was_stored(watched: Watched) -> None:
    """Who sends again what is in the log is told so, also when nothing else can be stored."""
    once = say("once", device="d", cid="1")
    first = store_entry(watched.log, once)
    watched.disk.faults.append(("before", "COMMIT", sqlite3.SQLITE_FULL))
    outcomes = store(watched.log, say("new", device="d", cid="2"), once, say("other", device="d", cid="1"))
    assert outcomes == [Failure("the disk is full"), Repeat(first), Conflict()]
    assert texts(watched.log, "#red") == ["once"]


def test_names_and_devices_that_are_known_come_while_the_disk_is_full(watched: Watched) -> None:
    """Who says nothing new of a name is told that it is stored; a new name, device or display is not."""
    guest, account = Known("bo", "Bo", 1, "d1"), Known("ana", "Ana", 1, "d1", is_account=True)
    store(watched.log, guest, account, replace(account, device="d2"))
    watched.disk.faults.append(("before", "COMMIT", sqlite3.SQLITE_FULL))
    known = [guest, account, replace(account, device="d2")]
    new = [
        replace(guest, device="d2"),
        replace(account, device="d3"),
        replace(account, display="ANA"),
        Known("c", "C", 1),
    ]
    assert store(watched.log, *known, *new) == [Stored()] * 3 + [Failure("the disk is full")] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_file_that_cannot_grow(tmp_path: Path) -> None:
    """What the system refuses to write was not stored; what it writes, was; nothing else turns up later."""
    program = """
import resource, sys, threading
from libchat.records import Draft, AskPage
from libchat.store.sqlite import SqliteLog

log = SqliteLog(sys.argv[1])
def store(text):
    found, done = [], threading.Event()
    log.append([Draft("#red", "#red", "ana", 1, text)], lambda outcomes: (found.extend(outcomes), done.set()))
    assert done.wait(20)
    return type(found[0]).__name__
kinds = []
for size in range(150_000, 400_000, 10_007):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    for number in range(5):
        text = f"{size}.{number}"
        kind = store(text + "x" * 3000)
        print(text, kind, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert store("last") == "Entry"
print("last Entry", flush=True)
log.close()
"""
    path = tmp_path / "log.db"
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=50, check=True
    )
    kinds = dict(line.split() for line in run.stdout.splitlines())
    assert set(kinds.values()) == {"Entry", "Failure"}
    log = SqliteLog(path)
    found = [entry.text.rstrip("x") for entry in page(log, AskPage("#red", limit=1_000)).entries]
    assert found == [text for text, kind in kinds.items() if kind == "Entry"]
    log.close()


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO entries", "INSERT INTO search", "UPDATE counters SET t"])
def test_an_error_of_any_statement_stores_nothing(watched: Watched, statement: str) -> None:
    """All records fail, and what was remembered of the failed transaction is forgotten: numbers have no gap."""
    store(watched.log, say("one"))
    watched.disk.faults = [("before", statement, sqlite3.SQLITE_IOERR_READ)]
    failed = store(watched.log, say("two", device="d", cid="c"), say("new", "#blue"), Cursor("bo", "", "#red", 1))
    assert failed == [Failure("the disk reports an error")] * 3
    stored = store(watched.log, say("two"), say("new", "#blue"))
    assert [outcome.seq for outcome in stored if isinstance(outcome, Entry)] == [2, 1]
    assert texts(watched.log, "#red") == ["one", "two"]


def test_a_full_disk_at_commit(watched: Watched) -> None:
    """The transaction is rolled back, and the connection stays in use."""
    watched.disk.faults = [("before", "COMMIT", sqlite3.SQLITE_FULL)]
    assert store(watched.log, say("one")) == [Failure("the disk is full")]
    assert store_entry(watched.log, say("two")).seq == 1
    assert len(watched.disk.opened) == 1


@pytest.mark.parametrize("tries", [0, 1, 2])
@pytest.mark.parametrize("late", ["before", "after"])
def test_a_commit_in_doubt_that_was_none(watched: Watched, tries: int, late: str) -> None:
    """What turns out not to be in the file fails, however often it takes to find out, and never turns up."""
    store(watched.log, say("one"))
    watched.disk.faults = [("before", "COMMIT", sqlite3.SQLITE_IOERR_FSYNC)]
    watched.disk.faults += [(late, "COMMIT", sqlite3.SQLITE_IOERR_FSYNC)] * tries
    (outcome,) = store(watched.log, say("two", device="d", cid="c"))
    assert isinstance(outcome, Failure)
    assert len(watched.disk.opened) == 2 + tries
    assert store_entry(watched.log, say("three", device="d", cid="c")).seq == 2
    assert texts(watched.log, "#red") == ["one", "three"]
    assert [words.split(":")[0] for words in watched.told] == ["the log cannot store", "the log stores again"]


@pytest.mark.parametrize("tries", [0, 1, 2])
@pytest.mark.parametrize("late", ["before", "after"])
def test_a_commit_in_doubt_that_was_one(watched: Watched, tries: int, late: str) -> None:
    """What turns out to be in the file is answered as stored."""
    watched.disk.faults = [("after", "COMMIT", sqlite3.SQLITE_IOERR_FSYNC)]
    watched.disk.faults += [(late, "COMMIT", sqlite3.SQLITE_IOERR_FSYNC)] * tries
    draft = say("two", device="d", cid="c")
    entry = store_entry(watched.log, draft)
    assert store(watched.log, draft) == [Repeat(entry)]
    assert len(watched.disk.opened) == 2 + tries
    assert texts(watched.log, "#red") == ["two"]


def test_what_stays_in_doubt_is_not_answered(tmp_path: Path) -> None:
    """A log that is closed before it is known whether something was stored says nothing of it."""
    watched, answers = Watched(tmp_path / "log.db"), Answers[list[Outcome]]()
    watched.disk.faults = [("before", "COMMIT", sqlite3.SQLITE_IOERR_FSYNC)] * 1_000
    assert watched.log.append([say()], answers.take) is None
    watched.log.close()
    assert answers.all == []


def test_a_disk_that_cannot_be_read(tmp_path: Path) -> None:
    """A question that cannot be answered is told so, and the file is named as damaged."""
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    store(log, *(say("x" * 4_000) for _ in range(50)))
    log.close()
    damaged = bytearray(path.read_bytes())
    connection = sqlite3.connect(path)
    ((root,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entries_by_seq'").fetchall()
    connection.close()
    damaged[(root - 1) * 4_096 : root * 4_096] = b"\xff" * 4_096
    log = SqliteLog(path)  # what is damaged before would be found when it is opened
    path.write_bytes(damaged)
    assert look_up(log, AskPage("#red")) == Unanswered("the log cannot be read: the file is damaged")
    assert look_up(log, AskPage("#blue")) != Unanswered("the log cannot be read: the file is damaged")
    log.close()


def test_a_callback_that_fails_does_not_end_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and others are answered."""
    log = SqliteLog(tmp_path / "log.db")

    def fail(_: object) -> None:
        raise RuntimeError("somebody's mistake")

    log.append([say("one")], fail)
    log.ask(AskPage("#red"), fail)
    assert store_entry(log, say("two")).seq == 2
    log.close()
    assert sorted(record.message.split(" could")[0] for record in caplog.records) == ["an answer", "what was stored"]


def test_what_may_be_lost_does_not_wait_for_the_disk(watched: Watched) -> None:
    """Only cursors and marks are committed without waiting, and only when nothing else comes with them."""
    watched.disk.statements.clear()
    store(watched.log, Cursor("bo", "", "#red", 1))
    store(watched.log, Cursor("bo", "", "#red", 2), say())
    commits = [statement.removeprefix("PRAGMA synchronous = ") for statement in watched.disk.statements]
    assert commits == ["NORMAL", "COMMIT", "FULL", "COMMIT"]


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    """Whoever comes late is answered at once."""
    log = SqliteLog(tmp_path / "log.db")
    log.close()
    assert store(log, say()) == [Failure("the log is closed")]
    assert look_up(log, AskPage("#red")) == Unanswered("the log is closed")


def test_closing_leaves_one_file(tmp_path: Path) -> None:
    """All that waits is committed and copied into the file; beside it is only the lock's."""
    log, answers = SqliteLog(tmp_path / "log.db"), Answers[list[Outcome]]()
    for number in range(50):
        log.append([say(str(number))], answers.take)
    log.close()
    assert len(answers.all) == 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.db", "log.db.lock"]
