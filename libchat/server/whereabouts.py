"""Where a running server is: a note in its data folder, for the commands that are given beside it.

    FOLDER/server.json

It is written when the server listens, and removed when it stops. One that was killed leaves it behind: so ask whether
the server `answers` before you rely on it.
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Final

import msgspec

from libchat.errors import StoreError
from libchat.files import read_kept, write_private

FILE: Final = "server.json"

ANSWER_SECONDS: Final = 1.0
"""How long a server on this machine may take to accept a connection."""

_log = logging.getLogger("libchat.server")


class Whereabouts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a server listens ("" for all addresses), which process it is, and which key it shows ("" without TLS).

    `public` are the names by which others reach it and which this machine does not know.
    """

    host: str
    port: int
    pid: int
    pin: str = ""
    public: tuple[str, ...] = ()

    def answers(self) -> bool:
        """Return whether somebody listens there."""
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        try:
            socket.create_connection((host, self.port), ANSWER_SECONDS).close()
        except OSError:
            return False
        return True


def note(folder: Path, whereabouts: Whereabouts) -> None:
    """Leave the note. A server runs without it, so if it cannot be written, the log says so."""
    try:
        write_private(folder / FILE, msgspec.json.encode(whereabouts) + b"\n")
    except StoreError as error:
        _log.warning("commands beside the server do not find it: %s", error)


def find(folder: Path) -> Whereabouts | None:
    """Return the note in a folder, None if there is none that can be read. Raises StoreError for an unreadable file."""
    data = read_kept(folder / FILE)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Whereabouts)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def remove(folder: Path, port: int) -> None:
    """Remove the note of this process's server on a port; another server's is left alone."""
    try:
        noted = find(folder)
        if noted is not None and (noted.pid, noted.port) == (os.getpid(), port):
            (folder / FILE).unlink()
    except (OSError, StoreError) as error:
        _log.warning("%s stays behind: %s", folder / FILE, error)
