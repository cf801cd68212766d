"""One line on a terminal that says how far something has come, for whatever takes longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TextIO

PATIENCE_SECONDS: Final = 1.0
"""What is done by then is not worth a line."""

REDRAW_SECONDS: Final = 0.1
"""How often the line changes: faster than that, nobody reads it."""


class ProgressLine:
    """Shows how far something has come. Call it with what is done, and how much that is in all (0: not known).

    A context manager: at the end of the block the line is gone. Without a terminal nothing is ever shown. `clock` gives
    seconds.
    """

    def __init__(self, what: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._is_shown = self._stream.isatty()
        self._next = clock() + PATIENCE_SECONDS
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        """Take note, and show it if it is time to."""
        if not self._is_shown or (now := self._clock()) < self._next:
            return
        self._next = now + REDRAW_SECONDS
        self._draw(f"{self._what}: {_words(done, total)}")

    def __enter__(self) -> Self:
        """Return the line."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Erase it."""
        if self._width:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        """Put a text in the place of the one before. Spaces erase on every terminal."""
        self._stream.write("\r" + text.ljust(self._width))
        self._stream.flush()
        self._width = len(text)


def _words(done: int, total: int) -> str:
    if total and done < total:
        return f"{done * 100 // total} % ({done:,} of {total:,})"
    return f"{done:,}" if done else "..."
