"""One moment of a log's file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from contracts.log_tools import say, store
from libchat.store.snapshot import Snapshot, snapshot
from libchat.store.sqlite import SqliteLog
from support.logfile import make_log

LONG = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000000) SELECT count(*) FROM n"
"""Half a minute of work for SQLite."""


def count(moment: Snapshot) -> int:
    """Return how many entries there are."""
    (found,) = moment.connection.execute("SELECT count(*) FROM entries").fetchone()
    return int(found)


def test_it_is_one_moment(tmp_path: Path) -> None:
    """What is stored later is not in it, and what was stored before is, without a checkpoint."""
    log = SqliteLog(tmp_path / "chat.db")
    store(log, say("one"))
    with snapshot(tmp_path / "chat.db") as moment:
        store(log, say("two"))
        assert count(moment) == 1
    with snapshot(tmp_path / "chat.db") as moment:
        assert count(moment) == 2
    log.close()


def test_nothing_can_be_written(tmp_path: Path) -> None:
    """Temporary tables are all that can be made; the file cannot be changed, nor can it be checkpointed."""
    make_log(tmp_path / "chat.db")
    with snapshot(tmp_path / "chat.db") as moment:
        moment.connection.execute("CREATE TEMP TABLE t (x)")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            moment.connection.execute("DELETE FROM entries")


def test_a_beat_ends_long_work(tmp_path: Path) -> None:
    """What a beat raises comes out of the block at once, though SQLite knows nothing of it."""
    make_log(tmp_path / "chat.db")
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 3:
            raise KeyboardInterrupt

    with snapshot(tmp_path / "chat.db") as moment:
        with pytest.raises(KeyboardInterrupt), moment.beating(beat):
            moment.connection.execute(LONG).fetchone()
        assert moment.is_interrupted
        assert count(moment) == 17
    assert len(beats) == 3


def test_errors_of_sqlite_stay_what_they_are(tmp_path: Path) -> None:
    """Without an interruption, an error is an error."""
    make_log(tmp_path / "chat.db")
    with (
        snapshot(tmp_path / "chat.db") as moment,
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        moment.beating(lambda: None),
    ):
        moment.connection.execute("SELECT * FROM nowhere")
