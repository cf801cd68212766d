"""`libchat export`, `import`, `verify` and `backup`."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from contracts.log_tools import say, store
from libchat.accounts.admin import FILE, AccountAdmin
from libchat.security.identity import load_identity
from libchat.security.key_change import plan_change, planned_change
from libchat.store.sqlite import SqliteLog
from support.logfile import change, findings, make_log
from support.program import COMMAND, Program

Run = Callable[..., "CompletedProcess[str]"]

posix = pytest.mark.skipif(os.name != "posix", reason="modes and limits of POSIX")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the folder of a server with a log."""
    folder = tmp_path / "server"
    folder.mkdir()
    make_log(folder / "chat.db")
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in which nothing may be left behind."""
    folder = tmp_path / "empty"
    folder.mkdir()
    yield folder
    assert os.listdir(folder) == []


def refused(done: CompletedProcess[str], *words: str) -> None:
    """Check that a program has ended with one line of words for a person."""
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("libchat: ")
    assert done.stderr.count("\n") == 1
    assert [word for word in words if word not in done.stderr] == [], done.stderr


# --- verify ---------------------------------------------------------------------------------------------------------


def test_verify_says_in_one_line_that_all_is_well(libchat: Run, data: Path) -> None:
    """A log that is right is one line of figures and exit code 0, by folder and by file."""
    line = f"{data / 'chat.db'} is right: 17 entries in 3 conversations, 3 names\n"
    for arguments in (("--data", str(data)), (str(data / "chat.db"),)):
        done = libchat("verify", *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, line, "")


def test_verify_beside_a_server(libchat: Run, start: Callable[..., Program], tmp_path: Path) -> None:
    """A server's log can be looked at, copied and exported while it runs."""
    program = start(
        "serve", "--data", str(tmp_path / "s"), "--port", "0", "--json", "--plaintext", "--host", "127.0.0.1"
    )
    port = json.loads(program.line())["port"]
    sent = libchat("send", "#team", "It works!", "--plaintext", "--host", "127.0.0.1", "--port", str(port))
    assert sent.returncode == 0, sent.stderr
    assert libchat("verify", "--data", str(tmp_path / "s")).returncode == 0
    assert libchat("backup", str(tmp_path / "copy.db"), "--data", str(tmp_path / "s")).returncode == 0
    assert "It works!" in libchat("export", "--data", str(tmp_path / "s")).stdout
    assert libchat("verify", str(tmp_path / "copy.db")).returncode == 0


def test_verify_lists_findings(libchat: Run, data: Path) -> None:
    """Each finding is a line on standard output, and the exit code is 1."""
    change(data / "chat.db", "UPDATE entries SET text = 'x' WHERE id = 1", "UPDATE marks SET seq = 9")
    done = libchat("verify", "--data", str(data))
    assert (done.returncode, done.stderr) == (1, "")
    assert "#red: the hash chain breaks at entry 1: " in done.stdout
    assert "'bo' has read up to 9" in done.stdout
    assert "is right" not in done.stdout


def test_verify_lists_a_hundred_findings(libchat: Run, tmp_path: Path) -> None:
    """Of many findings, a hundred are listed and the rest are counted."""
    path = tmp_path / "chat.db"
    make_log(path, [[say(f"text {number}") for number in range(150)]])
    change(path, "UPDATE entries SET owner = 'somebody'")
    lines = libchat("verify", str(path)).stdout.splitlines()
    assert len(lines) == 101
    assert lines[-1] == "and 50 more"


def test_verify_as_json(libchat: Run, data: Path) -> None:
    """With --json, findings and figures are objects."""
    change(data / "chat.db", "UPDATE marks SET seq = 9")
    done = libchat("verify", "--data", str(data), "--json")
    first, last = map(json.loads, done.stdout.splitlines())
    assert "beyond the newest entry 2" in first["finding"]
    assert last == {
        "file": str(data / "chat.db"),
        "findings": 1,
        "entries": 17,
        "conversations": 3,
        "names": 3,
    }


def test_a_hostile_text_is_printed_harmlessly(libchat: Run, data: Path) -> None:
    """What stands in a damaged file does not reach the terminal as it is."""
    change(data / "chat.db", "UPDATE conversations SET topic = char(27) || '[31m' WHERE key = '#red'")
    done = libchat("verify", "--data", str(data))
    assert done.returncode == 1
    assert "\x1b" not in done.stdout


# --- export and import ----------------------------------------------------------------------------------------------


def test_to_a_file_and_back(libchat: Run, data: Path, tmp_path: Path) -> None:
    """A log goes to a private file and into a new folder, and is the same there."""
    file, other = tmp_path / "chat.jsonl", tmp_path / "new" / "server"
    done = libchat("export", str(file), "--data", str(data))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{file} has 48 lines\n")
    done = libchat("import", str(file), "--data", str(other))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{other / 'chat.db'} has 17 entries in 3 conversations\n"
    assert libchat("export", "--data", str(other)).stdout == file.read_text(encoding="utf-8")
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE((other / "chat.db").stat().st_mode) == 0o600
        assert stat.S_IMODE(other.stat().st_mode) == 0o700


def test_through_pipes(libchat: Run, data: Path, tmp_path: Path) -> None:
    """An export on standard output can be imported from standard input."""
    exported = libchat("export", "--data", str(data)).stdout
    done = libchat("import", "-", "--data", str(tmp_path / "new"), given=exported)
    assert done.returncode == 0, done.stderr
    assert findings(tmp_path / "new" / "chat.db") == []


def test_import_replaces_nothing(libchat: Run, data: Path, tmp_path: Path) -> None:
    """A folder that has a log keeps it."""
    before = (data / "chat.db").read_bytes()
    exported = libchat("export", "--data", str(data)).stdout
    refused(libchat("import", "-", "--data", str(data), given=exported), "is there already")
    assert (data / "chat.db").read_bytes() == before


def test_import_tells_the_line(libchat: Run, data: Path, empty: Path) -> None:
    """A line that is wrong is told by its number, and nothing is left."""
    exported = libchat("export", "--data", str(data)).stdout.replace('"since":2', '"since":"2"')
    refused(libchat("import", "-", "--data", str(empty), given=exported), "line 3: ", "nothing was imported")


def test_import_of_nothing(libchat: Run, empty: Path, tmp_path: Path) -> None:
    """A file that is not there, or a folder, is told."""
    missing = str(tmp_path / "missing")
    refused(libchat("import", missing, "--data", str(empty)), f"{missing} cannot be read: No such file")
    refused(libchat("import", str(tmp_path), "--data", str(empty)), f"{tmp_path} cannot be read: Is a directory")


# --- backup ---------------------------------------------------------------------------------------------------------


def test_backup(libchat: Run, data: Path, tmp_path: Path) -> None:
    """A copy is a log, and its size is told; a second one does not replace it."""
    copy = tmp_path / "copy.db"
    done = libchat("backup", str(copy), "--data", str(data))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{copy} has {copy.stat().st_size:,} bytes\n"
    assert findings(copy) == []
    refused(libchat("backup", str(copy), "--data", str(data)), "is there already")


def test_backup_of_all(tmp_path: Path, libchat: Run, data: Path) -> None:
    """A copy of everything is the folder of the same server: its key, accounts and log, for its owner's eyes only."""
    copy = tmp_path / "copies" / "monday"
    copy.parent.mkdir()
    key = load_identity(data, datetime.now(UTC)).pin
    plan_change(data, datetime.now(UTC) + timedelta(days=1))
    with AccountAdmin(data / FILE) as accounts:
        accounts.add_user("ana", "a long password")
        done = libchat("backup", "--all", str(copy), "--data", str(data))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{copy} has {sum(path.stat().st_size for path in copy.iterdir()):,} bytes\n"
    assert os.listdir(copy.parent) == ["monday"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in copy.iterdir()} == {0o600}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    assert findings(copy / "chat.db") == []
    with AccountAdmin(copy / FILE) as accounts:
        assert [user.name for user in accounts.users()] == ["ana"]
    assert load_identity(copy, datetime.now(UTC)).pin == key
    assert planned_change(copy) == planned_change(data) is not None
    refused(libchat("backup", "--all", str(copy), "--data", str(data)), "is there already")


def test_backup_of_all_leaves_nothing_behind(tmp_path: Path, libchat: Run, data: Path) -> None:
    """If one of the files cannot be copied, there is no backup."""
    (data / FILE).write_bytes(b"these are no accounts")
    (tmp_path / "copies").mkdir()
    refused(libchat("backup", "--all", str(tmp_path / "copies" / "monday"), "--data", str(data)), "accounts")
    assert os.listdir(tmp_path / "copies") == []


# --- what may be wrong with any of them -----------------------------------------------------------------------------

COMMANDS = ("verify", "export", "backup")


def arguments(command: str, folder: Path) -> tuple[str, ...]:
    """Return what makes a command write into a folder, if it writes."""
    return (command,) if command == "verify" else (command, str(folder / "new"))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_log(libchat: Run, empty: Path, tmp_path: Path, command: str) -> None:
    """Where there is no log, that is what is said."""
    refused(libchat(*arguments(command, empty), "--data", str(tmp_path)), f"there is no file {tmp_path / 'chat.db'}")


@pytest.mark.parametrize("command", COMMANDS)
def test_something_else(libchat: Run, data: Path, empty: Path, command: str) -> None:
    """A file that is no log is refused, and so is one of a newer version."""
    change(data / "chat.db", "PRAGMA user_version = 99")
    refused(libchat(*arguments(command, empty), "--data", str(data)), "newer libchat (version 99", "upgrade")
    change(data / "chat.db", "PRAGMA application_id = 1")
    refused(libchat(*arguments(command, empty), "--data", str(data)), "is no log")
    (data / "chat.db").write_text("words " * 1_000)
    refused(libchat(*arguments(command, empty), "--data", str(data)), "is no log")
    (data / "chat.db").unlink()
    (data / "chat.db").mkdir()
    refused(libchat(*arguments(command, empty), "--data", str(data)), "is a folder")


@pytest.mark.parametrize("command", ["export", "backup"])
def test_a_folder_that_is_not_there(libchat: Run, data: Path, tmp_path: Path, command: str) -> None:
    """Nothing is written into a folder that is not there."""
    refused(
        libchat(*arguments(command, tmp_path / "no"), "--data", str(data)), "cannot be made: No such file or directory"
    )


LIMITED = """
import resource, sys
from libchat.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
sys.exit(main(sys.argv[1:]))
"""
"""The program on a disk that is full after 60,000 bytes of a file."""


@posix
@pytest.mark.parametrize("command", ["export", "backup", "import"])
def test_a_full_disk(env: dict[str, str], tmp_path: Path, empty: Path, command: str) -> None:
    """When the disk is full, that is said, and nothing is left behind."""
    path, file = tmp_path / "chat.db", tmp_path / "chat.jsonl"
    make_log(path, [[say(f"{number} " + "x" * 1_000) for number in range(200)]])
    subprocess.run([*COMMAND, "export", str(file), "--data", str(tmp_path)], env=env, check=True)
    words = ("import", str(file), "--data", str(empty))
    if command != "import":
        words = (command, str(empty / "new"), "--data", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *words], env=env, capture_output=True, text=True, encoding="utf-8", check=False
    )
    refused(done, str(empty))


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption(env: dict[str, str], data: Path, empty: Path, number: signal.Signals, code: int) -> None:
    """Ctrl-C and SIGTERM end an import that is under way, and nothing is left behind."""
    exported = subprocess.run(
        [*COMMAND, "export", "--data", str(data)], env=env, capture_output=True, check=True
    ).stdout
    command = [*COMMAND, "import", "-", "--data", str(empty)]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(exported[: len(exported) // 2])
        process.stdin.flush()
        while not os.listdir(empty):  # until it has begun
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait(20) == code


def test_a_reader_that_goes_away(env: dict[str, str], tmp_path: Path) -> None:
    """`libchat export | head` ends quietly."""
    path = tmp_path / "chat.db"
    log = SqliteLog(path, durability="normal")
    store(log, *(say(f"{number} " + "x" * 1_000) for number in range(500)))
    log.close()
    command = [*COMMAND, "export", "--data", str(tmp_path)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 141
