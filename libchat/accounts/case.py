"""A request that takes a while, because a password has to be compared or hashed."""

from __future__ import annotations

from collections.abc import Callable

from libchat.claims import Claim, SetPassword
from libchat.core.admission import Brought, Progress
from libchat.security.passwords import Hasher
from libchat.store.accounts import Account

Work = Callable[[], None]
"""Hashing that another thread has to do; it keeps its result in the case."""


class Case:
    """A request that is being worked on."""

    __slots__ = ("brought", "checked", "is_charged", "new", "new_phc", "old", "request")

    def __init__(self, request: Claim | SetPassword) -> None:
        self.request = request
        self.brought = Brought()
        self.old = ""
        """The password that has to fit, prepared."""
        self.new = ""
        """The password that is to be stored, prepared."""
        self.checked: tuple[str, bool] | None = None
        """The PHC string that the password was compared with, and whether it fits."""
        self.new_phc = ""
        self.is_charged = False
        """Whether its try is counted."""

    def progress(self, account: Account | None) -> Progress:
        """Return what is known already. What was found of a password that is another one by now does not count."""
        phc = account.password if account is not None else ""
        is_right = self.checked[1] if self.checked is not None and self.checked[0] == phc else None
        return Progress(is_right, bool(self.new_phc))

    def compare(self, phc: str, hasher: Hasher) -> None:
        """Compare the password with a PHC string. To be done by a thread that may take its time."""
        self.checked = phc, hasher.fits(self.old, phc)

    def hash(self, hasher: Hasher) -> None:
        """Hash the new password. To be done by a thread that may take its time."""
        self.new_phc = hasher.hash(self.new)
