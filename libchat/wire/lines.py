"""Framing: bytes to lines, never holding more than one line's worth of them."""

from __future__ import annotations

from libchat.errors import LineTooLong
from libchat.limits import LINE_BYTES


class LineBuffer:
    """Split a stream at line feeds. A carriage return before one belongs to the line's end."""

    __slots__ = ("_limit", "_rest", "error")

    def __init__(self, limit: int = LINE_BYTES) -> None:
        self._limit = limit
        self._rest = b""
        self.error: LineTooLong | None = None
        """Set when a line was longer than the limit. The stream is of no use from there on."""

    def receive_data(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the stream, and return the lines that they complete, without their ends.

        The lines before one that is too long are returned; it, and all that follows, is dropped, and `error` is set.
        """
        if self.error is not None:
            return []
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if b"\r" in data:
            lines = [line.removesuffix(b"\r") for line in lines]
        if len(data) > self._limit:
            lines = self._up_to_limit(lines)
        return lines

    def _up_to_limit(self, lines: list[bytes]) -> list[bytes]:
        for index, line in enumerate(lines):
            if len(line) > self._limit:
                return self._overflow(lines[:index])
        # One byte more may be the carriage return of an end that has not come yet.
        if len(self._rest) > self._limit + 1:
            return self._overflow(lines)
        return lines

    def _overflow(self, lines: list[bytes]) -> list[bytes]:
        self._rest = b""
        self.error = LineTooLong(self._limit)
        return lines
