"""Words of a search, as a full-text index takes them: runs of letters and digits, in any case, with any accents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_TOKEN = r"[^\W_]"


class Words:
    """All words of a search. Each is as `AskSearch` has it; one without a letter or digit stands nowhere."""

    def __init__(self, words: Iterable[str]) -> None:
        patterns = [_pattern(word) for word in words]
        self._patterns = [pattern for pattern in patterns if pattern is not None]
        self.is_findable = bool(patterns) and len(self._patterns) == len(patterns)
        """Whether there can be a text in which all of them stand."""

    def stand_in(self, text: str) -> bool:
        """Return whether all words stand in a text."""
        folded = fold(text)
        return self.is_findable and all(pattern.search(folded) for pattern in self._patterns)


def fold(text: str) -> str:
    """Return a text without what a search does not see: case and accents."""
    if text.isascii():
        return text.lower()
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return plain.casefold()


def _pattern(word: str) -> re.Pattern[str] | None:
    """Return what a folded text holds if the word stands in it, None if no text does."""
    tokens = re.findall(f"{_TOKEN}+", fold(word))
    if not tokens:
        return None
    end = "" if word.endswith("*") else f"(?!{_TOKEN})"
    return re.compile(f"(?<!{_TOKEN})" + r"[\W_]+".join(tokens) + end)
