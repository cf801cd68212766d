from __future__ import annotations

import logging
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.log_tools import say, store, texts
from libchat.errors import StoreError
from libchat.store.place import Hold, warn_of_network
from libchat.store.schema import connect_to_read
from libchat.store.sqlite import SqliteLog

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:30 / /mnt rw,relatime - tmpfs none rw
31 30 0:31 / /mnt/my\\040share rw,relatime shared:7 master:2 - nfs4 server:/export rw
"""


def test_a_log_is_private(tmp_path: Path) -> None:
    """Nobody else may read the file, its lock, or what stands beside it while the log is open."""
    log = SqliteLog(tmp_path / "log.db")
    store(log, say())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    log.close()
    assert modes == dict.fromkeys(("log.db", "log.db-shm", "log.db-wal", "log.db.lock"), 0o600)


def test_one_log_at_a_time(tmp_path: Path) -> None:
    """A second log on the file is refused in the same process, also by another path; a closed one makes room."""
    log = SqliteLog(tmp_path / "log.db")
    (tmp_path / "link.db").symlink_to("log.db")
    for name in ("log.db", "link.db"):
        with pytest.raises(StoreError, match="in use by another chat; stop the other server"):
            SqliteLog(tmp_path / name)
    log.close()
    SqliteLog(tmp_path / "log.db").close()


def test_another_process_is_refused_until_it_is_killed(tmp_path: Path) -> None:
    """A killed process leaves no lock behind, and everything that it was answered for."""
    program = (
        "import sys\n"
        "from libchat.records import Draft\n"
        "from libchat.store.sqlite import SqliteLog\n"
        "log = SqliteLog(sys.argv[1])\n"
        "draft = Draft('#red', '#red', 'ana', 1, 'kept')\n"
        "log.append([draft], lambda outcomes: print('stored', flush=True))\n"
        "sys.stdin.read()\n"
    )
    path = tmp_path / "log.db"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "stored\n"
        with pytest.raises(StoreError, match="in use"):
            SqliteLog(path)
        other.send_signal(signal.SIGKILL) if sys.platform != "win32" else other.kill()
        other.wait(10)
    log = SqliteLog(path)
    assert texts(log, "#red") == ["kept"]
    log.close()


def test_others_may_read(tmp_path: Path) -> None:
    """A program that only reads sees what is stored while the log is open, and cannot write."""
    log = SqliteLog(tmp_path / "log.db")
    store(log, say("one"))
    reader = connect_to_read(tmp_path / "log.db")
    assert reader.execute("SELECT text FROM entries").fetchall() == [("one",)]
    with pytest.raises(Exception, match="readonly"):
        reader.execute("DELETE FROM entries")
    store(log, say("two"))
    assert reader.execute("SELECT count(*) FROM entries").fetchall() == [(2,)]
    reader.close()
    log.close()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The words name the file and say what to do."""
    with pytest.raises(StoreError, match=r"none/log\.db.*cannot be made.*choose a folder"):
        SqliteLog(tmp_path / "none" / "log.db")


def test_a_refused_log_holds_nothing(tmp_path: Path) -> None:
    """Whoever could not open a file leaves it to others."""
    path = tmp_path / "log.db"
    path.write_bytes(b"no database at all" * 1_000)
    with pytest.raises(StoreError):
        SqliteLog(path)
    Hold(path).release()


@pytest.mark.parametrize(
    ("path", "is_warned"),
    [("/mnt/my share/log.db", True), ("/mnt/log.db", False), ("/mnt/my share2/log.db", False), ("/log.db", False)],
)
def test_network_file_systems_are_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, is_warned: bool
) -> None:
    """The innermost mount counts; what is on a local disk is not warned about."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    with caplog.at_level(logging.WARNING, "libchat.store"):
        warn_of_network(Path(path), mounts)
    assert [("nfs4" in record.message) for record in caplog.records] == [True] * is_warned


def test_systems_without_a_table_of_mounts_are_believed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said where nothing is known."""
    warn_of_network(tmp_path, tmp_path / "none")
    assert not caplog.records
