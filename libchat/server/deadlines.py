"""Peers that are waited for, each until a time of its own.

A queue gives everybody in it equally long, so they stand in the order in which their times come: the soonest one is the
first, and finding those whose time has come takes a step for each of them and none for the others.
"""

from __future__ import annotations

from itertools import takewhile
from math import inf

from libchat.server.peer import Peer


class Deadlines:
    """Until when each peer is waited for. Times are in seconds, of a clock that does not go back."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[Peer, float] = {}

    def __bool__(self) -> bool:
        """Return whether anybody is waited for."""
        return bool(self._times)

    def add(self, peer: Peer, time: float) -> None:
        """Wait for a peer, no shorter than for those before it. If it is waited for already, nothing changes."""
        self._times.setdefault(peer, time)

    def discard(self, peer: Peer) -> None:
        """Wait no more for a peer. Harmless if it is not waited for."""
        self._times.pop(peer, None)

    @property
    def soonest(self) -> float:
        """When the first time comes, `inf` if nobody is waited for."""
        return next(iter(self._times.values()), inf)

    def take_due(self, now: float) -> list[Peer]:
        """Remove and return those whose time has come."""
        times = self._times
        if not times:
            return []
        due = list(takewhile(lambda peer: times[peer] <= now, times))
        for peer in due:
            del times[peer]
        return due
