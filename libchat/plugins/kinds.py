"""What a word of a command can be: a small class for each type of parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from libchat.plugins.surface import Scope
from libchat.plugins.types import Candidate


class Kind(Protocol):
    """How words of one type are read and completed."""

    @property
    def placeholder(self) -> str:
        """What stands for a word of it in usage lines."""
        ...

    def parse(self, word: str, scope: Scope) -> object:
        """Return the value of a word. Raises ValueError, which says what would be right."""
        ...

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        """Return what a word may become, best first. Never blocks."""
        ...
