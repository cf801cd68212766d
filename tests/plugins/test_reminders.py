"""Reminders: when people mean, and that nothing is forgotten."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.plugins import UsageError
from libchat_plugins.reminders import parse_when

NOW = datetime(2026, 11, 22, 16, 30)  # noqa: DTZ001  # a clock on the wall; a Sunday


@pytest.mark.parametrize(
    ("text", "when", "what"),
    [
        ("in 10m tea", "2026-11-22 16:40", "tea"),
        ("in 10 minutes to make tea", "2026-11-22 16:40", "make tea"),
        ("in 1h30m tea", "2026-11-22 18:00", "tea"),
        ("in 1 hour and 30 mins: tea", "2026-11-22 18:00", "tea"),
        ("IN 2 Days 3 cups of tea", "2026-11-24 16:30", "3 cups of tea"),
        ("in 1w tea", "2026-11-29 16:30", "tea"),
        ("at 17:00 call ana", "2026-11-22 17:00", "call ana"),
        ("17:00 call ana", "2026-11-22 17:00", "call ana"),
        ("at 16:30 call ana", "2026-11-23 16:30", "call ana"),
        ("at 9 call ana", "2026-11-23 09:00", "call ana"),
        ("at 9pm call ana", "2026-11-22 21:00", "call ana"),
        ("12am sleep", "2026-11-23 00:00", "sleep"),
        ("4:45 pm tea", "2026-11-22 16:45", "tea"),
        ("tomorrow stand-up", "2026-11-23 09:00", "stand-up"),
        ("tomorrow at 10:15 stand-up", "2026-11-23 10:15", "stand-up"),
        ("at 10:15 tomorrow that stand-up", "2026-11-23 10:15", "stand-up"),
        ("today at 18:00 go home", "2026-11-22 18:00", "go home"),
        ("on friday at 9 pay ana", "2026-11-27 09:00", "pay ana"),
        ("sunday at 16:00 tea", "2026-11-29 16:00", "tea"),
        ("sunday at 17:00 tea", "2026-11-22 17:00", "tea"),
        ("next monday tea", "2026-11-23 09:00", "tea"),
        ("2026-12-24 at 18:00 eve", "2026-12-24 18:00", "eve"),
        ("tomorrow 5 apples", "2026-11-23 09:00", "5 apples"),
        ("tomorrow two\nlines", "2026-11-23 09:00", "two\nlines"),
    ],
)
def test_when_is_what_people_mean(text: str, when: str, what: str) -> None:
    """Spans, times and days are read as people write them; the rest is what to be reminded of."""
    moment, rest = parse_when(text, NOW)
    assert (f"{moment:%Y-%m-%d %H:%M}", rest) == (when, what)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tea", "'tea' is no time; say when as in 10m"),
        ("in a while tea", "'in a while' is no time"),
        ("in 0m tea", "is no time"),
        ("at 25:00 tea", "'at 25:00' is no time of the day"),
        ("at 13pm tea", "is no time of the day"),
        ("at 9:75 tea", "is no time of the day"),
        ("today at 9 tea", "is over"),
        ("2026-11-21 tea", "2026-11-21 09:00 is over"),
        ("2026-02-30 tea", "is no day of the calendar"),
        ("in 999999w tea", "too far away"),
        ("2999-01-01 tea", "too far away"),
        ("", "is no time"),
        ("inside joke", "is no time"),
    ],
)
def test_what_is_no_time_is_refused(text: str, why: str) -> None:
    """A mistake is told, with what would be right."""
    with pytest.raises(UsageError, match=why):
        parse_when(text, NOW)


@given(st.text(st.sampled_from("0123456789 :-inatmhdwpon\n"), max_size=20))
def test_anything_is_a_time_or_refused(text: str) -> None:
    """No text does anything but name a moment in the future, or raise UsageError."""
    try:
        moment, _ = parse_when(text, NOW)
    except UsageError:
        return
    assert moment > NOW
