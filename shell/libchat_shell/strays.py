"""Stray prints: what anything in the process writes to standard output or standard error becomes lines of the log."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

from libchat.text import clean_text
from libchat_shell.lines import Line

LONGEST: Final = 4096
"""Characters of one line: what is longer is cut into several."""


class Stray(io.TextIOBase):
    """A text stream whose lines are cleaned, and shown in the log. May be written to from any thread."""

    def __init__(self, show: Callable[[Iterable[Line]], None]) -> None:
        super().__init__()
        self._show = show
        self._lock = threading.Lock()
        self._rest = ""

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Show the lines that are complete by now."""
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            if len(self._rest) > LONGEST:
                lines.append(self._rest)
                self._rest = ""
        self._tell(lines)
        return len(text)

    def close(self) -> None:
        """Show what has no line end."""
        with self._lock:
            rest, self._rest = self._rest, ""
        self._tell([rest] if rest else [])

    def _tell(self, lines: list[str]) -> None:
        cleaned = [each for line in lines for each in clean_text(line).split("\n")]
        if cleaned:
            self._show([Line((("dim", f"| {line}"),), kind="stray") for line in cleaned])


class Strays:
    """A block in which nothing that is printed harms the prompt."""

    def __init__(self, show: Callable[[Iterable[Line]], None]) -> None:
        self._streams = Stray(show), Stray(show)
        self._before = sys.stdout, sys.stderr

    def __enter__(self) -> Self:
        """Take standard output and standard error."""
        self._before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._streams
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give them back."""
        sys.stdout, sys.stderr = self._before
        for stream in self._streams:
            stream.close()
