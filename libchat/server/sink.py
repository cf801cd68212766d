"""The poller's side towards the hub: a fan-out behind a lock.

Any thread delivers into it, under the hub's lock; the poller takes, once a turn. Who delivers while the poller sleeps
wakes it; what it delivers itself, in its own turn, it takes behind that anyway.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from libchat.core.effects import Delivery
from libchat.locks import INBOX, tiered_lock
from libchat.transport.fanout import Fanout, Item, Lane
from libchat.waker import Waker


class FanoutSink:
    """What the hub has for the connections of one poller."""

    def __init__(self, waker: Waker) -> None:
        self.fanout = Fanout()
        self.owner = 0
        """The thread that takes what is delivered, and needs no waking for what it delivers itself."""
        self._waker = waker
        self._lock = tiered_lock(INBOX)

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events for participants. Called by any thread, under the hub's lock."""
        with self._lock:
            has_work = self.fanout.deliver(deliveries)
        if has_work and threading.get_ident() != self.owner:
            self._waker.wake()

    def take(self) -> list[tuple[Lane, Sequence[Item]]]:
        """Return what waits in each lane. Called by the owner."""
        with self._lock:
            return self.fanout.take()
