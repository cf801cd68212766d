"""How long a client waits for what, and how often it tries again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from libchat import limits
from libchat.transport.backoff import backoff


def _delays() -> Iterator[float]:
    return backoff(random.random)


@dataclass(frozen=True, slots=True)
class Patience:
    """The times of one client, in seconds. The defaults, and where the numbers come from, are in `libchat.limits`.

    `delays` makes the delays before each try to connect again; they never end. They begin anew after a connection that
    lasted `steady` seconds.
    """

    ping: float = limits.PING_SECONDS
    linger: float = limits.LINGER_SECONDS
    steady: float = limits.BACKOFF_LAST_SECONDS
    delays: Callable[[], Iterator[float]] = _delays


PATIENCE: Final = Patience()
"""What is right nearly always."""
