"""The shell's settings: a table of all there are, and the TOML file of the person's own ones.

The file may be written by hand, too, and holds what plugins are told in `[plugins.NAME]`: when a setting changes, only
its line is written anew. Everything else stays as it is.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from libchat.errors import StoreError
from libchat.files import make_private_folder, read_kept, write_private
from libchat.near import did_you_mean
from libchat_shell.colours import THEMES
from libchat_shell.desk import Setting

Value = str | int | bool | tuple[str, ...]

MOST_HISTORY: Final = 200
"""Entries of one page of history (`libchat.limits.HISTORY_ENTRIES`)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting may be: how it is read, and what is said if it cannot be."""

    rule: str
    parse: Callable[[str], Value]
    choices: Sequence[str] = ()


def _choice(*choices: str) -> Kind:
    def parse(text: str) -> str:
        if text.lower() in choices:
            return text.lower()
        raise ValueError(did_you_mean(text, choices, "{}"))

    return Kind(f"one of {', '.join(choices)}", parse, choices)


def _number(least: int, most: int) -> Kind:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
            raise ValueError
        return int(text)

    return Kind(f"a number from {least} to {most:,}", parse)


def _parse_switch(text: str) -> bool:
    known = {"on": True, "off": False, "yes": True, "no": False, "true": True, "false": False}
    if text.lower() not in known:
        raise ValueError
    return known[text.lower()]


def _parse_time(text: str) -> str:
    if text == "off":
        return ""
    if "%" not in text or len(text) > 32 or not text.isprintable():
        raise ValueError
    return text


def _parse_words(text: str) -> tuple[str, ...]:
    if text in ("", "off"):
        return ()
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(str(error).lower()) from error


SWITCH: Final = Kind("on or off", _parse_switch, ("on", "off"))
TIME: Final = Kind("off, or a pattern as %H:%M or %H:%M:%S", _parse_time, ("%H:%M", "%H:%M:%S", "off"))
WORDS: Final = Kind("off, or a program and its arguments, in which {title} and {body} are filled in", _parse_words)


@dataclass(frozen=True, slots=True)
class Known:
    """A setting that there is."""

    name: str
    default: Value
    kind: Kind
    help: str


TABLE: Final = (
    Known("bell", True, SWITCH, "ring the terminal's bell when you are called"),
    Known("command", (), WORDS, "a program to start when you are called, as: notify-send {title} {body}"),
    Known("context", 5, _number(0, 50), "messages that are shown again when a conversation comes back on the screen"),
    Known("history", 30, _number(0, MOST_HISTORY), "messages that are fetched when a room is entered"),
    Known("lines", 2000, _number(0, 100_000), "typed lines that are kept for the next time"),
    Known("names", 10, _number(0, 32), "columns for names"),
    Known("notify", "mentions", _choice("all", "mentions", "none"), "what you are called for"),
    Known("numbers", False, SWITCH, "show the number of each message"),
    Known("osc", "off", _choice("off", "9", "777"), "how the terminal is asked for a notification (OSC 9 or OSC 777)"),
    Known("previews", True, SWITCH, "show in other conversations what calls you"),
    Known("read", True, SWITCH, "tell the others of private conversations what you have read"),
    Known("theme", "auto", _choice(*THEMES), "colours for a dark or a light screen, for both (auto), or none"),
    Known("times", "%H:%M", TIME, "how the time of a message is shown"),
    Known("typing", True, SWITCH, "tell the others that you are typing"),
)
_BY_NAME: Final[Mapping[str, Known]] = {known.name: known for known in TABLE}


class Settings:
    """What is set. May be read by any thread; one thread changes it.

    Without a path, nothing is kept. What is wrong in the file is in `complaints`, and the default stands for it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.complaints: list[str] = []
        self.plugins: Mapping[str, Mapping[str, object]] = {}
        self._values: Mapping[str, Value] = {known.name: known.default for known in TABLE}
        if path is not None:
            self._load(path)

    def text(self, name: str) -> str:
        """Return a setting that is a word."""
        value = self._values[name]
        assert isinstance(value, str)
        return value

    def number(self, name: str) -> int:
        """Return a setting that is a number."""
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def is_on(self, name: str) -> bool:
        """Return a setting that is on or off."""
        return self._values[name] is True

    def words(self, name: str) -> tuple[str, ...]:
        """Return a setting that is several words."""
        value = self._values[name]
        assert isinstance(value, tuple)
        return value

    def all(self) -> list[Setting]:
        """Return all settings, sorted by name, as they would be typed."""
        return [
            Setting(known.name, typed(self._values[known.name]), typed(known.default), known.help, known.kind.choices)
            for known in TABLE
        ]

    def set(self, name: str, text: str) -> None:
        """Change a setting, and keep it. Raises KeyError, ValueError and StoreError, with what to do."""
        known = _known(name)
        value = _parsed(known, text.strip())
        self._values = {**self._values, known.name: value}
        if self._path is not None:
            _keep(self._path, known.name, value)

    def _load(self, path: Path) -> None:
        try:
            data = tomllib.loads((read_kept(path) or b"").decode())
        except (StoreError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.complaints.append(f"{path} cannot be read, so nothing is set: {error}")
            return
        plugins = data.pop("plugins", {})
        if isinstance(plugins, dict):
            self.plugins = {str(name): table for name, table in plugins.items() if isinstance(table, dict)}
        values = dict(self._values)
        for name, value in data.items():
            try:
                values[name] = _parsed(_known(name), _as_typed(value))
            except (KeyError, ValueError) as error:
                self.complaints.append(f"{path}: {error.args[0]}")
        self._values = values


def typed(value: Value) -> str:
    """Return a value as a person would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return shlex.join(value) if value else "off"
    return str(value) if value != "" else "off"


def _as_typed(value: object) -> str:
    """Return a value of the file as it would be typed."""
    if isinstance(value, list):
        return shlex.join(map(str, value)) if value else "off"
    return typed(value) if isinstance(value, (bool, str, int)) else str(value)


def _known(name: str) -> Known:
    known = _BY_NAME.get(name.lower())
    if known is None:
        hint = did_you_mean(name, _BY_NAME, "{}") or f"there are: {', '.join(_BY_NAME)}"
        raise KeyError(f"there is no setting {name}; {hint}")
    return known


def _parsed(known: Known, text: str) -> Value:
    try:
        return known.kind.parse(text)
    except ValueError as error:
        hint = f" ({error})" if str(error) else ""
        raise ValueError(f"'{text}' does not do for {known.name}: give {known.kind.rule}{hint}") from None


def _keep(path: Path, name: str, value: Value) -> None:
    """Put the line of a setting into the file: in place of the old one, or else before the first table."""
    make_private_folder(path.parent)
    lines = (read_kept(path) or b"").decode(errors="replace").splitlines()
    head = next((number for number, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    old = next((n for n in range(head) if re.match(rf"\s*{re.escape(name)}\s*=", lines[n])), None)
    line = f"{name} = {_toml(value)}"
    if old is None:
        lines.insert(_end_of_settings(lines, head), line)
    else:
        lines[old] = line
    text = "\n".join(lines) + "\n"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StoreError(f"{path} cannot be changed, since it is no TOML: {error}; correct it by hand") from error
    write_private(path, text.encode())


def _end_of_settings(lines: Sequence[str], head: int) -> int:
    """Return where a new line belongs: behind the last one before the tables that is not empty."""
    while head > 0 and not lines[head - 1].strip():
        head -= 1
    return head


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    escaped = "".join(f"\\u{ord(char):04x}" if char in '"\\' or char < " " else char for char in value)
    return f'"{escaped}"'
