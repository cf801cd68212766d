"""`libchat audit`: who did what, beside a running server."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from contracts.log_tools import store
from libchat.accounts.admin import FILE, AccountAdmin
from libchat.records import Audit
from libchat.server.folder import LOG_FILE
from libchat.store.sqlite import SqliteLog

Run = Callable[..., "CompletedProcess[str]"]
HOUR = 3_600_000


@pytest.fixture
def now() -> int:
    """Return what time it is."""
    return int(time.time() * 1000)


def make_data(folder: Path, now: int) -> SqliteLog:
    """Make a server's folder in which something was done, and return the log, which is open."""
    log = SqliteLog(folder / LOG_FILE)
    store(log, Audit(now - 3 * HOUR, "ana", "ban", "#Red", "10.0.0.0/8", "for 60 s: spam"))
    store(log, Audit(now, "bo", "kick", "#blue", "cy\x1b[31m"))
    with AccountAdmin(folder / FILE, clock=lambda: now - HOUR) as admin:
        admin.make_invite()
    return log


def test_what_was_done_is_shown_in_order(libchat: Run, tmp_path: Path, now: int) -> None:
    """Rooms and accounts together, as a table or as JSON, beside a log that is open."""
    with closing(make_data(tmp_path, now)):
        done = libchat("audit", "--data", str(tmp_path), "--json")
        assert (done.returncode, done.stderr) == (0, "")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(line["actor"], line["action"]) for line in lines] == [
            ("ana", "ban"),
            ("server", "invite-made"),
            ("bo", "kick"),
        ]
        assert lines[0] == {
            "time": now - 3 * HOUR,
            "actor": "ana",
            "action": "ban",
            "room": "#Red",
            "subject": "10.0.0.0/8",
            "address": "",
            "reason": "for 60 s: spam",
            "count": 1,
        }
        table = libchat("audit", "--data", str(tmp_path)).stdout
        assert [line.split()[2:4] for line in table.splitlines()] == [
            ["ana", "ban"],
            ["server", "invite-made"],
            ["bo", "kick"],
        ]
        assert "\x1b" not in table


def test_less_of_it(libchat: Run, tmp_path: Path, now: int) -> None:
    """`--since` looks back so far, and `--room` at one room, in whatever case."""
    with closing(make_data(tmp_path, now)):
        recent = libchat("audit", "--data", str(tmp_path), "--since", "2h").stdout
        assert [line.split()[2] for line in recent.splitlines()] == ["server", "bo"]
        red = libchat("audit", "--data", str(tmp_path), "--room", "#RED").stdout
        assert [line.split()[2] for line in red.splitlines()] == ["ana"]
        wrong = libchat("audit", "--data", str(tmp_path), "--since", "soon")
        assert (wrong.returncode, "as 7d" in wrong.stderr) == (2, True)


def test_where_nothing_is(libchat: Run, tmp_path: Path) -> None:
    """A folder without a log or accounts is named, and nothing is made in it."""
    done = libchat("audit", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "is --data the folder of the server?" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_audit_cannot_be_changed(tmp_path: Path, now: int) -> None:
    """The tables themselves refuse it."""
    make_data(tmp_path, now).close()
    with closing(sqlite3.connect(tmp_path / LOG_FILE)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("UPDATE audit SET actor = 'eve'")
        with pytest.raises(sqlite3.IntegrityError, match="nothing is taken out"):
            connection.execute("DELETE FROM audit")
