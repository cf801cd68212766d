"""Times as people say them: "5 min ago", "in 2 h", "since yesterday 16:41"."""

from __future__ import annotations

from typing import Final

UNITS: Final = (("s", 1), ("min", 60), ("h", 3600), ("d", 86_400), ("w", 7 * 86_400), ("y", 365 * 86_400))
_NOW_SECONDS: Final = 5
"""What is nearer than this is now: nobody looks at single seconds."""
_FROM: Final = 2
"""How many of a unit there must be before it is used: "90 min" says more than "1 h"."""


def span(seconds: float) -> str:
    """Return a span of time in its largest fitting unit: "45 s", "90 min", "3 d"."""
    whole = int(abs(seconds))
    name, size = _unit(whole)
    return f"{whole // size} {name}"


def _unit(seconds: int) -> tuple[str, int]:
    return next(((name, size) for name, size in reversed(UNITS) if seconds >= _FROM * size), UNITS[0])


def ago(time: int, now: int) -> str:
    """Return when something was or is going to be, both in milliseconds since 1970; "never" for 0."""
    if not time:
        return "never"
    seconds = (now - time) / 1000
    if abs(seconds) < _NOW_SECONDS:
        return "just now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(seconds)}"


def until(time: int, now: int) -> str:
    """Return how long something holds that ends at a time, both in milliseconds since 1970; 0 is without end.

    It is rounded up: what was set for 10 minutes a moment ago holds for another 10.
    """
    if not time:
        return "for good"
    seconds = -(-(time - now) // 1000)
    name, size = _unit(seconds)
    return f"for another {-(-seconds // size)} {name}" if time > now else "over"
