"""How a person wants lines to look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def local_time(seconds: float) -> datetime:
    """Return a moment in the time zone of this machine."""
    return datetime.fromtimestamp(seconds, UTC).astimezone()


@dataclass(frozen=True, slots=True)
class Look:
    """How a person wants lines to look. Colours are not in it: they belong to the theme."""

    width: int = 80
    """Columns of the screen; texts are wrapped there. 0: they are not."""
    times: str = "%H:%M"
    """How the time before a line is written (`strftime`), "" for none."""
    has_numbers: bool = False
    """Whether messages show their number."""
    is_unicode: bool = True
    """Whether the screen shows more than ASCII."""
    name_columns: int = 10
    """Columns for names; longer ones are shown whole all the same."""
    has_previews: bool = True
    """Whether a line tells of a mention or private message elsewhere."""
    context: int = 5
    """How many messages that were seen before are repeated when a conversation comes back on the screen."""
    local: Callable[[float], datetime] = local_time
    """What makes a date of seconds since 1970."""
