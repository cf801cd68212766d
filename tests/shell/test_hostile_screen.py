"""Whatever a peer or a server sends, a terminal only shows it, and nobody can pretend to be somebody else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat import Entry
from libchat import messages as m
from libchat_shell.lines import Line
from libchat_shell.model import Model
from libchat_shell.sanitise import FSI, LINK, PDI, width
from support.hostile_texts import TRICKS, hostile, obeyed
from support.screens import NOON, look, model
from support.values import events

NAMES = ("bo", "cy", "somebody.with.a.long.name", "漢字", "דנה", "n" * 32, "漢" * 32)
names = st.sampled_from(NAMES)
rooms = st.sampled_from(("#team", "#dev"))

entries = st.builds(
    Entry,
    target=st.one_of(rooms, st.just("ana")),
    seq=st.integers(1, 30),
    sender=names,
    time=st.integers(NOON, NOON + 10**9),
    text=hostile,
    kind=st.sampled_from(("message", "message", "edit", "delete", "react", "unreact", "topic", "new\x1b kind")),
    ref=st.integers(0, 30),
    reactions=st.lists(st.builds(m.Reaction, hostile, st.just(("bo", "cy"))), max_size=3).map(tuple),
)
notes = st.one_of(
    st.builds(m.Kicked, rooms, names, names, hostile),
    st.builds(m.Left, rooms, names, hostile),
    st.builds(m.Joined, rooms, names),
    st.builds(m.Muted, rooms, names, names, st.integers(0, 10**18), hostile),
    st.builds(m.Entered, rooms, st.just(("ana", *NAMES)), hostile),
    st.builds(m.Failed, hostile, hostile, hostile),
    st.builds(m.Interrupted, hostile),
    st.builds(m.Bye, hostile),
    st.builds(m.Accepted, names, st.integers(1, 30), st.just(NOON), st.just("c1"), st.booleans(), hostile),
    st.builds(m.IsTyping, names, rooms),
)


def play(made: Model, played: Sequence[m.Event]) -> list[Line]:
    """Return all lines that come of events, of going everywhere after them, and of looking them up."""
    lines = made.sent("bo", played[0].text if isinstance(played[0], Entry) else "hi", "c1", NOON)
    for number, event in enumerate(played):
        lines += made.take(event, NOON + number * 400)
        lines.append(Line(tuple(made.status(NOON))))
    for target in list(made.targets()):
        lines += made.switch(target, NOON + 10**6)
        lines.append(Line((*made.status(NOON + 10**6), ("", made.prompt()))))
    lines += made.entries("history", [event for event in played if isinstance(event, Entry)], NOON)
    return [*lines, *made.flush(NOON + 10**7)]


@given(st.lists(events(), min_size=1, max_size=8))
def test_no_event_has_a_terminal_obey(played: list[m.Event]) -> None:
    """No event of any type, with anything in any field, becomes a line with something that a terminal obeys."""
    lines = play(model("#team"), played)
    assert not {line.text: found for line in lines if (found := obeyed(line.text))}


@given(st.lists(st.one_of(entries, notes), min_size=1, max_size=12))
def test_no_trick_has_a_terminal_obey(played: list[m.Event]) -> None:
    """No trick in a text, a reason, a topic or a reaction does."""
    lines = play(model("#team"), played)
    assert not {line.text: found for line in lines if (found := obeyed(line.text))}


@given(st.lists(st.one_of(entries, notes), min_size=1, max_size=12), st.sampled_from((80, 120, 200)), st.booleans())
def test_lines_are_no_wider_than_the_screen(played: list[m.Event], columns: int, has_numbers: bool) -> None:
    """No line is wider than the screen, so that none goes on at its edge, unless it is an address."""
    made = model("#team", width=columns, has_numbers=has_numbers)
    for line in play(made, played):
        assert width(line.text) <= columns or LINK.search(line.text) or line.text.endswith("> "), line.text


@given(st.lists(st.one_of(entries, notes), min_size=1, max_size=12))
def test_nobody_writes_before_the_bar(played: list[m.Event]) -> None:
    """Before the bar stands a time, and the name of who has said it, the mark of the shell, or nothing."""
    made = model("#team")
    for line in play(made, played):
        if line.kind and not line.text.startswith("──"):
            head = line.text.partition("│")[0]
            label = re.sub(r"^\d\d:\d\d ", "", head).strip().replace(FSI, "").replace(PDI, "")
            assert label in {"", "--", "*", "ana", "ana→bo", *NAMES, *(f"{name}→ana" for name in NAMES)}, line.text


@given(entries)
def test_a_message_is_under_its_own_name(entry: Entry) -> None:
    """The first line with a text of somebody has their name; those that follow have none."""
    made = model("#team", "#dev", width=100)
    lines = [line for line in made.take(entry, NOON) if line.kind in ("message", "mention")]
    named = [line for line in lines if line.text.partition("│")[0].strip()]
    assert len(named) <= 1
    assert not lines or lines[0] is named[0]


@pytest.mark.parametrize("trick", TRICKS, ids=ascii)
def test_notifications_are_clean(trick: str) -> None:
    """What is handed to the desktop is one clean line, too."""
    made = model("#team")
    made.take(Entry("ana", 1, "bo", NOON, f"x{trick}"), NOON)
    (call,) = made.wanted()
    assert not any(obeyed(text) for text in (call.title, call.body, call.target))


@given(hostile, st.booleans())
def test_what_commands_tell(text: str, is_error: bool) -> None:
    """What a command prints, which may come from a peer, is clean and marked as the shell's."""
    for line in model("#team").told(text, NOON, is_error=is_error):
        assert not obeyed(line.text)
        assert line.text.startswith(" " * 14 + "-- │ ")
        assert width(line.text) <= 80 or LINK.search(line.text)


@given(hostile)
def test_names_that_the_server_makes_up(name: str) -> None:
    """Also a name that no server lets pass is clean, and does not break the screen."""
    made = model("#team")
    lines = made.take(Entry("#team", 1, name, NOON, "hi"), NOON)
    lines += made.take(m.Joined("#team", name), NOON) + made.flush(NOON + 5000)
    lines += made.take(Entry("ana", 1, name, NOON, "hi"), NOON)
    lines.append(Line(tuple(made.status(NOON))))
    assert not any(obeyed(line.text) for line in lines)


def test_all_widths() -> None:
    """A model on a very small screen, or on one whose width is not known, works."""
    for columns in (0, 1, 10, 20, 1000):
        made = model("#team", width=columns)
        assert made.take(Entry("#team", 1, "bo", NOON, "word " * 40), NOON)
        assert made.status(NOON)
        made.look = look(width=columns, is_unicode=False)
        assert made.switch("#team", NOON)
