"""What a module declares: its marked functions, checked."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from libchat.errors import PluginError
from libchat.plugins.declare import MARK, Command, Marks
from libchat.plugins.grammar import Grammar
from libchat.plugins.hooks import arguments_of, arguments_of_timer
from libchat.plugins.loaded.rates import parse_rate

_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}|[+?*=.~^%&]{1,2}")


@dataclass(frozen=True, slots=True)
class HookUse:
    """A function for a hook, and the arguments that it names."""

    hook: str
    order: int
    function: Callable[..., object]
    arguments: frozenset[str]


@dataclass(frozen=True, slots=True)
class TimerUse:
    """A function for a timer."""

    seconds: float
    function: Callable[..., object]
    arguments: frozenset[str]


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything that a plugin declares."""

    commands: tuple[Command, ...] = ()
    hooks: tuple[HookUse, ...] = ()
    timers: tuple[TimerUse, ...] = ()


def collect(source: ModuleType | Iterable[object], plugin: str, group: str = "") -> Declared:
    """Return what a module's functions, or the functions of a list, are marked as. Raises `PluginError`.

    `group` is the heading under which help lists the commands, the plugin's name if it is "".
    """
    values = vars(source).values() if isinstance(source, ModuleType) else source
    functions = [each for each in dict.fromkeys(filter(inspect.isfunction, values)) if MARK in vars(each)]
    try:
        return Declared(
            tuple(made for each in functions for made in _commands(each, plugin, group or plugin)),
            tuple(
                HookUse(name, order, each, arguments_of(name, each))
                for each in functions
                for name, order in reversed(_marks(each).hooks)
            ),
            tuple(_timer(each, seconds) for each in functions for seconds in _marks(each).timers),
        )
    except (TypeError, ValueError) as error:
        raise PluginError(plugin, str(error)) from error


def _marks(function: Callable[..., object]) -> Marks:
    marks = vars(function)[MARK]
    assert isinstance(marks, Marks)
    return marks


def _commands(function: Callable[..., object], plugin: str, group: str) -> Iterable[Command]:
    for name, rate, aliases in reversed(_marks(function).commands):
        for word in (name, *aliases):
            if not _WORD.fullmatch(word):
                raise ValueError(
                    f"'{word}' cannot be a command; use small letters, digits, '-' and '_', or a sign as '+'"
                )
        if rate:
            parse_rate(rate)
        try:
            grammar = Grammar.of(function)
        except TypeError as error:
            raise TypeError(f"command '{name}': {error}") from error
        text = inspect.getdoc(function) or ""
        yield Command(name, function, grammar, text.partition("\n")[0], text, rate, aliases, plugin, group)


def _timer(function: Callable[..., object], seconds: float) -> TimerUse:
    if not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError(f"'{function.__name__}' cannot be called every {seconds} seconds; give a number above 0")
    return TimerUse(seconds, function, arguments_of_timer(function))
