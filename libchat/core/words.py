"""What somebody looks for, as they typed it, taken apart."""

from __future__ import annotations

import re

from libchat.errors import Code, InvalidMessage
from libchat.limits import SEARCH_WORDS

_PIECE = re.compile(r'"([^"]*)(?:"|$)|(\S+)')
"""Words in quotes, up to the end if the second quote is missing; or anything without a space."""


def parse_words(text: str) -> tuple[str, ...]:
    """Return the words and quoted phrases to look for. Raises `InvalidMessage` if there are none, or too many."""
    words = tuple(word for piece in _PIECE.finditer(text) if (word := (piece[1] or piece[2] or "").strip()))
    if not any(letter.isalnum() for word in words for letter in word):
        raise InvalidMessage(Code.EMPTY_TEXT, "there is no word to look for")
    if len(words) > SEARCH_WORDS:
        raise InvalidMessage(Code.TEXT_TOO_LONG, f"this has {len(words)} words; {SEARCH_WORDS} can be looked for")
    return words
