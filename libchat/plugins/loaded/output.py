"""What plugins print does not go to the terminal: it is cleaned, and told by the program they are in.

While calls of plugins run, `sys.stdout` and `sys.stderr` are streams that look at which thread writes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from libchat.locks import PLUGINS, tiered_lock
from libchat.text import clean_text

PRINTED: Final = 10_000
"""Characters of one call that are told at most; a plugin that prints more is not read by anybody."""


class Capture:
    """What one call has printed."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = PRINTED

    def write(self, text: str) -> None:
        """Keep the beginning."""
        kept = text[: self._room]
        self._room -= len(kept)
        if kept:
            self._parts.append(kept)

    @property
    def text(self) -> str:
        """What can be shown of it, "" if nothing."""
        return clean_text("".join(self._parts)).strip()


class _Current(threading.local):
    """The capture of what this thread prints."""

    capture: Capture | None = None


_current: Final = _Current()


class _Router:
    """A stream that is another one, but for threads that run plugins."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or keep."""
        if _current.capture is None:
            return self._stream.write(text)
        _current.capture.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if there is anything to."""
        if _current.capture is None:
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        value: object = getattr(self._stream, name)
        return value


class _Streams:
    """The streams of the process, as long as somebody captures."""

    def __init__(self) -> None:
        self._lock = tiered_lock(PLUGINS)
        self._count = 0

    def begin(self) -> None:
        """Put routers in place, unless they are there."""
        with self._lock:
            self._count += 1
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if stream is not None and not isinstance(stream, _Router):
                    setattr(sys, name, _Router(stream))

    def end(self) -> None:
        """Put the streams back, when nobody captures any more and nobody else has put others in place."""
        with self._lock:
            self._count -= 1
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if not self._count and isinstance(stream, _Router):
                    setattr(sys, name, stream._stream)


_streams: Final = _Streams()


@contextmanager
def captured(capture: Capture) -> Iterator[None]:
    """Keep what this thread prints meanwhile."""
    outer = _current.capture
    _streams.begin()
    _current.capture = capture
    try:
        yield
    finally:
        _current.capture = outer
        _streams.end()


def tell_printed(capture: Capture, plugin: str, tell: Callable[[str], None]) -> None:
    """Tell what was printed, if anything was."""
    if capture.text:
        tell("\n".join(f"{plugin}: {line}" for line in capture.text.split("\n")))
