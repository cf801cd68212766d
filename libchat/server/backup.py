"""A copy of everything that a server keeps in its folder, also beside one that runs.

The log is copied first, the accounts after it: an account that the log knows nothing of does no harm, while a name of
the log that is none any more could be had by anybody.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Final

from libchat.accounts.admin import FILE as ACCOUNTS_FILE
from libchat.errors import StoreError
from libchat.files import hand_over, locked, read_kept, sync_folder, write_private
from libchat.security.identity import CERTIFICATE_FILE, KEY_FILE, LOCK_FILE
from libchat.security.key_change import NEXT_KEY_FILE, STATEMENT_FILE
from libchat.server.folder import LOG_FILE
from libchat.store.backup import backup, backup_accounts
from libchat.store.snapshot import Progress, no_progress

KEYS: Final = (KEY_FILE, CERTIFICATE_FILE, NEXT_KEY_FILE, STATEMENT_FILE)

PLUGINS: Final = "plugins"
"""The folder of what plugins keep."""


def backup_all(folder: Path, target: Path, progress: Progress = no_progress) -> None:
    """Copy a server's log, accounts, keys and what its plugins keep to the new folder `target`, with mode 0700.

    It has its name when it is whole. Raises StoreError, and leaves nothing behind, if something cannot be copied, or if
    there is something at `target`.
    """
    if target.exists() or target.is_symlink():
        raise StoreError(f"{target} is there already; name another folder, or move it away")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        temporary.mkdir(mode=0o700)
        backup(folder / LOG_FILE, temporary / LOG_FILE, progress)
        if (folder / ACCOUNTS_FILE).exists():
            backup_accounts(folder / ACCOUNTS_FILE, temporary / ACCOUNTS_FILE)
        _copy_keys(folder, temporary)
        copy_plugins(folder / PLUGINS, temporary / PLUGINS)
        os.rename(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise StoreError(f"{target} cannot be made: {error.strerror}; make room, or choose another place") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make a folder for our eyes only, which belongs to whom the folder around it belongs to. Raises OSError."""
    path.mkdir(mode=0o700)
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            hand_over(handle, path.parent)
        finally:
            os.close(handle)


def copy_plugins(folder: Path, target: Path) -> None:
    """Copy what plugins keep, file by file as it is: their stores are replaced whole, so none is half of one.

    Links are left out: root must not be made to copy what they lead to. So is what begins with a dot, as files do that
    are being written. Raises OSError and StoreError.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    make_folder(target)
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            copy_plugins(path, target / path.name)
        elif path.is_file() and (data := read_kept(path)) is not None:
            write_private(target / path.name, data)


def _copy_keys(folder: Path, target: Path) -> None:
    if not (folder / LOCK_FILE).exists():
        return  # no server with a key has run here
    with locked(folder / LOCK_FILE):  # a change of the key is copied before or after it
        for name in KEYS:
            if (folder / name).is_symlink():  # root, who often does this, can read what the server should not
                raise StoreError(f"{folder / name} is a link; put the file itself there, or copy the folder by hand")
            data = read_kept(folder / name)
            if data is not None:
                write_private(target / name, data)
