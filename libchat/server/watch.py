"""What the poller waits for: which sockets, and what can be done with each.

A socket is waited for as long as something can be done with it: written, while bytes wait to leave; read, while nothing
that was read waits, neither for its turn nor for the accounts, and its end has not come. One with which nothing can be
done is not waited for at all, because what is ready and left alone would wake the poller again and again.
"""

from __future__ import annotations

from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

from libchat.server.arrears import Arrears
from libchat.server.peer import Peer
from libchat.waker import Waker


class Watch:
    """A selector, and who is waited for in it. `arrears` gets those who can go on without waiting."""

    def __init__(self, arrears: Arrears) -> None:
        self._arrears = arrears
        self._selector = DefaultSelector()
        self.waker = Waker(self._selector)
        self.select = self._selector.select
        """Wait, at most so many seconds, and return the keys that are ready; its `data` is the peer, None the waker."""

    def update(self, peer: Peer) -> None:
        """Wait for what can be done with a socket; what can be done without it is due next turn."""
        if peer.is_gone:
            return
        interest = EVENT_WRITE if peer.has_more_to_send else 0
        if not (peer.has_input or peer.has_hung_up or peer.is_waiting):
            interest |= EVENT_READ
        elif peer.has_input and not (interest or peer.is_waiting):
            self._arrears.add(peer)
        if interest != peer.interest:
            self._change(peer, interest)

    def _change(self, peer: Peer, interest: int) -> None:
        if not interest:
            self._selector.unregister(peer.socket)
        elif not peer.interest:
            self._selector.register(peer.socket, interest, peer)
        else:
            self._selector.modify(peer.socket, interest, peer)
        peer.interest = interest

    def forget(self, peer: Peer) -> None:
        """Wait for a socket no more, before it is closed."""
        if peer.interest:
            self._selector.unregister(peer.socket)
            peer.interest = 0

    def close(self) -> None:
        """Wait for nothing any more."""
        self._selector.close()
        self.waker.close()
