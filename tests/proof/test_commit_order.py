"""Commit before deliver, deliver before accept: what somebody hears of a message is on the disk by then."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

import libchat
from libchat.records import Answer, Outcome, Question, Record, Retention, State
from libchat.server.bounds import Bounds
from libchat.store.base import Log
from libchat.store.memory import MemoryLog
from libchat.store.schema import connect_to_read, connect_to_write
from libchat.store.sqlite import SqliteLog
from support.program import environment

SECONDS = 20.0
MESSAGES = 20


class Watched(sqlite3.Connection):
    """A connection that writes down how careful each COMMIT was: 2 is FULL, 1 is NORMAL."""

    levels: list[int]

    def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:
        """Execute a statement."""
        if sql == "COMMIT":
            (level,) = super().execute("PRAGMA synchronous").fetchone()
            self.levels.append(level)
        return super().execute(sql, *arguments)  # type: ignore[arg-type]


class HastyLog:
    """A log that has the order turned round: it answers what it has not stored, and stores when it is closed."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._memory = MemoryLog()
        self._later: list[Record] = []

    @property
    def id(self) -> str:
        """What tells this log from others."""
        return self._log.id

    @property
    def retention(self) -> Retention:
        """How long entries are kept."""
        return self._log.retention

    def load(self) -> State:
        """Return what is known."""
        return self._log.load()

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Say that records are stored."""
        self._later += records
        return self._memory.append(records, committed)

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer | None:
        """Look something up."""
        return self._memory.ask(question, answered)

    def close(self) -> None:
        """Store what was said to be stored."""
        self._log.append(self._later, lambda outcomes: None)
        self._log.close()


def talk(log: Log, path: Path) -> None:
    """Have somebody talk, and check with each thing that anybody hears that the file has it."""
    reader = connect_to_read(path)
    with libchat.Hub(log=log) as hub, libchat.serve(port=0, hub=hub, bounds=Bounds(message_rate=0)) as server:
        ana = libchat.connect(server.address, "ana", pin=server.pin)
        bo = libchat.connect(server.address, "bo", pin=server.pin)
        with ana, bo:
            for client in (ana, bo):
                client.join("#red")
            for number in range(MESSAGES):
                text = f"text {number}"
                receipt = ana.send("#red" if number % 2 else "bo", text)
                assert bo.receive(SECONDS).text == text
                assert is_kept(reader, text), "bo was shown what the file has not"
                receipt.accepted(SECONDS)
                assert is_kept(reader, text), "ana was promised what the file has not"
    reader.close()


def is_kept(reader: sqlite3.Connection, text: str) -> bool:
    """Return whether the file has an entry, as another connection sees it."""
    return reader.execute("SELECT 1 FROM entries WHERE text = ?", (text,)).fetchone() is not None


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
def test_nothing_is_heard_before_it_is_committed(tmp_path: Path, durability: str, level: int) -> None:
    """Whoever is shown a message or gets its receipt finds it in the file; in `full`, SQLite waited for the disk."""
    Watched.levels = []
    path = tmp_path / "chat.db"
    log = SqliteLog(
        path,
        durability="full" if durability == "full" else "normal",
        connect=lambda path: connect_to_write(path, factory=Watched),
    )
    talk(log, path)
    assert Watched.levels.count(level) >= MESSAGES
    assert level == 2 or Watched.levels.count(2) <= 1  # when the file was made


def test_the_order_turned_round_is_noticed(tmp_path: Path) -> None:
    """A log that answers before it stores fails this very check."""
    path = tmp_path / "chat.db"
    with pytest.raises(AssertionError, match="was shown what the file has not"):
        talk(HastyLog(SqliteLog(path)), path)


# --- as the system sees it ------------------------------------------------------------------------------------------

STRACE = shutil.which("strace")
CALL = re.compile(r"(fdatasync|fsync|sendto)\(\d+<([^>]*)")
OTHERS = 8
"""Lines of TLS and of the chat that promise nothing: handshake, greeting, goodbye."""


def system_calls(folder: Path, durability: str) -> list[str]:
    """Return in order what a server asked the system for while somebody talked: "sync" of its log, "send" to them."""
    assert STRACE is not None
    trace = folder / "trace"
    serve = (
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--data",
        str(folder / "data"),
        "--json",
        "--message-rate",
        "0",
    )
    program = (sys.executable, "-m", "libchat", *serve, "--durability", durability)
    watch = (STRACE, "-f", "-yy", "-s", "0", "-e", "trace=fsync,fdatasync,sendto", "-o", str(trace))
    with subprocess.Popen([*watch, *program], env=environment(folder), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        try:
            with libchat.connect(f"127.0.0.1:{told['port']}", "ana", pin=told["fingerprint"], timeout=SECONDS) as ana:
                ana.join("#red")
                for number in range(MESSAGES):
                    ana.send("#red", f"text {number}").accepted(SECONDS)
        finally:
            os.kill(told["pid"], signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    calls = []
    for call in CALL.finditer(trace.read_text()):
        if call[1] == "sendto":
            calls += ["send"] if call[2].startswith("TCP") else []
        elif "chat.db" in call[2]:
            calls.append("sync")
    return calls


def unsynced(calls: Sequence[str]) -> int:
    """Return how many times something was sent though nothing was synced since the time before."""
    return sum(now == before == "send" for before, now in pairwise(calls))


@pytest.mark.skipif(STRACE is None, reason="strace is not installed; the tests above do not need it")
@pytest.mark.timeout(120)
def test_no_receipt_leaves_before_its_fsync(tmp_path: Path) -> None:
    """Of a server that keeps messages in `full`, strace sees an fsync before each receipt; in `normal`, it does not."""
    full, normal = tmp_path / "full", tmp_path / "normal"
    full.mkdir()
    normal.mkdir()
    calls = system_calls(full, "full")
    assert calls.count("send") > MESSAGES
    assert unsynced(calls) <= OTHERS
    assert unsynced(system_calls(normal, "normal")) >= MESSAGES
