"""Pictures of terminals' screens, as SVG: the same screens make the same picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

import pyte
from pyte.screens import Char

WIDTH: Final = 9
HEIGHT: Final = 19
MARGIN: Final = 12
CAPTION: Final = 30
"""Height of what stands above a pane."""
GAP: Final = 18
"""Between panes."""
FRONT: Final = "#d8dbe2"
BACK: Final = "#16181d"
BLANK: Final = Char(" ")

MASKS: Final[Mapping[str, str]] = {
    r"\b\d\d:\d\d\b(?!:)": "16:42",
    r"\b20\d\d-\d\d-\d\d\b": "2026-03-01",
    r"127\.0\.0\.1:\d{4,5}": "192.0.2.7:8080",
    r"127\.0\.0\.1": "192.0.2.7",
    r"port \d{4,5}": "port 8080",
}
"""What is different in each run, or is loopback, and what the documentation's pictures show instead."""

_COLOURS: Final[Mapping[str, str]] = {
    "black": "#16181d",
    "red": "#ef6b73",
    "green": "#8cc265",
    "brown": "#d8b46a",
    "blue": "#61a0e0",
    "magenta": "#c678dd",
    "cyan": "#4fb6c2",
    "white": "#d8dbe2",
}
_STYLE: Final = f"font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:15px;fill:{FRONT}"
_CAPTION_STYLE: Final = (
    "font-family:system-ui,'DejaVu Sans',sans-serif;font-size:15px;fill:#6e7480"  # on white and on black
)


@dataclass(frozen=True, slots=True)
class Pane:
    """One screen of a picture, and what stands above it."""

    screen: pyte.Screen
    caption: str


def draw(screen: pyte.Screen, masks: Mapping[str, str], title: str) -> str:
    """Return the picture of a screen, as far down as something stands there.

    What fits the patterns of `masks` is drawn as what stands for it there.
    """
    rows = max([screen.cursor.y + 1, *(number for number, row in enumerate(screen.display, 1) if row.strip())])
    width, height = _size(screen.columns, rows)
    return _picture(width, height, title, _panel(screen, rows, masks))


def draw_together(panes: Sequence[Pane], masks: Mapping[str, str], title: str, *, below: bool = False) -> str:
    """Return the picture of several screens, one beside the other, or below the other."""
    parts, x, y, width, height = [], 0, 0, 0, 0
    for pane in panes:
        right, down = _size(pane.screen.columns, pane.screen.lines)
        caption = f'<text x="{right // 2}" y="{CAPTION - 9}" text-anchor="middle">{escape(pane.caption)}</text>\n'
        parts.append(
            f'<g transform="translate({x} {y})">\n<g style="{_CAPTION_STYLE}">{caption}</g>\n'
            f'<g transform="translate(0 {CAPTION})">\n{_panel(pane.screen, pane.screen.lines, masks)}</g>\n</g>\n'
        )
        width, height = max(width, x + right), max(height, y + down + CAPTION)
        x, y = (x, height + GAP) if below else (width + GAP, y)
    return _picture(width, height, title, "".join(parts))


def _size(columns: int, rows: int) -> tuple[int, int]:
    return columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN


def _picture(width: int, height: int, title: str, drawn: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f"<title>{escape(title)}</title>\n{drawn}</svg>\n"
    )


def _panel(screen: pyte.Screen, rows: int, masks: Mapping[str, str]) -> str:
    width, height = _size(screen.columns, rows)
    drawn = "".join(_row(screen, number, masks) for number in range(rows))
    return (
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACK}"/>\n'
        f'<g style="{_STYLE}">\n{drawn}{_cursor(screen)}</g>\n'
    )


def _row(screen: pyte.Screen, number: int, masks: Mapping[str, str]) -> str:
    cells = [screen.buffer[number][column] for column in range(screen.columns)]
    cells = _masked(cells, masks)
    parts, column = [], 0
    for look, group in groupby(cells, key=_look):
        run = list(group)
        parts.append(_run(run, look, column, number))
        column += len(run)
    return "".join(parts)


def _masked(cells: list[Char], masks: Mapping[str, str]) -> list[Char]:
    """Return a row in which what is different in each run looks the same. What is shorter closes up."""
    for pattern, instead in masks.items():
        text = "".join(cell.data[:1] or "\0" for cell in cells)
        for match in reversed(list(re.finditer(pattern, text))):
            start, end = match.span()
            assert len(instead) <= end - start, f"{instead!r} is longer than {match[0]!r}, which it stands for"
            shown = [cell._replace(data=character) for cell, character in zip(cells[start:], instead, strict=False)]
            cells = [*cells[:start], *shown, *cells[end:], *[BLANK] * (end - start - len(instead))]
    return cells


def _look(cell: Char) -> tuple[str, str, bool, bool, bool]:
    front, back = _colour(cell.fg, FRONT), _colour(cell.bg, "")
    if cell.reverse:
        front, back = back or BACK, front
    return front, back, cell.bold, cell.italics, cell.underscore


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _COLOURS.get(name.removeprefix("bright"), f"#{name}" if re.fullmatch("[0-9a-fA-F]{6}", name) else default)


def _run(run: Sequence[Char], look: tuple[str, str, bool, bool, bool], column: int, row: int) -> str:
    front, back, is_bold, is_italic, is_underlined = look
    x, y = MARGIN + column * WIDTH, MARGIN + row * HEIGHT
    drawn = ""
    if back:
        drawn += f'<rect x="{x}" y="{y}" width="{len(run) * WIDTH}" height="{HEIGHT}" fill="{back}"/>\n'
    styles = [
        *([f'fill="{front}"'] if front != FRONT else []),
        *(['font-weight="bold"'] if is_bold else []),
        *(['font-style="italic"'] if is_italic else []),
        *(['text-decoration="underline"'] if is_underlined else []),
    ]
    more = "".join(f" {style}" for style in styles)
    for start, columns, text in _pieces(run):
        place = f'x="{x + start * WIDTH}" y="{y + HEIGHT - 5}" textLength="{columns * WIDTH}"'
        drawn += f"<text {place}{more}>{escape(text)}</text>\n"
    return drawn


def _pieces(run: Sequence[Char]) -> Iterator[tuple[int, int, str]]:
    """Yield column, number of columns and text of what has no two blanks in a row: browsers make one of them.

    A wide character is in the first of its two cells, and the second one is empty.
    """
    text = "".join(cell.data for cell in run)
    columns = [*(column for column, cell in enumerate(run) for _ in cell.data), len(run)]
    for piece in re.finditer(r"\S+(?: \S+)*", text):
        start = columns[piece.start()]
        yield start, columns[piece.end()] - start, piece[0]


def _cursor(screen: pyte.Screen) -> str:
    if screen.cursor.hidden:
        return ""
    x, y = MARGIN + screen.cursor.x * WIDTH, MARGIN + screen.cursor.y * HEIGHT
    return f'<rect x="{x}" y="{y + 1}" width="{WIDTH}" height="{HEIGHT - 2}" fill="{FRONT}" opacity="0.6"/>\n'
