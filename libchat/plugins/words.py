"""Words of a line, with quotes nearly as in a shell.

Quotes hold words together where they begin a word, or the value of an option (`--reason="two words"`). Inside a word
an apostrophe is just one: "don't". In double quotes a backslash goes before `"` and itself; outside of quotes before
blanks and quotes. Everywhere else it stands for itself: people of Windows type paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PLAIN: Final = re.compile(r"(?!--)[^\s\"'\\][^\s\"'\\]*")
_OUTSIDE: Final = frozenset("\"' \t\n")
_INSIDE: Final = frozenset('"\\')


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is meant, and where it was typed. One that begins with a quote is never an option."""

    text: str
    start: int
    end: int
    is_quoted: bool = False
    is_open: bool = False
    """Whether a quote is not closed."""

    @property
    def is_option(self) -> bool:
        """Whether it looks like an option, or is the `--` that ends them."""
        return not self.is_quoted and self.text.startswith("--")


def tokens(line: str) -> Iterator[Token]:
    """Yield the words of a line, one by one: what is behind the last one that is taken is not looked at."""
    at = 0
    while True:
        while at < len(line) and line[at].isspace():
            at += 1
        if at == len(line):
            return
        token = _Reader(line, at).read()
        yield token
        at = token.end


def quote(word: str) -> str:
    """Return a word so that it is read as one, and as this one."""
    if _PLAIN.fullmatch(word):
        return word
    return '"' + re.sub(r'(["\\])', r"\\\1", word) + '"'


class _Reader:
    """Reads one word."""

    def __init__(self, line: str, start: int) -> None:
        self._line = line
        self._start = start
        self._at = start
        self._parts: list[str] = []

    def read(self) -> Token:
        line, is_open = self._line, False
        while self._at < len(line) and not line[self._at].isspace() and not is_open:
            if line[self._at] in "\"'" and self._may_open():
                is_open = not self._read_quoted(line[self._at])
            else:
                self._read_one(_OUTSIDE)
        is_quoted = line[self._start] in "\"'\\"
        return Token("".join(self._parts), self._start, self._at, is_quoted, is_open)

    def _may_open(self) -> bool:
        line, at = self._line, self._at
        return at == self._start or (line[at - 1] == "=" and line.startswith("--", self._start))

    def _read_quoted(self, mark: str) -> bool:
        """Read up to the closing quote, and return whether there is one."""
        self._at += 1
        while self._at < len(self._line):
            if self._line[self._at] == mark:
                self._at += 1
                return True
            self._read_one(_INSIDE if mark == '"' else frozenset())
        return False

    def _read_one(self, escaped: frozenset[str]) -> None:
        line, at = self._line, self._at
        if line[at] == "\\" and line[at + 1 : at + 2] in escaped and at + 1 < len(line):
            at += 1
        self._parts.append(line[at])
        self._at = at + 1
