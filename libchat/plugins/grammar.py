"""The grammar of a command: what its signature says about the line behind its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from libchat.plugins.kinds import Kind
from libchat.plugins.surface import Scope


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command. `shape` is "word", "words" (the rest), "text" (the rest as typed) or "option"."""

    name: str
    shape: str
    kind: Kind
    default: object
    is_required: bool
    help: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the cursor is: in a word that begins at `start`, of which `prefix` is typed, for a parameter of a kind.

    `parameter` is None where the name of an option is being typed; `kind` completes this as well.
    """

    kind: Kind
    prefix: str
    start: int
    parameter: Parameter | None = None


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a command takes."""

    parameters: tuple[Parameter, ...]
    takes_context: bool

    @classmethod
    def of(cls, function: Callable[..., object]) -> Grammar:
        """Return the grammar that a signature states. Raises TypeError for one that no line can fill."""
        raise NotImplementedError

    def usage(self, name: str) -> str:
        """Return how the command is written: `/ban NAME [REASON ...] [--minutes N]`."""
        raise NotImplementedError

    def parse(self, text: str, scope: Scope, name: str = "") -> tuple[list[object], dict[str, object]]:
        """Return the arguments in what stands behind the command's name. Raises `UsageError`."""
        raise NotImplementedError

    def slot(self, text: str, cursor: int) -> Slot | None:
        """Return what is being typed at the cursor, None where there is nothing to complete."""
        raise NotImplementedError


def quote(word: str) -> str:
    """Return a word so that it is read as one, and as this one."""
    raise NotImplementedError
