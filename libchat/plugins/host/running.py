"""How many commands there may be at once."""

from __future__ import annotations

from collections import Counter
from typing import Final

from libchat.locks import PLUGINS, tiered_lock

RUNNING: Final = 32
"""Commands that run at once: each has a thread, and what waits for a network does not get faster by more of them."""

RUNNING_OF_ONE: Final = 4
"""Commands of one sender that run at once: nobody has all the threads by commands that take long."""


class Running:
    """Who has commands that run."""

    def __init__(self) -> None:
        self._lock = tiered_lock(PLUGINS)
        self._of: Counter[str] = Counter()

    def begin(self, sender: str) -> bool:
        """Count one more, and return whether it may run."""
        with self._lock:
            if self._of.total() >= RUNNING or self._of[sender] >= RUNNING_OF_ONE:
                return False
            self._of[sender] += 1
            return True

    def end(self, sender: str) -> None:
        """Count one less."""
        with self._lock:
            self._of[sender] -= 1
            if not self._of[sender]:
                del self._of[sender]
