"""Words that are spelled much like another: "did you mean 'serve'?"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

LIKENESS: Final = 0.6
"""How like another a word is that is near, from 0 to 1: a slip of the pen in a word of three letters is found."""


def near_words(word: str, known: Iterable[str], *, most: int = 1, likeness: float = LIKENESS) -> list[str]:
    """Return up to so many known words that are spelled much like a word, whatever its case, nearest first."""
    spelled = {each.casefold(): each for each in known}
    return [spelled[each] for each in get_close_matches(word.casefold(), spelled, n=most, cutoff=likeness)]


def did_you_mean(word: str, known: Iterable[str], shown: str = "'{}'", *, most: int = 1) -> str:
    """Return the question whether a near word was meant, "" if none is near. `shown` is how a word is written."""
    return question(near_words(word, known, most=most), shown)


def question(words: Sequence[str], shown: str = "{}") -> str:
    """Return the question whether one of some words was meant, "" if there are none."""
    if not words:
        return ""
    *others, last = map(shown.format, words)
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"
