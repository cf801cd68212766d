"""The token bucket: what it gives, over any time."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.core.bucket import Bucket

rates = st.integers(1, 5_000)
bursts = st.integers(1, 2_000)
periods = st.sampled_from([1, 7, 1_000, 60_000])
steps = st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 500)), max_size=40)
"""Milliseconds that pass, and tokens that are asked for then."""


def test_a_bucket_begins_full_and_fills_up_again() -> None:
    """The burst is there at once, then a tenth of the rate comes in a tenth of a second, and never more than all."""
    bucket = Bucket(100, 20, 5_000)
    assert bucket.take(20, 5_000)
    assert not bucket.take(1, 5_009)
    assert bucket.take(1, 5_010)
    assert bucket.level(5_110) == 10
    assert not bucket.is_full(5_209)
    assert bucket.is_full(5_210)
    assert bucket.level(999_999) == 20


def test_what_is_not_there_is_not_taken() -> None:
    """Who asks for more than there is gets nothing, and what there is stays."""
    bucket = Bucket(1, 10, 0)
    assert not bucket.take(11, 0)
    assert bucket.level(0) == 10


@given(rates, bursts, periods, steps)
def test_never_more_than_burst_and_rate(rate: int, burst: int, period: int, script: list[tuple[int, int]]) -> None:
    """From any moment to any later one, no more is taken than the burst and what the rate brings meanwhile."""
    bucket, now, taken = Bucket(rate, burst, 0, period=period), 0, []
    for passed, count in script:
        now += passed
        taken.append((now, count if bucket.take(count, now) else 0))
    for first, (begin, _) in enumerate(taken):
        total = 0
        for end, count in taken[first:]:
            total += count
            assert total <= burst + Fraction(rate * (end - begin), period)


@given(rates, bursts, periods, steps)
def test_who_spends_more_than_there_is_waits_for_it(
    rate: int, burst: int, period: int, script: list[tuple[int, int]]
) -> None:
    """Who spends only while there is a token is ahead of the rate by the last thing that was bought at most."""
    bucket, now, spent = Bucket(rate, burst, 0, period=period), 0, 0
    for passed, count in script:
        now += passed
        if bucket.level(now) >= 1:
            bucket.spend(count, now)
            spent += count
            assert spent <= burst + Fraction(rate * now, period) + count - 1


@given(rates, bursts, periods, steps)
def test_looking_changes_nothing(rate: int, burst: int, period: int, script: list[tuple[int, int]]) -> None:
    """A bucket that is looked at all the time gives what one gives that is left alone: no rounding is lost."""
    watched, alone, now = Bucket(rate, burst, 0, period=period), Bucket(rate, burst, 0, period=period), 0
    for passed, count in script:
        for moment in range(now, now + passed, 97):
            watched.level(moment)
        now += passed
        assert watched.take(count, now) is alone.take(count, now)
        assert watched.level(now) == alone.level(now)


@given(rates, bursts, periods, st.integers(0, 2_000), st.integers(0, 10_000))
def test_the_refill_is_exact(rate: int, burst: int, period: int, left: int, passed: int) -> None:
    """After some time there is what was left and what came, rounded down once."""
    left = min(left, burst)
    bucket = Bucket(rate, burst, 0, period=period)
    assert burst == left or bucket.take(burst - left, 0)
    assert bucket.level(passed) == min(burst, left + rate * passed // period)


@given(rates, bursts, st.lists(st.tuples(st.integers(-5_000, 3_000), st.integers(1, 500)), max_size=40))
def test_time_that_goes_back_is_harmless(rate: int, burst: int, script: list[tuple[int, int]]) -> None:
    """A clock that jumps back brings nothing, and takes nothing away: what counts is the latest time it has shown."""
    jumping, steady, now, latest = Bucket(rate, burst, 0), Bucket(rate, burst, 0), 0, 0
    for step, count in script:
        now += step
        latest = max(latest, now)
        assert jumping.take(count, now) is steady.take(count, latest)


@given(rates, bursts, periods, st.integers(1, 2_000), st.integers(1, 2_000))
def test_the_wait_is_the_shortest_that_does(rate: int, burst: int, period: int, taken: int, count: int) -> None:
    """After the time that `wait` says the tokens are there, and a millisecond before they are not."""
    taken, count = min(taken, burst), min(count, burst)
    bucket = Bucket(rate, burst, 0, period=period)
    assert bucket.take(taken, 0)
    wait = bucket.wait(count, 0)
    assert wait == 0 or bucket.level(wait - 1) < count
    assert bucket.level(wait) >= count


@pytest.mark.parametrize(("rate", "burst", "period"), [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 1, 1)])
def test_a_bucket_that_gives_nothing_is_a_mistake(rate: int, burst: int, period: int) -> None:
    """No limit is no bucket."""
    with pytest.raises(ValueError, match="never gives anything"):
        Bucket(rate, burst, 0, period=period)
