from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.log_tools import delete, edit, entries, find_texts, page, react, say, store, texts
from libchat.messages import Entry
from libchat.records import AskPage, Retention
from libchat.store.keeping import HOUR
from libchat.store.schema import connect_to_read, connect_to_write
from libchat.store.sqlite import SqliteLog
from libchat.store.verify import find_faults


class Clock:
    """A clock that stands still, and tells when the log looks at it."""

    def __init__(self) -> None:
        self.now = 10 * HOUR

    def __call__(self) -> int:
        return self.now


def settled(log: SqliteLog, path: Path, is_done: Callable[[sqlite3.Connection], bool]) -> None:
    """Append until a condition holds of the file: each append gives the log a chance to do its chores."""
    connection = connect_to_read(path)
    for _ in range(1_000):
        if is_done(connection):
            break
        store(log, say("chores", "#chores"))
    else:
        raise AssertionError("the log does not do its chores")
    connection.close()


def first_of(conversation: str, first: int) -> Callable[[sqlite3.Connection], bool]:
    """Return whether a conversation begins with an entry."""
    query = "SELECT 1 FROM conversations WHERE key = ? AND first = ?"
    return lambda connection: connection.execute(query, (conversation, first)).fetchone() is not None


def faults(path: Path) -> list[str]:
    """Return what is wrong with the file: its chains, its index, its structure."""
    connection = connect_to_write(path)
    connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    found = list(find_faults(connection))
    found += [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
    found += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
    connection.close()
    return found


def test_the_newest_entries_are_kept(tmp_path: Path) -> None:
    """Beyond so many, the oldest go: with what is found of them, their reactions and client ids. Numbers go on."""
    path = tmp_path / "log.db"
    log = SqliteLog(path, retention=Retention(entries=3))
    assert log.retention == Retention(entries=3)
    once = say("gone 1", device="d", cid="c")
    store(log, once, react(1, "+1", "bo"), say("gone 2"), edit(3, "gone 3"), say("kept 1"), say("kept 2"))
    store(log, say("kept 3"), say("x", "#blue"))
    settled(log, path, first_of("#red", 5))
    assert texts(log, "#red") == ["kept 1", "kept 2", "kept 3"]
    assert find_texts(log, "gone") == []
    assert find_texts(log, "kept") == ["kept 3", "kept 2", "kept 1"]
    assert texts(log, "#blue") == ["x"]
    (again,) = store(log, once)
    assert isinstance(again, Entry)
    assert again.seq == 8
    log.close()
    assert faults(path) == []
    connection = connect_to_read(path)
    assert connection.execute("SELECT count(*) FROM reactions").fetchall() == [(0,)]
    assert len(connection.execute("SELECT rowid FROM search WHERE search MATCH 'gone'").fetchall()) == 1  # the new one
    connection.close()


def test_old_entries_go(tmp_path: Path) -> None:
    """What is older than so many seconds goes, when an hour has passed since the last look; all of it may."""
    path, clock = tmp_path / "log.db", Clock()
    log = SqliteLog(path, retention=Retention(seconds=7_200), clock=clock)
    store(log, *(say(str(number), time=clock.now + number, device="d", cid=str(number)) for number in range(1_200)))
    store(log, say("old", "#blue", time=clock.now), say("new", "#red", time=clock.now + HOUR))
    clock.now += 2 * HOUR + 1_000
    settled(log, path, first_of("#red", 1_001))
    settled(log, path, first_of("#blue", 2))
    assert [entry.text for entry in page(log, AskPage("#red", limit=2, where="after")).entries] == ["1000", "1001"]
    assert texts(log, "#blue") == []
    clock.now += 1
    log.close()
    assert faults(path) == []


def test_a_log_that_keeps_less_than_before(tmp_path: Path) -> None:
    """What is too much is taken away when the log is opened, some hundreds at a time."""
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    store(log, *(say(str(number)) for number in range(1_300)), say("x", "#blue"))
    log.close()
    log = SqliteLog(path, retention=Retention(entries=10))
    settled(log, path, first_of("#red", 1_291))
    assert [entry.seq for entry in entries(log, "#red")] == list(range(1_291, 1_301))
    log.close()
    assert faults(path) == []


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[tuple[SqliteLog, Path, Clock]]:
    """Return a log in which three secrets stand among many other words."""
    path, clock = tmp_path / "log.db", Clock()
    log = SqliteLog(path, clock=clock)
    store(log, *(say(f"word{number} plain") for number in range(300)))
    store(log, say("it is zyxwvutmost secret"), edit(301, "still zyxwvuthest secret"), say("other zyxwvutlast"))
    yield log, path, clock
    log.close()


def holds(path: Path, word: bytes) -> bool:
    """Return whether a word stands anywhere in the log's files."""
    return any(word in file.read_bytes() for file in path.parent.iterdir())


def test_a_deleted_text_is_erased_from_the_file(secrets: tuple[SqliteLog, Path, Clock]) -> None:
    """Neither it nor its edits are left in any file, also not in the index; the chain holds, and the rest is there."""
    log, path, _ = secrets
    assert holds(path, b"vutmost")
    assert holds(path, b"vuthest")
    store(log, delete(301))
    log.close()
    assert not holds(path, b"vutmost")
    assert not holds(path, b"vuthest")
    assert holds(path, b"vutlast")
    assert faults(path) == []


def test_a_deleted_text_is_erased_while_the_log_is_open(secrets: tuple[SqliteLog, Path, Clock]) -> None:
    """It takes a moment for the first one, and for those of the hour after it until the hour is over."""
    log, path, clock = secrets
    store(log, delete(301))
    settled(log, path, lambda _: not holds(path, b"vutmost") and not holds(path, b"vuthest"))
    store(log, delete(303))
    assert find_texts(log, "zyxwvut*") == []
    assert holds(path, b"vutlast")
    clock.now += HOUR
    settled(log, path, lambda _: not holds(path, b"vutlast"))
    log.close()
    assert faults(path) == []


def test_a_text_that_is_deleted_at_once_leaves_nothing(tmp_path: Path) -> None:
    """What comes and goes in one transaction was never there."""
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    store(log, say("zyxwvutmost"), edit(1, "zyxwvuthest"), delete(1))
    log.close()
    assert not holds(path, b"vutmost")
    assert not holds(path, b"vuthest")
    assert faults(path) == []
