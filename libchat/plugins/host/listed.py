"""What a host tells about its plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["on", "off", "failed", "broken"]
"""Loaded; not loaded; switched off because it has failed; or it cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One plugin. `problem` says why it is "failed" or "broken"."""

    name: str
    state: State
    is_enabled: bool = False
    version: str = ""
    summary: str = ""
    origin: str = ""
    problem: str = ""
    commands: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    timers: int = 0
    threads: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that a plugin has done wrong: when (seconds since 1970), in what, and the traceback if there is one."""

    plugin: str
    when: float
    where: str
    reason: str
    details: str = ""
