"""Tables for people: columns that line up, whatever script the names are in."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from libchat.text import clean_line

GAP: Final = "  "


def format_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table. What stands in a cell is cleaned; the last column is not filled up."""
    cells = [[clean_line(cell) for cell in row] for row in rows]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    return [GAP.join(_fill(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    try:
        from wcwidth import wcswidth
    except ImportError:
        return sum(map(_width, text))
    width = int(wcswidth(text))
    return width if width >= 0 else len(text)


def _fill(cell: str, width: int) -> str:
    return cell + " " * (width - display_width(cell))


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
