"""What is printed: lines of fragments, each with the class of its style, and nothing that a terminal obeys.

A class is one of `libchat_shell.colours.CLASSES`, or several with a space between them. What it looks like is said by a
theme, at the moment of printing. The text of a line has no newline: a text of several lines is several `Line`s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Fragment: TypeAlias = tuple[str, str]
"""The class of a style ("" for none), and a text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the log. `time` is in milliseconds since 1970; `kind` says what it is, for tests and for filters."""

    fragments: tuple[Fragment, ...]
    time: int = 0
    kind: str = ""

    @property
    def text(self) -> str:
        """Return what stands in the line, without styles."""
        return "".join(text for _, text in self.fragments)
