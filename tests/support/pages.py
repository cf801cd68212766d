"""The pages of the documentation, as tests read them: their tables and the names in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


def read(page: str) -> str:
    """Return a page, by its path below `docs`."""
    return (DOCS / page).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, as `## Words`, up to the next one of its level or above."""
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"there is no heading {heading!r}"
    level = heading.index(" ")
    return re.split(rf"\n#{{1,{level}}} ", rest)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of all tables of a text, without the rows of their heads."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""]):
        is_head = following.startswith("|---")
        if line.startswith("| ") and not is_head:
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def words(cell: str) -> list[str]:
    """Return what stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)
