"""How much of a conversation goes into one page of history."""

from __future__ import annotations

from collections.abc import Sequence

from libchat.messages import Entry


def within(entries: Sequence[Entry], anchor: int, most: int) -> tuple[Entry, ...]:
    """Return the entries next to the one at an index, it included, whose texts have `most` bytes of UTF-8 in all.

    The one at the index is there in any case. Both sides grow in turn, as long as the next one fits.
    """
    if not entries:
        return ()
    start, stop = anchor, anchor + 1
    room = most - _size(entries[anchor])
    while True:
        grown = stop - start
        if start and (size := _size(entries[start - 1])) <= room:
            start, room = start - 1, room - size
        if stop < len(entries) and (size := _size(entries[stop])) <= room:
            stop, room = stop + 1, room - size
        if stop - start == grown:
            return tuple(entries[start:stop])


def _size(entry: Entry) -> int:
    return len(entry.text.encode())
