"""Pasting: what is long is folded to one token in the line that is being typed, and unfolded when that is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from libchat.text import clean_text

FOLDED_LINES: Final = 5
"""A paste of more lines is folded: what is shorter can be looked at, and edited, as it is."""
FOLDED_CHARACTERS: Final = 2000
"""So is one of more characters: it would fill a small screen."""


class Pastes:
    """What was pasted into one line, by the tokens that stand for it."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def take(self, pasted: str) -> str:
        """Return what to put into the line: the text itself, or a token if it is long."""
        text = clean_text(pasted)
        lines = text.count("\n") + 1
        if lines <= FOLDED_LINES and len(text) <= FOLDED_CHARACTERS:
            return text
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        token = f"[pasted {size}]"
        number = 1
        while self._texts.get(token, text) != text:
            number += 1
            token = f"[pasted {size}, {number}]"
        self._texts[token] = text
        return token

    def unfold(self, line: str) -> str:
        """Return the line with all that was pasted into it."""
        if not any(token in line for token in self._texts):
            return line
        pattern = "|".join(map(re.escape, self._texts))
        return re.sub(pattern, lambda match: self._texts[match[0]], line)

    def is_in(self, line: str) -> bool:
        """Return whether a token stands in a line."""
        return any(token in line for token in self._texts)

    def token_before(self, text: str) -> str:
        """Return the token that ends where the text ends, "" if none does."""
        return next((token for token in self._texts if text.endswith(token)), "")

    def clear(self) -> None:
        """Forget everything: the line was sent, or dropped."""
        self._texts.clear()


def parts(text: str, limit: int) -> Iterator[str]:
    """Yield a text in messages of at most `limit` bytes of UTF-8: cut at line ends, and in long lines at spaces."""
    part: list[str] = []
    size = 0
    for piece in _pieces(text, limit):
        length = len(piece.encode(errors="replace"))
        if part and size + 1 + length > limit:
            yield from _visible("\n".join(part))
            part, size = [], -1
        size += length + 1 if part or size < 0 else length
        part.append(piece)
    yield from _visible("\n".join(part))


def _visible(part: str) -> Iterator[str]:
    """Yield a part without the empty lines around it, unless nothing else is in it: nobody could send that."""
    if part.strip():
        yield part.strip("\n")


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Yield the lines of a text; of one that is too long, pieces that are not."""
    for line in text.split("\n"):
        rest = line
        while len(rest.encode(errors="replace")) > limit:
            at = _cut(rest, limit)
            yield rest[:at].rstrip()
            rest = rest[at:].lstrip()
        yield rest


def _cut(line: str, limit: int) -> int:
    """Return where to cut a line that is too long: behind the last space that fits, or else where it is full."""
    full = len(line.encode(errors="replace")[:limit].decode(errors="ignore"))
    space = line.rfind(" ", 1, full)
    return space + 1 if space > 0 else max(full, 1)
