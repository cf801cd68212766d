"""Wake a thread that waits in a selector."""

from __future__ import annotations

import socket
from selectors import EVENT_READ, BaseSelector


class Waker:
    """Wake a thread out of its selector, from any thread. A pair of sockets, because that works everywhere."""

    def __init__(self, selector: BaseSelector) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)
        selector.register(self._receiver, EVENT_READ, None)

    def wake(self) -> None:
        """Make the selector return."""
        try:
            self._sender.send(b"\0")
        except (BlockingIOError, OSError):
            pass  # full: it wakes up anyway; closed: it is awake for the last time

    def clear(self) -> None:
        """Forget the wake-ups so far. Called by the woken thread, before it looks at what there is."""
        try:
            self._receiver.recv(4096)
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Close both sockets."""
        self._receiver.close()
        self._sender.close()
