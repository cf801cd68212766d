"""Statistics: what is counted, and how it is drawn."""

from __future__ import annotations

from datetime import UTC

import pytest

from libchat import Entry, Hub
from libchat.plugins import PluginError
from libchat.tables import display_width
from libchat.testing.stage import Stage
from libchat_plugins.statistics import Config, count, newest, report
from support.coming import plugin

HOUR = 3_600_000
MIDNIGHT = 1_795_305_600_000
"""2026-11-22T00:00Z in milliseconds."""


def entry(seq: int, sender: str, text: str, hours: float = 0, **more: object) -> Entry:
    """Return a message in #x, so many hours after midnight."""
    return Entry("#x", seq, sender, MIDNIGHT + int(hours * HOUR), text, **more)  # type: ignore[arg-type]


ENTRIES = [
    entry(1, "ana", "one two", 9),
    entry(2, "Ana", "three", 9.5),
    entry(3, "bo", "hi", 33),
    entry(4, "bo", "x", 33, kind="react", ref=3),
    entry(5, "cy", "", 33, is_deleted=True),
    entry(6, "Ana", "x", 47),
]


def test_messages_are_counted_by_person_hour_and_day() -> None:
    """One person under two spellings is one; reactions and what was deleted count for nobody."""
    counts = count(ENTRIES, UTC)
    assert dict(counts.messages) == {"ana": 3, "bo": 1}
    assert dict(counts.words) == {"ana": 4, "bo": 1}
    assert counts.names["ana"] == "Ana"
    assert {hour: number for hour, number in enumerate(counts.hours) if number} == {9: 3, 23: 1}
    assert [counts.days[day] for day in sorted(counts.days)] == [2, 2]


def test_the_report_is_drawn() -> None:
    """It tells who, at which hours, and on which days."""
    assert report("#x", count(ENTRIES, UTC), Config(), 50).splitlines() == [
        "#x: 4 messages of 2 people",
        "Ana ████████████████████████████ 3 (75 %, 4 words)",
        "bo  █████████▍ 1 (25 %, 1 word)",
        "",
        "by hour",
        " " * 18 + "██" + " " * 26 + "▃▃",
        "0     3     6     9     12    15    18    21",
        "",
        "by day",
        "██",
        "2026-11-22 to 2026-11-23, most: 2 a day",
    ]


def test_the_report_fits_the_terminal() -> None:
    """On a narrow screen nothing is wrapped, and with many people the rest is one line."""
    entries = [entry(seq, f"somebody-with-a-long-name-{seq % 40}", "x", seq) for seq in range(1, 2_000)]
    for columns in (60, 80, 200):
        lines = report("#x", count(entries, UTC), Config(people=5), columns).splitlines()
        assert all(display_width(line) <= columns for line in lines)
        assert any(line.startswith("35 others: 1,749 (87 %") for line in lines)


def test_plain_characters_do() -> None:
    """Where no others can be shown, the plot is ASCII."""
    assert report("#x", count(ENTRIES, UTC), Config(ascii=True), 60).isascii()


def test_silence_is_told() -> None:
    """A room in which nothing was said has no plot."""
    assert report("#x", count([], UTC), Config(), 60) == "nothing was said in #x"


def test_the_newest_entries_are_read(hub: Hub) -> None:
    """A history of several pages is read back to the number, or the time, that was asked for."""
    with hub.connect("ana") as ana:
        ana.join("#x")
        for number in range(450):
            ana.send("#x", str(number))
        last = ana.send("#x", "last").accepted(timeout=5)
        assert [one.seq for one in newest(ana, "#x", 1_000)] == list(range(1, 452))
        assert [one.text for one in newest(ana, "#x", 2)] == ["449", "last"]
        assert newest(ana, "#x", 1_000, since=last.time + 1) == []


def test_a_room_is_counted(stage: Stage) -> None:
    """The command reads the history of the room, or of one of its people."""
    stage.load(plugin("statistics"), ascii=True)
    for text in ("one", "two words", "x"):
        stage.others["bo"].send("#team", text).accepted(timeout=5)
    stage.others["cy"].send("#team", "hi").accepted(timeout=5)
    (told,) = stage.run("stats")
    assert told.startswith("#team: 4 messages of 2 people\nbo ####")
    (told,) = stage.run("stats #team --days 1 --who CY")
    assert told.startswith("#team: 1 message of 1 person\ncy ####")


@pytest.mark.parametrize(
    ("line", "target", "why"),
    [("stats", "", "name a room"), ("stats --days -1", "#team", "--days"), ("stats #no", "#team", "not in #no")],
)
def test_what_cannot_be_counted_is_told(stage: Stage, line: str, target: str, why: str) -> None:
    """A mistake is told, and no failure of the plugin."""
    stage.load(plugin("statistics"))
    assert why in stage.run(line, target=target)[0]
    assert stage.errors == []


@pytest.mark.parametrize("wrong", [{"entries": 0}, {"people": 1_000}])
def test_settings_out_of_range_are_refused(stage: Stage, wrong: dict[str, int]) -> None:
    """They are told when the plugin is loaded."""
    with pytest.raises(PluginError, match="is between"):
        stage.load(plugin("statistics"), **wrong)
