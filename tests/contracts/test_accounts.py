"""Every implementation keeps the contract of accounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.accounts_contract import AccountsContract, PersistentAccountsContract
from libchat.accounts.desk import AccountDesk, MemoryAccounts
from libchat.claims import Admit
from libchat.security.passwords import Hasher
from libchat.store.base import Accounts
from support.accounts import Clock


class TestMemoryAccounts(AccountsContract):
    def make(self, admit: Admit, clock: Clock, hasher: Hasher, queue: int, threads: int) -> Accounts:
        """Return accounts in memory."""
        return MemoryAccounts(admit=admit, clock=clock, hasher=hasher, hash_queue=queue, hash_threads=threads)


class TestAccountsInAFile(PersistentAccountsContract):
    @pytest.fixture(autouse=True)
    def in_folder(self, tmp_path: Path) -> None:
        """Have a folder for files."""
        self.folder = tmp_path
        self.count = 0

    def make(self, admit: Admit, clock: Clock, hasher: Hasher, queue: int, threads: int) -> Accounts:
        """Return accounts in a new file."""
        self.count += 1
        self.admit = admit
        path = self.folder / f"accounts-{self.count}.db"
        return AccountDesk(path, admit=admit, clock=clock, hasher=hasher, hash_queue=queue, hash_threads=threads)

    def again(self, clock: Clock, hasher: Hasher) -> Accounts:
        """Return accounts over the newest file."""
        return AccountDesk(self.folder / f"accounts-{self.count}.db", admit=self.admit, clock=clock, hasher=hasher)
