"""A plugin's settings: from its table `[plugins.NAME]` to its own `Config`."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from libchat.errors import PluginError
from libchat.near import did_you_mean

RESERVED: Final = frozenset(("name", "on_failure"))
"""Keys that are for the program the plugin is in, unless the plugin's `Config` has them: what it is called in the chat,
and whether messages "pass" or are "refused" that it could not look at."""

_WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


def make_config(kind: object, table: Mapping[str, object], plugin: str) -> object:
    """Return an instance of a plugin's `Config`, None if it has none. Raises `PluginError` for a table it cannot be."""
    if kind is None:
        _check_keys(table, (), plugin)
        return None
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise PluginError(plugin, "its Config is no dataclass; write @dataclass before it")
    names = tuple(each.name for each in dataclasses.fields(kind) if each.init)
    _check_keys(table, names, plugin)
    given = {key: value for key, value in table.items() if key in names}
    try:
        made: object = msgspec.convert(given, type=kind, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise PluginError(plugin, _explain(str(error), plugin)) from error
    except Exception as error:  # a type that cannot be read from TOML, or what the class itself raises
        raise PluginError(plugin, f"[plugins.{plugin}] cannot be read: {error}") from error
    return made


def is_refusing(table: Mapping[str, object], plugin: str, *, default: bool) -> bool:
    """Return whether messages are refused that a failing plugin could not look at."""
    word = table.get("on_failure", "refuse" if default else "pass")
    if word not in ("refuse", "pass"):
        raise PluginError(plugin, f'[plugins.{plugin}] on_failure: it is "refuse" or "pass", not {word!r}')
    return word == "refuse"


def _check_keys(table: Mapping[str, object], names: tuple[str, ...], plugin: str) -> None:
    for key in table:
        if key not in names and key not in RESERVED:
            there = f"there are: {', '.join(names)}" if names else "it has no settings"
            hint = did_you_mean(key, names) or there
            raise PluginError(plugin, f"[plugins.{plugin}] has no setting '{key}'; {hint}")


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise TypeError(f"{kind} cannot be written in TOML; take str, int, float, bool, Path, a tuple, a dict or a Literal")


def _explain(text: str, plugin: str) -> str:
    """Return what msgspec says, in the words of people who write TOML."""
    said, _, where = text.partition(" - at `$")
    where = where.rstrip("`").lstrip(".")
    said = re.sub(r"`(\w+)(?: \| null)?`", lambda found: _WORDS.get(found[1], found[0]), said)
    place = f"[plugins.{plugin}] {where}".rstrip()
    return f"{place}: {said[:1].lower()}{said[1:]}"


def read_tables(path: Path) -> Mapping[str, Mapping[str, object]]:
    """Return the tables `[plugins.NAME]` of a TOML file. Raises `PluginError`."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("plugins", {})
    except (OSError, ValueError) as error:
        raise PluginError("", f"{path} cannot be read: {error}") from error
    if not isinstance(tables, dict):
        raise PluginError("", f"{path}: plugins has to be a table, as [plugins.dice]")
    return tables
