"""Calls of what is loaded: command lines, completions, transforms, events."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from libchat.durations import format_duration
from libchat.errors import ChatError, PluginError, Refused, UsageError
from libchat.near import did_you_mean
from libchat.plugins.declare import Command
from libchat.plugins.grammar import quote
from libchat.plugins.host.calls import Calls
from libchat.plugins.host.chain import Chain, Step, Transformed
from libchat.plugins.host.tables import Tables
from libchat.plugins.kinds import Names
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.guard import Abandoned, Guard
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.output import Capture, tell_printed
from libchat.plugins.loaded.surface import Surface
from libchat.plugins.loaded.timer import Timers
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate
from libchat.plugins.values import Message
from libchat.text import clean_line

Ending = Literal["done", "unknown", "usage", "refused", "slow", "failed"]

_WORD: Final = re.compile(r"\s*(\S+)\s?")


class _Mistyped(UsageError):
    """A line that does not fit the grammar of its command: nothing was called."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command. `text` is what was replied: the returned text, or what was wrong."""

    kind: Ending
    text: str = ""


class Runs:
    """Calls what stands in tables. `switch_off` is called with a plugin whose transform hangs, and why it has to go."""

    def __init__(
        self, surface: Surface, guard: Guard, timers: Timers, calls: Calls, switch_off: Callable[[Home, str], None]
    ) -> None:
        self._surface = surface
        self._guard = guard
        self._timers = timers
        self._calls = calls
        self._switch_off = switch_off

    def run(self, tables: Tables, line: str, sender: str, target: str) -> Outcome:
        """Run a command line, reply what it returns or what was wrong, and return that."""
        found = _WORD.match(line)
        word = found[1].casefold() if found is not None else ""
        command = tables.commands.get(word)
        if found is None or command is None:
            return Outcome("unknown", _unknown(tables, word, self._surface.prefix))
        home = tables.homes[command.plugin]
        context = home.context(sender, target)
        outcome = self._run(home, command, context, line[found.end() :])
        if outcome.text:
            context.reply(outcome.text)
        return outcome

    def _run(self, home: Home, command: Command, context: Context, rest: str) -> Outcome:
        name = self._surface.prefix + command.name
        rate = home.rates.get(command.name)
        sender = context.sender.casefold()
        wait = rate.take(sender, self._timers.ticks()) if rate is not None else 0
        if rate is not None and wait:
            often = f"{rate.times} time{'s' * (rate.times > 1)} in {format_duration(rate.seconds)}"
            return Outcome("slow", f"{name} may be used {often}; try again in {_rounded(wait)}")
        scope = self._surface.scope(context.target)
        try:
            returned = self._calls.call(home, lambda: _call(command, context, rest, scope, name), name)
            return Outcome("done", returned if isinstance(returned, str) else "")
        except UsageError as error:
            if rate is not None and isinstance(error, _Mistyped):
                rate.give_back(sender)
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

    def transform(
        self, tables: Tables, hook: Literal["message", "send"], messages: Sequence[Message]
    ) -> Sequence[Transformed]:
        """Return what the plugins make of messages: one for each, in order. Waits for them, 10 s at most."""
        steps = tables.transforms.get(hook)
        if not steps or not messages:
            return list(messages)
        own = self._surface.participant.name if self._surface.kind != "server" else ""
        chain = Chain(steps, messages, own, lambda home, error: self._calls.note(home, f"hook {hook}", error))
        while not chain.is_done:
            capture = Capture()
            try:
                self._guard.call(chain.run, plugin=_names(steps), capture=capture)
            except PluginError as error:
                home = chain.skip(error)
                self._calls.note(home, f"hook {hook}", PluginError(home.name, error.reason, error.kind, error.details))
                self._switch_off(home, f"its hook {hook} hangs")
            finally:
                tell_printed(capture, _names(steps), self._surface.tell)
        return chain.results

    def observe(self, tables: Tables, hook: str, sender: str, target: str, arguments: Mapping[str, object]) -> None:
        """Tell the plugins that something has happened, and return at once."""
        for home, use in tables.observers.get(hook, ()):
            job = home.observing(use, sender, target, arguments)
            if not home.lane.post(_guarded(home, job, f"hook {hook}")):
                reason = "more events wait for it than it can take; the newest ones are lost to it"
                self._calls.note(home, f"hook {hook}", PluginError(home.name, reason, "told"))


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


def _unknown(tables: Tables, word: str, prefix: str) -> str:
    hint = did_you_mean(word, tables.commands, prefix + "{}") or f"{prefix}help lists those that there are"
    return f"there is no command {prefix}{clean_line(word[:40])}; {hint}"


def _call(command: Command, context: Context, rest: str, scope: Scope, name: str) -> str | None:
    """Call a command's function. Reading the line is done here, too: its types may be the author's."""
    try:
        arguments, options = command.grammar.parse(rest, scope, name)
    except UsageError as error:
        raise _Mistyped(str(error)) from error
    if command.grammar.takes_context:
        arguments = [context, *arguments]
    returned = command.function(*arguments, **options)
    if returned is not None and not isinstance(returned, str):
        raise TypeError(f"{command.function.__name__} returned {type(returned).__name__}, not a text or None")
    return returned


def _rounded(seconds: int) -> str:
    """Return how long it is until something may be tried, never too short."""
    unit = next(unit for unit in (3600, 60, 1) if seconds >= 2 * unit or unit == 1)
    return format_duration(math.ceil(seconds / unit) * unit)


def _guarded(home: Home, job: Callable[[], object], where: str) -> Callable[[], None]:
    return lambda: None if home.is_gone else home.on_call(job, where)


def _names(steps: Sequence[Step]) -> str:
    return ", ".join(dict.fromkeys(step.home.name for step in steps))
