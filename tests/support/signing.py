"""Accounts whose passwords cost nearly nothing to check, and devices that come with a key."""

from __future__ import annotations

from libchat.accounts.desk import MemoryAccounts
from libchat.claims import Admit
from libchat.security.passwords import Argon2, Cost

CHEAP = Argon2(Cost(memory_kib=64, passes=1))
"""A hash that is not worth its name, and takes a ten-thousandth of the time."""

PASSWORD = "correct horse battery"


def quick_accounts(admit: Admit = "open") -> MemoryAccounts:
    """Return new accounts in memory."""
    return MemoryAccounts(admit=admit, hasher=CHEAP)
