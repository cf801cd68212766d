"""What is needed to look at a shell's model: a moment, a time zone, events in short."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from libchat import Entry
from libchat import messages as m
from libchat_shell.lines import Line
from libchat_shell.look import Look
from libchat_shell.model import Model

NOON: Final = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()) * 1000
"""A Monday, in milliseconds since 1970."""
DAY: Final = 24 * 3600 * 1000


def in_utc(seconds: float) -> datetime:
    """Return a moment in a time zone that is the same everywhere."""
    return datetime.fromtimestamp(seconds, UTC)


def look(**changes: object) -> Look:
    """Return how lines look in tests."""
    return Look(**{"local": in_utc, **changes})  # type: ignore[arg-type]  # fields by name


def model(*rooms: str, me: str = "ana", **changes: object) -> Model:
    """Return a model, in rooms with bo and cy; the last is on the screen."""
    made = Model(me, look(**changes))
    for room in rooms:
        made.take(m.Entered(room, (me, "bo", "cy")), NOON)
        made.switch(room, NOON)
    return made


def said(seq: int, sender: str, text: str, target: str = "#team", *, kind: str = "message", ref: int = 0) -> Entry:
    """Return an entry, made some seconds after noon."""
    return Entry(target, seq, sender, NOON + seq * 1000, text, kind, ref)


def texts(lines: Iterable[Line]) -> list[str]:
    """Return what stands in lines."""
    return [line.text for line in lines]


def bare(lines: Iterable[Line]) -> list[str]:
    """Return what stands behind the bar of each line."""
    return [line.text.partition("│ ")[2] or line.text for line in lines]


def status(made: Model, now: int = NOON) -> str:
    """Return the status line without styles."""
    return "".join(text for _, text in made.status(now))
