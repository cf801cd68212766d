"""Files that are ours alone."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from libchat.files import locked, open_private, write_private
from libchat.security.identity import load_identity
from libchat.security.key_change import plan_change
from libchat.store.backup import backup
from libchat.store.export import export_log
from libchat.store.importing import import_log
from libchat.store.sqlite import SqliteLog

SERVICE = 63633
"""A user id out of those that systemd gives to services; nothing here depends on whose it is."""

by_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")


def owners(folder: Path) -> dict[str, int]:
    """Return to whom the files of a folder belong."""
    return {path.name: path.stat().st_uid for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a service."""
    made = tmp_path / "service"
    made.mkdir()
    os.chown(made, SERVICE, SERVICE)
    return made


@by_root
def test_what_root_makes_is_the_services(folder: Path) -> None:
    """A command that root says makes files for the service whose folder it is: locks, keys, a log with what it has."""
    write_private(folder / "written", b"x")
    with locked(folder / "lock"):
        pass
    load_identity(folder, datetime.now(UTC))
    plan_change(folder, datetime.now(UTC) + timedelta(days=1))
    with closing(SqliteLog(folder / "chat.db")):
        files = owners(folder)
    assert {"written", "lock", "server-key-next.pem", "chat.db", "chat.db-wal", "chat.db.lock"} <= set(files)
    assert set(files.values()) == {SERVICE}


@by_root
def test_what_root_imports_is_the_services_and_what_it_exports_is_roots(folder: Path, tmp_path: Path) -> None:
    """An imported log is for the server; a copy of all messages is for nobody but who has made it."""
    with closing(SqliteLog(tmp_path / "chat.db")):
        pass
    exported = BytesIO()
    export_log(tmp_path / "chat.db", exported)
    exported.seek(0)
    import_log(exported, folder / "chat.db")
    assert owners(folder) == {"chat.db": SERVICE}
    backup(folder / "chat.db", folder / "copy.db")
    assert owners(folder)["copy.db"] == 0


@by_root
def test_root_gives_no_file_away_that_was_there(folder: Path, tmp_path: Path) -> None:
    """A service that puts a link into its folder gets nothing by it: not what it leads to, nor what is made there."""
    precious = tmp_path / "precious"
    precious.touch()
    (folder / "there").symlink_to(precious)
    (folder / "dangling").symlink_to(tmp_path / "made")
    os.close(open_private(folder / "there"))
    os.close(open_private(folder / "dangling"))
    assert (precious.stat().st_uid, (tmp_path / "made").stat().st_uid) == (0, 0)
