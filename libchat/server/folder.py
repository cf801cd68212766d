"""What a server keeps in its folder: the log and the accounts. Without a folder, both are in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from libchat.core.rooms import Quotas
from libchat.hub import Hub
from libchat.limits import MEMORY_ENTRIES
from libchat.records import Retention
from libchat.store.memory import MemoryLog

if TYPE_CHECKING:
    from libchat.claims import Admit
    from libchat.store.base import Accounts, Log

LOG_FILE: Final = "chat.db"
"""The file that keeps what was said. Where accounts are kept, `libchat.accounts.admin` says."""

Durability = Literal["full", "normal", "memory"]
"""What an accepted message survives: the loss of power, the end of the process, or nothing."""


def open_hub(
    folder: Path | None,
    durability: Durability,
    retention: Retention | None,
    accounts: Accounts | None,
    admit: Admit,
    quotas: Quotas,
) -> Hub:
    """Return a hub of a server's own, with its log and its accounts."""
    log = _log_in(folder, durability, retention)
    try:
        return Hub(log=log, accounts=accounts if accounts is not None else _accounts_in(folder, admit), quotas=quotas)
    except BaseException:
        log.close()
        raise


def _accounts_in(folder: Path | None, admit: Admit) -> Accounts:
    """Return the accounts of a server: a file in its folder, or in memory."""
    from libchat.accounts.admin import FILE
    from libchat.accounts.desk import AccountDesk, MemoryAccounts
    from libchat.files import make_private_folder

    if folder is None:
        return MemoryAccounts(admit=admit)
    make_private_folder(folder)
    return AccountDesk(folder / FILE, admit=admit)


def _log_in(folder: Path | None, durability: Durability, retention: Retention | None) -> Log:
    """Return the log of a server: a file in its folder, or one in memory."""
    kept = retention if retention is not None else Retention()
    if folder is None or durability == "memory":
        return MemoryLog(kept.entries or MEMORY_ENTRIES, seconds=kept.seconds)
    from libchat.files import make_private_folder
    from libchat.store.sqlite import SqliteLog

    make_private_folder(folder)
    return SqliteLog(folder / LOG_FILE, durability=durability, retention=kept)
