"""Memory that a crowd has taken goes back to the system when the crowd has gone.

CPython and OpenSSL free what a connection has needed, but glibc keeps it for the next one: a server from which ten
thousand connections have gone would look as if they were there still. `malloc_trim` gives whole pages back.
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


class Tide:
    """Tell, from the number of connections, when the memory of those that have gone should be given back.

    It is a second after half of the most that there were have gone, when the others have probably gone as well: so it
    is rare, however connections come and go. Times are in seconds, of a clock that does not go back.
    """

    def __init__(self, crowd: int = CROWD) -> None:
        self._crowd = crowd
        self._most = 0
        self.due = inf
        """When it is time, `inf` for not at all."""

    def watch(self, count: int, now: float) -> None:
        """Notice how many connections there are."""
        if count > self._most:
            self._most = count
        elif count <= self._most // 2 and self._most - count >= self._crowd:
            self._most = count
            self.due = now + CALM_SECONDS

    def is_out(self, now: float) -> bool:
        """Return whether it is time, and take it as done."""
        if now < self.due:
            return False
        self.due = inf
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
