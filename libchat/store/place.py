"""Where a log's file lies: private from the start, held by one process alone, and best on a local disk."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Final

from libchat.errors import StoreError
from libchat.files import open_private

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOGGER: Final = logging.getLogger("libchat.store")

NETWORK: Final = frozenset(
    ("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "ncpfs", "smb3", "smbfs", "virtiofs")
)
"""File systems whose locks or shared memory cannot be relied upon (https://sqlite.org/howtocorrupt.html, section 2)."""


class Hold:
    """The right to write a log: a lock on a file beside it. The system lets go of it when the process dies.

    Raises StoreError if somebody has it already, in this process or in another one, or if there can be no lock.
    """

    def __init__(self, path: Path) -> None:
        beside = path.with_name(path.name + ".lock")
        try:
            self._handle = open_private(beside)
        except OSError as error:
            remedy = "choose a folder that is there and can be written to"
            raise StoreError(f"{beside} cannot be made: {error.strerror}; {remedy}") from error
        try:
            _lock(self._handle)
        except BlockingIOError as error:
            os.close(self._handle)
            remedy = "stop the other server, or name another file"
            raise StoreError(f"{path} is in use by another chat; {remedy}") from error
        except OSError as error:
            os.close(self._handle)
            remedy = "choose a folder on a local disk"
            raise StoreError(f"{beside} cannot be locked: {error.strerror}; {remedy}") from error

    def release(self) -> None:
        """Let others have it. To be called once."""
        os.close(self._handle)


def make_private(path: Path) -> None:
    """Make an empty file with mode 0600, unless there is one. Raises StoreError if it cannot be.

    So it does if the file was lost or emptied, and its write-ahead log is there: SQLite would throw that away.
    """
    beside = path.with_name(path.name + "-wal")
    if _has_bytes(beside) and not _has_bytes(path):
        remedy = f"put a backup in its place, or move {beside.name} away for a new log"
        raise StoreError(f"{path} is empty, but was not: {beside.name} belongs to it; {remedy}")
    try:
        os.close(open_private(path))
    except OSError as error:
        remedy = "choose a file that this user can write, in a folder that is there"
        raise StoreError(f"{path} cannot be opened: {error.strerror}; {remedy}") from error


def _has_bytes(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def warn_of_network(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Log a warning if a file lies on a network file system. Systems that do not tell are believed."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    kind = _kind_of_mount(path, table)
    if kind in NETWORK:
        _LOGGER.warning("%s is on a network file system (%s), where a log can be damaged: use a local disk", path, kind)


def _kind_of_mount(path: Path, table: str) -> str:
    """Return the type of the file system on which a path lies, by Linux' table of mounts (proc(5), mountinfo)."""
    longest, kind = -1, ""
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if not after or len(fields) < 5:
            continue
        point = Path(fields[4].replace("\\040", " "))
        if path.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), after.split(" ")[0]
    return kind


def _lock(handle: int) -> None:
    """Lock a file, or raise BlockingIOError if it is locked."""
    if sys.platform == "win32":
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # flock, since locks of lockf do not hold among threads
