"""Write the tables of docs/reference/shell.md from the shell's own: `python tests/generate_shell.py`."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Final

from libchat.plugins.declare import Command
from libchat.plugins.loaded.collect import collect
from libchat_shell.commands import MODULES
from libchat_shell.commands.help import grouped
from libchat_shell.keys import KEYS
from libchat_shell.settings import TABLE, typed

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "shell.md"

_BAR: Final = "\\|"
"""A bar that does not end a column."""


def page() -> str:
    """Return the page as it has to be: what is between the marks is written anew."""
    text = PAGE.read_text(encoding="utf-8")
    for what, tables in (("commands", command_tables()), ("keys", key_table()), ("settings", setting_table())):
        begin, end = f"<!-- {what} -->\n", f"\n<!-- end of {what} -->"
        assert text.count(begin) == text.count(end) == 1, f"{PAGE} has no place for the {what}"
        before, after = text.partition(begin)[0], text.partition(end)[2]
        text = f"{before}{begin}\n{tables}{end}{after}"
    return text


def command_tables() -> str:
    """Return a table for each group of commands."""
    return "\n".join(f"### {title}\n\n{_table(group)}" for title, group in grouped(commands()))


def commands() -> list[Command]:
    """Return the shell's own commands, in the order of help."""
    return [each for module in MODULES for each in _commands_of(module)]


def key_table() -> str:
    """Return the table of keys."""
    rows = [f"| {keys} | {does} |" for keys, does in KEYS]
    return "\n".join(["| keys | what they do |", "|---|---|", *rows]) + "\n"


def setting_table() -> str:
    """Return the table of the shell's settings."""
    rows = [
        f"| `{known.name}` | {known.help} | {known.kind.rule.replace('|', _BAR)} | `{typed(known.default)}` |"
        for known in TABLE
    ]
    return "\n".join(["| setting | what it is | may be | comes as |", "|---|---|---|---|", *rows]) + "\n"


def _commands_of(module: ModuleType) -> tuple[Command, ...]:
    return tuple(collect(module, module.__name__.rpartition(".")[2]).commands)


def _table(group: list[Command]) -> str:
    lines = ["| command | what it does | for example |", "|---|---|---|"]
    return "\n".join([*lines, *map(_row, group)]) + "\n"


def _row(command: Command) -> str:
    usage = command.grammar.usage(f"/{command.name}").replace("|", _BAR)
    also = "".join(f", `/{alias}`" for alias in command.aliases)
    examples = re.findall(r"^Example: (.*)$", command.help, re.MULTILINE)
    return f"| `{usage}`{also} | {command.summary} | {', '.join(f'`{each}`' for each in examples)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
