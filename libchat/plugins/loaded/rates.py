"""How often one sender may use a command."""

from __future__ import annotations

import math
import re
from collections import OrderedDict, deque
from typing import Final

from libchat.durations import parse_duration
from libchat.locks import PLUGINS, tiered_lock

SENDERS: Final = 1000
"""Senders that are remembered for one command; who was silent longest is forgotten, and may begin anew."""

_RATE: Final = re.compile(r"([1-9][0-9]{0,3})/([0-9]+[a-z])", re.ASCII)


def parse_rate(text: str) -> tuple[int, int]:
    """Return times and seconds of `5/10s`, `3/1m`, `1/1h` or `1/1d`. Raises ValueError."""
    found = _RATE.fullmatch(text)
    try:
        if found is not None:
            return int(found[1]), parse_duration(found[2])
    except ValueError:
        pass
    raise ValueError(f"'{text}' is no rate; write times and a span of time as 5/10s or 3/1m")


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

    def give_back(self, sender: str) -> None:
        """Have the last use not count: the command was mistyped, and did nothing."""
        with self._lock:
            used = self._used.get(sender)
            if used:
                used.pop()
