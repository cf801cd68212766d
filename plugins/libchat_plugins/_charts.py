"""Plots of characters, for polls and statistics: pure, and as wide as they are told."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Final

from libchat.plugins import Context
from libchat.tables import display_width

EIGHTHS: Final = "▏▎▍▌▋▊▉█"
STEPS: Final = "▁▂▃▄▅▆▇█"
ASCII_STEPS: Final = "_.-=+*%#"

CHAT_COLUMNS: Final = 60
"""How wide a plot is that is said in the chat: nobody knows the screens of those who read it."""


def columns_of(ctx: Context) -> int:
    """Return how wide a plot may be: as the terminal of the person, or as a line of the chat."""
    if ctx.surface != "shell":
        return CHAT_COLUMNS
    return max(20, shutil.get_terminal_size((80, 24)).columns - 1)  # some terminals wrap in the last column


def fit(text: str, columns: int) -> str:
    """Return a text of exactly so many columns: padded, or cut with an ellipsis."""
    if display_width(text) > columns:
        text = text[:columns]
        while text and display_width(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (columns - display_width(text))


def bar(share: float, columns: int, *, ascii_only: bool = False) -> str:
    """Return a bar that fills a share (0 to 1) of so many columns, to an eighth of a column."""
    if ascii_only:
        return "#" * round(share * columns)
    eighths = round(share * columns * 8)
    if share > 0:
        eighths = max(eighths, 1)  # a little is not nothing
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def bars(rows: Sequence[tuple[str, int, str]], columns: int, *, ascii_only: bool = False) -> list[str]:
    """Return a line for each label, value and note: `ana  ████ 12 (40 %)`. The longest bar takes what is left."""
    if not rows:
        return []
    top = max(value for _, value, _ in rows) or 1
    labels = min(max(display_width(label) for label, _, _ in rows), max(4, columns // 3))
    notes = max(display_width(note) for _, _, note in rows)
    room = max(4, columns - labels - notes - 2)
    return [
        f"{fit(label, labels)} {bar(value / top, room, ascii_only=ascii_only)} {note}".rstrip()
        for label, value, note in rows
    ]


def sparkline(values: Sequence[int], *, ascii_only: bool = False) -> str:
    """Return one character for each value: the most is the last step, and nothing is a blank."""
    steps = ASCII_STEPS if ascii_only else STEPS
    top = max(values, default=0) or 1
    return "".join(steps[-(-value * len(steps) // top) - 1] if value else " " for value in values)


def squeeze(values: Sequence[int], columns: int) -> list[int]:
    """Return at most so many values: neighbours are added together where there are more."""
    if len(values) <= columns:
        return list(values)
    return [
        sum(values[index * len(values) // columns : (index + 1) * len(values) // columns]) for index in range(columns)
    ]
