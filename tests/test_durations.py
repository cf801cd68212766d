"""Spans of time as people write them."""

from __future__ import annotations

import pytest

from libchat.durations import UNITS, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("45m", 2700), ("24h", 86_400), ("30D", 2_592_000), (" 2w ", 1_209_600)]
)
def test_spans(text: str, seconds: int) -> None:
    """A number and a unit are so many seconds, in capital letters, too."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "h", "0m", "-5m", "1.5h", "1h30m", "1000000s", "٣m"])
def test_what_is_no_span(text: str) -> None:
    """Anything else is refused, with words that show how to write one."""
    with pytest.raises(ValueError, match="as in 24h"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "words"), [("60s", "1 minute"), ("90m", "90 minutes"), ("7d", "1 week")])
def test_words(text: str, words: str) -> None:
    """It is told in the largest unit without a remainder."""
    assert format_duration(parse_duration(text)) == words


def test_each_unit_has_words() -> None:
    """No unit is without words."""
    assert [format_duration(seconds).split()[1][0] for seconds in UNITS.values()] == list(UNITS)
