"""`libchat config`: the settings of a server, and where each comes from."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from datetime import date, time
from itertools import groupby
from pathlib import Path

from libchat.cli import output
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command
from libchat.cli.settings.kinds import Value
from libchat.cli.settings.sources import Effective, add_settings, plugin_tables, settle
from libchat.cli.settings.table import PLUGINS


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "config",
        run,
        "Print the settings of a server, and where each comes from.",
        "It takes the settings of 'libchat serve', and prints what that would do with them: a flag goes before an\n"
        "environment variable, this before the file, and this before the default. The output can be used as a file:\n"
        "what is not set stands there as a comment. 'libchat serve --help' explains each.",
        (
            "libchat config",
            "libchat config --port 9000 > server.toml",
            "libchat config --json | jq -r 'select(.source != \"default\").key'",
        ),
    )
    add_settings(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: key, value, source, flag and variable (default: TOML)",
    )


def run(options: Options) -> int:
    """Print them."""
    found = settle(options)
    if options.json:
        for each in found:
            output.say_json(
                key=each.setting.key,
                value=_absolute(each.value),
                source=output.safe_line(each.source),
                flag=each.setting.flag,
                variable=each.setting.variable,
            )
        return Exit.OK
    sys.stdout.write(format_toml(found, plugin_tables(options.config, os.environ)))
    sys.stdout.flush()
    return Exit.OK


def format_toml(found: list[Effective], plugins: Mapping[str, Mapping[str, object]] | None = None) -> str:
    """Return settings as a TOML file, with the plugins' own tables. Where each comes from stands behind it."""
    parts = []
    for table, group in groupby(found, key=lambda each: each.setting.table):
        parts.append(f"\n[{table}]\n" if table else "# The settings of a libchat server.\n")
        parts += [_line(each) for each in group]
    for name, values in (plugins or {}).items():
        parts.append(f"\n[{PLUGINS}.{format_key(name)}]\n")
        parts += [f"{format_key(key)} = {format_any(value)}\n" for key, value in values.items()]
    return "".join(parts)


def _line(each: Effective) -> str:
    name = each.setting.name
    source = output.safe_line(each.source)
    if each.value is None:
        return f"# {name} =  # not set: {each.setting.told_default}\n"
    return f"{name} = {format_value(each.value)}  # {source}\n"


def format_value(value: Value) -> str:
    """Return a value as TOML writes it; a path is made absolute, since the file may come to lie anywhere."""
    from libchat.security.known_servers import format_string

    value = _absolute(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_string(value) if isinstance(value, str) else str(value)


def format_key(key: str) -> str:
    """Return a key as TOML writes it."""
    from libchat.security.known_servers import format_string

    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else format_string(key)


def format_any(value: object) -> str:
    """Return whatever TOML can hold as it writes it, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{format_key(key)} = {format_any(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(format_any(each) for each in value) + "]"
    if isinstance(value, (bool, str)):
        return format_value(value)
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _absolute(value: Value) -> str | float | bool | None:
    return str(value.absolute()) if isinstance(value, Path) else value
