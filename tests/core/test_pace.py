"""The pace of a session, without a connection: flowing, delayed, refused, and flowing again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat import messages as m
from libchat.core.pace import COSTS, ONE, REMIND, Pace
from libchat.errors import Code

RATE, BURST, PATIENCE = 8, 20, 30


def run(pace: Pace, lines: int, now: int) -> tuple[int, int, m.Slowed | None]:
    """Do a turn of somebody who has sent so many lines: return how many were carried out, refused, and what is told."""
    left = allowed = pace.allowance(now)
    done = 0
    while left >= ONE and done < lines:
        done += 1
        left -= ONE
    is_refusing = pace.is_refusing
    pace.spent(allowed - left, done, now)
    told = pace.hold(done < lines, lines - done, now)
    return (0, done, told) if is_refusing else (done, 0, told)


def test_a_burst_flows() -> None:
    """As many messages as the burst come through at once, and nothing is told."""
    assert run(Pace(RATE, BURST, PATIENCE, 0), BURST, 0) == (BURST, 0, None)


def test_beyond_the_burst_one_is_told_and_delayed() -> None:
    """What is over waits; each hold later a slice of it is carried out; one is told once, and how long it lasts."""
    pace = Pace(RATE, BURST, PATIENCE, 0)
    assert run(pace, BURST + 10, 0) == (BURST, 0, m.Slowed(2))
    assert pace.is_held
    now = int(pace.hold_seconds * 1000)
    assert run(pace, 10, now) == (2, 0, None)
    assert run(pace, 8, 2 * now) == (2, 0, None)


def test_when_the_bucket_is_full_again_one_is_told_again() -> None:
    """Who was slower for a while begins anew."""
    pace = Pace(RATE, BURST, PATIENCE, 0)
    run(pace, BURST + 1, 0)
    run(pace, 1, 1_000)
    later = 1_000 + 1_000 * BURST // RATE
    assert run(pace, BURST + 1, later) == (BURST, 0, m.Slowed(1))


def test_who_is_still_held_is_reminded() -> None:
    """As long as it lasts, one is told again now and then."""
    pace = Pace(RATE, BURST, 10_000, 0)
    step = int(pace.hold_seconds * 1000)
    told = [now for now in range(0, 2 * REMIND + 1, step) if run(pace, 1_000, now)[2] is not None]
    assert told == [0, REMIND, 2 * REMIND]


def flood(pace: Pace, since: int, until: int) -> list[tuple[int, int, int]]:
    """Send without a pause, and return when how many lines were carried out and refused."""
    step = int(pace.hold_seconds * 1000)
    return [(now, *run(pace, 1_000, now)[:2]) for now in range(since, until, step)]


def test_a_flood_is_refused_after_a_while_and_forgiven_when_the_bucket_is_full() -> None:
    """Of messages that were delayed in a row, `PATIENCE` go through; then all are refused, until the burst is back."""
    pace = Pace(RATE, BURST, PATIENCE, 0)
    story = flood(pace, 0, 60_000)
    first_refusal = next(index for index, (_, _, refused) in enumerate(story) if refused)
    assert sum(done for _, done, _ in story[:first_refusal]) == BURST + PATIENCE
    again = next(index for index, (_, done, _) in enumerate(story) if index > first_refusal and done)
    assert story[again][1] == BURST
    seconds = (story[again][0] - story[first_refusal][0]) / 1000
    assert BURST / RATE - 0.5 <= seconds <= BURST / RATE + 0.5
    assert all(done == 0 for _, done, _ in story[first_refusal:again])


def test_refusals_come_no_faster_than_answers_did() -> None:
    """However much is sent while messages are refused, no more of it is looked at than before."""
    pace = Pace(RATE, BURST, PATIENCE, 0)
    story = flood(pace, 0, 6_000)
    refused = [refused for _, _, refused in story if refused]
    assert refused
    assert max(refused) == RATE // 4


@given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 60)), max_size=60))
def test_never_more_than_burst_and_rate(script: list[tuple[int, int]]) -> None:
    """However lines come, no more of them are carried out than burst and rate allow."""
    pace, now, done = Pace(RATE, BURST, PATIENCE, 0), 0, 0
    for passed, lines in script:
        now += passed
        done += run(pace, lines, now)[0]
        assert done <= BURST + RATE * now / 1000


def test_a_refusal_answers_the_command_in_words() -> None:
    """It repeats the cid, has a code for programs, and says how long it lasts."""
    pace = Pace(RATE, BURST, PATIENCE, 0)
    flood(pace, 0, 4_500)
    assert pace.is_refusing
    refused = pace.refuse(m.Send("#red", "hi", cid="c"), 4_500)
    assert isinstance(refused, m.Rejected)
    assert (refused.code, refused.cid) == (Code.RATE_LIMITED, "c")
    assert "nothing more is taken for 2 s" in refused.reason


def test_what_costs_little_is_never_refused() -> None:
    """What a client confirms, asks or says at its end is carried out, also while messages are refused."""
    pace = Pace(RATE, BURST, PATIENCE, 0)
    flood(pace, 0, 4_500)
    for command in (m.Ack("#red", 1), m.Read("#red", 1), m.Ping("c"), m.Typing("#red"), m.Exit()):
        assert COSTS[type(command)] < ONE
        assert pace.refuse(command, 4_500) is command
    mistake = m.Rejected(Code.BAD_LINE, "words")
    assert pace.refuse(mistake, 4_500) is mistake


def test_a_slow_rate_is_kept() -> None:
    """One message a second is held for a second at a time."""
    pace = Pace(1, 1, PATIENCE, 0)
    assert pace.hold_seconds == 1.0
    assert run(pace, 3, 0)[0] == 1
    assert run(pace, 2, 999)[0] == 0
    assert run(pace, 2, 1_000)[0] == 1
