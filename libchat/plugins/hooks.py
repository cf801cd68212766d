"""Every hook there is: what it is called with, and where. `docs/reference/plugins.md` is tested against this table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from libchat.near import did_you_mean


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook. A transform may change or drop what it is given; what an observer returns is ignored."""

    name: str
    kind: Literal["transform", "observer"]
    arguments: tuple[str, ...]
    where: str
    summary: str


_EVERYWHERE: Final = "shell, bot, server"
_TABLE: Final = (
    Hook(
        "message",
        "transform",
        ("message", "ctx"),
        _EVERYWHERE,
        "A message of somebody: on a server before it is accepted, elsewhere before it is shown or handled.",
    ),
    Hook("send", "transform", ("message", "ctx"), "shell, bot", "An own message, before it goes out."),
    Hook("join", "observer", ("room", "name", "ctx"), _EVERYWHERE, "Somebody has entered a room."),
    Hook("leave", "observer", ("room", "name", "ctx"), _EVERYWHERE, "Somebody has left a room."),
    Hook("kick", "observer", ("room", "name", "by", "reason", "ctx"), _EVERYWHERE, "Somebody was put out of a room."),
    Hook(
        "connect",
        "observer",
        ("name", "ctx"),
        _EVERYWHERE,
        "On a server somebody has come online; elsewhere the own connection is there, or is there again.",
    ),
    Hook(
        "disconnect",
        "observer",
        ("name", "ctx"),
        _EVERYWHERE,
        "On a server somebody has gone offline; elsewhere the own connection is lost.",
    ),
    Hook("topic", "observer", ("room", "name", "text", "ctx"), _EVERYWHERE, "Somebody has set a room's topic."),
    Hook("edit", "observer", ("entry", "ctx"), _EVERYWHERE, "Somebody has given a message another text."),
    Hook("delete", "observer", ("entry", "ctx"), _EVERYWHERE, "Somebody has taken a message away."),
    Hook("react", "observer", ("entry", "ctx"), _EVERYWHERE, "Somebody has reacted to a message."),
    Hook("load", "observer", ("ctx",), _EVERYWHERE, "This plugin was loaded; if it raises, it is not."),
    Hook("unload", "observer", ("ctx",), _EVERYWHERE, "This plugin is about to go."),
)

HOOKS: Final = {hook.name: hook for hook in _TABLE}


def arguments_of(name: str, function: Callable[..., object]) -> frozenset[str]:
    """Return which arguments of a hook a function names. Raises TypeError if there is no such hook or argument."""
    hook = HOOKS.get(name)
    if hook is None:
        raise TypeError(f"there is no hook '{name}'; {_near(name, tuple(HOOKS))}")
    return _named(function, hook.arguments, f"hook '{name}'")


def arguments_of_timer(function: Callable[..., object]) -> frozenset[str]:
    """Return which arguments the function of a timer names. Raises TypeError for others than `ctx`."""
    return _named(function, ("ctx",), "a timer")


def _named(function: Callable[..., object], known: tuple[str, ...], what: str) -> frozenset[str]:
    given = inspect.signature(function).parameters
    for each in given.values():
        if each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
            raise TypeError(f"'{each}' of {function.__name__}: a function for {what} names its arguments one by one")
        if each.name not in known:
            raise TypeError(f"{what} has no argument '{each.name}' for {function.__name__}; {_near(each.name, known)}")
    return frozenset(given)


def _near(word: str, known: tuple[str, ...]) -> str:
    return did_you_mean(word, known) or f"there are: {', '.join(known)}"
