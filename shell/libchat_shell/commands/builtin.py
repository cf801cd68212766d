"""How the shell's own commands are declared, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

from libchat import Entry, Refused
from libchat.plugins import Text, UsageError, command
from libchat.receipt import Receipt
from libchat.tables import format_table
from libchat_shell.advice import advise, advised
from libchat_shell.context import ShellContext

P = ParamSpec("P")
R = TypeVar("R")

NOTHING: Final = Text("")
"""A text that was left out."""

Function = Callable[Concatenate[ShellContext, P], R]


def builtin(name: str = "", *, aliases: Sequence[str] = ()) -> Callable[[Function[P, R]], Function[P, R]]:
    """Make a function a command of the shell, whose errors say what to do here."""

    def mark(function: Function[P, R]) -> Function[P, R]:
        @wraps(function)
        def run(ctx: ShellContext, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(ctx, *args, **kwargs)
            except Refused as error:
                raise advised(error, ctx.me) from error
            except TimeoutError as error:
                raise TimeoutError(advise(error)) from error

        return command(name or function.__name__.strip("_").replace("_", "-"), aliases=aliases)(run)

    return mark


def ask_secret(ctx: ShellContext, question: str) -> str:
    """Ask for something that is not shown, and kept nowhere. Raises `UsageError` if the person gives up."""
    try:
        answer = ctx.ask(question, secret=True)
    except TimeoutError:
        raise UsageError("nothing was typed for a while, so nothing was changed; give the command again") from None
    if not answer:
        raise UsageError("nothing was typed, so nothing was changed")
    return answer


def milliseconds(ctx: ShellContext) -> int:
    """Return the time in milliseconds since 1970."""
    return int(ctx.now() * 1000)


def hear_own(ctx: ShellContext, target: str, receipt: Receipt, kind: str, text: str = "", ref: int = 0) -> None:
    """Wait until an own entry that is no message is accepted, and have it shown: the chat tells the others only.

    If a plugin of the server has changed its text, that is what is shown.
    """
    accepted = receipt.accepted()
    ctx.shell.heard(Entry(target, accepted.seq, ctx.me, accepted.time, accepted.text or text, kind, ref))


def indented(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table under a title."""
    return [f"  {line}" for line in format_table(rows)]


def count(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: "1 room", "2 rooms"."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"
