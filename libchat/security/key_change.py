"""The planned change of a server's key, in its folder.

    FOLDER/server-key-next.pem     the key that comes next
    FOLDER/server-successor.json   what the present key states of it; announced by a server that starts
    FOLDER/server-key-old.pem      the key before the last change

First the change is planned, then the server announces it for some weeks, and then it is made: clients that were here
meanwhile follow by themselves. Each file appears whole. A change that was interrupted can be made again: the present
key is always the one in `server-key.pem`, and a statement that is not its own means nothing.

Importing this file imports `cryptography`.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from libchat.errors import StoreError, TrustError
from libchat.events import Successor
from libchat.files import locked, read_kept, sync_folder, write_private
from libchat.security.identity import KEY_FILE, LOCK_FILE, format_key, public_half, read_key
from libchat.security.pins import format_pin
from libchat.security.succession import check_successor, sign_successor

NEXT_KEY_FILE: Final = "server-key-next.pem"
OLD_KEY_FILE: Final = "server-key-old.pem"
STATEMENT_FILE: Final = "server-successor.json"

_log = logging.getLogger(__name__)


def present_pin(folder: Path) -> str:
    """Return the pin of the key in a server's folder. Raises StoreError if there is none."""
    return format_pin(public_half(_present_key(folder)))


def planned_change(folder: Path) -> Successor | None:
    """Return what the present key states of the next one, None if no change is planned.

    A statement that is damaged, or another key's, is none; the log says so. Raises StoreError if the present key is
    missing, or a file cannot be read.
    """
    data = read_kept(folder / STATEMENT_FILE)
    if data is None:
        return None
    try:
        successor = msgspec.json.decode(data, type=Successor)
        check_successor(present_pin(folder), successor)
    except (msgspec.DecodeError, UnicodeDecodeError, TrustError) as error:
        _log.warning("%s is ignored: %s; plan the change of the key anew", folder / STATEMENT_FILE, error)
        return None
    return successor


def plan_change(folder: Path, since: datetime) -> Successor:
    """Make the key that comes next, and have the present one state that it may be shown from `since` on.

    `since` has a time zone. Raises StoreError if a change is planned already, or if there is no present key.
    """
    key = _present_key(folder)
    with locked(folder / LOCK_FILE):
        planned = planned_change(folder)
        if planned is not None:
            raise StoreError(
                f"a change of the key is planned already, for {format_since(planned)}; to plan another one, delete "
                f"{folder / STATEMENT_FILE}: who has heard of the first then has to accept the second by hand"
            )
        next_key = ec.generate_private_key(ec.SECP256R1())
        successor = sign_successor(key, format_pin(public_half(next_key)), int(since.timestamp()))
        write_private(folder / NEXT_KEY_FILE, format_key(next_key))
        write_private(folder / STATEMENT_FILE, msgspec.json.encode(successor) + b"\n")
        return successor


def make_change(folder: Path, now: datetime, *, early: bool = False) -> str:
    """Make the next key the present one, and return its pin; a server shows it when it starts. The old key is kept.

    `now` has a time zone. Raises StoreError if no change is planned, if its time has not come unless `early`, and if
    the next key is not the one that was announced.
    """
    key = _present_key(folder)
    with locked(folder / LOCK_FILE):
        successor = planned_change(folder)
        if successor is None:
            raise StoreError(f"no change of the key in {folder} is planned: do that with `libchat key plan`")
        if now.timestamp() < successor.since and not early:
            raise StoreError(
                f"the next key was announced for {format_since(successor)}: clients do not take it before. Wait until "
                "then, or say --now if nobody is there who has to follow"
            )
        next_key = read_key(folder / NEXT_KEY_FILE)
        if next_key is None or format_pin(public_half(next_key)) != successor.pin:
            raise StoreError(
                f"{folder / NEXT_KEY_FILE} is not the key that was announced; put it back from a backup, or delete "
                f"{folder / STATEMENT_FILE} and plan the change anew"
            )
        write_private(folder / OLD_KEY_FILE, format_key(key))
        _replace(folder)
        return successor.pin


def format_since(successor: Successor) -> str:
    """Return from when on the next key may be shown, for people."""
    return f"{datetime.fromtimestamp(successor.since, UTC):%Y-%m-%d %H:%M} UTC"


def _present_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    key = read_key(folder / KEY_FILE)
    if key is None:
        raise StoreError(f"there is no key in {folder}: a server makes it when it starts there for the first time")
    return key


def _replace(folder: Path) -> None:
    """Put the next key into the place of the present one. The certificate is made anew by the next start."""
    try:
        os.replace(folder / NEXT_KEY_FILE, folder / KEY_FILE)
        (folder / STATEMENT_FILE).unlink()
        sync_folder(folder)
    except OSError as error:
        raise StoreError(
            f"the key in {folder} cannot be changed: {error.strerror}; make the folder writable"
        ) from error
