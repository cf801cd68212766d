"""Pictures of a terminal's screen, as SVG: the same screen makes the same picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

import pyte
from pyte.screens import Char

WIDTH: Final = 9
HEIGHT: Final = 19
MARGIN: Final = 12
FRONT: Final = "#d8dbe2"
BACK: Final = "#16181d"

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


def draw(screen: pyte.Screen, masks: Mapping[str, str], title: str) -> str:
    """Return the picture of a screen. What fits the patterns of `masks` is drawn as what stands for it there."""
    width = screen.columns * WIDTH + 2 * MARGIN
    height = screen.lines * HEIGHT + 2 * MARGIN
    rows = "".join(_row(screen, number, masks) for number in range(screen.lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACK}"/>\n'
        f'<g style="{_STYLE}" xml:space="preserve">\n{rows}{_cursor(screen)}</g>\n</svg>\n'
    )


def _row(screen: pyte.Screen, number: int, masks: Mapping[str, str]) -> str:
    cells = [screen.buffer[number][column] for column in range(screen.columns)]
    cells = _masked(cells, masks)
    parts, column = [], 0
    for look, group in groupby(cells, key=_look):
        run = list(group)
        parts.append(_run("".join(cell.data for cell in run), look, column, len(run), number))
        column += len(run)
    return "".join(parts)


def _masked(cells: list[Char], masks: Mapping[str, str]) -> list[Char]:
    """Return a row in which what is different in each run looks the same. Each mask is as long as what it covers."""
    text = "".join(cell.data[:1] or "\0" for cell in cells)
    for pattern, instead in masks.items():
        for match in re.finditer(pattern, text):
            for at, character in zip(range(*match.span()), instead.ljust(len(match[0])), strict=False):
                cells[at] = cells[at]._replace(data=character)
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


def _run(text: str, look: tuple[str, str, bool, bool, bool], column: int, columns: int, row: int) -> str:
    front, back, is_bold, is_italic, is_underlined = look
    x, y = MARGIN + column * WIDTH, MARGIN + row * HEIGHT
    drawn = ""
    if back:
        drawn += f'<rect x="{x}" y="{y}" width="{columns * WIDTH}" height="{HEIGHT}" fill="{back}"/>\n'
    if not text.strip():
        return drawn
    styles = [
        *([f'fill="{front}"'] if front != FRONT else []),
        *(['font-weight="bold"'] if is_bold else []),
        *(['font-style="italic"'] if is_italic else []),
        *(['text-decoration="underline"'] if is_underlined else []),
    ]
    blanks = len(text) - len(text.lstrip())
    shown = text.strip()
    x += blanks * WIDTH
    length = (columns - blanks - (len(text) - len(text.rstrip()))) * WIDTH
    more = "".join(f" {style}" for style in styles)
    return f'{drawn}<text x="{x}" y="{y + HEIGHT - 5}" textLength="{length}"{more}>{escape(shown)}</text>\n'


def _cursor(screen: pyte.Screen) -> str:
    if screen.cursor.hidden:
        return ""
    x, y = MARGIN + screen.cursor.x * WIDTH, MARGIN + screen.cursor.y * HEIGHT
    return f'<rect x="{x}" y="{y + 1}" width="{WIDTH}" height="{HEIGHT - 2}" fill="{FRONT}" opacity="0.6"/>\n'
