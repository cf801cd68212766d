"""A token bucket: so much at once, and so much each second in the long run."""

from __future__ import annotations


class Bucket:
    """Tokens that are taken, and come back with time: `rate` of them in each `period` milliseconds, at most `burst`.

    Begins full. Times are in milliseconds, from any clock; one that goes back gives nothing and takes nothing away. All
    arithmetic is on integers, so that nothing is lost to rounding: within any t milliseconds at most
    `burst + rate * t / period` tokens are taken.
    """

    __slots__ = ("_burst", "_level", "_now", "_period", "_rate")

    def __init__(self, rate: int, burst: int, now: int, *, period: int = 1000) -> None:
        if rate < 1 or burst < 1 or period < 1:
            raise ValueError(f"a bucket of {burst} that gets {rate} in {period} ms never gives anything")
        self._rate = rate
        self._burst = burst * period  # one token is `period` units, so that a millisecond brings `rate` of them
        self._period = period
        self._level = self._burst
        self._now = now

    def level(self, now: int) -> int:
        """Return how many whole tokens there are."""
        if now > self._now:
            self._level = min(self._burst, self._level + (now - self._now) * self._rate)
            self._now = now
        return self._level // self._period

    def is_full(self, now: int) -> bool:
        """Return whether nothing is missing."""
        self.level(now)
        return self._level == self._burst

    def take(self, count: int, now: int) -> bool:
        """Take so many tokens, or none if there are fewer, and return which."""
        if self.level(now) < count:
            return False
        self._level -= count * self._period
        return True

    def spend(self, count: int, now: int) -> None:
        """Take so many tokens, also more than there are: then as many are missing before there is one again."""
        self.level(now)
        self._level -= count * self._period

    def wait(self, count: int, now: int) -> int:
        """Return in how many milliseconds there are so many tokens, if none is taken meanwhile: 0 for now.

        `count` is at most the burst: more there never are.
        """
        self.level(now)
        missing = min(count * self._period, self._burst) - self._level
        return max(0, -(-missing // self._rate))
