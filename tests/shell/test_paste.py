"""Pasting: tokens for what is long, and messages that fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat_shell.paste import FOLDED_LINES, Pastes, parts

MANY = "\n".join(f"line {number}" for number in range(10_000))


def test_ten_thousand_lines_are_one_token() -> None:
    """A long paste is one token in the line, and whole again when the line is sent."""
    pastes = Pastes()
    token = pastes.take(MANY)
    assert token == "[pasted 10,000 lines]"
    assert pastes.unfold(f"look: {token}!") == f"look: {MANY}!"
    assert pastes.is_in(f"look: {token}")


def test_a_few_lines_stay() -> None:
    """What can be looked at is not folded, and cleaned of what a terminal would obey."""
    pastes = Pastes()
    text = "\n".join("abcdefghij"[:FOLDED_LINES])
    assert pastes.take(text) == text
    assert pastes.take("a\x1b[31mb\x9b") == "a[31mb"


def test_one_endless_line_is_folded() -> None:
    """A line that would fill the screen is folded, too."""
    assert Pastes().take("x" * 5000) == "[pasted 5,000 characters]"


def test_two_pastes_of_one_size() -> None:
    """Different texts have different tokens, the same text the same."""
    pastes = Pastes()
    tokens = [pastes.take(text) for text in ("a\n" * 20 + "a", "b\n" * 20 + "b", "a\n" * 20 + "a")]
    assert tokens == ["[pasted 21 lines]", "[pasted 21 lines, 2]", "[pasted 21 lines]"]
    assert pastes.unfold(tokens[1]) == "b\n" * 20 + "b"


def test_what_was_pasted_holds_a_token() -> None:
    """A pasted text that looks like a token is not unfolded again."""
    pastes = Pastes()
    first = pastes.take(MANY)
    second = pastes.take(f"{first}\n" * 30)
    assert pastes.unfold(second).count("line 1\n") == 0


def test_the_token_before_the_cursor() -> None:
    """One backspace takes the whole token."""
    pastes = Pastes()
    token = pastes.take(MANY)
    assert pastes.token_before(f"look {token}") == token
    assert pastes.token_before(f"{token} ") == ""
    pastes.clear()
    assert pastes.token_before(token) == ""


def test_parts_are_cut_at_line_ends() -> None:
    """Lines that fit together are one message, in order."""
    assert list(parts("aaa\nbbb\nccc\nddd", 7)) == ["aaa\nbbb", "ccc\nddd"]


def test_a_line_that_is_too_long_is_cut_at_spaces() -> None:
    """A long line goes out in pieces of whole words, and words that are too long in pieces that fit."""
    assert list(parts("one two three", 8)) == ["one two", "three"]
    assert list(parts("xxxxxxxxxx", 4)) == ["xxxx", "xxxx", "xx"]


def test_empty_lines_inside_stay_and_empty_parts_are_not_sent() -> None:
    """An empty line between two others is kept; nobody could send a message of nothing."""
    assert list(parts("a\n\nb", 100)) == ["a\n\nb"]
    assert list(parts("\n\n", 100)) == []


@given(st.text(alphabet="ab é😀\n", max_size=300), st.integers(min_value=4, max_value=40))
def test_nothing_is_lost_and_everything_fits(text: str, limit: int) -> None:
    """All that can be seen arrives, in order, in messages within the limit."""
    made = list(parts(text, limit))
    assert all(0 < len(part.encode()) <= limit for part in made)
    assert "".join("".join(made).split()) == "".join(text.split())
