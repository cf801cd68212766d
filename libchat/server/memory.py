"""Memory that a crowd has taken goes back to the system when the crowd has gone.

CPython and OpenSSL free what a connection has needed, but glibc keeps it for the next one: a server from which ten
thousand connections have gone would look as if they were there still. `malloc_trim` gives whole pages back.

It is dear: everything waits while the garbage collector looks at all connections that there are, 20 microseconds for
each. So it is done when a crowd has really gone, and not all the time for crowds that come and go.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from math import inf
from typing import Final

CROWD: Final = 16
"""How many connections have gone when it is worth it: about 1 MB, and far more of readers who did not read."""

CALM_SECONDS: Final = 1.0
"""How long it waits for more of them to go."""

REST_SECONDS: Final = 10.0
"""How long it does nothing afterwards, whatever goes."""


class Tide:
    """Tell, from the number of connections, when the memory of those that have gone should be given back.

    It is a second after half of the most that there were have gone, when the others have probably gone as well, and at
    least `REST_SECONDS` after the last time: so it is rare, however connections come and go. Times are in seconds, of a
    clock that does not go back.
    """

    def __init__(self, crowd: int = CROWD) -> None:
        self._crowd = crowd
        self._most = 0
        self._rested = -inf
        """Until when nothing is done."""
        self.due = inf
        """When it is time, `inf` for not at all."""

    def watch(self, count: int, now: float) -> None:
        """Notice how many connections there are."""
        if count > self._most:
            self._most = count
        elif count <= self._most // 2 and self._most - count >= self._crowd:
            self._most = count
            self.due = max(now + CALM_SECONDS, self._rested)

    def pass_on(self) -> None:
        """Notice that one connection is somebody else's now: it is not here any more, and has not gone."""
        self._most -= 1

    def is_out(self, now: float) -> bool:
        """Return whether it is time, and take it as done."""
        if now < self.due:
            return False
        self.due = inf
        self._rested = now + REST_SECONDS
        return True


def give_back() -> None:
    """Give memory that is not needed back to the system, where it does not do so by itself: with glibc."""
    if sys.platform != "linux":
        return
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return  # another C library, as in Alpine Linux, which has no such function
    gc.collect()
    trim(0)
