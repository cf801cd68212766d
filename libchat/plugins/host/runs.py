"""Single calls into plugins: command lines, completions, events."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from libchat.errors import ChatError, PluginError, Refused, UsageError
from libchat.near import did_you_mean
from libchat.plugins.declare import Command
from libchat.plugins.grammar import quote
from libchat.plugins.host.tables import Tables
from libchat.plugins.kinds import Names
from libchat.plugins.loaded.collect import HookUse
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.guard import Abandoned
from libchat.plugins.loaded.home import Home
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate
from libchat.text import clean_line

if TYPE_CHECKING:
    from libchat.plugins.host import Host

Ending = Literal["done", "unknown", "usage", "refused", "slow", "failed"]

_WORD: Final = re.compile(r"\s*(\S+)\s?")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command. `text` is what was replied: the returned text, or what was wrong."""

    kind: Ending
    text: str = ""


def run_command(host: Host, tables: Tables, line: str, sender: str, target: str) -> Outcome:
    """Run a command line, reply what it returns or what was wrong, and return that."""
    found = _WORD.match(line)
    word = found[1].casefold() if found is not None else ""
    command = tables.commands.get(word)
    if found is None or command is None:
        return Outcome("unknown", _unknown(tables, word, host.surface.prefix))
    home = tables.homes[command.plugin]
    context = home.context(sender, target)
    outcome = _run(host, home, command, context, line[found.end() :])
    if outcome.text:
        context.reply(outcome.text)
    return outcome


def _unknown(tables: Tables, word: str, prefix: str) -> str:
    hint = did_you_mean(word, tables.commands, prefix + "{}") or f"{prefix}help lists those that there are"
    return f"there is no command {prefix}{clean_line(word[:40])}; {hint}"


def _run(host: Host, home: Home, command: Command, context: Context, rest: str) -> Outcome:
    name = host.surface.prefix + command.name
    rate = home.rates.get(command.name)
    wait = rate.take(context.sender.casefold(), host.timers.ticks()) if rate is not None else 0
    if rate is not None and wait:
        often = f"{rate.times} time{'s' * (rate.times > 1)} in {rate.seconds} s"
        return Outcome("slow", f"{name} may be used {often}; try again in {wait} s")
    scope = host.surface.scope(context.target)
    try:
        returned = host.calls.call(home, lambda: _call(command, context, rest, scope, name), name)
        return Outcome("done", returned if isinstance(returned, str) else "")
    except UsageError as error:
        return Outcome("usage", str(error))
    except PluginError as error:
        if error.kind == "load":
            return Outcome("refused", str(error))
        reason = "its plugin was unloaded meanwhile" if error.reason == Abandoned.__name__ else error.reason
        return Outcome("failed", f"{name}: {reason}")
    except Refused as error:
        return Outcome("refused", error.reason)
    except (ChatError, TimeoutError) as error:
        return Outcome("refused", str(error) or "there was no answer in time")


def _call(command: Command, context: Context, rest: str, scope: Scope, name: str) -> str | None:
    """Call a command's function. Reading the line is done here, too: its types may be the author's."""
    arguments, options = command.grammar.parse(rest, scope, name)
    if command.grammar.takes_context:
        arguments = [context, *arguments]
    returned = command.function(*arguments, **options)
    if returned is not None and not isinstance(returned, str):
        raise TypeError(f"{command.function.__name__} returned {type(returned).__name__}, not a text or None")
    return returned


def complete(tables: Tables, line: str, cursor: int, scope: Scope) -> tuple[int, Sequence[Candidate]]:
    """Return where the word at the cursor begins, and what it may become."""
    found = _WORD.match(line)
    if found is None or cursor <= found.end(1):
        begun = line[:cursor].lstrip()
        start = cursor - len(begun)
        words = [(word, command.summary) for word, command in sorted(tables.commands.items()) if word == command.name]
        return start, list(Names(words).complete(begun.casefold(), scope))
    command = tables.commands.get(found[1].casefold())
    slot = command.grammar.slot(line[found.end() :], max(cursor - found.end(), 0)) if command is not None else None
    if slot is None:
        return cursor, ()
    is_word = slot.parameter is not None and slot.parameter.shape != "text"
    candidates = [
        Candidate(quote(each.text), each.note) if is_word else each for each in slot.kind.complete(slot.prefix, scope)
    ]
    return found.end() + slot.start, candidates


def observing(
    home: Home, use: HookUse, sender: str, target: str, arguments: Mapping[str, object]
) -> Callable[[], object]:
    """Return the call of an observer with the arguments that it names. Raises KeyError for one that is not given."""
    given = {name: arguments[name] for name in use.arguments if name != "ctx"}

    def call() -> object:
        if "ctx" in use.arguments:
            given["ctx"] = home.context(sender, target)
        return use.function(**given)

    return call
