"""What a typed line means. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Say:
    """Say a text to a conversation: `Desk.say`."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Run a command line, which begins with a slash and a command that there is."""

    line: str


@dataclass(frozen=True, slots=True)
class Question:
    """Ask for recipient and text of a private message: the word `message` alone."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave the chat."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to do."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It can mean nothing: tell the person why, and what to do. The typed line should stay in the history."""

    text: str


Meaning: TypeAlias = Say | Run | Question | Quit | Nothing | Wrong


def interpret(text: str, target: str, commands: Collection[str]) -> Meaning:
    """Return what was meant by a typed text in a conversation ("" for home). `commands` are names without slash."""
    raise NotImplementedError
