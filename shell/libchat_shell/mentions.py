"""Where a text mentions a name: as a whole word, however it is written."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from libchat.names import target_key

_LETTER: Final = (
    "A-Za-z0-9_"  # and beyond ASCII everything but punctuation, spaces, symbols and emoji
    "\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u200c\u200d\u2c00-\u2dff\u3040-\ufdff\ufe20-\ufeff"
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffef\U00010000-\U0001efff\U00020000-\U000dffff"
)
_WORD: Final = re.compile(f"[{_LETTER}][{_LETTER}.\\-]*")


def find_mentions(text: str, name: str) -> list[tuple[int, int]]:
    """Return where the name stands in a text (begin, end), compared as names are (RFC 8265)."""
    key, coarse = _keys(name)
    if not key or coarse not in _coarse(text):
        return []
    found = []
    for match in _WORD.finditer(text):
        word = _trimmed(match.group(), coarse)
        if word and target_key(word) == key:
            found.append((match.start(), match.start() + len(word)))
    return found


def _trimmed(word: str, coarse: str) -> str:
    """Return a word, without the full stop or hyphen of its sentence, if it may be the name; else "".

    Compared coarsely first: the right comparison is dear for words that are not ASCII.
    """
    if _coarse(word) == coarse:
        return word
    word = word.rstrip(".-")
    return word if _coarse(word) == coarse else ""


def _coarse(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


@lru_cache(64)
def _keys(name: str) -> tuple[str, str]:
    return target_key(name), _coarse(name)
