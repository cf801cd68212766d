"""What other threads have for a thread that waits in a selector."""

from __future__ import annotations

import socket
from selectors import EVENT_READ, BaseSelector
from typing import Generic, TypeVar

from libchat.locks import INBOX, tiered_lock

T = TypeVar("T")


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


class Inbox(Generic[T]):
    """A list that other threads append to. The first item wakes the owner."""

    def __init__(self, waker: Waker) -> None:
        self._lock = tiered_lock(INBOX)
        self._waker = waker
        self._items: list[T] = []

    def post(self, item: T) -> None:
        """Append an item, from any thread. Never blocks."""
        with self._lock:
            is_first = not self._items
            self._items.append(item)
        if is_first:
            self._waker.wake()

    def take(self) -> list[T]:
        """Remove and return all items. Called by the owner."""
        with self._lock:
            items, self._items = self._items, []
        return items
