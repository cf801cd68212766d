"""Who has sent more than was carried out, and when it goes on with that.

A peer that has sent more lines than fit into a turn goes on with the next one. One that has sent faster than its pace
allows (`libchat.core.pace`) is held: it goes on after a while. Neither is read meanwhile, so it is the network that
makes the sender wait, and not our memory that grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from libchat.server.deadlines import Deadlines
from libchat.server.peer import Peer


class Arrears:
    """Peers of which something waits although their sockets may have nothing new. `clock` is in seconds."""

    __slots__ = ("_clock", "_held", "_ready")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ready: dict[Peer, None] = {}
        self._held = Deadlines()

    @property
    def is_due(self) -> bool:
        """Whether somebody is to go on with the next turn."""
        return bool(self._ready)

    @property
    def soonest(self) -> float:
        """When the first of those who are held goes on, `inf` if nobody is."""
        return self._held.soonest

    def add(self, peer: Peer) -> None:
        """Have a peer go on with the next turn, or later if it has sent too much."""
        if peer.is_held:
            self._held.add(peer, self._clock() + peer.hold_seconds)
        else:
            self._ready[peer] = None

    def put_back(self, peers: Iterable[Peer]) -> None:
        """Have peers go on with the next turn whose turn this was."""
        self._ready.update(dict.fromkeys(peers))

    def take(self) -> list[Peer]:
        """Remove and return those who go on now."""
        if self._held:
            for peer in self._held.take_due(self._clock()):
                if peer.has_input:
                    self._ready[peer] = None
        ready = list(self._ready)
        self._ready.clear()
        return ready

    def discard(self, peer: Peer) -> None:
        """Forget a peer."""
        self._ready.pop(peer, None)
        self._held.discard(peer)
