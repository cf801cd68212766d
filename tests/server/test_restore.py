"""A backup put in the place of what a server keeps."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

import libchat
from libchat.errors import StoreError
from libchat.server.backup import backup_all
from libchat.server.restore import restore
from support.logfile import change, findings, make_log

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
PASSWORD = "a long password"


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in the files of a folder that matter: shared memory does not, nor what is empty."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    found = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return {name: data for name, data in found.items() if data}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a server that has run."""
    with libchat.serve(port=0, data=tmp_path / "server") as server, libchat.connect(server.invite(), "ana") as ana:
        ana.join("#team")
        ana.send("#team", "hello").accepted(timeout=5)
    return tmp_path / "server"


def test_nothing_is_missed_after_a_restore(tmp_path: Path) -> None:
    """Who has seen what is gone sees all that is said from then on: its numbers are given out once more."""
    folder, copy = tmp_path / "server", tmp_path / "copy"
    with libchat.serve(port=0, data=folder) as server:
        port, link = server.port, server.invite(uses=9)
        with (
            libchat.connect(link, "ana", state=tmp_path / "ana", password=PASSWORD) as ana,
            libchat.connect(link, "bo", state=tmp_path / "bo", password=PASSWORD) as bo,
        ):
            bo.join("#team")
            ana.join("#team")
            ana.send("#team", "kept").accepted(timeout=5)
            backup_all(folder, copy)
            ana.send("#team", "gone").accepted(timeout=5)
            assert [bo.receive(timeout=5).text for _ in range(2)] == ["kept", "gone"]
    before = restore(copy, folder, NOW)
    assert before == folder / "before-2026-11-23T07.30.00"
    with libchat.serve(port=port, data=folder):
        with libchat.connect(link, "ana", state=tmp_path / "ana") as ana:
            assert [ana.send("#team", text).accepted(timeout=5).seq for text in ("new", "newer")] == [2, 3]
        with libchat.connect(link, "bo", state=tmp_path / "bo") as bo:
            heard = [bo.receive(timeout=5).text]
            while heard[-1] != "newer":
                heard.append(bo.receive(timeout=5).text)
            assert heard[-2:] == ["new", "newer"]
    assert findings(folder / "chat.db") == []
    assert stat.S_IMODE(before.stat().st_mode) == 0o700


def test_what_was_there_lies_beside(folder: Path, tmp_path: Path) -> None:
    """What a server had is moved into a folder, byte for byte, also what the backup lacks; the backup stays."""
    (folder / "plugins" / "welcome").mkdir(parents=True)
    (folder / "plugins" / "welcome" / "store.json").write_bytes(b"{}")
    (folder / "plugins" / "link").symlink_to("/etc/passwd")
    backup_all(folder, tmp_path / "copy")
    (folder / "plugins" / "welcome" / "store.json").write_bytes(b"{1}")
    (folder / "server-key-next.pem").write_bytes(b"planned later")
    had, kept = contents(folder), contents(tmp_path / "copy")
    before = restore(tmp_path / "copy", folder, NOW)
    assert before is not None
    assert contents(before) == had
    assert contents(tmp_path / "copy") == kept
    shutil.rmtree(before)
    now = contents(folder)
    assert set(now) == set(kept) == set(had) - {"plugins/link", "server-key-next.pem"}
    assert {name for name in kept if now[name] != kept[name]} == {"chat.db"}  # it has another id


def test_a_log_alone_leaves_accounts_and_keys(folder: Path, tmp_path: Path) -> None:
    """A backup of the log replaces the log, and nothing else."""
    make_log(tmp_path / "monday.db")
    had = contents(folder)
    before = restore(tmp_path / "monday.db", folder, NOW)
    assert before is not None
    assert set(contents(before)) == {"chat.db"}
    shutil.rmtree(before)
    now = contents(folder)
    assert {name for name in had if now.get(name) != had[name]} == {"chat.db"}


def test_a_key_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Who has taken over a server cannot have a backup copy what only root may read, to be restored into its folder."""
    (tmp_path / "secret").write_text("of somebody else", encoding="utf-8")
    (folder / "server-key-next.pem").symlink_to(tmp_path / "secret")
    with pytest.raises(StoreError, match="is a link"):
        backup_all(folder, tmp_path / "copy")
    assert not list(tmp_path.glob("*copy*"))


def test_into_an_empty_folder(folder: Path, tmp_path: Path) -> None:
    """On another machine there is nothing to move aside, and the server is the same one."""
    backup_all(folder, tmp_path / "copy")
    assert restore(tmp_path / "copy", tmp_path / "new", NOW) is None
    assert set(contents(tmp_path / "new")) == {"chat.db", "accounts.db", "server-key.pem", "server-cert.pem"}


def test_beside_a_server_that_runs(folder: Path, tmp_path: Path) -> None:
    """A server that runs keeps its log."""
    backup_all(folder, tmp_path / "copy")
    with libchat.serve(port=0, data=folder), pytest.raises(StoreError, match="stop the other server"):
        restore(tmp_path / "copy", folder, NOW)
    assert not list(folder.glob("*before*"))


def test_a_backup_that_is_damaged(folder: Path, tmp_path: Path) -> None:
    """A backup that is not right, or is none, changes nothing."""
    backup_all(folder, tmp_path / "copy")
    change(tmp_path / "copy" / "chat.db", "UPDATE entries SET text = 'x' WHERE id = 1")
    (tmp_path / "copy" / "note.txt").write_text("no log", encoding="utf-8")
    had = contents(folder)
    for path in (tmp_path / "copy", tmp_path / "copy" / "note.txt", tmp_path / "nowhere"):
        with pytest.raises(StoreError):
            restore(path, folder, NOW)
    assert contents(folder) == had


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_what_root_restores_is_the_services(folder: Path, tmp_path: Path) -> None:
    """All that is restored belongs to whom the server's folder belongs to."""
    backup_all(folder, tmp_path / "copy")
    (tmp_path / "new").mkdir()
    os.chown(tmp_path / "new", 63633, 63633)
    restore(tmp_path / "copy", tmp_path / "new", NOW)
    restore(tmp_path / "copy", tmp_path / "new", NOW)
    assert {path.lstat().st_uid for path in (tmp_path / "new").iterdir()} == {63633}
