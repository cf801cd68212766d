"""Who is leaving: how a connection ends without losing its last lines.

It is first flushed, then told that nothing more comes, then read and ignored until the peer has closed its side as
well: a socket that is closed with unread input takes the last lines down with it. All of that takes
`Bounds.linger_seconds` at most, however little the peer reads; its session departs before, with the next turn.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from libchat.server.bounds import Bounds
from libchat.server.deadlines import Deadlines
from libchat.server.peer import Peer


class Leavers:
    """Peers at their end. `clock` returns seconds that never go back."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._seconds = bounds.linger_seconds
        self._clock = clock
        self._lingering = Deadlines()
        self.departed: list[tuple[Peer, str]] = []
        """Whose sessions have ended, and why, and the hub does not know yet."""

    @property
    def soonest(self) -> float:
        """When the first one is waited for no more, `inf` if there is none."""
        return self._lingering.soonest

    def take_departed(self) -> list[tuple[Peer, str]]:
        """Remove and return whose ends are to be reported now."""
        departed, self.departed = self.departed, []
        return departed

    def take_due(self, now: float) -> list[Peer]:
        """Remove and return those who have had their time."""
        return self._lingering.take_due(now)

    def depart(self, peer: Peer, reason: str) -> None:
        """Have the end of a session reported with the next turn, unless the hub knows of it."""
        if not (peer.is_over or peer.has_departed):
            peer.has_departed = True
            self.departed.append((peer, reason))

    def wait_for(self, peer: Peer) -> None:
        """Give a peer its time, from now on."""
        self._lingering.add(peer, self._clock() + self._seconds)

    def shut(self, peer: Peer) -> bool:
        """Go on with the end of a finished connection. Return whether nothing is left to do but to close its socket."""
        self.depart(peer, peer.reason)
        self.wait_for(peer)
        if peer.has_more_to_send or peer.is_shut:
            return False
        if peer.has_hung_up:
            return True
        peer.is_shut = True
        try:
            peer.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return True
        return False

    def forget(self, peer: Peer) -> None:
        """Wait no more for a peer."""
        self._lingering.discard(peer)
