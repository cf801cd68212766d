"""Where a text mentions a name."""

from __future__ import annotations

import pytest

from libchat_shell.mentions import find_mentions


@pytest.mark.parametrize(
    "text",
    [
        "ana",
        "ANA",
        "hi Ana!",
        "ana: look",
        "@ana",
        "(ana)",
        "well, ana.",
        "ana's",
        "ana?",
        "„ana“",
        "ana…",
        "ＡＮＡ",
        "ana👍",
    ],
)
def test_mentioned(text: str) -> None:
    """A name is found as a word of its own, in whatever case, and with signs around it."""
    assert len(find_mentions(text, "ana")) == 1


@pytest.mark.parametrize("text", ["", "banana", "anab", "ana_", "ana2", "ana-bo", "ana.b", "an a", "äna", "anä"])
def test_not_mentioned(text: str) -> None:
    """A name inside another word, or another name, is none."""
    assert find_mentions(text, "ana") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("hallo Jürgen!", "jürgen"), ("HALLO JÜRGEN", "Jürgen"), ("Ju\u0308rgen", "jürgen"), ("שלום, דנה", "דנה")],
)
def test_other_scripts(text: str, name: str) -> None:
    """Names are compared as names are, however they are composed."""
    assert len(find_mentions(text, name)) == 1


def test_where() -> None:
    """Each place is told, without the signs around it."""
    assert find_mentions("ana, ana. b", "ana") == [(0, 3), (5, 8)]


def test_name_with_signs() -> None:
    """A name may hold dots and hyphens, also at its end."""
    assert find_mentions("hi j.doe-, you", "j.doe-") == [(3, 9)]
    assert find_mentions("hi j.doe.", "j.doe") == [(3, 8)]
