"""A copy of a log's file, and of the accounts', also beside a server that writes.

SQLite can copy in two ways. VACUUM INTO builds a new file of all rows: smaller, but it is free to number the rows of
`names` anew, and cannot say how far it has come. The backup interface copies pages as they are, and is the one taken
here. Both only read the source, and neither checkpoints it, which would be the writer's alone to do (SQLite before
3.51.3 can damage a write-ahead log when two connections do): the source is opened read-only, and SQLite refuses that to
such a connection. The transaction that stands open around all steps keeps the copy to one moment: without it, each
write of the server would make it begin anew.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from libchat.errors import StoreError
from libchat.store.accounts_schema import open_accounts
from libchat.store.fresh import fresh
from libchat.store.snapshot import READING_ERRORS, Progress, no_progress, snapshot, words_for

PAGES: Final = 1_000
"""Pages that are copied at once: 4 MB, some milliseconds."""


def backup(path: Path, target: Path, progress: Progress = no_progress, *, is_folders: bool = False) -> None:
    """Copy a log as it is now to a new file. Raises StoreError if that cannot be, or if the copy is damaged.

    `is_folders` is as for `fresh`.
    """
    with fresh(target, is_folders=is_folders) as temporary:
        try:
            _copy(path, temporary, progress)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be copied to {target}: {words_for(error)}") from error
        _check(path, temporary, progress)


def backup_accounts(path: Path, target: Path, *, is_folders: bool = False) -> None:
    """Copy an accounts' file as it is now to a new file. Raises StoreError as `backup` does.

    The file is small, so it is copied in one step, for which those who write wait.
    """
    with fresh(target, is_folders=is_folders) as temporary:
        try:
            with closing(open_accounts(path)) as source, closing(sqlite3.connect(temporary)) as copy:
                source.backup(copy)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be copied to {target}: {words_for(error)}") from error


def _copy(path: Path, target: Path, progress: Progress) -> None:
    def tell(status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)

    with snapshot(path) as moment, closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")  # half a copy is thrown away, and a whole one is synced by `fresh`
        copy.execute("PRAGMA synchronous = OFF")
        moment.connection.backup(copy, pages=PAGES, progress=tell)


def _check(path: Path, copy: Path, progress: Progress) -> None:
    """Raise StoreError if a copy cannot be read as a log."""
    with snapshot(copy) as moment, moment.beating(lambda: progress(0, 0)):
        try:
            (words,) = moment.connection.execute("PRAGMA quick_check(1)").fetchone()
        except READING_ERRORS as error:
            words = words_for(error)
    if words != "ok":
        damage = str(words).splitlines()[-1]  # the first one may be a heading
        raise StoreError(f"{path} is damaged ({damage}), so no backup was made of it; 'libchat verify' tells more")
