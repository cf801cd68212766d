"""New files: private, whole or not at all, and never in the place of another one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from libchat.errors import StoreError
from libchat.files import hand_over, sync_folder

BESIDE: Final = ("-wal", "-journal", "-shm")
"""Endings of the files that SQLite keeps beside a database."""


@contextmanager
def fresh(path: Path, *, is_folders: bool = False) -> Iterator[Path]:
    """Give the name of an empty file with mode 0600, which becomes `path` when the block ends well.

    `is_folders` says that it is for whom the folder belongs to, also if root makes it: see `hand_over`.

    All connections to it must be closed by then. However the block ends otherwise, nothing is left behind. Raises
    StoreError if there is something at `path` already, or if it cannot be written there.
    """
    refuse_existing(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:  # named before it is made: an interruption may come at any time
        _make(temporary, path, is_folders)
        yield temporary
        _sync(temporary)
        _put(temporary, path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}; make room, or choose another place") from error
    finally:
        for beside in ("", *BESIDE):
            temporary.with_name(temporary.name + beside).unlink(missing_ok=True)
    sync_folder(path.parent)


def _make(temporary: Path, path: Path, is_folders: bool) -> None:
    try:
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            if is_folders:
                hand_over(handle, path.parent)
        finally:
            os.close(handle)
    except OSError as error:
        remedy = "choose a folder that is there and can be written to"
        raise StoreError(f"{path} cannot be made: {error.strerror}; {remedy}") from error


def refuse_existing(path: Path) -> None:
    """Raise StoreError if there is something at `path`, or something that SQLite would take for a part of it.

    What is left of another database would be written into the new one when that is opened
    (https://sqlite.org/howtocorrupt.html, section 1.4). An empty one, and shared memory, mean nothing.
    """
    if path.exists() or path.is_symlink():
        raise StoreError(f"{path} is there already; name another file, or move it away")
    for ending in BESIDE:
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size and ending != "-shm":
            raise StoreError(f"{beside} is there, a part of a log that is not; move it away")


def _put(temporary: Path, path: Path) -> None:
    """Give a file its name, unless somebody has taken that meanwhile."""
    refuse_existing(path)
    try:
        os.link(temporary, path)  # fails if the name is taken, where renaming would replace
    except FileExistsError as error:
        raise StoreError(f"{path} is there already; name another file, or move it away") from error
    except OSError:
        os.rename(temporary, path)  # a file system without links


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
