"""What the words of a command are understood by."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol


class Scope(Protocol):
    """What the arguments of a command are understood by: the conversation in which it is typed.

    1. Nothing here blocks, or asks the network: it answers from what is known already.
    2. It may be called from any thread.
    """

    @property
    def me(self) -> str:
        """One's own name."""
        ...

    @property
    def target(self) -> str:
        """The conversation: a `#room`, a name, or "" for none."""
        ...

    @property
    def cwd(self) -> Path:
        """The folder that paths are relative to."""
        ...

    def members(self) -> Iterable[str]:
        """Return who is in the conversation: who spoke most recently first, oneself last."""
        ...

    def rooms(self) -> Iterable[str]:
        """Return the rooms that are known, own ones first, each with its `#`."""
        ...

    def messages(self) -> Iterable[tuple[int, str, str]]:
        """Return number, sender and text of recent messages of the conversation, newest first."""
        ...
