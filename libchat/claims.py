"""What is asked of the accounts, and what they answer. All are immutable; times are milliseconds since 1970.

A `name` here is a canonical name, `display` how it is shown. A `key` is a device's public key (Ed25519, RFC 8032) and a
`proof` its signature, both base64url without padding (RFC 4648, section 5); a `key_id` names a key where people see it.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct, field

from libchat.errors import Code

Admit = Literal["open", "invite", "accounts"]
"""Whom a server takes: everybody; whoever brings an invite, or has been taken before; or accounts only."""

# --- what is asked --------------------------------------------------------------------------------------------------


class Claim(Struct, frozen=True, gc=False):
    """Somebody wants to be called `name`, and brings what may prove that they are.

    `nonce` is what the server gave to this connection, `pin` the one of the server's key, `device` the secret of
    `Register`; `address` is where the connection comes from, "" in process. Secrets do not show in a repr.
    """

    name: str
    display: str
    password: str = ""
    key: str = ""
    proof: str = ""
    nonce: str = ""
    pin: str = ""
    device: str = ""
    token: str = ""
    label: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return f"Claim({self.name!r} from {self.address or 'this process'!r})"


class SetPassword(Struct, frozen=True, gc=False):
    """Give an account to a name, or a new password to an account.

    The `old` one is needed unless the session `has_proven` itself by a password or by a key of the account.
    """

    name: str
    display: str
    new: str
    old: str = ""
    has_proven: bool = False
    key: str = ""
    label: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return f"SetPassword({self.name!r})"


class AskDevices(Struct, frozen=True, gc=False):
    """Ask for the devices of an account; `key` is the one that asks."""

    name: str
    key: str = ""


class RevokeDevice(Struct, frozen=True, gc=False):
    """Forget a device of an account, by its `key_id`: it has to give the password again."""

    name: str
    key_id: str


SERVER: Final = "server"
"""In whose name invites are that a program or the command line makes: nobody can be called so."""


class NewInvite(Struct, frozen=True, gc=False):
    """Make an invite, which may be used so many times until it expires after so many seconds."""

    by: str
    room: str = ""
    uses: int = 1
    seconds: int = 24 * 3600


Request = Claim | SetPassword | AskDevices | RevokeDevice | NewInvite

# --- what is answered -----------------------------------------------------------------------------------------------


class Granted(Struct, frozen=True, gc=False):
    """The name may be had: as an account's, or a guest's. `key` is the device's by which it was proven, if it was.

    `has_proven`: by a password or a key; what else the account may do without giving its password again. `room` is
    where the invite leads to, `invited_by` the canonical name of who made it. `is_admin`: the account is an
    administrator's.
    """

    is_account: bool = False
    key: str = ""
    has_proven: bool = False
    room: str = ""
    is_admin: bool = False
    invited_by: str = ""


class Denied(Struct, frozen=True, gc=False):
    """It was refused; `reason` is for the person, and says what to do."""

    code: Code
    reason: str


class Device(Struct, frozen=True, gc=False, omit_defaults=True):
    """A device that is signed in: what it is called, since when, and when it was last used."""

    id: str
    label: str
    added: int
    seen: int
    is_current: bool = field(default=False, name="current")


class DevicesFound(Struct, frozen=True, gc=False):
    """The devices of an account, oldest first."""

    devices: tuple[Device, ...]


class Revoked(Struct, frozen=True, gc=False):
    """The key is forgotten; sessions that came with it are to end."""

    key: str


class Changed(Struct, frozen=True, gc=False):
    """The password is set. `is_new`: the name was not an account before."""

    is_new: bool


class Invited(Struct, frozen=True, gc=False):
    """The invite is made. Only who asked ever sees its token: a hash is kept."""

    token: str
    room: str
    uses: int
    expires: int

    def __repr__(self) -> str:
        return f"Invited(to {self.room or 'the server'!r}, {self.uses} uses, until {self.expires})"


Answer = Granted | Denied | DevicesFound | Revoked | Changed | Invited

# --- what happened elsewhere ----------------------------------------------------------------------------------------


class Added(Struct, frozen=True, gc=False):
    """There is one account more."""

    name: str
    display: str


class Removed(Struct, frozen=True, gc=False):
    """An account is gone: its name is free, and its sessions are to end."""

    name: str


class KeyRevoked(Struct, frozen=True, gc=False):
    """A key is forgotten: sessions that came with it are to end."""

    name: str
    key: str


Change = Added | Removed | KeyRevoked
"""What another program did to the accounts, as the command line does beside a running server."""
