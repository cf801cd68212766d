"""What other threads have for a thread that waits in a selector."""

from __future__ import annotations

from typing import Generic, TypeVar

from libchat.locks import INBOX, tiered_lock
from libchat.waker import Waker

T = TypeVar("T")


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

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    def take(self) -> list[T]:
        """Remove and return all items. Called by the owner."""
        with self._lock:
            items, self._items = self._items, []
        return items
