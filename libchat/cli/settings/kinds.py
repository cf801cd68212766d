"""Kinds of settings: how a value is written as one word, as in a flag or a variable, and how in TOML."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from libchat.cli.parser import listening_port, natural
from libchat.near import did_you_mean

Value: TypeAlias = str | int | float | bool | Path | None
"""What a setting can be; None where nothing is set."""

_YES: Final = frozenset({"true", "yes", "on", "1"})
_NO: Final = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    `parse` takes one word and raises argparse.ArgumentTypeError, which says what to write. `types` are what TOML may
    hold; `rule` says so to a person. `metavar` stands for a value in help.
    """

    parse: Callable[[str], Value]
    types: tuple[type, ...]
    rule: str
    metavar: str

    @property
    def is_switch(self) -> bool:
        """Whether the flag takes no word: it is said, or its opposite."""
        return self.types == (bool,)

    def from_toml(self, value: object) -> Value:
        """Return what a value of a TOML file means. Raises argparse.ArgumentTypeError."""
        if type(value) not in self.types:
            raise argparse.ArgumentTypeError(f"{_shown(value)} does not do: write {self.rule}")
        return self.parse(_shown(value).lower() if self.is_switch else str(value))


def choice(*words: str) -> Kind:
    """Return the kind of a word out of a few."""

    def parse(text: str) -> str:
        if text in words:
            return text
        hint = did_you_mean(text, words) or f"write one of: {', '.join(words)}"
        raise argparse.ArgumentTypeError(f"'{text}' does not do; {hint}")

    return Kind(parse, (str,), f"one of: {', '.join(words)}, in quotes", f"{{{','.join(words)}}}")


def _switch(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise argparse.ArgumentTypeError(f"'{text}' does not do: write true or false")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' does not do: give a number from 0, as 2.5")
    return seconds


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("an empty text is no path")
    return Path(text).expanduser()


def _shown(value: object) -> str:
    """Return a value of TOML, shortly, as it is written there."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    return f'"{value}"' if isinstance(value, str) else str(value)


TEXT: Final = Kind(str, (str,), "a text in quotes", "TEXT")
ADDRESS: Final = Kind(str, (str,), "an address in quotes", "ADDRESS")
PORT: Final = Kind(listening_port, (int,), "a number from 0 to 65535", "PORT")
NUMBER: Final = Kind(natural, (int,), "a whole number from 0", "N")
SECONDS: Final = Kind(_seconds, (int, float), "a number from 0", "SECONDS")
SWITCH: Final = Kind(_switch, (bool,), "true or false", "")
FILE: Final = Kind(_path, (str,), "a path in quotes", "FILE")
FOLDER: Final = Kind(_path, (str,), "a path in quotes", "DIR")
