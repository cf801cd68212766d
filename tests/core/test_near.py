"""Names that are spelled much like another."""

from __future__ import annotations

from itertools import chain, count, repeat

from libchat.core.near import CANDIDATES, near_names
from libchat.names import parse_name


def near(name: str, *candidates: str) -> list[str]:
    """Return the candidates that are near a name."""
    return near_names(parse_name(name), map(parse_name, candidates))


def test_nearest_first_as_they_are_shown() -> None:
    """A slip of the pen finds its name in the letters that its owner chose, the nearest one first."""
    assert near("alises", "Bob", "ALISE", "Alices") == ["ALISE", "Alices"]


def test_nothing_near() -> None:
    """A name that is like no other finds none."""
    assert near("alice", "Bob", "Carol") == []
    assert near("alice") == []


def test_three_at_most() -> None:
    """A person reads no long list."""
    assert len(near("ana1", *(f"ana{number}" for number in range(2, 9)))) == 3


def test_so_many_are_compared() -> None:
    """However many names there are, only so many are looked at, so that a typing error stays cheap."""
    seen = count()
    endless = (parse_name("zoe") for _ in zip(repeat(None), seen))
    assert near_names(parse_name("alice"), chain(endless)) == []
    assert next(seen) <= CANDIDATES + 1
