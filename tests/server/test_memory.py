"""When the memory of connections that have gone is given back."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from libchat.server.memory import CALM_SECONDS, REST_SECONDS, Tide, give_back


def test_memory_is_given_back_when_a_crowd_has_gone() -> None:
    """A second after half of many connections have gone, once; and again after half of the rest have."""
    tide = Tide(100)
    for count in (0, 1_000, 501):
        tide.watch(count, 0.0)
        assert tide.due == inf
    tide.watch(500, 5.0)
    assert not tide.is_out(5.0 + CALM_SECONDS - 0.1)
    assert tide.is_out(5.0 + CALM_SECONDS)
    assert not tide.is_out(99.0)
    tide.watch(251, 99.0)
    assert tide.due == inf
    tide.watch(250, 99.0)
    assert tide.is_out(99.0 + CALM_SECONDS)


def test_connections_that_are_passed_on_have_not_gone() -> None:
    """A crowd that goes through is no crowd that has gone; what of it does not get through may be one."""
    tide = Tide(100)
    tide.watch(1_000, 0.0)
    for count in range(999, 99, -1):
        tide.pass_on()
        tide.watch(count, 0.0)
    assert tide.due == inf
    tide.watch(0, 0.0)
    assert tide.is_out(CALM_SECONDS)


def test_it_rests_afterwards() -> None:
    """Crowds that come and go all the time have it done every ten seconds, not every one."""
    tide, times = Tide(100), []
    for second in range(100):
        tide.watch(0 if second % 2 else 1_000, float(second))
        if tide.is_out(float(second)):
            times.append(second)
    assert times == list(range(2, 100, int(REST_SECONDS)))


@given(st.lists(st.integers(0, 1_000)), st.floats(0.1, 20.0))
def test_it_is_rare(counts: list[int], seconds: float) -> None:
    """Each time, as many connections have gone as make it worth it, and some time has passed."""
    tide, most, last = Tide(100), 0, -inf
    for moment, count in enumerate(counts):
        now = moment * seconds
        most = max(most, count)
        tide.watch(count, now)
        if tide.is_out(now):
            assert most - min(counts[: moment + 1]) >= 100
            assert now >= last + REST_SECONDS
            last = now


def test_giving_back_is_harmless() -> None:
    """It may be called at any time, on any system."""
    give_back()
