"""What is known of who is at the other end of a session, and what it has said while the accounts were asked about it.

A session comes with an address and, over TLS, with the pin of the key that it was shown. From then on the accounts fill
in the rest: they are asked (`is_waiting`), and answer. What it says meanwhile, or while something that it has said
before is vetted, waits in a queue, which is made when it is needed, because a server holds thousands of sessions that
never need one.
"""

from __future__ import annotations

from collections import deque

from libchat import messages as m
from libchat.limits import WAITING_COMMANDS


class Standing:
    """Who somebody is, as far as it is known. Only the router changes it."""

    __slots__ = (
        "_held",
        "account",
        "address",
        "attempt",
        "device",
        "has_proven",
        "is_trusted",
        "is_waiting",
        "key",
        "label",
        "nonce",
        "owner",
        "pin",
    )

    def __init__(self) -> None:
        self.account = ""
        """The canonical name of the account that it has proven to be, "" for a guest."""
        self.has_proven = False
        """Whether it has shown, by a password or a key, to be this account."""
        self.key = ""
        """The public key of the device that it has proven to be, "" if none."""
        self.label = ""
        """What the person calls that device."""
        self.address = ""
        """The address of the machine from which it comes, "" in process: a program vouches for its own."""
        self.pin = ""
        """The pin of the key that the server has shown to it, "" without TLS."""
        self.nonce = ""
        """What its device's proof must sign, "" before it has asked for it."""
        self.attempt = 0
        """Which of its device's connections it is: a larger number is a later one."""
        self.device = ""
        """What `device_id` makes of its client's secret."""
        self.owner = ""
        """Who may edit later what is said on it: an account from any device, a guest from the same; or nobody."""
        self.is_trusted = False
        """Whether it speaks for the program: nobody vets what it says, and it is heard in every room."""
        self.is_waiting = False
        """Whether the accounts are asked about it, or what it says is vetted. Until then its commands wait."""
        self._held: deque[m.Command | m.Rejected] | None = None

    def hold(self, command: m.Command | m.Rejected) -> bool:
        """Have a command wait for the accounts' answer; return False, and do nothing, if as many wait as may.

        Transports that can leave commands unread do that instead.
        """
        if self._held is None:
            self._held = deque()
        if len(self._held) >= WAITING_COMMANDS:
            return False
        self._held.append(command)
        return True

    def next_held(self) -> m.Command | m.Rejected | None:
        """Remove and return the first command that waits; None if none does, or it still has to."""
        if self._held is None or self.is_waiting:
            return None
        command = self._held.popleft()
        if not self._held:
            self._held = None
        return command
