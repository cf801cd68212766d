"""Names that are spelled much like another, among those who were ever here."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from libchat.names import Name
from libchat.near import near_words

CANDIDATES = 200
"""Names that are compared at most: at about 5 us each, a misspelled name costs the chat a millisecond."""


def near_names(name: Name, candidates: Iterable[Name]) -> list[str]:
    """Return up to three of the candidates that are spelled much like `name`, as they are shown, nearest first."""
    shown = {other.key: other.display for other in islice(candidates, CANDIDATES)}
    return [shown[key] for key in near_words(name.key, shown, most=3, likeness=0.7)]
