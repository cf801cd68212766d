"""Write the tables of docs/reference/shell.md from the shell's commands: `python tests/generate_shell.py`."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Final

from libchat.plugins.collect import collect
from libchat.plugins.declare import Command
from libchat_shell.commands import MODULES
from libchat_shell.commands.help import grouped

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "shell.md"

_REGION: Final = re.compile(r"(<!-- commands -->\n).*?(\n<!-- end of commands -->)", re.DOTALL)


def page() -> str:
    """Return the page as it has to be: what is between the marks is written anew."""
    text, found = _REGION.subn(lambda match: f"{match[1]}\n{tables()}{match[2]}", PAGE.read_text(encoding="utf-8"))
    assert found == 1, f"{PAGE} has no place for the commands"
    return text


def tables() -> str:
    """Return a table for each group of commands."""
    return "\n".join(f"### {title}\n\n{_table(group)}" for title, group in grouped(commands()))


def commands() -> list[Command]:
    """Return the shell's own commands, in the order of help."""
    return [each for module in MODULES for each in _commands_of(module)]


def _commands_of(module: ModuleType) -> tuple[Command, ...]:
    return tuple(collect(module, module.__name__.rpartition(".")[2]).commands)


def _table(group: list[Command]) -> str:
    lines = ["| command | what it does | for example |", "|---|---|---|"]
    return "\n".join([*lines, *map(_row, group)]) + "\n"


def _row(command: Command) -> str:
    usage = command.grammar.usage(f"/{command.name}").replace("|", "\\|")
    also = "".join(f", `/{alias}`" for alias in command.aliases)
    examples = re.findall(r"^Example: (.*)$", command.help, re.MULTILINE)
    return f"| `{usage}`{also} | {command.summary} | {', '.join(f'`{each}`' for each in examples)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
