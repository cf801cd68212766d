"""Types of parameters that mean something in a chat: annotate with them, and words are checked and completed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Arg", "Candidate", "Member", "Path", "Ref", "Room", "Text"]


class Member(str):
    """Somebody's name, as it is shown; completed from who is in the conversation. They need not be here."""

    __slots__ = ()


class Room(str):
    """A room, with its `#`; completed from the rooms that are known."""

    __slots__ = ()


class Text(str):
    """The rest of the line as it was typed, quotes and all. Only the last positional parameter may be one."""

    __slots__ = ()


class Ref(int):
    """The number of a message in the conversation; completed from the recent ones."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that a word may be completed to. `note` is shown beside it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Arg:
    """More about a parameter, in `Annotated[str, Arg(...)]`: a line of help, and what its words may be.

    `complete` is called with what has been typed of the word, and returns words. It may be slow: it runs in a thread of
    its own, and what comes too late is offered at the next key.
    """

    complete: Callable[[str], Iterable[str | Candidate]] | None = None
    help: str = ""
