"""What waits for a program to receive it: bounded.

As long as nobody has ever read it, an inbox makes room for new events by dropping old ones, so that a program that only
sends need not care. Private entries are never dropped: the chat would take the next acknowledgement for theirs, too.
Once it is read, nothing is dropped from it at all. When there is no room, who carries the events holds them back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from libchat.messages import Entry, Event


class Inbox:
    """A queue of events. Not thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_read = False
        """Whether anybody has ever read it. Whoever reads it sets this first."""
        self._events: deque[Event] = deque()
        self._private = 0

    def __len__(self) -> int:
        """Return how many events wait."""
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        """Yield the events that wait, oldest first, and leave them there."""
        return iter(self._events)

    def has_room(self, beyond: int = 0) -> bool:
        """Return whether one more event may be put, with so many places more than its limit."""
        is_full = len(self._events) >= self.limit + beyond
        return not is_full or (not self.is_read and self._private < len(self._events))

    def put(self, event: Event) -> None:
        """Append an event; ask `has_room` before."""
        if len(self._events) >= self.limit and not self.is_read:
            self._thin_out()
        self._events.append(event)
        self._private += _is_private(event)

    def take(self) -> Event:
        """Remove and return the oldest event. Raises IndexError if there is none."""
        event = self._events.popleft()
        self._private -= _is_private(event)
        return event

    def remove(self, kind: type[Event]) -> list[Event]:
        """Remove and return all events of one type, in order."""
        removed = [event for event in self._events if type(event) is kind]
        self._fill(event for event in self._events if type(event) is not kind)
        return removed

    def _thin_out(self) -> None:
        """Drop the older half of what may be dropped: half, so that this need not be done for each event."""
        excess = (len(self._events) - self._private + 1) // 2
        kept = []
        for event in self._events:
            if excess and not _is_private(event):
                excess -= 1
            else:
                kept.append(event)
        self._fill(iter(kept))

    def _fill(self, events: Iterator[Event]) -> None:
        self._events = deque(events)
        self._private = sum(map(_is_private, self._events))


def _is_private(event: Event) -> bool:
    return isinstance(event, Entry) and not event.target.startswith("#")
