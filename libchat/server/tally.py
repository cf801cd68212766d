"""What is logged of things that somebody else can make happen as often as they like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

_log = logging.getLogger("libchat.server")

QUIET_SECONDS: Final = 10.0
"""How long nothing more is logged of a kind: a flood then writes about a megabyte in a day."""


class Tally:
    """Log the first of a kind at once, and then one line in `QUIET_SECONDS`, which says how many there were.

    For one thread. `clock` returns seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float], level: int = logging.WARNING) -> None:
        self._clock = clock
        self._level = level
        self._quiet_until: dict[str, float] = {}
        self._missed: dict[str, int] = {}

    def count(self, what: str, about: str) -> None:
        """Notice that something has happened: `what` is its kind, one of a few; `about` is with whom or what."""
        now = self._clock()
        if now < self._quiet_until.get(what, now):
            self._missed[what] = self._missed.get(what, 0) + 1
            return
        self._quiet_until[what] = now + QUIET_SECONDS
        missed = self._missed.pop(what, 0)
        _log.log(self._level, "%s: %s%s", about, what, f" ({missed} more since the last time)" if missed else "")
