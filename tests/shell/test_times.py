"""Times as people say them."""

from __future__ import annotations

import pytest

from libchat_shell.times import ago, span, until

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_800, "2 d"),
        (86_400 * 800, "2 y"),
    ],
)
def test_span(seconds: int, words: str) -> None:
    """A span is told in the largest unit of which there are two."""
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "just now"), (-4, "just now"), (5, "5 s ago"), (300, "5 min ago"), (-300, "in 5 min")]
)
def test_ago(seconds: int, words: str) -> None:
    """What was is so long ago, what comes is in so long, and 0 is no time at all."""
    assert ago(NOW - seconds * 1000, NOW) == words
    assert ago(0, NOW) == "never"


def test_until() -> None:
    """What ends does so in so long, 0 is without end, and what has ended is over."""
    assert until(NOW + 600_000, NOW) == "for another 10 min"
    assert until(NOW + 599_700, NOW) == "for another 10 min"
    assert until(NOW + 7 * 86_400_000 - 300, NOW) == "for another 7 d"
    assert until(NOW + 300, NOW) == "for another 1 s"
    assert until(0, NOW) == "for good"
    assert until(NOW, NOW) == "over"
