"""Who may come, and under which name: pure policy.

`decide` is asked again and again for one claim, each time with what has become known meanwhile, until it grants or
denies. It reads the accounts as they are at that moment, so that nothing which happens while a password is hashed can
slip in between.

| admit    | a name that is an account | a new name                                                       |
|----------|---------------------------|------------------------------------------------------------------|
| open     | its password, or a key    | anybody, as a guest; with a password it becomes an account       |
| invite   | its password, or a key    | who has an invite; whose key came with one before                |
| accounts | its password, or a key    | who has an invite, and makes an account by a password or a key   |

Where a stranger may not make an account, a wrong name takes the same way as a wrong password: it is compared with a
password that fits nothing, and gets the same answer.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from libchat.claims import Admit, Denied
from libchat.errors import Code

TokenState = Literal["none", "good", "again", "expired", "used-up", "unknown"]
"""What an invite's token is worth. "again": who brings it has used it before, which costs no further use."""


class Brought(Struct, frozen=True, gc=False):
    """What somebody brings: a password, a key's proof, and why the password could not be a new one ("" if it can)."""

    has_password: bool = False
    proof: Literal["none", "right", "wrong"] = "none"
    fault: str = ""


class Facts(Struct, frozen=True, gc=False):
    """What is known of the name, the key and the token at the moment."""

    is_account: bool = False
    is_outdated: bool = False
    """The account's password is hashed with less effort than a new one would be."""
    is_own_key: bool = False
    """The key is one of the account's."""
    is_admitted_key: bool = False
    """An invite has let the key in before, as a guest's."""
    token: TokenState = "none"


class Progress(Struct, frozen=True, gc=False):
    """What has been found out for this claim: whether the password fits (None: not yet), and its own new hash."""

    is_right: bool | None = None
    is_hashed: bool = False


class CheckPassword(Struct, frozen=True, gc=False):
    """Compare the password with the account's; without an account or a password of it, with one that fits nothing."""


class HashPassword(Struct, frozen=True, gc=False):
    """Make a hash of the password, to be stored."""


class Grant(Struct, frozen=True, gc=False):
    """Let them in, and write down what is new."""

    is_account: bool = False
    makes_account: bool = False
    sets_password: bool = False
    adds_key: bool = False
    admits_key: bool = False
    uses_token: bool = False


Step = CheckPassword | HashPassword | Grant | Denied

WRONG_PASSWORD: Final = Denied(Code.WRONG_PASSWORD, "the name and the password do not fit; try again")
BAD_PROOF: Final = Denied(
    Code.BAD_PROOF, "the device's proof does not fit to this connection; connect again with a client that has its key"
)
PASSWORD_NEEDED: Final = Denied(
    Code.PASSWORD_NEEDED, "this name is an account: give its password, or come with a device that is signed in"
)
ACCOUNT_NEEDED: Final = Denied(
    Code.PASSWORD_NEEDED, "this chat takes accounts only: give your password, or come with a device that is signed in"
)
INVITE_NEEDED: Final = Denied(
    Code.NOT_ADMITTED, "this chat takes those who bring an invite: ask somebody in it for one, and join by its link"
)
_BAD_TOKENS: Final[dict[TokenState, Denied]] = {
    "expired": Denied(
        Code.INVITE_EXPIRED, "this invite has expired: ask for a new one, or give your password if you have an account"
    ),
    "used-up": Denied(
        Code.INVITE_USED_UP,
        "this invite has been used as often as it may: ask for another, or give your password if you have an account",
    ),
    "unknown": Denied(
        Code.INVITE_UNKNOWN,
        "this server did not make this invite, or took it back: check that the link is whole and of this server",
    ),
}


def decide(admit: Admit, brought: Brought, facts: Facts, progress: Progress) -> Step:
    """Return what is to be done next for somebody who wants a name."""
    if brought.proof == "wrong":
        return BAD_PROOF
    if facts.is_account:
        return _for_account(admit, brought, facts, progress)
    if not _may_come(admit, facts):
        return _turn_away(admit, brought, facts, progress)
    return _for_new(admit, brought, facts, progress)


def decide_change(has_proven: bool, brought: Brought, facts: Facts, progress: Progress) -> Step:
    """Return what is to be done next for somebody who sets a password. `brought.has_password`: the old one.

    `brought.fault` and `progress.is_hashed` are about the new one.
    """
    if brought.fault:
        return Denied(Code.BAD_VALUE, brought.fault)
    if facts.is_account and not has_proven:
        if not brought.has_password:
            return Denied(Code.PASSWORD_NEEDED, "give the old password, too")
        if progress.is_right is None:
            return CheckPassword()
        if not progress.is_right:
            return WRONG_PASSWORD
    if not progress.is_hashed:
        return HashPassword()
    return Grant(is_account=True, makes_account=not facts.is_account, sets_password=True)


def _for_account(admit: Admit, brought: Brought, facts: Facts, progress: Progress) -> Step:
    uses_token = facts.token == "good"
    if facts.is_own_key:
        return Grant(is_account=True, uses_token=uses_token)
    if not brought.has_password:
        if admit == "accounts":  # what a name that is no account is told
            return _BAD_TOKENS.get(facts.token, ACCOUNT_NEEDED)
        return PASSWORD_NEEDED
    if progress.is_right is None:
        return CheckPassword()
    if not progress.is_right:
        return _wrong_password(admit, facts)
    if facts.is_outdated and not progress.is_hashed:
        return HashPassword()
    return Grant(
        is_account=True,
        sets_password=facts.is_outdated,
        adds_key=brought.proof == "right",
        uses_token=uses_token,
    )


def _may_come(admit: Admit, facts: Facts) -> bool:
    """Return whether a new name may be had at all."""
    if facts.token in ("good", "again"):
        return True
    if admit == "invite":
        return facts.is_admitted_key
    # Nobody needs an invite where all may come; but who brings a bad one is told.
    return admit == "open" and (facts.token == "none" or facts.is_admitted_key)


def _turn_away(admit: Admit, brought: Brought, facts: Facts, progress: Progress) -> Step:
    if brought.has_password and admit != "open":
        return CheckPassword() if progress.is_right is None else _wrong_password(admit, facts)
    return _BAD_TOKENS.get(facts.token, ACCOUNT_NEEDED if admit == "accounts" else INVITE_NEEDED)


def _for_new(admit: Admit, brought: Brought, facts: Facts, progress: Progress) -> Step:
    uses_token = facts.token == "good"
    has_key = brought.proof == "right"
    if brought.has_password:
        if brought.fault:
            return Denied(Code.BAD_VALUE, brought.fault)
        if not progress.is_hashed:
            return HashPassword()
        return Grant(is_account=True, makes_account=True, sets_password=True, adds_key=has_key, uses_token=uses_token)
    if admit == "accounts":
        if not has_key:
            return Denied(Code.PASSWORD_NEEDED, "the invite is good: choose a password for your new account")
        return Grant(is_account=True, makes_account=True, adds_key=True, uses_token=uses_token)
    return Grant(admits_key=has_key and uses_token, uses_token=uses_token)


def _wrong_password(admit: Admit, facts: Facts) -> Denied:
    """Return the one answer for a wrong password and a wrong name: with a bad invite, it is about that one."""
    return WRONG_PASSWORD if admit == "open" else _BAD_TOKENS.get(facts.token, WRONG_PASSWORD)
