"""Words of a search, as a full-text index takes them: runs of letters and digits, in any case, with any accents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_TOKEN = r"[^\W_]"


class Words:
    """All words of a search. Each is as `AskSearch` has it; one without a letter or digit stands nowhere."""

    def __init__(self, words: Sequence[str]) -> None:
        patterns = [_pattern(word) for word in words]
        self._patterns = [pattern for pattern in patterns if pattern is not None]
        self._tokens = [token for word in words for token in _tokens(word)]
        """What all stands somewhere in a text that matches: most texts are ruled out by that, which is much faster."""
        self.is_findable = bool(patterns) and len(self._patterns) == len(patterns)
        """Whether there can be a text in which all of them stand."""

    def stand_in(self, text: str) -> bool:
        """Return whether all words stand in a text."""
        folded = fold(text)
        for token in self._tokens:
            if token not in folded:
                return False
        return self.is_findable and all(pattern.search(folded) for pattern in self._patterns)


def fold(text: str) -> str:
    """Return a text without what a search does not see: case and accents."""
    if text.isascii():
        return text.lower()
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return plain.casefold()


def _tokens(word: str) -> list[str]:
    return re.findall(f"{_TOKEN}+", fold(word))


def _pattern(word: str) -> re.Pattern[str] | None:
    """Return what a folded text holds if the word stands in it, None if no text does."""
    tokens = _tokens(word)
    if not tokens:
        return None
    end = "" if word.endswith("*") else f"(?!{_TOKEN})"
    return re.compile(f"(?<!{_TOKEN})" + r"[\W_]+".join(tokens) + end)
