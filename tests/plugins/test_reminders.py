"""Reminders: when people mean, and that nothing is forgotten."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.plugins import UsageError
from libchat.testing.stage import MakeStage, Stage
from libchat_plugins.reminders import parse_every, parse_when, wall_clock
from support.coming import plugin

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


@pytest.mark.parametrize(
    ("text", "again", "when", "what"),
    [
        ("2h tea", "in 2h", "2026-11-22 18:30", "tea"),
        ("90 minutes to stretch", "in 90 minutes", "2026-11-22 18:00", "stretch"),
        ("hour tea", "in 1 hour", "2026-11-22 17:30", "tea"),
        ("day stand-up", "at 09:00", "2026-11-23 09:00", "stand-up"),
        ("day at 17:00 go home", "at 17:00", "2026-11-22 17:00", "go home"),
        ("day 17:00 go home", "17:00", "2026-11-22 17:00", "go home"),
        ("2 days water the plants", "in 2 days", "2026-11-24 16:30", "water the plants"),
        ("week report", "in 1 week", "2026-11-29 16:30", "report"),
        ("monday at 10 meeting", "monday at 10", "2026-11-23 10:00", "meeting"),
    ],
)
def test_what_comes_again_has_a_next_time(text: str, again: str, when: str, what: str) -> None:
    """It is kept in words, which mean a later time each time."""
    assert parse_every(text, NOW) == (again, what)
    assert f"{parse_when(again, NOW)[0]:%Y-%m-%d %H:%M}" == when


@pytest.mark.parametrize(
    ("text", "why"),
    [("10s tea", "a minute is the shortest"), ("2030-01-31 tea", "comes once"), ("now and then tea", "is no time")],
)
def test_what_cannot_come_again_is_refused(text: str, why: str) -> None:
    """Nobody is flooded, and a date comes once."""
    with pytest.raises(UsageError, match=why):
        parse_every(text, NOW)


@given(st.text(st.sampled_from("0123456789 :-inatmhdwpon\n"), max_size=20))
def test_anything_is_a_time_or_refused(text: str) -> None:
    """No text does anything but name a moment in the future, or raise UsageError."""
    try:
        moment, _ = parse_when(text, NOW)
    except UsageError:
        return
    assert moment > NOW


@given(st.text(st.sampled_from("0123456789 :-inatmhdwyeouk\n"), max_size=20))
def test_anything_comes_again_or_is_refused(text: str) -> None:
    """What was understood once is understood the next time."""
    try:
        again, _ = parse_every(text, NOW)
    except UsageError:
        return
    assert parse_when(again, NOW)[0] > NOW


def test_a_shell_reminds_its_person(stage: Stage) -> None:
    """Nobody else hears of it, and it is told once."""
    stage.load(plugin("reminders"))
    due = wall_clock(stage.clock() + 600)
    assert stage.run("remind in 10m to drink tea") == [f"reminder 1: {due:%H:%M}"]
    stage.pass_time(599)
    assert stage.replies[1:] == []
    stage.pass_time(10)
    assert stage.replies[1:] == ["reminder: drink tea"]
    assert stage.said == []


def test_a_bot_reminds_who_asked_where_they_asked(make_stage: MakeStage) -> None:
    """In a room, by name; in private, without."""
    stage = make_stage("bot")
    stage.load(plugin("reminders"))
    stage.run("remind in 1m tea", sender="bo")
    stage.run("remind in 2m cake", sender="cy", target="cy")
    stage.pass_time(121)
    assert stage.said == [("#team", "bo: reminder: tea"), ("cy", "reminder: cake")]


def test_what_was_missed_is_told_late(stage: Stage) -> None:
    """After a restart, a reminder that fell due meanwhile says when that was."""
    stage.load(plugin("reminders"))
    stage.run("remind in 10m tea")
    stage.run("remind in 2h cake")
    due = wall_clock(stage.clock() + 600)
    stage.host.unload("reminders")
    stage.pass_time(3_600)
    stage.host.load("reminders")
    stage.pass_time(1)
    assert stage.replies[2:] == [f"reminder (late, it was due {due:%H:%M}): tea"]
    stage.restart("reminders")
    stage.pass_time(3_600)
    assert stage.replies[3:] == ["reminder: cake"]


def test_reminders_are_listed_and_taken_back(make_stage: MakeStage) -> None:
    """Each sees their own, the next first; nobody takes back another's."""
    stage = make_stage("bot")
    stage.load(plugin("reminders"))
    stage.run("remind in 2h cake", sender="bo")
    stage.run("remind in 1h tea", sender="BO")
    (told,) = stage.run("reminders", sender="bo")
    assert [line.split()[0] + line.split()[-1] for line in told.splitlines()] == ["2tea", "1cake"]
    assert stage.run("reminders", sender="cy") == ["you have no reminders; `remind in 10m tea` makes one"]
    assert "you have no reminder 1" in stage.run("unremind 1", sender="cy")[0]
    assert stage.run("unremind 1", sender="bo") == ["reminder 1 is taken back: cake"]
    stage.pass_time(7_200)
    assert stage.said == [("#team", "BO: reminder: tea")]


def test_a_reminder_may_come_again(stage: Stage) -> None:
    """Each time, until it is taken back; what was missed is told once."""
    stage.load(plugin("reminders"))
    assert stage.run("remind every 2h tea")[0].endswith(", and again")
    stage.pass_time(2 * 7_200 + 10)
    assert stage.replies[1:] == ["reminder: tea"] * 2
    stage.host.unload("reminders")
    stage.pass_time(5 * 7_200)
    stage.host.load("reminders")
    stage.pass_time(10)
    assert len(stage.replies) == 4
    assert "late" in stage.replies[3]
    stage.run("unremind 1")
    stage.pass_time(7_300)
    assert len(stage.replies) == 5


def test_a_reminder_says_of_what(stage: Stage) -> None:
    """A time alone is not enough."""
    stage.load(plugin("reminders"))
    assert "say of what" in stage.run("remind in 10m")[0]


def test_there_is_an_end_of_reminders(stage: Stage) -> None:
    """One person has so many, and no more."""
    stage.load(plugin("reminders"))
    for number in range(50):
        stage.run(f"remind in 1h {number}")
    assert "50 reminders a person are enough" in stage.run("remind in 1h more")[0]
