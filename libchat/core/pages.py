"""How much of a conversation goes into one page of history."""

from __future__ import annotations

from collections.abc import Sequence

from libchat.messages import Entry


def newest_within(entries: Sequence[Entry], most: int) -> tuple[Entry, ...]:
    """Return the last entries whose texts have `most` bytes of UTF-8 in all; the last one in any case."""
    size = 0
    for index in range(len(entries) - 1, -1, -1):
        size += len(entries[index].text.encode())
        if size > most:
            return tuple(entries[min(index + 1, len(entries) - 1) :])
    return tuple(entries)
