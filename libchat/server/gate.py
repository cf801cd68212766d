"""The gate: how many connections there are, from where, and whether there is room for one more.

    enter --> establish --> leave         a connection is accepted; its handshake is done; it is closed
    enter ----------------> leave

One that is over a limit is still let through its handshake, to be told so, but only a few at a time: the others are
closed at once. Half-open ones are limited where they are (`libchat.server.handshakes`).
"""

from __future__ import annotations

from typing import Final

from libchat.core.bucket import Bucket
from libchat.limits import REFUSALS, SPARE_DESCRIPTORS
from libchat.locks import INBOX, tiered_lock
from libchat.server.bounds import Bounds
from libchat.server.networks import is_own, network_of

HANDSHAKE_SHARE: Final = 8
"""Handshakes take one in so many of the open files at most, however few there are."""

MINUTE: Final = 60_000
"""Milliseconds."""

REMEMBERED: Final = 10_000
"""Networks whose registrations are counted: about 2 MB. The longest-known ones are forgotten for new ones."""


class Gate:
    """Who may still come in. Thread-safe.

    `descriptors` is how many files the process may have open.
    """

    def __init__(self, bounds: Bounds, descriptors: int) -> None:
        usable = max(descriptors - SPARE_DESCRIPTORS, 1)
        self.handshakes = max(1, min(bounds.handshakes, usable // HANDSHAKE_SHARE))
        """How many handshakes may be under way."""
        self.connections = bounds.connections or max(1, usable - self.handshakes - REFUSALS)
        """How many connections there may be."""
        self._usable = usable
        self._by_network = bounds.connections_by_address
        self._registrations = bounds.registrations
        self._limits_loopback = bounds.limit_loopback
        self._lock = tiered_lock(INBOX)
        self._open: dict[str, str] = {}
        """The network of each connection, by its address."""
        self._established: set[str] = set()
        self._refused: set[str] = set()
        self._counts: dict[str, int] = {}
        """How many connections are established from each network."""
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        """Return how many sockets are open."""
        return len(self._open)

    def network(self, address: str) -> str:
        """Return what an address counts for, "" if its connections are not counted."""
        return network_of(address) if self._limits_loopback or not is_own(address) else ""

    def enter(self, address: str) -> bool:
        """Return whether a connection that was accepted may stay, for its handshake."""
        network = self.network(address)
        with self._lock:
            if len(self._open) >= self._usable:
                return False
            if len(self._refused) >= REFUSALS and self._fault(network):
                return False
            self._open[address] = network
            return True

    def establish(self, address: str) -> str:
        """Notice that a handshake is done, and return why the connection cannot stay: "" if it can."""
        with self._lock:
            network = self._open.setdefault(address, self.network(address))
            fault = self._fault(network)
            if fault:
                self._refused.add(address)
            elif address not in self._established:  # else it has come again before we noticed that it had gone
                self._established.add(address)
                self._counts[network] = self._counts.get(network, 0) + 1
            return fault

    def leave(self, address: str) -> None:
        """Notice that a connection is closed. Harmless when called twice."""
        with self._lock:
            network = self._open.pop(address, None)
            self._refused.discard(address)
            if network is None or address not in self._established:
                return
            self._established.remove(address)
            self._counts[network] -= 1
            if not self._counts[network]:
                del self._counts[network]

    def register(self, address: str, now: int) -> str:
        """Notice that a name is asked for, and return why it is not given: "" if it is. `now` is in milliseconds."""
        network = self.network(address)
        if not (self._registrations and network):
            return ""
        with self._lock:
            bucket = self._buckets.get(network)
            if bucket is None:
                bucket = self._new_bucket(network, now)
            if bucket.take(1, now):
                return ""
            seconds = -(-bucket.wait(1, now) // 1000)
        return f"more than {self._registrations} names a minute were asked for from your address; wait {seconds} s"

    def _fault(self, network: str) -> str:
        if len(self._established) >= self.connections:
            return f"the server has {self.connections} connections already; try again later"
        if network and self._by_network and self._counts.get(network, 0) >= self._by_network:
            return f"your address has {self._by_network} connections already; close one of them first"
        return ""

    def _new_bucket(self, network: str, now: int) -> Bucket:
        if len(self._buckets) >= REMEMBERED:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}
        if len(self._buckets) >= REMEMBERED:
            del self._buckets[next(iter(self._buckets))]
        bucket = self._buckets[network] = Bucket(self._registrations, self._registrations, now, period=MINUTE)
        return bucket
