"""The SQLite log keeps the contract of logs."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from contracts.log_contract import PersistentLogContract
from libchat.store.base import Log
from libchat.store.sqlite import SqliteLog


class TestSqliteLog(PersistentLogContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        """Give each test a folder of its own."""
        self._folder = tmp_path
        self._paths: dict[int, Path] = {}
        self._numbers = count()

    def open(self) -> Log:
        """Return a log in a new file."""
        return self._open(self._folder / f"{next(self._numbers)}.db")

    def reopen(self, log: Log) -> Log:
        """Close a log, and return another one on its file."""
        path = self._paths.pop(id(log))
        log.close()
        return self._open(path)

    def _open(self, path: Path) -> Log:
        log = SqliteLog(path)
        self._paths[id(log)] = path
        return log
