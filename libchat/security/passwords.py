"""Passwords: what may be one, and how it is kept.

Kept is a PHC string of Argon2id (RFC 9106), `$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH`: it says itself how it was made,
so that the effort can grow later. What is hashed is the password in the PRECIS profile OpaqueString (RFC 8265,
section 4): composed (NFC), any space a plain one, so that it fits whatever keyboard it was typed on.

Importing this file imports neither `cryptography` nor `precis_i18n`: the first use of each does.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from libchat import limits

SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
"""RFC 9106, section 4: a salt of 128 bits, and a tag of 256."""

_PHC: Final = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,2})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Cost:
    """The effort of one hash. The numbers are explained in `libchat.limits`."""

    memory_kib: int = limits.PASSWORD_MEMORY_KIB
    passes: int = limits.PASSWORD_PASSES


class Hasher(Protocol):
    """What makes and compares hashes. Both block for as long as a hash takes, and may be called by many threads.

    Passwords are as `prepare` returns them.
    """

    def hash(self, password: str) -> str:
        """Return the PHC string of a password, with a new salt."""
        ...

    def fits(self, password: str, phc: str) -> bool:
        """Return whether this is the password of a PHC string; "" is the string of none, and takes as long."""
        ...

    def is_outdated(self, phc: str) -> bool:
        """Return whether a new hash would cost more than this one did."""
        ...


class Argon2:
    """Makes and compares hashes of a cost. `entropy` gives random bytes."""

    def __init__(self, cost: Cost = Cost(), entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._cost = cost
        self._entropy = entropy
        self._nobody = self._phc_of_nobody()

    def hash(self, password: str) -> str:
        """Return the PHC string of a password, with a new salt."""
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        argon2 = Argon2id(
            salt=self._entropy(SALT_BYTES),
            length=HASH_BYTES,
            iterations=self._cost.passes,
            lanes=limits.PASSWORD_LANES,
            memory_cost=self._cost.memory_kib,
        )
        return argon2.derive_phc_encoded(password.encode())

    def fits(self, password: str, phc: str) -> bool:
        """Return whether this is the password of a PHC string; "" is the string of none, and takes as long.

        A string of another kind, or of several lanes (see `limits.PASSWORD_LANES`), fits no password.
        """
        from cryptography.exceptions import InvalidKey
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        match = _PHC.fullmatch(phc)
        is_ours = match is not None and int(match[3]) == limits.PASSWORD_LANES
        try:
            Argon2id.verify_phc_encoded(password.encode(), phc if is_ours else self._nobody)
        except InvalidKey:
            return False
        return True

    def is_outdated(self, phc: str) -> bool:
        """Return whether a new hash would cost more than this one did."""
        match = _PHC.fullmatch(phc)
        return match is not None and (int(match[1]) < self._cost.memory_kib or int(match[2]) < self._cost.passes)

    def _phc_of_nobody(self) -> str:
        """Return a PHC string that no password fits: its hash is random."""
        salt, digest = (b64encode(self._entropy(size)).decode().rstrip("=") for size in (SALT_BYTES, HASH_BYTES))
        cost = f"m={self._cost.memory_kib},t={self._cost.passes},p={limits.PASSWORD_LANES}"
        return f"$argon2id$v=19${cost}${salt}${digest}"


def prepare(password: str) -> str:
    """Return a password as it is hashed (RFC 8265, section 4.2).

    Raises ValueError, which says what to do and never shows the password, for one that nobody can have.
    """
    if not password:
        raise ValueError("the password is empty: type at least one character")
    if len(password) > limits.PASSWORD_CHARACTERS:
        raise ValueError(f"the password has more than {limits.PASSWORD_CHARACTERS} characters: choose a shorter one")
    from precis_i18n import get_profile

    try:
        prepared = get_profile("OpaqueString").enforce(password)
    except UnicodeError:
        # `from None`: the cause shows the password.
        raise ValueError("the password has a character that no keyboard types: use letters, digits and signs") from None
    if len(prepared) > limits.PASSWORD_CHARACTERS:
        raise ValueError(f"the password has more than {limits.PASSWORD_CHARACTERS} characters: choose a shorter one")
    return prepared


def fault_of_new(password: str, name: str) -> str:
    """Return why a password, as `prepare` returns it, is too weak for a new one of an account, "" if it is not."""
    if len(password) < limits.NEW_PASSWORD_CHARACTERS:
        return f"a new password has {limits.NEW_PASSWORD_CHARACTERS} characters at least: choose a longer one"
    if password.casefold() == name.casefold():
        return "the password is the name: choose another one"
    return ""


def prepare_new(password: str, name: str) -> str:
    """Return a new password of an account as it is hashed. Raises ValueError, which says why, if it cannot be one."""
    prepared = prepare(password)
    if fault := fault_of_new(prepared, name):
        raise ValueError(fault)
    return prepared
