from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat.core.backoff import Backoff
from libchat.limits import ADDRESS_TRIES, PAIR_TRIES, TRIES_LAST_SECONDS

HOUR = 3_600_000


def guess(backoff: Backoff, address: str, names: int, milliseconds: int, start: int = 0) -> list[int]:
    """Return when an address that guesses as fast as it may, for some names in turn, gets to guess."""
    now, times, number = start, list[int](), 0
    while now < start + milliseconds:
        wait = backoff.begin(address, f"n{number % names}", now)
        if wait:
            now += wait * 1000
        else:
            times.append(now)
            number += 1
            now += 1
    return times


def test_the_first_tries_are_free() -> None:
    """Typing mistakes do not wait; then each wait is twice as long as the one before, up to a bound."""
    backoff = Backoff()
    now, waits = 0, list[int]()
    for _ in range(PAIR_TRIES + 14):
        waits.append(backoff.begin("a", "ana", now))
        if waits[-1]:
            now += waits[-1] * 1000
            assert backoff.begin("a", "ana", now) == 0
    assert waits[: PAIR_TRIES + 1] == [0] * PAIR_TRIES + [1]
    growing = waits[PAIR_TRIES:]
    assert growing == sorted(growing)
    assert growing[:5] == [1, 2, 4, 8, 16]
    assert TRIES_LAST_SECONDS / 2 < growing[-1] <= TRIES_LAST_SECONDS


def test_in_process_nobody_waits() -> None:
    """Without an address nothing is counted."""
    backoff = Backoff()
    assert not any(backoff.begin("", "ana", 0) for _ in range(1000))
    assert len(backoff) == 0


@given(names=st.integers(1, 50), hours=st.integers(1, 5))
def test_guesses_in_an_hour_are_bounded(names: int, hours: int) -> None:
    """One address has less than 50 guesses in its first hour, whatever it guesses at, and seven in each further one."""
    times = guess(Backoff(), "a", names, hours * HOUR)
    assert len(times) < 50 + 7 * (hours - 1)
    if names == 1:
        assert len([at for at in times if at < HOUR]) < PAIR_TRIES + 20


@given(
    tries=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["ana", "bo"]), st.integers(0, 10_000)), max_size=80
    ),
    name=st.sampled_from(["ana", "bo"]),
)
def test_nobody_keeps_another_out(tries: list[tuple[str, str, int]], name: str) -> None:
    """Whatever others try, from other addresses: who comes from here does not wait."""
    backoff, now = Backoff(), 0
    for address, tried, after in tries:
        now += after
        backoff.begin(address, tried, now)
    assert backoff.begin("c", name, now) == 0


@given(st.lists(st.tuples(st.integers(0, 2000), st.booleans()), min_size=1, max_size=60))
def test_a_right_password_leaves_no_wait(tries: list[tuple[int, bool]]) -> None:
    """Who types it right in the end, or whose try was not looked at, is where they were, or better."""
    backoff, now = Backoff(), 0
    for after, is_right in tries:
        now += after
        if backoff.begin("a", "ana", now) == 0:
            before = len(backoff)
            if is_right:
                backoff.forgive("a", "ana")
                assert len(backoff) < before
            else:
                backoff.cancel("a", "ana")
    assert backoff.begin("a", "ana", now) == 0


def test_own_successes_give_no_free_guesses() -> None:
    """Who signs in rightly in between guesses no faster at others' passwords."""
    backoff, now, guesses = Backoff(), 0, 0
    while now < HOUR:
        if backoff.begin("a", "own", now) == 0:
            backoff.forgive("a", "own")
        if wait := backoff.begin("a", f"n{guesses}", now):
            now += wait * 1000
        else:
            guesses += 1
    assert guesses < 50


def test_wrong_tries_are_forgotten() -> None:
    """After a day it is as at the beginning."""
    backoff = Backoff()
    first = len(guess(backoff, "a", 1, HOUR))
    assert len(guess(backoff, "a", 1, HOUR, start=25 * HOUR)) == first


def test_a_clock_that_is_set_back_keeps_nobody_out() -> None:
    """Nobody waits for the time from which the clock was set back."""
    backoff = Backoff()
    guess(backoff, "a", 1, HOUR, start=1000 * HOUR)
    assert backoff.begin("a", "n0", 0) == 0
    assert 0 < backoff.begin("a", "n0", 1) <= TRIES_LAST_SECONDS


def test_memory_is_bounded() -> None:
    """However many addresses and names there are, what is remembered is bounded, and the newest are."""
    backoff = Backoff(remembered=100)
    for number in range(5000):
        backoff.begin(f"a{number}", f"n{number}", number)
    assert len(backoff) == 200
    for _ in range(ADDRESS_TRIES):
        backoff.begin("a4999", "x", 5000)
    assert backoff.begin("a4999", "y", 5000) == 1 or backoff.begin("a4999", "x", 5000) > 0
