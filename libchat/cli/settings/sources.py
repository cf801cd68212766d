"""Where the values of settings come from: flag > environment > file > default.

The file is that of `--config`, or of $LIBCHAT_SERVER_CONFIG, or else the first of `default_files` that there is. What
is wrong in it, or in the environment, ends the program with exit code 2, and a line that tells where and what to write.
"""

from __future__ import annotations

import argparse
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from libchat.cli import output
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Options, Parser
from libchat.cli.settings.kinds import Value
from libchat.cli.settings.table import LIMITS, PLUGINS, PREFIX, Setting, by_key, settings
from libchat.errors import StoreError
from libchat.files import own_folder
from libchat.near import did_you_mean, question

FILE_NAME: Final = "server.toml"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"

_EXCLUSIVE: Final = ("data", "memory")
"""Of these two only one holds."""


class Rank(IntEnum):
    """The kinds of sources, the weakest first."""

    DEFAULT = 0
    FILE = 1
    ENVIRONMENT = 2
    FLAG = 3


@dataclass(frozen=True, slots=True)
class Effective:
    """A setting as it is, and where that comes from: a kind of source, and words for a person."""

    setting: Setting
    value: Value
    rank: Rank = Rank.DEFAULT
    source: str = "default"


# --- the command line -----------------------------------------------------------------------------------------------


def add_settings(parser: Parser) -> None:
    """Add a flag for each setting, and `--config`. What is not said is not in the options until `settle`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"file of settings, as `libchat config` prints one (default: ${CONFIG_VARIABLE}, or else "
        f"{FILE_NAME} where programs keep settings, as in ~/.config/libchat and /etc/libchat)",
    )
    keeping = parser.add_mutually_exclusive_group()
    limits = parser.add_argument_group("limits", "What the server puts up with.")
    for setting in settings():
        group: argparse._ActionsContainer = limits if setting.is_limit else parser
        _add(keeping if setting.key in _EXCLUSIVE else group, setting)


def _add(group: argparse._ActionsContainer, setting: Setting) -> None:
    told = f"{setting.help} (default: {setting.told_default})".replace("%", "%%")
    if setting.kind.is_switch:
        action = argparse.BooleanOptionalAction
        group.add_argument(setting.flag, dest=setting.key, action=action, default=argparse.SUPPRESS, help=told)
        return
    group.add_argument(
        setting.flag,
        dest=setting.key,
        type=setting.kind.parse,
        metavar=setting.kind.metavar,
        default=argparse.SUPPRESS,
        help=told,
    )


def settle(options: Options, environ: Mapping[str, str] = os.environ) -> list[Effective]:
    """Give the options a value for each setting that was not said, and return all with their sources.

    Raises `Failure` for what is wrong in the environment or in the file.
    """
    found = effective(vars(options), environ, options.config)
    options.said = frozenset(each.setting.key for each in found if each.rank is Rank.FLAG)
    for each in found:
        setattr(options, each.setting.key, each.value)
    return found


def effective(flags: Mapping[str, object], environ: Mapping[str, str], config: Path | None) -> list[Effective]:
    """Return all settings as they are: said by flags, variables, the file, or by default. Raises `Failure`."""
    said = {setting.key: Effective(setting, setting.default) for setting in settings()}
    path = find_file(config, environ)
    if path is not None:
        said |= {each.setting.key: each for each in read_file(path)}
    said |= {each.setting.key: each for each in _read_environment(environ)}
    for setting in settings():
        if setting.key in flags:
            value = flags[setting.key]
            assert value is None or isinstance(value, (str, int, float, Path))
            said[setting.key] = Effective(setting, value, Rank.FLAG, setting.flag)
    _exclude(said)
    return list(said.values())


def _exclude(said: dict[str, Effective]) -> None:
    """Of two settings that exclude each other, keep the one that was said by the stronger source."""
    one, other = (said[key] for key in _EXCLUSIVE)
    if not (one.value and other.value):
        return
    if one.rank == other.rank:
        raise Failure(Exit.USAGE, f"{one.source} and {other.source}: {one.setting.key} is not allowed with memory")
    weak = one if one.rank < other.rank else other
    said[weak.setting.key] = Effective(weak.setting, weak.setting.default)


# --- the environment ------------------------------------------------------------------------------------------------


def _read_environment(environ: Mapping[str, str]) -> Iterator[Effective]:
    known = {setting.variable: setting for setting in settings()}
    for name in sorted(environ):
        if name in known:
            yield Effective(known[name], _parse_variable(known[name], environ[name]), Rank.ENVIRONMENT, f"${name}")
        elif name.startswith(PREFIX) and name != CONFIG_VARIABLE:
            # No error: Kubernetes puts variables of its own there for a service that is called libchat-server.
            output.notice(f"${name} means nothing; {_suggest(name, [*known, CONFIG_VARIABLE])}")


def _parse_variable(setting: Setting, text: str) -> Value:
    try:
        return setting.kind.parse(text)
    except argparse.ArgumentTypeError as error:
        raise Failure(Exit.USAGE, f"${setting.variable}: {error}") from error


# --- the file -------------------------------------------------------------------------------------------------------


def find_file(config: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the file of settings: the one that was asked for, or one of the usual ones, or None."""
    if config is not None:
        return config
    if environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE]).expanduser()
    # Not `Path.is_file`: it raises where a service may not look, as in the homes of people.
    return next((path for path in default_files(environ) if os.path.isfile(path)), None)


def default_files(environ: Mapping[str, str]) -> list[Path]:
    """Return where a file of settings is looked for: for the service, the user, and the machine (systemd.exec(5))."""
    from platformdirs import site_config_path

    folders = [Path(part) for part in environ.get("CONFIGURATION_DIRECTORY", "").split(":") if part]
    try:
        folders.append(own_folder("settings"))
    except StoreError:
        pass  # a service has no home
    folders.append(site_config_path("libchat"))
    if os.name == "posix":
        folders.append(Path("/etc/libchat"))
    return [folder / FILE_NAME for folder in folders]


def read_file(path: Path) -> list[Effective]:
    """Return the settings of a file. Raises `Failure` if it cannot be read, or for the first thing wrong in it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # Notepad writes the signature
    except OSError as error:
        raise Failure(Exit.USAGE, f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Failure(Exit.USAGE, f"{path} is not UTF-8: save it so") from error
    return parse_file(text, path)


def parse_file(text: str, path: Path) -> list[Effective]:
    """Return the settings of a file's text. Paths in it start at the file's folder. Raises `Failure`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Failure(Exit.USAGE, f"{path} is no TOML: {error}") from error
    found = []
    for key, value in _flat(table):
        where = f"{path}{_line_of(key, text)}"
        setting = by_key().get(key)
        if setting is None:
            raise Failure(
                Exit.USAGE, f"{where}: there is no setting '{key}'; {_suggest(key, [LIMITS, PLUGINS, *by_key()])}"
            )
        found.append(Effective(setting, _parse_value(setting, value, path, where), Rank.FILE, where))
    return found


def _flat(table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield keys and values, those of a table with its name before a dot. The plugins' own tables are left out."""
    for key, value in table.items():
        if key in (LIMITS, PLUGINS) and isinstance(value, dict):
            yield from (
                (f"{key}.{name}", each)
                for name, each in value.items()
                if not (key == PLUGINS and isinstance(each, dict))
            )
        else:
            yield key, value


def plugin_tables(config: Path | None, environ: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """Return the plugins' own tables of the file of settings, by their names. Raises `Failure` as `read_file` does."""
    path = find_file(config, environ)
    if path is None:
        return {}
    read_file(path)  # it says what is wrong
    table: object = tomllib.loads(path.read_bytes().decode("utf-8-sig")).get(PLUGINS)
    tables = table.items() if isinstance(table, dict) else ()
    return {str(name): dict(each) for name, each in tables if isinstance(each, dict)}


def _parse_value(setting: Setting, value: object, path: Path, where: str) -> Value:
    try:
        parsed = setting.kind.from_toml(value)
    except argparse.ArgumentTypeError as error:
        raise Failure(Exit.USAGE, f"{where}: {setting.key}: {error}") from error
    return path.absolute().parent / parsed if isinstance(parsed, Path) else parsed


def _line_of(key: str, text: str) -> str:
    """Return ", line N" for the line on which a key is set, "" if it cannot be told: tomllib says no lines."""
    table, _, name = key.rpartition(".")
    now = ""
    for number, line in enumerate(text.splitlines(), 1):
        if heading := re.fullmatch(r"\s*\[\s*([\w-]+)\s*\]\s*(#.*)?", line):
            now = heading[1]
        match = re.match(r"\s*(?:([\w-]+)\s*\.\s*)?[\"']?([\w-]+)[\"']?\s*=", line)
        if match and (match[1] or now, match[2]) == (table, name):
            return f", line {number}"
    return ""


def _suggest(word: str, known: list[str]) -> str:
    known = [each for each in known if each != word]
    elsewhere = [each for each in known if each.rpartition(".")[2] == word.rpartition(".")[2]]  # in the wrong table
    return did_you_mean(word, known) or question(elsewhere[:1], "'{}'") or "'libchat config' prints all there are"
