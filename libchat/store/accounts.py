"""Accounts, devices' keys, invites, and the audit of them: in one SQLite file, or in memory.

`AccountBook` reads and writes rows and decides nothing. It knows no passwords and no tokens, only hashes of them. All
times are milliseconds since 1970.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

from libchat import limits
from libchat.store.accounts_schema import open_accounts

HOUR: Final = 3_600_000


class Account(Struct, frozen=True, gc=False):
    """A name that is held. `password` is a PHC string, "" if only keys open the account; `seen` is 0 for never."""

    name: str
    display: str
    made: int
    seen: int
    password: str
    is_admin: bool

    def __repr__(self) -> str:
        return f"Account({self.name!r})"


class Key(Struct, frozen=True, gc=False):
    """A device's key of an account."""

    name: str
    key: str
    label: str
    added: int
    seen: int


class Invite(Struct, frozen=True, gc=False):
    """An invite, without its token; `remaining` are the uses that are left. `id` is how people call it."""

    digest: bytes
    made: int
    by: str
    room: str
    uses: int
    remaining: int
    expires: int

    @property
    def id(self) -> str:
        """The first eight hex digits of the digest."""
        return self.digest.hex()[:8]


class Note(Struct, frozen=True, gc=False):
    """A line of the audit: who (`actor`) did what to whom (`subject`), from where; `count` times.

    An actor is a name, or `cli` for who owns the file. The actions are in `ACTIONS`.
    """

    time: int
    actor: str
    action: str
    subject: str
    address: str = ""
    detail: str = ""
    count: int = 1


ACTIONS: Final = (
    *("account-made", "account-removed", "admin-made", "admin-unmade", "password-set", "wrong-password"),
    *("device-added", "device-revoked", "invite-made", "invite-used", "invite-revoked"),
)
"""What the audit tells of."""


class AccountBook:
    """The rows of accounts in the file at `path`, or in memory. One thread at a time may use it.

    What reads stands in a `reading` or `writing` block to see everything as it is at one moment; what writes stands in
    a `writing` block. Both raise sqlite3.Error if the file cannot be used.

    The audit keeps so many lines about `wrong_passwords`. Raises StoreError as `open_accounts` does.
    """

    def __init__(self, path: Path | None, *, wrong_passwords: int = limits.WRONG_PASSWORD_NOTES) -> None:
        self._connection = open_accounts(path)
        self._wrong_passwords = wrong_passwords
        self._version = self._data_version()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in one transaction."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Read and write in one transaction, which is on the disk when the block has ended; all of it, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def has_changed(self) -> bool:
        """Return whether another connection has changed the file since this was asked last."""
        version = self._data_version()
        is_new = version != self._version
        self._version = version
        return is_new

    def _data_version(self) -> int:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    # --- accounts ---------------------------------------------------------------------------------------------------

    def accounts(self) -> list[Account]:
        """Return all accounts, oldest first."""
        rows = self._connection.execute(f"{_ACCOUNT} ORDER BY made, name")
        return [_account(row) for row in rows]

    def account(self, name: str) -> Account | None:
        """Return an account, None if the name is none."""
        row = self._connection.execute(f"{_ACCOUNT} WHERE name = ?", (name,)).fetchone()
        return None if row is None else _account(row)

    def count_accounts(self) -> int:
        """Return how many accounts there are."""
        (number,) = self._connection.execute("SELECT count(*) FROM accounts").fetchone()
        return int(number)

    def add_account(self, name: str, display: str, now: int, *, seen: int) -> None:
        """Make an account without a password. There must be none of that name."""
        self._connection.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, '', 0)", (name, display, now, seen))

    def remove_account(self, name: str) -> None:
        """Remove an account with its keys. Neither they nor its name come in by an invite that they used before."""
        for key in self.keys(name):
            self._forget_use(key.key)
        self._connection.execute("DELETE FROM uses WHERE who = ?", (f"name:{name}",))
        self._connection.execute("DELETE FROM accounts WHERE name = ?", (name,))

    def set_password(self, name: str, phc: str) -> None:
        """Replace an account's password by a PHC string."""
        self._connection.execute("UPDATE accounts SET password = ? WHERE name = ?", (phc, name))

    def set_admin(self, name: str, is_admin: bool) -> None:
        """Make an account an administrator's, or no more."""
        self._connection.execute("UPDATE accounts SET is_admin = ? WHERE name = ?", (is_admin, name))

    def see(self, name: str, key: str, now: int) -> None:
        """Note when an account, and one of its keys, was used."""
        self._connection.execute("UPDATE accounts SET seen = ? WHERE name = ?", (now, name))
        self._connection.execute("UPDATE keys SET seen = ? WHERE name = ? AND key = ?", (now, name, key))

    # --- keys -------------------------------------------------------------------------------------------------------

    def keys(self, name: str) -> list[Key]:
        """Return the keys of an account, oldest first."""
        rows = self._connection.execute(f"{_KEY} WHERE name = ? ORDER BY added, key", (name,))
        return [Key(*row) for row in rows]

    def all_keys(self) -> dict[str, frozenset[str]]:
        """Return the keys of all accounts that have some."""
        found: dict[str, set[str]] = {}
        for name, key in self._connection.execute("SELECT name, key FROM keys"):
            found.setdefault(name, set()).add(key)
        return {name: frozenset(keys) for name, keys in found.items()}

    def key(self, name: str, key: str) -> Key | None:
        """Return a key of an account, None if it is none of its keys."""
        row = self._connection.execute(f"{_KEY} WHERE name = ? AND key = ?", (name, key)).fetchone()
        return None if row is None else Key(*row)

    def add_key(self, name: str, key: str, label: str, now: int, most: int = limits.ACCOUNT_KEYS) -> list[str]:
        """Add a key to an account, or replace its label; return the keys that had to give way to it."""
        self._connection.execute(
            "INSERT INTO keys VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO UPDATE SET label = ?3, seen = ?4",
            (name, key, label, now),
        )
        by_use = sorted((known for known in self.keys(name) if known.key != key), key=lambda known: known.seen)
        dropped = [known.key for known in by_use[: max(len(by_use) + 1 - most, 0)]]
        for old in dropped:
            self.remove_key(name, old)
        return dropped

    def remove_key(self, name: str, key: str) -> None:
        """Forget a key of an account: it does not come in as a guest's either, by an invite that it used before."""
        self._connection.execute("DELETE FROM keys WHERE name = ? AND key = ?", (name, key))
        self._forget_use(key)

    def _forget_use(self, key: str) -> None:
        self._connection.execute("DELETE FROM admitted WHERE key = ?", (key,))
        self._connection.execute("DELETE FROM uses WHERE who = ?", (f"key:{key}",))

    def admitted(self, key: str) -> int | None:
        """Return when a guest's key that an invite has let in was last used, None if none has."""
        row = self._connection.execute("SELECT seen FROM admitted WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def admit(self, key: str, now: int, most: int = limits.ADMITTED_KEYS) -> None:
        """Let a guest's key in from now on, or note that it was used."""
        self._connection.execute("INSERT INTO admitted VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seen = ?2", (key, now))
        (count,) = self._connection.execute("SELECT count(*) FROM admitted").fetchone()
        oldest = "SELECT key FROM admitted ORDER BY seen LIMIT ?"
        self._connection.execute(f"DELETE FROM admitted WHERE key IN ({oldest})", (max(count - most, 0),))  # noqa: S608

    # --- invites ----------------------------------------------------------------------------------------------------

    def invites(self) -> list[Invite]:
        """Return all invites that are remembered, oldest first."""
        rows = self._connection.execute(f"{_INVITE} ORDER BY made, digest")
        return [Invite(*row) for row in rows]

    def invite(self, digest: bytes) -> Invite | None:
        """Return an invite, None if there is no such one."""
        row = self._connection.execute(f"{_INVITE} WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else Invite(*row)

    def count_open_invites(self, by: str, now: int) -> tuple[int, int]:
        """Return how many invites somebody has open, and how many are open of all."""
        is_open = "expires > ? AND remaining > 0"
        own, all_of_them = self._connection.execute(
            f"SELECT count(*) FILTER (WHERE by = ?), count(*) FROM invites WHERE {is_open}",  # noqa: S608
            (by, now),
        ).fetchone()
        return int(own), int(all_of_them)

    def add_invite(self, invite: Invite, most: int = limits.INVITES_KEPT) -> None:
        """Add an invite; forget those that expired long ago, and of too many others that cannot be used, the oldest."""
        now = invite.made
        self._connection.execute("DELETE FROM invites WHERE expires < ?", (now - limits.INVITE_KEEP_SECONDS * 1000,))
        self._connection.execute(
            "INSERT INTO invites VALUES (?, ?, ?, ?, ?, ?, ?)",
            (invite.digest, now, invite.by, invite.room, invite.uses, invite.remaining, invite.expires),
        )
        (count,) = self._connection.execute("SELECT count(*) FROM invites").fetchone()
        useless = "SELECT digest FROM invites WHERE expires <= ? OR remaining <= 0 ORDER BY made LIMIT ?"
        self._connection.execute(
            f"DELETE FROM invites WHERE digest IN ({useless})",  # noqa: S608
            (now, max(count - most, 0)),
        )

    def remove_invite(self, digest: bytes) -> None:
        """Take an invite back: its token is as good as a forged one."""
        self._connection.execute("DELETE FROM invites WHERE digest = ?", (digest,))

    def has_used(self, digest: bytes, who: str) -> bool:
        """Return whether somebody has used an invite before; see the table `uses`."""
        found = self._connection.execute("SELECT 1 FROM uses WHERE digest = ? AND who = ?", (digest, who))
        return found.fetchone() is not None

    def use_invite(self, digest: bytes, who: str) -> None:
        """Use an invite once. Who uses it is remembered, unless that is "": then each time counts."""
        self._connection.execute("UPDATE invites SET remaining = remaining - 1 WHERE digest = ?", (digest,))
        if who:
            self._connection.execute("INSERT OR IGNORE INTO uses VALUES (?, ?)", (digest, who))

    # --- the audit --------------------------------------------------------------------------------------------------

    def note(self, note: Note) -> None:
        """Add a line to the audit. Wrong passwords for one name from one address become one line an hour."""
        if note.action == "wrong-password" and self._count_again(note):
            return
        self._connection.execute(
            "INSERT INTO audit (time, actor, action, subject, address, detail, count) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (note.time, note.actor, note.action, note.subject, note.address, note.detail, note.count),
        )
        newest = "SELECT max(id) FROM audit"
        self._connection.execute(f"DELETE FROM audit WHERE id <= ({newest}) - ?", (limits.AUDIT_NOTES,))  # noqa: S608

    def notes(self, limit: int = -1) -> list[Note]:
        """Return the newest lines of the audit, oldest first; without a limit, all of them."""
        columns = "time, actor, action, subject, address, detail, count"
        rows = self._connection.execute(f"SELECT {columns} FROM audit ORDER BY id DESC LIMIT ?", (limit,))  # noqa: S608
        return [Note(*row) for row in rows][::-1]

    def _count_again(self, note: Note) -> bool:
        """Count a wrong password in a line that is there already, or make room for a new line and return False."""
        wrong = "FROM audit WHERE action = 'wrong-password'"
        row = self._connection.execute(
            f"SELECT id {wrong} AND subject = ? AND address = ? AND time > ?",
            (note.subject, note.address, note.time - HOUR),
        ).fetchone()
        if row is not None:
            self._connection.execute("UPDATE audit SET count = count + ? WHERE id = ?", (note.count, row[0]))
            return True
        (count,) = self._connection.execute(f"SELECT count(*) {wrong}").fetchone()
        too_many = max(count + 1 - self._wrong_passwords, 0)
        self._connection.execute(f"DELETE FROM audit WHERE id IN (SELECT id {wrong} ORDER BY id LIMIT ?)", (too_many,))  # noqa: S608
        return False


def digest_of(token: str) -> bytes:
    """Return what is kept of an invite's token. It has 128 random bits, so a plain hash is enough."""
    return sha256(token.encode(errors="surrogatepass")).digest()


_ACCOUNT: Final = "SELECT name, display, made, seen, password, is_admin FROM accounts"
_KEY: Final = "SELECT name, key, label, added, seen FROM keys"
_INVITE: Final = "SELECT digest, made, by, room, uses, remaining, expires FROM invites"


def _account(row: sqlite3.Row) -> Account:
    name, display, made, seen, password, is_admin = row
    return Account(name, display, made, seen, password, bool(is_admin))
