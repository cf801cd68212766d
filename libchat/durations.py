"""Spans of time, as people write them: `90s`, `45m`, `24h`, `30d`, `2w`."""

from __future__ import annotations

import re
from typing import Final

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
"""The seconds of each unit, the smallest first."""

_NAMES: Final = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}
_WRITTEN: Final = re.compile(r"([1-9][0-9]{0,5})([smhdw])", re.ASCII)


def parse_duration(text: str) -> int:
    """Return the seconds of a span. Raises ValueError, which says how to write one."""
    match = _WRITTEN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"'{text}' does not do: write a number and s, m, h, d or w, as in 24h")
    return int(match[1]) * UNITS[match[2]]


def format_duration(seconds: int) -> str:
    """Return seconds in the largest unit that has no remainder, in words."""
    unit = next(unit for unit in _NAMES if seconds % UNITS[unit] == 0)
    count = seconds // UNITS[unit]
    return f"{count} {_NAMES[unit]}" + ("s" if count != 1 else "")
