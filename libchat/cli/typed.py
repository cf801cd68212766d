"""Standard input, line by line, read so that a signal is heard while nothing comes.

A wait of Python's own for a line does not always end when a signal comes: the system may have given the signal to
another thread, or to this one a moment before it began to wait (see `signals.WAIT_SECONDS`). So it is waited for input
a while at a time, and between two whiles Python sees to signals.

All of the program reads standard input here: what one reader has taken from the system, another would miss.
"""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from collections import deque
from typing import Final, TextIO

from libchat.cli.signals import WAIT_SECONDS

CHUNK: Final = 65_536
"""Bytes that are read at once."""


class Lines:
    """The lines of a stream that has a file of the system, with any of the usual ends (universal newlines)."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._file = stream.fileno()
        decoder = codecs.getincrementaldecoder(stream.encoding)(stream.errors or "strict")
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._lines: deque[str] = deque()
        self._rest = ""

    def next(self) -> str:
        """Return the next line with its end, "" if there is none."""
        while not self._lines:
            while not select.select([self._file], [], [], WAIT_SECONDS)[0]:
                pass  # signals are seen to here
            data = os.read(self._file, CHUNK)
            *lines, self._rest = (self._rest + self._decoder.decode(data, final=not data)).split("\n")
            self._lines.extend(f"{line}\n" for line in lines)
            if not data:
                self._lines.append(self._rest)
                self._rest = ""
                self._decoder.reset()  # on a terminal, more may be typed after Ctrl-D
        return self._lines.popleft()


_lines: Lines | None = None


def read_line() -> str:
    """Return the next line of standard input with its end, "" if there is none. For the main thread."""
    global _lines  # there is one standard input
    stream = sys.stdin
    if sys.platform == "win32" or not _has_file(stream):  # there, only sockets can be waited for
        return stream.readline()
    if _lines is None or _lines.stream is not stream:
        _lines = Lines(stream)
    return _lines.next()


def _has_file(stream: TextIO) -> bool:
    """Return whether a stream is one of the system's, and not one that somebody has put in place."""
    try:
        return stream.fileno() >= 0
    except (AttributeError, OSError):
        return False
