"""Help: what commands there are, and how each is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Final

from libchat.plugins import Arg, UsageError
from libchat.plugins.declare import Command
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate
from libchat_shell.commands.builtin import builtin, indented
from libchat_shell.commands.kinds import desk_of, suggestion
from libchat_shell.context import ShellContext

GROUPS: Final[Mapping[str, str]] = {
    "talk": "Talking",
    "rooms": "Rooms and people",
    "moderation": "Running a room",
    "account": "Your name",
    "shell": "This shell",
    "plugins": "Plugins",
    "help": "Help",
}
"""The titles of the files of commands, in the order in which they are shown."""

TIPS: Final = (
    "What you type in a room, or to somebody, is said there. //TEXT says /TEXT.",
    "Outside, these words work, too: who, join ROOM, message, NAME:TEXT, exit.",
    "Tab completes everything. /help COMMAND tells more.",
)


class CommandKind:
    """A command, with or without its slash."""

    placeholder = "COMMAND"

    def parse(self, word: str, scope: Scope) -> str:
        return word.removeprefix("/").lower()

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        wanted = prefix.removeprefix("/").lower()
        commands = desk_of(scope).host.commands
        slash = "/" if prefix.startswith("/") else ""
        return [Candidate(slash + name, each.summary) for name, each in commands.items() if name.startswith(wanted)]


@builtin("help", aliases=("h",))
def help_(ctx: ShellContext, name: Annotated[str, CommandKind(), Arg(help="tell all about it")] = "") -> str:
    """List the commands, or tell all about one.

    Example: /help
    Example: /help ban
    """
    commands = ctx.shell.host.commands
    if not name:
        return "\n".join(overview(commands.values()))
    if name not in commands:
        raise UsageError(f"there is no command /{name}.{suggestion(name, commands)} /help lists them")
    return "\n".join(describe(commands[name]))


def overview(commands: Iterable[Command]) -> list[str]:
    """Return the lines of the list of all commands, in groups."""
    groups = grouped(commands)
    rows = iter(indented([(f"/{each.name}", each.summary) for _, group in groups for each in group]))
    lines: list[str] = []
    for title, group in groups:
        lines += [title, *islice(rows, len(group)), ""]
    return [*lines, *TIPS]


def grouped(commands: Iterable[Command]) -> list[tuple[str, list[Command]]]:
    """Return titles with their commands: the shell's own by noun, those of plugins by plugin. Aliases count once."""
    groups: dict[str, list[Command]] = {title: [] for title in GROUPS.values()}
    for each in {command.name: command for command in commands}.values():
        groups.setdefault(_title(each), []).append(each)
    return [(title, found) for title, found in groups.items() if found]


def _title(command: Command) -> str:
    module = command.function.__module__
    if module.startswith(__package__ + "."):
        return GROUPS[module.rpartition(".")[2]]
    return f"Plugin {command.plugin}"


def describe(command: Command) -> list[str]:
    """Return the lines that tell all about a command."""
    lines = [command.grammar.usage(f"/{command.name}"), "", *command.help.splitlines()]
    rows = [(each.label, each.help) for each in command.grammar.parameters if each.help]
    if rows:
        lines += ["", *indented(rows)]
    if command.aliases:
        lines += ["", "Also: " + ", ".join(f"/{alias}" for alias in command.aliases)]
    return lines
