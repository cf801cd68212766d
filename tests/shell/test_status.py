"""The line above the input."""

from __future__ import annotations

import pytest

from libchat import messages as m
from libchat_shell.sanitise import width
from support.screens import NOON, model, said, status


def test_at_home() -> None:
    """At home it says who one is, and that one is in no room."""
    assert status(model()) == "ana: in no room"


def test_in_a_room() -> None:
    """In a room it says which number it has, how many are there, what one may do, and the topic."""
    made = model()
    made.take(m.Entered("#team", ("ana", "bo"), "fun with flags", role="operator"), NOON)
    made.switch("#team", NOON)
    assert status(made) == "1:#team (2, operator) · fun with flags"


def test_order_of_the_unread() -> None:
    """Where one is waited for comes first; then the others, in their order; and not too many."""
    made = model(*(f"#r{number}" for number in range(1, 9)), "#here", width=200)
    for number in range(1, 9):
        made.take(said(1, "bo", "ana!" if number == 5 else "hi", f"#r{number}"), NOON)
    assert "5:#r5(1!) 1:#r1(1) 2:#r2(1) 3:#r3(1) 4:#r4(1) 6:#r6(1) +2" in status(made)


def test_end() -> None:
    """It says that a connection does not come back."""
    made = model("#team")
    made.take(m.Bye("banned", is_final=True), NOON)
    assert status(made).startswith("the chat has ended · ")


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_it_fits(columns: int) -> None:
    """It is never wider than the screen: what matters least is left out."""
    made = model("#dev", "#fun", "#team", width=columns)
    made.take(m.Entered("#team", ("ana", "bo"), "a topic of many words " * 8), NOON)
    made.take(said(1, "bo", "hi", "#dev"), NOON)
    made.take(said(1, "bo", "ana", "#fun"), NOON)
    made.sent("#team", "hello", "c1", NOON)
    made.take(m.IsTyping("cy", "#team"), NOON)
    line = status(made, NOON + 1000)
    assert width(line) < columns
    assert "3:#team" in line


def test_ascii() -> None:
    """A screen that shows only ASCII gets nothing else."""
    made = model(is_unicode=False)
    made.take(m.Entered("#team", ("ana", "bo"), "words " * 40), NOON)
    made.switch("#team", NOON)
    made.sent("#team", "hello", "c1", NOON)
    assert status(made, NOON + 1000).isascii()
    made.take(m.Accepted("#team", 1, NOON, "c1"), NOON)
    assert " | accepted | words" in status(made, NOON + 1000)


def test_prompt() -> None:
    """The prompt says where one is."""
    assert model().prompt() == "> "
    assert model("#team").prompt() == "#team> "
