"""Copies of a log, also of one that is written to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from contracts.log_tools import entries, say, store, texts
from libchat.errors import StoreError
from libchat.store.backup import backup
from libchat.store.sqlite import SqliteLog
from support.logfile import findings, make_log


def test_a_copy_is_a_log(tmp_path: Path) -> None:
    """A copy is one private file, is right, and opens as the same log with everything in it."""
    path, copy = tmp_path / "chat.db", tmp_path / "copies" / "copy.db"
    make_log(path)
    copy.parent.mkdir()
    backup(path, copy)
    assert os.listdir(copy.parent) == ["copy.db"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert findings(copy) == []
    one, other = SqliteLog(path), SqliteLog(copy)
    assert one.id == other.id
    assert one.load() == other.load()
    assert entries(one, "#red") == entries(other, "#red") != []
    store(other, say("on we go"))
    one.close()
    other.close()
    assert findings(copy) == []


def test_one_moment_of_a_log_that_writes(tmp_path: Path) -> None:
    """A copy of a log that is written to is the log as it was when it began, however long it takes."""
    path, copy = tmp_path / "chat.db", tmp_path / "copy.db"
    log = SqliteLog(path, durability="normal")
    log.load()
    before = [f"{number} " + "x" * 4_000 for number in range(3_000)]
    store(log, *map(say, before))
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        store(log, say("meanwhile"))
        seen.append(done)

    backup(path, copy, progress)
    log.close()
    assert sum(done > 0 for done in seen) >= 3
    assert findings(copy) == []
    opened = SqliteLog(copy)
    assert texts(opened, "#red") == before
    opened.close()
    assert findings(path) == []


def test_the_source_is_not_touched(tmp_path: Path) -> None:
    """A copy is made without a checkpoint: file and write-ahead log are the same afterwards."""
    path, beside = tmp_path / "chat.db", tmp_path / "chat.db-wal"
    log = SqliteLog(path)
    store(log, say("one"))
    before = path.read_bytes(), beside.read_bytes()
    assert before[1] != b""
    backup(path, tmp_path / "copy.db")
    assert (path.read_bytes(), beside.read_bytes()) == before
    log.close()


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """A file that is there stays as it is."""
    path, copy = tmp_path / "chat.db", tmp_path / "copy.db"
    make_log(path)
    copy.write_bytes(b"precious")
    with pytest.raises(StoreError, match=r"copy\.db is there already"):
        backup(path, copy)
    with pytest.raises(StoreError, match=r"chat\.db is there already"):
        backup(path, path)
    assert copy.read_bytes() == b"precious"


def test_no_copy_of_a_damaged_file(tmp_path: Path) -> None:
    """A file with damaged pages is no backup: there is an error, and nothing else."""
    path, copy = tmp_path / "chat.db", tmp_path / "copies" / "copy.db"
    make_log(path)
    copy.parent.mkdir()
    data = bytearray(path.read_bytes())
    data[8 * 4_096 : 12 * 4_096] = os.urandom(4 * 4_096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"is damaged \(.*\), so no backup was made of it"):
        backup(path, copy)
    assert os.listdir(copy.parent) == []


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C in the middle of copying leaves nothing behind."""
    path, copy = tmp_path / "chat.db", tmp_path / "copies" / "copy.db"
    make_log(path)
    copy.parent.mkdir()

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(path, copy, interrupt)
    assert os.listdir(copy.parent) == []


def test_no_log(tmp_path: Path) -> None:
    """There is no backup of nothing."""
    with pytest.raises(StoreError, match="there is no file"):
        backup(tmp_path / "chat.db", tmp_path / "copy.db")
    assert os.listdir(tmp_path) == []
