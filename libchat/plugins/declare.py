"""The decorators of plugins. They only mark functions; the host looks for the marks when it loads a plugin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, overload

from libchat.plugins.grammar import Grammar

F = TypeVar("F", bound=Callable[..., object])

T = TypeVar("T")

MARK = "__libchat_plugin__"


@dataclass(slots=True)
class Marks:
    """What decorators have said about a function."""

    commands: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    hooks: list[tuple[str, int]] = field(default_factory=list)
    timers: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Command:
    """A command: a function, and how it is called. `summary` is the first line of its docstring, `help` all of it.

    `group` is the heading under which it is listed.
    """

    name: str
    function: Callable[..., object]
    grammar: Grammar
    summary: str = ""
    help: str = ""
    rate: str = ""
    aliases: tuple[str, ...] = ()
    plugin: str = ""
    group: str = ""


@overload
def command(name: F) -> F: ...
@overload
def command(name: str = "", *, rate: str = "", aliases: Sequence[str] = ()) -> Callable[[F], F]: ...
def command(name: F | str = "", *, rate: str = "", aliases: Sequence[str] = ()) -> F | Callable[[F], F]:
    """Make a function a command, called as the function unless another name is given: its signature is its grammar.

    `rate` limits how often one sender may use it: "5/10s" is five times in ten seconds, "1/1h" once
    in an hour (s, m, h, d, w). A line that does not fit the signature does not count.
    """

    def mark(function: F) -> F:
        word = name if isinstance(name, str) and name else function.__name__.strip("_").replace("_", "-")
        _add(marks_of(function).commands, (word, rate, tuple(aliases)))
        return function

    return mark(name) if callable(name) else mark


def hook(name: str, *, order: int = 0) -> Callable[[F], F]:
    """Have a function called when something happens, or for every message; it receives the arguments that it names.

    Transforms run by `order`, lowest first, then by the plugins' names, then as they stand in the file.
    """

    def mark(function: F) -> F:
        _add(marks_of(function).hooks, (name, order))
        return function

    return mark


def every(*, seconds: float) -> Callable[[F], F]:
    """Have a function called again and again, from when the plugin is loaded until it is unloaded."""

    def mark(function: F) -> F:
        _add(marks_of(function).timers, seconds)
        return function

    return mark


def marks_of(function: Callable[..., object]) -> Marks:
    """Return the marks of a function, to be added to."""
    marks = vars(function).setdefault(MARK, Marks())
    assert isinstance(marks, Marks)
    return marks


def _add(marks: list[T], mark: T) -> None:
    """Mark once, also if it is said twice: a function may be given to several bots."""
    if mark not in marks:
        marks.append(mark)
