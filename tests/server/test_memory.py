"""When the memory of connections that have gone is given back."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from libchat.server.memory import CALM_SECONDS, Tide, give_back


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


@given(st.lists(st.integers(0, 1_000)))
def test_it_is_rare(counts: list[int]) -> None:
    """Each time, as many connections have gone as make it worth it."""
    tide, most = Tide(100), 0
    for moment, count in enumerate(counts):
        most = max(most, count)
        tide.watch(count, moment * 10.0)
        if tide.is_out(moment * 10.0 + 5.0):
            assert most - count >= 100
            most = count


def test_giving_back_is_harmless() -> None:
    """It may be called at any time, on any system."""
    give_back()
