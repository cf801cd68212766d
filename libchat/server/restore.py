"""A backup put in the place of what a server keeps, while no server runs.

Everything is copied beside first, and only then changes places: what was there lies in a folder of its own afterwards,
so that nothing is lost if the wrong backup was taken.

The log that comes back gets another id. Some of the numbers after its end have been given to messages that are gone
now, and clients have seen those: they would take the next ones for known. To a log with another id they come anew.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from libchat.accounts.admin import FILE as ACCOUNTS_FILE
from libchat.errors import StoreError
from libchat.files import make_private_folder, read_kept, sync_folder, write_private
from libchat.server.backup import KEYS, PLUGINS, copy_plugins, make_folder
from libchat.server.folder import LOG_FILE
from libchat.store.backup import backup, backup_accounts
from libchat.store.fresh import BESIDE
from libchat.store.place import Hold
from libchat.store.snapshot import Progress, no_progress
from libchat.store.verify import verify

_ID_BYTES: Final = 16


def restore(source: Path, folder: Path, now: datetime, progress: Progress = no_progress) -> Path | None:
    """Put a backup in the place of what a server's folder has, and return the folder in which that lies now.

    `source` is the folder of a backup of all, or the file of a log alone: then all else stays. None is returned
    if there was nothing. Raises StoreError, and changes nothing, if the backup is not right, if a server runs in the
    folder, or if there is no room.
    """
    is_all = source.is_dir()
    log = source / LOG_FILE if is_all else source
    _check(log, progress)
    make_private_folder(folder)
    hold = Hold(folder / LOG_FILE)
    try:
        stage, aside = folder / f".restored.{secrets.token_hex(4)}", folder / f"before-{now:%Y-%m-%dT%H.%M.%S}"
        try:
            make_folder(stage)
            backup(log, stage / LOG_FILE, progress, is_folders=True)
            _renew_id(stage / LOG_FILE)
            if is_all:
                _copy_others(source, stage)
            return _exchange(stage, folder, aside, is_all)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        remedy = "make room, or make the folder writable for this user"
        raise StoreError(f"{folder} cannot be restored: {error.strerror}; {remedy}") from error
    finally:
        hold.release()


def _check(log: Path, progress: Progress) -> None:
    findings: list[str] = []
    verify(log, findings.append, progress)
    if findings:
        raise StoreError(f"{log} is not right: {findings[0]}; take another backup ('libchat verify' tells more)")


def _renew_id(log: Path) -> None:
    try:
        with closing(sqlite3.connect(log)) as connection, connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("UPDATE meta SET value = ? WHERE key = 'id'", (secrets.token_hex(_ID_BYTES),))
    except sqlite3.Error as error:
        raise StoreError(f"{log} cannot be written: {error}; make room") from error


def _copy_others(source: Path, stage: Path) -> None:
    if (source / ACCOUNTS_FILE).exists():
        backup_accounts(source / ACCOUNTS_FILE, stage / ACCOUNTS_FILE, is_folders=True)
    for name in KEYS:
        data = read_kept(source / name)
        if data is not None:
            write_private(stage / name, data)
    copy_plugins(source / PLUGINS, stage / PLUGINS)


def _exchange(stage: Path, folder: Path, aside: Path, is_all: bool) -> Path | None:
    """Move what there is aside, and what was staged into its place."""
    names = [LOG_FILE + ending for ending in ("", *BESIDE)]
    if is_all:
        names += [*(ACCOUNTS_FILE + ending for ending in ("", *BESIDE)), *KEYS, PLUGINS]
    there = [name for name in names if os.path.lexists(folder / name)]
    if there:
        make_folder(aside)
    for name in there:
        os.rename(folder / name, aside / name)
    for path in stage.iterdir():
        os.rename(path, folder / path.name)
    sync_folder(folder)
    return aside if there else None
