"""Words that are spelled much like another."""

from __future__ import annotations

import pytest

from libchat.near import did_you_mean, near_words, question

WORDS = ("serve", "send", "Settings", "stop")


@pytest.mark.parametrize(
    ("word", "near"),
    [("sned", ["send"]), ("SEND", ["send"]), ("setings", ["Settings"]), ("xyzzy", []), ("", [])],
)
def test_near(word: str, near: list[str]) -> None:
    """A slip of the pen finds its word, whatever the case of either, as it is written."""
    assert near_words(word, WORDS) == near


def test_nearest_first_and_no_more_than_asked_for() -> None:
    """The nearest comes first, and so many are returned at most."""
    known = ["kicks", "kink", "kick", "nick"]
    assert near_words("kick", known, most=3)[0] == "kick"
    assert [len(near_words("kick", known, most=most)) for most in (1, 2, 3)] == [1, 2, 3]


def test_likeness() -> None:
    """Who wants words that are more alike finds fewer."""
    assert near_words("sevre", WORDS) == ["serve"]
    assert near_words("sevre", WORDS, likeness=0.9) == []


def test_no_word_is_known() -> None:
    """Nothing is near where there is nothing."""
    assert near_words("send", []) == []
    assert did_you_mean("send", []) == ""


@pytest.mark.parametrize(
    ("shown", "said"),
    [("'{}'", "did you mean 'send'?"), ("/{}", "did you mean /send?"), ("{}", "did you mean send?")],
)
def test_question(shown: str, said: str) -> None:
    """The near word stands in the question as it is written there."""
    assert did_you_mean("sned", WORDS, shown) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ""),
        (("a",), "did you mean /a?"),
        (("a", "b"), "did you mean /a or /b?"),
        (("a", "b", "c"), "did you mean /a, /b or /c?"),
    ],
)
def test_question_about_several(words: tuple[str, ...], said: str) -> None:
    """Several words are one question."""
    assert question(words, "/{}") == said
