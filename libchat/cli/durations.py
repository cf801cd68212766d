"""Spans of time, as people write them on a command line."""

from __future__ import annotations

import argparse
import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_WRITTEN = re.compile(r"([1-9][0-9]{0,5})([smhdw])", re.ASCII)


def duration(text: str) -> int:
    """Return the seconds of `90s`, `45m`, `24h`, `30d` or `2w`; for the parser of the command line."""
    match = _WRITTEN.fullmatch(text.strip().lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' does not do: write a number and s, m, h, d or w, as in 24h")
    return int(match[1]) * _SECONDS[match[2]]


def format_duration(seconds: int) -> str:
    """Return seconds in the largest unit that has no remainder, in words."""
    names = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}
    unit = next(unit for unit in names if seconds % _SECONDS[unit] == 0)
    count = seconds // _SECONDS[unit]
    return f"{count} {names[unit]}" + ("s" if count != 1 else "")
