"""Files that are ours alone: private, written whole or not at all, and locked against other processes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from libchat.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_HOMELESS = "this user has no home folder for the {} of libchat; set HOME to an absolute path"


def own_folder(of: Literal["settings", "data"]) -> Path:
    """Return the folder in which programs of this user keep libchat's settings, or its data.

    Raises StoreError if this user has no home, as a service of systemd with `DynamicUser`.
    """
    from platformdirs import user_config_path, user_data_path

    try:
        folder = user_config_path("libchat") if of == "settings" else user_data_path("libchat")
    except RuntimeError as error:
        raise StoreError(_HOMELESS.format(of)) from error
    if not folder.is_absolute():  # what platformdirs before 4.11 makes of it
        raise StoreError(_HOMELESS.format(of))
    return folder


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


def hand_over(handle: int, folder: Path) -> None:
    """Have an open file belong to whom its folder belongs to, if this is root.

    Commands that root says make files in the folder of a service that runs as somebody else, who has to read them. The
    file must have been made by the caller just now (O_EXCL): a link that is there already leads to any file at all.
    Raises OSError.
    """
    if os.name == "posix" and os.geteuid() == 0:
        owner = os.stat(folder)
        os.fchown(handle, owner.st_uid, owner.st_gid)


def open_private(path: Path) -> int:
    """Open a file to read and write, made with mode 0600 unless it is there. Raises OSError."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        hand_over(handle, path.parent)
    except BaseException:
        os.close(handle)
        raise
    return handle


def write_private(path: Path, data: bytes) -> None:
    """Put a file in place at once, with mode 0600, and on disk before this returns.

    A reader sees the old file or the new one, never a part. Raises StoreError if it cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # O_EXCL, mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                hand_over(file.fileno(), path.parent)
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
        handle = open_private(path)
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
