from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts.log_tools import entries, find_texts, say, store, store_entry, texts, unread
from libchat.errors import StoreError
from libchat.records import Cursor, Known, Waiting
from libchat.store.schema import APPLICATION_ID, STEPS, connect_to_read, connect_to_write, prepare
from libchat.store.sqlite import SqliteLog
from libchat.store.walk import find_faults

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.sql"))
SECOND = ("ALTER TABLE entries ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine'",)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a log with one entry."""
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    store(log, say("kept"))
    log.close()
    return path


def test_versions_have_fixtures() -> None:
    """There is a file of each version of the tables."""
    assert [fixture.stem for fixture in FIXTURES] == [f"version-{number}" for number in range(1, len(STEPS) + 1)]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.stem)
def test_old_files_open_and_read(tmp_path: Path, fixture: Path) -> None:
    """A file of any version opens with everything in it, and can be written to."""
    connection = connect_to_write(_touched(tmp_path / "log.db"))
    connection.executescript(fixture.read_text(encoding="utf-8"))
    connection.close()
    log = SqliteLog(tmp_path / "log.db")
    state = log.load()
    assert log.id == "0123456789abcdef"
    assert [known.display for known in state.names] == ["Ana", "Bo"]
    assert state.waiting == (Waiting("bo", "ana bo", 1, 2),)
    assert [(room.room, room.topic, room.members) for room in state.rooms] == [("#Red", "news", (("ana", "owner"),))]
    assert texts(log, "#red") == ["hello again", "news", "hello again", "", "👍", ""]
    assert [entry.reactions[0].names for entry in entries(log, "#red") if entry.reactions] == [("Bo",)]
    assert find_texts(log, "again") == ["hello again"]
    assert store_entry(log, say("now")).seq == 7
    log.close()
    connection = connect_to_write(tmp_path / "log.db")
    assert list(find_faults(connection)) == []
    connection.close()


def test_missing_steps_are_taken(path: Path) -> None:
    """A file of this version becomes one of the next, keeps its id and its entries, and stays as it is afterwards."""
    for _ in range(2):
        connection = connect_to_write(path)
        log_id = prepare(connection, path, lambda: "new", (*STEPS, SECOND))
        assert connection.execute("SELECT text, mood FROM entries").fetchall() == [("kept", "fine")]
        assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS) + 1,)
        connection.close()
        assert len(log_id) == 16


def test_devices_that_were_here_before_devices_were_known(tmp_path: Path) -> None:
    """Those of accounts stay where they were, and begin where their name is by then in all other conversations."""
    path = _touched(tmp_path / "log.db")
    with closing(connect_to_write(path)) as connection:
        prepare(connection, path, lambda: "new", STEPS[:1])
        connection.executescript(
            """INSERT INTO conversations (id, key, one, other, last) VALUES (1, 'ana bo', 'ana', 'bo', 9),
                (2, 'ana cy', 'ana', 'cy', 9), (3, 'ana di', 'ana', 'di', 9);
            INSERT INTO conversations (id, key, room, last) VALUES (4, '#red', '#red', 9);
            INSERT INTO names VALUES ('ana', 'Ana', 1, 'd1', 1), ('bo', 'Bo', 1, 'b1', 0), ('cy', 'Cy', 1, '', 1);
            INSERT INTO members VALUES (4, 'ana', 0);
            INSERT INTO cursors VALUES ('ana', '', 1, 7), ('ana', '', 2, 5), ('ana', '', 4, 3), ('ana', 'd2', 1, 2),
                ('bo', '', 1, 6), ('bo', 'b2', 1, 4), ('cy', '', 2, 8)"""
        )
    with closing(SqliteLog(path)) as log:
        log.load()
        with closing(connect_to_read(path)) as reader:
            assert reader.execute("SELECT name, device FROM devices").fetchall() == [("ana", "d1"), ("ana", "d2")]
        store(log, Cursor("ana", "d3", "ana bo", 9), Cursor("ana", "d3", "ana di", 9), Cursor("ana", "d3", "#red", 9))
        assert unread(log, "ana", "d1") == {("ana bo", 7, 9), ("ana cy", 5, 9), ("ana di", 0, 9), ("#red", 3, 9)}
        assert unread(log, "ana", "d2") == {("ana bo", 2, 9), ("ana cy", 5, 9), ("ana di", 0, 9), ("#red", 3, 9)}
        store(log, Known("ana", "Ana", 1, "d2", is_account=True))
        assert unread(log, "ana", "d2") == {("ana bo", 2, 9), ("ana cy", 5, 9), ("ana di", 0, 9), ("#red", 3, 9)}


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    """The file is as it was before, and opens."""
    connection = connect_to_write(path)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        prepare(connection, path, lambda: "new", (*STEPS, (*SECOND, "CREATE TABLE entries (a)")))
    connection.close()
    log = SqliteLog(path)
    assert texts(log, "#red") == ["kept"]
    log.close()


def test_a_newer_file_is_refused(path: Path) -> None:
    """The words say what to do, and the file is left alone."""
    connection = connect_to_write(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer libchat \(version 99 of its tables\); upgrade libchat"):
        SqliteLog(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """A database that has tables or a mark of somebody else is left alone."""
    for number, statement in enumerate(("CREATE TABLE t (a)", "PRAGMA application_id = 7; PRAGMA user_version = 1")):
        path = tmp_path / f"{number}.db"
        connection = sqlite3.connect(path)
        connection.executescript(statement)
        connection.close()
        before = path.read_bytes()
        with pytest.raises(StoreError, match="something else; name another file"):
            SqliteLog(path)
        assert path.read_bytes() == before


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A text file is named as what it is."""
    path = tmp_path / "notes.txt"
    path.write_text("dear diary " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt cannot be used as a log: file is not a database"):
        SqliteLog(path)


def test_a_torn_file_is_refused(path: Path) -> None:
    """A file whose end is missing is not taken for an empty or smaller log."""
    whole = path.read_bytes()
    for size in (len(whole) - 4096, len(whole) // 2, 5_000, 50):
        path.write_bytes(whole[:size])
        with pytest.raises(StoreError, match="put a backup in its place"):
            SqliteLog(path)


def test_an_empty_file_becomes_a_log(tmp_path: Path) -> None:
    """A file that was made beforehand, with the right owner, is as good as none."""
    SqliteLog(_touched(tmp_path / "log.db")).close()
    connection = connect_to_write(tmp_path / "log.db")
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.close()


def _touched(path: Path) -> Path:
    path.touch()
    return path
