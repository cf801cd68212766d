"""Spans of time on a command line."""

from __future__ import annotations

import argparse

from libchat.durations import format_duration, parse_duration

__all__ = ["duration", "format_duration"]


def duration(text: str) -> int:
    """Return the seconds of `90s`, `45m`, `24h`, `30d` or `2w`; for the parser of the command line."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
