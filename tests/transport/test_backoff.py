"""How long to wait before the next try."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.limits import BACKOFF_FIRST_SECONDS, BACKOFF_LAST_SECONDS
from libchat.transport.backoff import backoff


def test_limits_double_up_to_the_last() -> None:
    """With the most of chance, delays are nearly the limits: twice the one before, up to the last, for ever."""
    delays = list(islice(backoff(lambda: 1.0, first=1.0, last=10.0), 7))
    assert delays == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_chance_spreads_the_upper_half() -> None:
    """With the least of chance, delays are half of the limits."""
    assert list(islice(backoff(lambda: 0.0, first=1.0, last=10.0), 5)) == [0.5, 1.0, 2.0, 4.0, 5.0]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1))
def test_delays_lie_between_half_and_all_of_their_limit(chances: list[float]) -> None:
    """Whatever chance says, no delay is shorter than half of its limit, nor longer than it."""
    limit = BACKOFF_FIRST_SECONDS
    for delay in islice(backoff(iter(chances).__next__), len(chances)):
        assert limit / 2 <= delay <= limit
        limit = min(2 * limit, BACKOFF_LAST_SECONDS)


def test_chance_is_asked_once_for_each_delay() -> None:
    """Nothing is drawn ahead: a delay uses the number that is drawn for it."""
    numbers = iter((0.0, 1.0))
    delays = backoff(lambda: next(numbers), first=1.0)
    assert next(delays) == pytest.approx(0.5)
    assert next(delays) == pytest.approx(2.0)
