"""How often one sender may use a command."""

from __future__ import annotations

import math
import re
from collections import OrderedDict, deque
from typing import Final

from libchat.locks import PLUGINS, tiered_lock

SENDERS: Final = 1000
"""Senders that are remembered for one command; who was silent longest is forgotten, and may begin anew."""

_RATE: Final = re.compile(r"(\d{1,4})/(\d{1,5})s")


def parse_rate(text: str) -> tuple[int, int]:
    """Return times and seconds. Raises ValueError."""
    found = _RATE.fullmatch(text)
    if found is None or not int(found[1]) or not int(found[2]):
        raise ValueError(f"'{text}' is no rate; write times and seconds as 5/10s")
    return int(found[1]), int(found[2])


class Rate:
    """One command's limit. Within any `seconds`, a sender has at most `times` of it."""

    def __init__(self, text: str) -> None:
        self.times, self.seconds = parse_rate(text)
        self._lock = tiered_lock(PLUGINS)
        self._used: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, sender: str, now: float) -> int:
        """Use the command once; return 0, or for how many seconds it cannot be used."""
        with self._lock:
            used = self._used.setdefault(sender, deque(maxlen=self.times))
            self._used.move_to_end(sender)
            if len(self._used) > SENDERS:
                self._used.popitem(last=False)
            if len(used) == self.times and now - used[0] < self.seconds:
                return max(math.ceil(self.seconds - (now - used[0])), 1)
            used.append(now)
            return 0
