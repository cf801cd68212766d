"""What waits to leave for one reader: bounded, in bytes of plaintext."""

from __future__ import annotations

from collections import deque

from libchat.limits import OUTBOX_BYTES


class Outbox:
    """A queue of lines, in pieces of any number of them, which end with a line.

    The pieces may be shared with other outboxes; while they wait, nothing is copied. An empty one takes next to
    nothing: most of a server's thousands never hold anything, and an empty deque alone takes 760 bytes.
    """

    __slots__ = ("_begun", "_limit", "_pieces", "size")

    def __init__(self, limit: int = OUTBOX_BYTES) -> None:
        self._limit = limit
        self._pieces: deque[bytes] | None = None
        """What waits, None if nothing does."""
        self._begun = 0
        """How much of the first piece was taken."""
        self.size = 0
        """Bytes that wait."""

    @property
    def is_congested(self) -> bool:
        """Whether more than half of the room is taken: then the reader gets nothing that it can do without."""
        return self.size > self._limit // 2

    def put(self, piece: bytes) -> bool:
        """Add a piece and return True; or return False, if there is no room for it.

        An empty outbox takes every piece, so that what is larger than the limit can leave at all.
        """
        if not piece:
            return True
        if self.size and self.size + len(piece) > self._limit:
            return False
        self.put_last(piece)
        return True

    def put_last(self, piece: bytes) -> None:
        """Add a piece after which nothing is added, a goodbye: there is always room for it."""
        if self._pieces is None:
            self._pieces = deque()
        self._pieces.append(piece)
        self.size += len(piece)

    def take(self, most: int) -> bytes:
        """Remove and return about `most` bytes of whole lines, at least one line; b"" if nothing waits.

        So a line that was begun is always ended, also when the others are dropped.
        """
        pieces = self._pieces
        if pieces is None:
            return b""
        taken: list[bytes] = []
        size = 0
        while pieces and size < most:
            piece, start = pieces[0], self._begun
            end = _end_of_lines(piece, start, most - size)
            if size and size + end - start > most:
                break
            taken.append(piece[start:end])  # all of it is the same object
            size += end - start
            self._begun = end
            if end == len(piece):
                pieces.popleft()
                self._begun = 0
        self.size -= size
        if not pieces:
            self._pieces = None
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def clear(self) -> None:
        """Drop everything."""
        self._pieces = None
        self._begun = 0
        self.size = 0


def _end_of_lines(piece: bytes, start: int, most: int) -> int:
    """Return where the last line ends that is within `most` bytes from `start`; or the first one, if that is longer."""
    if len(piece) - start <= most:
        return len(piece)
    end = piece.rfind(b"\n", start, start + most) + 1
    return end or piece.find(b"\n", start) + 1 or len(piece)
