"""Files that are ours alone: private, written whole or not at all, and locked against other processes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from libchat.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def make_private_folder(folder: Path) -> None:
    """Make a folder with mode 0700, and its parents, unless it is there. Raises StoreError if it cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}; choose another data folder") from error


def read_kept(path: Path) -> bytes | None:
    """Return what a file of ours holds, None if there is no such file. Raises StoreError if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}; make it a file that this user can read") from error


def write_private(path: Path, data: bytes) -> None:
    """Put a file in place at once, with mode 0600, and on disk before this returns.

    A reader sees the old file or the new one, never a part. Raises StoreError if it cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # O_EXCL, mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        sync_folder(path.parent)
    except OSError as error:
        remedy = f"make room in {path.parent}, or make it writable for this user"
        raise StoreError(f"{path} cannot be written: {error.strerror}; {remedy}") from error


def sync_folder(folder: Path) -> None:
    """Make a renaming last over a power cut, where the system can: Windows cannot, nor can all network file systems."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # the file is in place, only the power cut is left to luck
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among processes and threads, on an empty file that is made for it and stays.

    The system lets go of it when a process dies, so no lock is ever left behind. It is held for one short write. Raises
    StoreError if there can be no such lock.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}; choose a folder that can be written to") from error
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)  # and with it goes the lock


def _lock(handle: int, path: Path) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # tries for ten seconds
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)  # flock, since locks of lockf do not hold among threads
    except OSError as error:
        raise StoreError(f"{path} cannot be locked: {error.strerror}; choose a folder on a local disk") from error
