"""A connection with its socket, and what the poller has to remember of both."""

from __future__ import annotations

import socket

from libchat.core.pace import Pace
from libchat.server.connection import Connection, Dialects
from libchat.transport.fanout import Fanout
from libchat.transport.pump import Pump

Arrival = tuple[socket.socket, Pump, str, str]
"""A socket, its pump after the handshake, its peer's address, and the pin that the peer was shown ("" without TLS)."""


class Peer(Connection):
    """A connection with its socket."""

    __slots__ = ("has_departed", "interest", "is_gone", "is_shut", "socket")

    def __init__(
        self, fanout: Fanout, dialects: Dialects, arrival: Arrival, *, outbox_bytes: int, pace: Pace | None
    ) -> None:
        sock, pump, address, pin = arrival
        super().__init__(fanout, pump, dialects, address, pin=pin, outbox_bytes=outbox_bytes, pace=pace)
        self.socket = sock
        self.interest = 0
        """What the selector waits for, 0 if it does not know the socket."""
        self.is_shut = False
        """Whether the socket was told that nothing more comes."""
        self.is_gone = False
        """Whether the socket is closed."""
        self.has_departed = False
        """Whether the end of the session was reported, or is going to be with the next turn."""
