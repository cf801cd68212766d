"""What a client keeps on disk."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libchat.client.memory import Memory
from libchat.client.state import FILE_NAME, StateFile
from libchat.errors import StoreError
from libchat.security.known_servers import Announced
from support.memories import Notebook

Open = Callable[[], Memory]

PIN, NEXT, LAST, OTHER = ("sha256:" + digit * 64 for digit in "0123")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that is not there yet."""
    return tmp_path / "of" / "ana"


def reopen(folder: Path) -> StateFile:
    """Return what the next run finds."""
    return StateFile(folder, name="ana", server="sha256:00")


# --- what every memory does -----------------------------------------------------------------------------------------


class MemoryContract:
    """Each test is one promise of `Memory`; `run` begins the next run of the program, whatever became of the last."""

    def test_commands_are_kept_in_order_until_they_are_answered(self, run: Open) -> None:
        """What is kept comes again in its order, without what was answered, and a cid is kept once."""
        memory = run()
        for number in range(5):
            memory.keep(str(number), b"line %d\n" % number)
        memory.answered("1")
        memory.answered("who")
        memory.keep("2", b"another line\n")
        memory.save()
        memory = run()
        memory.keep("1", b"line 1 again\n")
        memory.save()
        kept = run().unanswered
        assert list(kept.items()) == [
            ("0", b"line 0\n"),
            ("2", b"line 2\n"),
            ("3", b"line 3\n"),
            ("4", b"line 4\n"),
            ("1", b"line 1 again\n"),
        ]

    def test_positions_are_kept(self, run: Open) -> None:
        """The newest place in each conversation comes again, and none in a room that was left."""
        memory = run()
        memory.log_is("log-1")
        memory.entered("#x", 5)
        memory.entered("#y", 6)
        memory.taken("bo", 1)
        memory.taken("bo", 2)
        memory.taken("#x", 7)
        memory.left("#y")
        memory.save()
        memory = run()
        assert (memory.log, memory.positions) == ("log-1", {"#x": 7, "bo": 2})

    def test_another_log_ends_all_positions(self, run: Open) -> None:
        """Positions of another log are forgotten, commands are not."""
        memory = run()
        memory.log_is("log-1")
        memory.taken("bo", 1)
        memory.keep("1", b"line\n")
        memory.save()
        memory = run()
        memory.log_is("log-2")
        memory.taken("cleo", 3)
        memory.save()
        memory = run()
        assert (memory.log, memory.positions, memory.unanswered) == ("log-2", {"cleo": 3}, {"1": b"line\n"})

    def test_device_is_the_same_in_every_run(self, run: Open) -> None:
        """The server knows the client again."""
        device = run().device
        assert device
        assert run().device == device

    def test_announced_keys_are_kept(self, run: Open) -> None:
        """What a server has announced last comes again."""
        memory = run()
        for pin in (OTHER, NEXT):
            memory.announced(PIN, Announced(pin, SINCE))
        memory.save()
        assert dict(run().successors) == {PIN: Announced(NEXT, SINCE)}

    def test_what_was_not_saved_may_be_lost(self, run: Open) -> None:
        """Notes alone are not kept: whoever needs them saves."""
        run().keep("1", b"line\n")
        assert dict(run().unanswered) == {}


class TestNotebook(MemoryContract):
    @pytest.fixture
    def run(self) -> Open:
        """Return the memory of the tests."""
        memory = Notebook()

        def run() -> Memory:
            nonlocal memory
            memory = memory.reopened()
            return memory

        return run


class TestStateFile(MemoryContract):
    @pytest.fixture
    def run(self, folder: Path) -> Iterator[Open]:
        """Return a file, which is let go as the system does when a process is killed."""
        opened: list[StateFile] = []

        def run() -> Memory:
            for state in opened:
                state._database.close()
            opened.append(reopen(folder))
            return opened[-1]

        yield run
        for state in opened:
            state._database.close()


# --- the file -------------------------------------------------------------------------------------------------------


def test_close_saves(folder: Path) -> None:
    """Closing keeps what was noted; after that nothing is kept, and closing again does nothing."""
    state = reopen(folder)
    state.keep("1", b"line\n")
    state.close()
    state.keep("2", b"line\n")
    state.save()
    state.close()
    state = reopen(folder)
    assert list(state.unanswered) == ["1"]
    state.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_files_are_private(folder: Path) -> None:
    """Nobody else reads what was said and not answered, or the device."""
    state = reopen(folder)
    state.keep("1", b"line\n")
    state.save()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name for path in folder.iterdir()}
    assert {FILE_NAME, f"{FILE_NAME}-wal"} <= names
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    state.close()


@pytest.mark.parametrize(
    ("name", "server", "device", "word"),
    [
        ("bo", "sha256:00", "", "name"),
        ("ana", "sha256:11", "", "server"),
        ("ana", "sha256:00", "another", "device"),
    ],
)
def test_folder_of_somebody_else_is_refused(folder: Path, name: str, server: str, device: str, word: str) -> None:
    """A folder belongs to one name at one server, with one device; the refusal says what does not fit."""
    reopen(folder).close()
    with pytest.raises(StoreError, match=word):
        StateFile(folder, name=name, server=server, device=device)
    StateFile(folder, name="ANA", server="sha256:00").close()  # the same name, and it can be opened still


def _announce(folder: Path, pin: str, successor: str) -> None:
    state = StateFile(folder, name="ana", server=pin)
    state.announced(pin, Announced(successor, SINCE))
    state.close()


@pytest.mark.parametrize("wanted", [PIN, NEXT, LAST])
def test_folder_belongs_to_the_keys_of_one_server(folder: Path, wanted: str) -> None:
    """Who names any of the keys that a server has announced one after the other means it; the latest known counts."""
    _announce(folder, PIN, NEXT)
    _announce(folder, NEXT, LAST)
    state = StateFile(folder, name="ana", server=PIN)
    state.server_is(NEXT)
    state.close()
    state = StateFile(folder, name="ana", server=wanted)
    assert state.server == (LAST if wanted == LAST else NEXT)
    state.close()
    with pytest.raises(StoreError, match="server"):
        StateFile(folder, name="ana", server=OTHER)


def test_keys_that_come_after_each_other_in_a_circle(folder: Path) -> None:
    """A server that goes back to its first key is followed, and nothing goes on for ever."""
    _announce(folder, PIN, NEXT)
    _announce(folder, NEXT, PIN)
    for pin in (PIN, NEXT):
        state = StateFile(folder, name="ana", server=pin)
        assert state.server == PIN
        state.close()
    with pytest.raises(StoreError, match="server"):
        StateFile(folder, name="ana", server=OTHER)


def test_folder_of_the_first_version_is_carried_over(folder: Path) -> None:
    """A folder that an earlier libchat has kept goes on with all that it holds."""
    folder.mkdir(parents=True)
    database = sqlite3.connect(folder / FILE_NAME)
    database.executescript(
        "CREATE TABLE client (device TEXT NOT NULL, name TEXT NOT NULL, server TEXT NOT NULL, log TEXT NOT NULL);"
        "CREATE TABLE position (conversation TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE unanswered (number INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE, line BLOB NOT NULL);"
        f"INSERT INTO client VALUES ('secret', 'ana', '{PIN}', 'log-1');"
        "INSERT INTO position VALUES ('bo', 7);"
        "INSERT INTO unanswered (cid, line) VALUES ('1', CAST('line' AS BLOB));"
        "PRAGMA user_version = 1;"
    )
    database.close()
    _announce(folder, PIN, NEXT)
    state = StateFile(folder, name="ana", server=NEXT)
    assert (state.device, state.log, state.positions) == ("secret", "log-1", {"bo": 7})
    assert (dict(state.unanswered), state.server) == ({"1": b"line"}, NEXT)
    state.close()


def test_given_device_is_kept(folder: Path) -> None:
    """A program's own device is kept, and may be left out later."""
    StateFile(folder, name="ana", server="s", device="mine").close()
    state = StateFile(folder, name="ana", server="s")
    assert state.device == "mine"
    state.close()


def test_second_client_is_refused(folder: Path) -> None:
    """One client uses a folder at a time, in the same process and in another one."""
    state = reopen(folder)
    with pytest.raises(StoreError, match="in use"):
        reopen(folder)
    program = (
        "import sys; from pathlib import Path; from libchat.client.state import StateFile; "
        "StateFile(Path(sys.argv[1]), name='ana', server='sha256:00')"
    )
    command = [sys.executable, "-c", program, str(folder)]
    other = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert "StoreError" in other.stderr
    assert "in use" in other.stderr
    state.keep("1", b"line\n")
    state.save()
    state.close()
    reopen(folder).close()


def test_newer_file_is_refused(folder: Path) -> None:
    """A file of a newer version is left as it is."""
    reopen(folder).close()
    database = sqlite3.connect(folder / FILE_NAME)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="newer"):
        reopen(folder)


def test_file_that_is_no_database_is_refused(folder: Path) -> None:
    """What is no file of ours is left alone, with words."""
    folder.mkdir(parents=True)
    (folder / FILE_NAME).write_text("my diary, and nothing that anybody else should write into\n" * 100)
    with pytest.raises(StoreError, match=FILE_NAME):
        reopen(folder)


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A folder below a file is a StoreError."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        reopen(tmp_path / "file" / "folder")


def test_notes_that_could_not_be_saved_are_saved_later(folder: Path) -> None:
    """A full disk loses nothing that was noted, if there is room again."""
    state = reopen(folder)
    (pages,) = state._database.execute("PRAGMA page_count").fetchone()
    state._database.execute(f"PRAGMA max_page_count = {pages}")
    state.keep("1", b"x" * 100_000)
    with pytest.raises(StoreError, match="room"):
        state.save()
    state.keep("2", b"line\n")
    state._database.execute("PRAGMA max_page_count = 1000000")
    state.save()
    state.close()
    state = reopen(folder)
    assert list(state.unanswered) == ["1", "2"]
    state.close()


def test_many_threads_save(folder: Path) -> None:
    """Notes of many threads are all kept, each thread's in order, and are on disk when its `save` returns."""
    state = reopen(folder)
    noting = threading.Lock()  # as the one around a link
    start = threading.Barrier(4)

    def work(who: int) -> None:
        start.wait(20)
        for number in range(50):
            with noting:
                state.keep(f"{who}-{number}", b"line\n")
            state.save()

    threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    state._database.close()  # as if it were killed
    state = reopen(folder)
    for who in range(4):
        own = [cid for cid in state.unanswered if cid.startswith(f"{who}-")]
        assert own == [f"{who}-{number}" for number in range(50)]
    state.close()
