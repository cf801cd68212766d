"""The contract of a dialect. `tests/contracts/` holds every implementation to it."""

from __future__ import annotations

from typing import Protocol

from libchat.messages import Command, Event, Rejected
from libchat.names import RoomName


class Dialect(Protocol):
    """The server's side of a codec: lines to commands, events to bytes.

    1. Both functions are pure: the same arguments give the same result, so one instance serves all connections, and an
       event is formatted once for all who get it.
    2. `parse_line` never raises. What it cannot read becomes a `Rejected`, and what means nothing becomes ().
    3. Names and texts travel as they are. The router checks them; a dialect knows its own grammar only.
    4. `format_event` takes every event. It returns whole lines with their ends, or b"" if the dialect has no words for
       it. No text of a peer can look like another line: it never begins one, and its line ends do not pass.
    """

    wants_receipts: bool
    """Whether every accepted entry is confirmed, not only those that wait for somebody."""
    has_acks: bool
    """Whether its clients acknowledge entries. If not, what has left for them counts as acknowledged."""

    def parse_line(self, line: bytes, room: RoomName | None) -> tuple[Command | Rejected, ...]:
        """Return what a line means (without its end), to somebody whose last entered room is `room`."""
        ...

    def format_event(self, event: Event) -> bytes:
        """Return the lines that tell an event."""
        ...
