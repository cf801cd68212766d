"""Emoji by their names."""

from __future__ import annotations

import pytest

from libchat.text import check_reaction
from libchat_shell.emoji import SHORTCODES, emoji_of, find_shortcodes


def test_shortcodes() -> None:
    """A shortcode is its emoji, in capital letters, too; what is none stays as it is."""
    assert [emoji_of(text) for text in (":+1:", ":TADA:", "👀", "lol", ":)", "::", "a:b:")] == [
        "👍",
        "🎉",
        "👀",
        "lol",
        ":)",
        "::",
        "a:b:",
    ]


def test_an_unknown_shortcode() -> None:
    """A shortcode that there is not is refused, not sent as a text."""
    with pytest.raises(ValueError, match="no emoji :blorp:"):
        emoji_of(":blorp:")


def test_completion() -> None:
    """What begins alike is found, with and without the colon."""
    assert list(find_shortcodes(":thumbs")) == [(":thumbsup:", "👍"), (":thumbsdown:", "👎")]
    assert list(find_shortcodes("ROCK")) == [(":rocket:", "🚀")]
    assert len(list(find_shortcodes(""))) == len(SHORTCODES)


@pytest.mark.parametrize("emoji", sorted(set(SHORTCODES.values())))
def test_each_can_be_sent(emoji: str) -> None:
    """The chat takes each of them as a reaction."""
    assert check_reaction(emoji) == emoji
