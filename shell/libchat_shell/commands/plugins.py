"""Plugins: which there are, switching them on and off, and what went wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from libchat.plugins import Arg, UsageError
from libchat.plugins.host import Failure, Listed
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate
from libchat.tables import format_table
from libchat_shell.commands.builtin import builtin, count, indented, milliseconds
from libchat_shell.commands.kinds import desk_of
from libchat_shell.context import ShellContext
from libchat_shell.times import ago

Action = Literal["list", "info", "enable", "disable", "reload", "errors"]
_WITH_NAME: Final = ("info", "enable", "disable", "reload")


class PluginKind:
    """A plugin, by its name."""

    placeholder = "NAME"

    def parse(self, word: str, scope: Scope) -> str:
        return word

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return [
            Candidate(each.name, f"{each.state}: {each.summary}")
            for each in desk_of(scope).host.list()
            if each.name.startswith(prefix.lower())
        ]


@builtin()
def plugins(
    ctx: ShellContext,
    action: Annotated[Action, Arg(help="what to do (default: list)")] = "list",
    name: Annotated[str, PluginKind(), Arg(help="which plugin")] = "",
) -> str:
    """List the plugins, and switch them on and off.

    A plugin can do everything that you can: enable only what you trust.

    Example: /plugins
    Example: /plugins enable dice
    """
    host = ctx.shell.host
    if action in _WITH_NAME and not name:
        raise UsageError(f"say which one: /plugins {action} NAME; /plugins lists them")
    if action == "list":
        return "\n".join(_listed(host.list()))
    if action == "info":
        return "\n".join(_described(host.info(name)))
    if action == "errors":
        return "\n".join(_errors(ctx, name))
    if action == "enable":
        host.enable(name)
    elif action == "disable":
        host.disable(name)
        return f"{name} is off, and stays off"
    else:
        host.reload(name)
    return f"{name} is {'loaded anew' if action == 'reload' else 'on, and is loaded whenever the shell starts'}"


def _listed(found: Iterable[Listed]) -> list[str]:
    rows = [(each.name, each.state, each.version, each.problem or each.summary) for each in found]
    if not rows:
        return ["there are no plugins; `libchat plugins new NAME` writes one"]
    return [*format_table([("PLUGIN", "", "VERSION", ""), *rows]), "/plugins enable NAME switches one on"]


def _described(listed: Listed) -> list[str]:
    rows = [
        ("is", listed.state + (", and loaded whenever the shell starts" if listed.is_enabled else "")),
        ("problem", listed.problem),
        ("version", listed.version),
        ("comes from", listed.origin),
        ("commands", ", ".join(f"/{each}" for each in listed.commands)),
        ("hooks", ", ".join(listed.hooks)),
        ("timers", str(listed.timers or "")),
        ("threads", str(listed.threads or "")),
        ("failures", str(listed.failures or "")),
    ]
    title = f"{listed.name}: {listed.summary}" if listed.summary else f"{listed.name}:"
    return [title, *indented([row for row in rows if row[1]])]


def _errors(ctx: ShellContext, name: str) -> list[str]:
    """Return what went wrong; with its details, if one plugin is asked about."""
    found = [each for each in ctx.shell.host.errors() if not name or each.plugin == name]
    if not found:
        return [f"nothing went wrong{' with ' + name if name else ''}"]
    now = milliseconds(ctx)
    if name:
        return [line for each in found for line in (_told(each, now), *each.details.splitlines())]
    return [*(_told(each, now) for each in found), f"{count(len(found), 'error')}; /plugins errors NAME shows more"]


def _told(failure: Failure, now: int) -> str:
    return f"{failure.plugin}, {failure.where}, {ago(int(failure.when * 1000), now)}: {failure.reason}"
