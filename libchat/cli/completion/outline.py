"""What can be said on the command line, as its parser has it: commands, options, arguments, and their values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Kind(Enum):
    """What a value is: that is what a shell offers for it."""

    WORDS = "one of a few words"
    FILE = "a path"
    FOLDER = "a folder"
    TEXT = "anything"


@dataclass(frozen=True, slots=True)
class Value:
    """What follows an option, or stands as an argument. `name` is what help calls it; `words` are for `Kind.WORDS`."""

    name: str
    kind: Kind
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """An option by all its spellings, what is said about it, and its value if it takes one."""

    flags: tuple[str, ...]
    help: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class Operand:
    """An argument that is no option. `repeats`: there may be more of it."""

    value: Value
    help: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or the program itself, which has the name ""."""

    name: str
    summary: str
    options: tuple[Option, ...]
    operands: tuple[Operand, ...]

    @property
    def flags(self) -> list[str]:
        """Every spelling of every option."""
        return [flag for option in self.options for flag in option.flags]

    def valued(self) -> list[tuple[str, Value]]:
        """Return the spellings of options that take a value, each with that value."""
        return [(flag, option.value) for option in self.options if option.value for flag in option.flags]


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole command line: the program's own options, and its commands in the order of its help."""

    program: Command
    commands: tuple[Command, ...]


def outline(parser: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]) -> Outline:
    """Return the outline of a parser and the parsers of its commands."""
    return Outline(
        _command("", parser),
        tuple(_command(name, each) for name, each in commands.items()),
    )


def _command(name: str, parser: argparse.ArgumentParser) -> Command:
    listed = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    operands = [action for action in listed if not action.option_strings]
    return Command(
        name,
        _line((parser.description or "").partition("\n")[0]).rstrip("."),
        tuple(_option(parser, action) for action in listed if action.option_strings),
        tuple(
            Operand(_value(action), _help(parser, action), action.nargs in ("*", "+"))
            for action in operands
            if not isinstance(action, argparse._SubParsersAction)
        ),
    )


def _option(parser: argparse.ArgumentParser, action: argparse.Action) -> Option:
    return Option(tuple(action.option_strings), _help(parser, action), None if action.nargs == 0 else _value(action))


def _value(action: argparse.Action) -> Value:
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    words = tuple(str(word) for word in action.choices or ()) or _listed(name)
    if words:
        return Value(action.dest.upper(), Kind.WORDS, words)
    if name == "DIR":
        return Value(name, Kind.FOLDER)
    return Value(name, Kind.FILE if action.type is Path or name == "FILE" else Kind.TEXT)


def _listed(metavar: str) -> tuple[str, ...]:
    """Return the words of `{one,two}`, which is how a setting names its choices."""
    found = re.fullmatch(r"\{([\w,-]+)\}", metavar)
    return tuple(found[1].split(",")) if found else ()


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return what help says, without the default: a menu has one line for each."""
    told = parser._get_formatter()._expand_help(action) if action.help else ""
    return _line(re.sub(r"\s*\(default: .*\)$", "", _line(told)))


def _line(text: str) -> str:
    return " ".join(text.split())
