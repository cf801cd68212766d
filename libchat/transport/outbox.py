"""What waits to leave for one reader: bounded, in bytes of plaintext."""

from __future__ import annotations

from collections import deque

from libchat.limits import OUTBOX_BYTES


class Outbox:
    """A queue of pieces of bytes. The pieces may be shared with other outboxes; while they wait, nothing is copied."""

    __slots__ = ("_limit", "_pieces", "size")

    def __init__(self, limit: int = OUTBOX_BYTES) -> None:
        self._limit = limit
        self._pieces: deque[bytes] = deque()
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
        self._pieces.append(piece)
        self.size += len(piece)
        return True

    def put_last(self, piece: bytes) -> None:
        """Add a piece after which nothing is added, a goodbye: there is always room for it."""
        self._pieces.append(piece)
        self.size += len(piece)

    def take(self, most: int) -> bytes:
        """Remove and return pieces of about `most` bytes in all, at least one piece; b"" if nothing waits."""
        pieces = self._pieces
        if len(pieces) == 1 or (pieces and len(pieces[0]) >= most):
            piece = pieces.popleft()
            self.size -= len(piece)
            return piece
        taken = []
        size = 0
        while pieces and size < most:
            piece = pieces.popleft()
            taken.append(piece)
            size += len(piece)
        self.size -= size
        return b"".join(taken)

    def clear(self) -> None:
        """Drop everything."""
        self._pieces.clear()
        self.size = 0
