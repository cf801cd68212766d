"""How long who guesses passwords has to wait: by the address, and by the pair of address and name.

Nothing is counted for a name alone, so nobody can keep another out from elsewhere. Each try counts as wrong from its
beginning, and is taken back if it was right: so many tries at once are no better than one after the other.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil
from typing import Final

from libchat import limits

_PAIR: Final = "pair"
_ADDRESS: Final = "address"


@dataclass(slots=True)
class _Count:
    """The wrong tries of one address or pair: how many, as of `since`, and until when the next one has to wait."""

    tries: float
    since: int
    until: int


class Backoff:
    """The wrong tries that are remembered. Times are in milliseconds; the numbers are explained in `libchat.limits`."""

    def __init__(
        self,
        *,
        pair_tries: int = limits.PAIR_TRIES,
        address_tries: int = limits.ADDRESS_TRIES,
        first_seconds: float = limits.TRIES_FIRST_SECONDS,
        last_seconds: float = limits.TRIES_LAST_SECONDS,
        remembered: int = limits.TRIES_REMEMBERED,
    ) -> None:
        self._free = {_PAIR: pair_tries, _ADDRESS: address_tries}
        self._first = first_seconds * 1000
        self._last = last_seconds * 1000
        self._remembered = remembered
        self._counts: dict[str, dict[Hashable, _Count]] = {_PAIR: {}, _ADDRESS: {}}  # the quietest first

    def __len__(self) -> int:
        """Return how much is remembered."""
        return sum(map(len, self._counts.values()))

    def begin(self, address: str, name: str, now: int) -> int:
        """Count a try, and return 0; or return the seconds to wait before the next try, and count nothing.

        Whoever asks in process, without an `address`, never waits.
        """
        if not address:
            return 0
        keys: tuple[tuple[str, Hashable], ...] = ((_PAIR, (address, name)), (_ADDRESS, address))
        until = max((self._counts[kind][key].until for kind, key in keys if key in self._counts[kind]), default=0)
        if until > now:
            return ceil((until - now) / 1000)
        for kind, key in keys:
            self._count(kind, key, now)
        return 0

    def forgive(self, address: str, name: str) -> None:
        """Take a try back, because the password was right: the pair begins anew, and the address has one try less."""
        self._counts[_PAIR].pop((address, name), None)
        self._take_back(_ADDRESS, address)

    def cancel(self, address: str, name: str) -> None:
        """Take a try back, because the password was not looked at."""
        self._take_back(_PAIR, (address, name))
        self._take_back(_ADDRESS, address)

    def _count(self, kind: str, key: Hashable, now: int) -> None:
        counts = self._counts[kind]
        old = counts.pop(key, None)
        tries = 1 + (max(old.tries - (now - old.since) / self._last, 0) if old else 0)
        beyond = tries - self._free[kind]
        wait = min(self._first * 2 ** min(beyond, 64), self._last) if beyond >= 0 else 0
        # One that waits no longer than the longest wait can be told from a new one after a few of them only.
        highest = self._free[kind] + 12
        counts[key] = _Count(min(tries, highest), now, now + int(wait))
        if len(counts) > self._remembered:
            del counts[next(iter(counts))]

    def _take_back(self, kind: str, key: Hashable) -> None:
        count = self._counts[kind].get(key)
        if count is None:
            return
        count.tries = max(count.tries - 1, 0)
        if count.tries < self._free[kind]:
            count.until = 0
