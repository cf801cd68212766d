"""A file that was cut off or damaged never gives a wrong answer that is taken for a right one.

A server was killed, and then its file or its write-ahead log is cut, or single bits of it are turned over, at many
places. Each time, what the log says is what it said after some whole transaction, or opening or reading fails, or
`verify` finds that something is wrong.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from contracts.log_model import LogModel
from contracts.log_tools import look_up, say, store
from libchat.errors import StoreError
from libchat.messages import Entry
from libchat.records import AskPage, PageFound
from libchat.store.base import Log
from libchat.store.queries import answer
from libchat.store.schema import connect_to_read
from libchat.store.snapshot import READING_ERRORS
from libchat.store.sqlite import SqliteLog
from libchat.store.walk import RECENT
from support.crashing import CONVERSATIONS, appends
from support.logfile import change, findings, make_log

CUTS = 50
FLIPS = 50
"""Of each file."""

Known = tuple[tuple[Entry, ...], ...]


class Crashed(NamedTuple):
    """What a server has left that was killed, and what it knew after each transaction."""

    folder: Path
    moments: list[Known]


def everything(log: Log) -> Known | None:
    """Return all entries of each conversation; None if the log says that it cannot read them."""
    found = [look_up(log, AskPage(conversation, limit=10_000)) for conversation in CONVERSATIONS]
    pages = [page.entries for page in found if isinstance(page, PageFound)]
    return tuple(pages) if len(pages) == len(found) else None


def moments() -> list[Known]:
    """Return what a log knows after each of the transactions, from none on."""
    model = LogModel()
    model.load()
    known = [everything(model)]
    for batch in appends():
        store(model, *batch)
        known.append(everything(model))
    return [moment for moment in known if moment is not None]


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    """Return what a real log has left that was killed with a full write-ahead log."""
    folder = tmp_path_factory.mktemp("crashed")
    command = [sys.executable, "-m", "support.crashing", str(folder / "chat.db")]
    paths = os.pathsep.join((str(Path(__file__).parents[1]), *sys.path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    return Crashed(folder, moments())


def test_all_is_there_after_a_crash(crashed: Crashed, tmp_path: Path) -> None:
    """The files that are damaged below hold everything, a good part of it in each; undamaged, they are right."""
    for name in ("chat.db", "chat.db-wal"):
        assert (crashed.folder / name).stat().st_size > 30_000
        shutil.copy(crashed.folder / name, tmp_path)
    assert findings(tmp_path / "chat.db") == []
    log = SqliteLog(tmp_path / "chat.db")
    assert everything(log) == crashed.moments[-1]
    log.close()
    assert findings(tmp_path / "chat.db") == []
    os.remove(crashed.folder / "chat.db-shm")


def read(path: Path) -> Known | None:
    """Return what a file says to those who read it without a look at its newest entries; None if it cannot be read."""
    connection = connect_to_read(path)
    try:
        pages = [answer(connection, AskPage(conversation, limit=10_000)) for conversation in CONVERSATIONS]
    except (*READING_ERRORS, TypeError):  # a value of another kind than the column's
        return None
    finally:
        connection.close()
    return tuple(page.entries for page in pages if isinstance(page, PageFound))


def outcome(crashed: Crashed, path: Path) -> tuple[str, list[str]]:
    """Open damaged files, and return what they give; with what was found, before they were opened and after.

    What is read of them is checked here: it is what was said after some transaction, or something is found.
    """
    try:
        found = findings(path)
    except StoreError as error:
        found = [str(error)]
    else:
        assert read(path) in crashed.moments or found != []
    try:
        log = SqliteLog(path)
    except StoreError:
        return "refused", found
    try:
        known = everything(log)
    finally:
        log.close()
    try:
        found += findings(path)
    except StoreError as error:
        found.append(str(error))
    if known is None:
        return "unreadable", found
    return "whole transactions" if known in crashed.moments else "something else", found


def places(size: int, count: int) -> list[int]:
    """Return so many places, evenly over a file."""
    return [size * number // count for number in range(count)]


@pytest.mark.parametrize("name", ["chat.db", "chat.db-wal"])
@pytest.mark.timeout(300)
def test_a_file_that_is_cut_off(crashed: Crashed, tmp_path: Path, name: str) -> None:
    """Of a file that ends too early, there are whole transactions and nothing is found, or an error in words."""
    whole = (crashed.folder / name).read_bytes()
    outcomes = []
    for place in places(len(whole), CUTS):
        path = _copy(crashed.folder, tmp_path / str(place))
        path.with_name(name).write_bytes(whole[:place])
        got, found = outcome(crashed, path)
        assert got in ("refused", "whole transactions") or found != [], (place, got)
        outcomes.append((got, bool(found)))
    if name == "chat.db-wal":
        assert set(outcomes) == {("whole transactions", False)}
    else:
        assert outcomes[0][0] == "refused"  # an emptied file is no new log


@pytest.mark.parametrize("name", ["chat.db", "chat.db-wal"])
@pytest.mark.timeout(300)
def test_a_bit_that_is_turned_over(crashed: Crashed, tmp_path: Path, name: str) -> None:
    """With a wrong bit anywhere, there are whole transactions, or an error in words, or it is found."""
    assert flip(crashed, crashed.folder, tmp_path, name) != set()


@pytest.mark.timeout(300)
def test_a_bit_that_is_turned_over_in_a_closed_log(crashed: Crashed, tmp_path: Path) -> None:
    """So it is with a file that has everything, because its server has ended well: some bits are found."""
    whole = tmp_path / "whole"
    SqliteLog(_copy(crashed.folder, whole)).close()
    assert not (whole / "chat.db-wal").exists()
    assert ("refused", True) in flip(crashed, whole, tmp_path, "chat.db")


def test_the_newest_entries_are_looked_at(tmp_path: Path) -> None:
    """A log whose newest entries are not what was stored is refused; of older ones, `verify` tells."""
    path = tmp_path / "chat.db"
    make_log(path, [[say(f"text {number}") for number in range(RECENT + 2)]])
    change(path, "UPDATE entries SET text = 'else' WHERE seq = 1")
    SqliteLog(path).close()
    assert len(findings(path)) == 2  # the index does not have the text either
    change(path, "UPDATE entries SET text = 'else' WHERE seq = 3")
    with pytest.raises(StoreError, match="#red: entry 3, or one beside it, is not what was stored"):
        SqliteLog(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conversations SET head = zeroblob(32) WHERE key = '#red'",
        "DELETE FROM entries WHERE seq = 2",
        "UPDATE entries SET hash = zeroblob(32) WHERE seq = 1",
        "UPDATE entries SET salt = NULL WHERE seq = 3",
    ],
)
def test_what_is_looked_at(tmp_path: Path, statement: str) -> None:
    """Where the chain ends, missing entries and altered ones are noticed when a log is opened."""
    path = tmp_path / "chat.db"
    make_log(path, [[say("one"), say("two"), say("three")]])
    change(path, statement)
    with pytest.raises(StoreError, match=r"#red: entry .*, or one beside it, is not what was stored"):
        SqliteLog(path)


def flip(crashed: Crashed, source: Path, target: Path, name: str) -> set[tuple[str, bool]]:
    """Turn bits of a file over, and return what comes of it: what was given, and whether something was found."""
    whole = (source / name).read_bytes()
    dice = random.Random(11)
    outcomes = set()
    for start in places(len(whole), FLIPS):
        place = start + dice.randrange(len(whole) // FLIPS)
        path = _copy(source, target / str(place))
        data = bytearray(whole)
        data[place] ^= 1 << dice.randrange(8)
        path.with_name(name).write_bytes(data)
        got, found = outcome(crashed, path)
        assert got in ("refused", "whole transactions") or found != [], (place, got)
        outcomes.add((got, bool(found)))
    return outcomes


def _copy(source: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in ("chat.db", "chat.db-wal"):
        if (source / name).exists():
            shutil.copy(source / name, folder)
    return folder / "chat.db"
