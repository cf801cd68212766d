"""How long to wait before the next try."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from libchat.limits import BACKOFF_FIRST_SECONDS, BACKOFF_LAST_SECONDS


def backoff(
    random: Callable[[], float], *, first: float = BACKOFF_FIRST_SECONDS, last: float = BACKOFF_LAST_SECONDS
) -> Iterator[float]:
    """Yield delays in seconds, for ever: each limit is twice the one before, up to `last`.

    `random` returns numbers in [0, 1). A delay lies between half of its limit and the limit, so that the clients of a
    server that comes back do not all come back at once.
    """
    limit = first
    while True:
        yield limit / 2 + random() * limit / 2
        limit = min(limit * 2, last)
