"""What could stand at the cursor: a pure function of the text and of what the shell knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to be put in place of what stands from `start` (an index of the text) to the cursor."""

    text: str
    start: int
    display: str
    note: str = ""


class Known(Protocol):
    """What is known to whoever completes. See the class of the same name once it is filled in."""


def suggest(text: str, cursor: int, known: Known, *, limit: int = 100) -> list[Suggestion]:
    """Return what may stand at the cursor, best first."""
    raise NotImplementedError
