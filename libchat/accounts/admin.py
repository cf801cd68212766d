"""What who runs the server does to its accounts, from the command line, also while it runs.

Each call is one transaction on the file; a running server notices within a second, and ends the sessions of whom it
concerns. Whoever can write the file may do all of it: there is nobody to ask.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from libchat.accounts.devices import devices_of
from libchat.accounts.invites import TOKEN_BYTES, make_invite
from libchat.claims import SERVER, Denied, Device, Invited, NewInvite
from libchat.errors import Code, Refused, StoreError
from libchat.names import Name, parse_name, skeleton
from libchat.security.device_keys import key_id
from libchat.security.passwords import Argon2, Hasher, prepare_new
from libchat.store.accounts import Account, AccountBook, Invite, Note

FILE: Final = "accounts.db"
"""The accounts' file in the server's data folder."""

ACTOR: Final = "cli"
"""Who did it, in the audit: whoever can write the file."""


class User(Struct, frozen=True, gc=False):
    """An account as an administrator sees it. Times are milliseconds since 1970; `seen` is 0 for never."""

    name: str
    display: str
    made: int
    seen: int
    has_password: bool
    devices: int
    is_admin: bool


def _now() -> int:
    return time.time_ns() // 1_000_000


class AccountAdmin:
    """The accounts in the file at `path`, which is made if it is not there. Use it in a `with` block.

    Names are as people type them. Every method raises `InvalidName` for what can be no name, `Refused` with the code
    `no-such-name` if there is no such account, and StoreError if the file cannot be used; and what it says besides.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        hasher: Hasher | None = None,
        clock: Callable[[], int] = _now,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._path = Path(path).resolve()
        self._book = AccountBook(self._path)
        self._hasher = hasher or Argon2()
        self._clock = clock
        self._entropy = entropy

    def __enter__(self) -> AccountAdmin:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._book.close()

    # --- users ------------------------------------------------------------------------------------------------------

    def users(self) -> tuple[User, ...]:
        """Return all accounts, oldest first."""
        with self._reading():
            keys = self._book.all_keys()
            return tuple(_user(row, len(keys.get(row.name, ()))) for row in self._book.accounts())

    def add_user(self, name: str, password: str) -> None:
        """Make an account. Raises ValueError for a password that cannot be one, and `Refused` with `name-taken`."""
        parsed = parse_name(name)
        phc = self._hasher.hash(prepare_new(password, parsed.key))  # before the transaction: it takes its time
        now = self._clock()
        with self._writing():
            self._refuse_taken(parsed)
            self._book.add_account(parsed.key, parsed.display, now, seen=0)
            self._book.set_password(parsed.key, phc)
            self._note("account-made", parsed.key, "with a password")

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password. Its devices stay signed in. Raises ValueError as `add_user` does."""
        key = parse_name(name).key
        phc = self._hasher.hash(prepare_new(password, key))
        with self._writing():
            self._account(name)
            self._book.set_password(key, phc)
            self._note("password-set", key)

    def remove_user(self, name: str) -> None:
        """Remove an account with its devices: the name is free, and its sessions end."""
        with self._writing():
            account = self._account(name)
            self._book.remove_account(account.name)
            self._note("account-removed", account.name)

    def set_admin(self, name: str, is_admin: bool) -> None:
        """Make an account an administrator's, or no more."""
        with self._writing():
            account = self._account(name)
            self._book.set_admin(account.name, is_admin)
            self._note("admin-made" if is_admin else "admin-unmade", account.name)

    # --- devices ----------------------------------------------------------------------------------------------------

    def devices(self, name: str) -> tuple[Device, ...]:
        """Return the devices of an account, oldest first."""
        with self._reading():
            return devices_of(self._book, self._account(name).name)

    def revoke_device(self, name: str, device: str) -> None:
        """Forget a device, by its id: its sessions end. Raises `Refused` with `bad-value` for an id of none."""
        with self._writing():
            account = self._account(name)
            for known in self._book.keys(account.name):
                if key_id(known.key) == device:
                    self._book.remove_key(account.name, known.key)
                    self._note("device-revoked", account.name, device)
                    return
            raise Refused(Code.BAD_VALUE, f"{account.display} has no device {device}; see the list of devices", device)

    # --- invites ----------------------------------------------------------------------------------------------------

    def make_invite(self, room: str = "", uses: int = 1, seconds: int = 24 * 3600) -> Invited:
        """Make an invite. Raises `Refused`, which says why, if there can be no such one."""
        with self._writing():
            request = NewInvite(SERVER, room, uses, seconds)
            made = make_invite(self._book, request, self._clock(), self._entropy(TOKEN_BYTES))
            if isinstance(made, Denied):
                raise Refused(made.code, made.reason)
            return made

    def invites(self) -> tuple[Invite, ...]:
        """Return the invites that are remembered, oldest first, also those that are used up or have expired."""
        with self._reading():
            return tuple(self._book.invites())

    def revoke_invite(self, invite: str) -> None:
        """Take an invite back, by its id: who came in by it stays. `Refused` with `bad-value` for an id of none."""
        with self._writing():
            for known in self._book.invites():
                if known.id == invite:
                    self._book.remove_invite(known.digest)
                    self._note("invite-revoked", known.room, invite)
                    return
            raise Refused(Code.BAD_VALUE, f"there is no invite {invite}; see the list of invites", invite)

    # --- the audit --------------------------------------------------------------------------------------------------

    def audit(self, limit: int = -1) -> tuple[Note, ...]:
        """Return the newest lines of the audit of accounts, oldest first; without a limit, all of them."""
        with self._reading():
            return tuple(self._book.notes(limit))

    def _note(self, action: str, subject: str, detail: str = "") -> None:
        self._book.note(Note(self._clock(), ACTOR, action, subject, "", detail))

    def _account(self, name: str) -> Account:
        account = self._book.account(parse_name(name).key)
        if account is None:
            raise Refused(Code.NO_SUCH_NAME, f"{name} is no account", name)
        return account

    def _refuse_taken(self, name: Name) -> None:
        """Refuse a name that is an account already, or looks like one."""
        look = skeleton(name)
        for account in self._book.accounts():
            if account.name == name.key or skeleton(parse_name(account.display)) == look:
                reason = (
                    f"{account.display} is an account already, and {name} is or looks the same; choose another name"
                )
                raise Refused(Code.NAME_TAKEN, reason, name.display)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._mapped(), self._book.reading():
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._mapped(), self._book.writing():
            yield

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            remedy = "see that the disk has room and the file can be written, then try again"
            raise StoreError(f"{self._path} cannot be used: {error}; {remedy}") from error


def _user(row: Account, devices: int) -> User:
    return User(row.name, row.display, row.made, row.seen, bool(row.password), devices, row.is_admin)
