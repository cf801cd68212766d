"""A conversation for commands to be understood in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Place:
    """What is known of a conversation (`libchat.plugins.scope.Scope`)."""

    me: str = "ana"
    target: str = "#team"
    cwd: Path = Path("/home/ana")
    people: Sequence[str] = ("bo", "Carla", "ana")
    known_rooms: Sequence[str] = ("#team", "#random")
    recent: Sequence[tuple[int, str, str]] = ((12, "bo", "hello\nyou"), (11, "Carla", "hi"))

    def members(self) -> Sequence[str]:
        return self.people

    def rooms(self) -> Sequence[str]:
        return self.known_rooms

    def messages(self) -> Sequence[tuple[int, str, str]]:
        return self.recent
