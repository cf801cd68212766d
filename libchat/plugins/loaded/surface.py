"""What the host of plugins needs of the program it is in: a shell, a bot or a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from libchat.participant import Participant
from libchat.plugins.scope import Scope

if TYPE_CHECKING:
    from libchat.plugins.loaded.context import Context
    from libchat.plugins.loaded.home import Home

SurfaceKind = Literal["shell", "bot", "server"]


class Surface(Protocol):
    """The program that plugins live in. All of it may be called from any thread, and by several at once.

    1. `reply`, `tell` and `scope` return at once.
    2. Texts that come to `reply`, `ask` and `tell` have been cleaned (`libchat.text.clean_text`).
    """

    @property
    def kind(self) -> SurfaceKind:
        """What it is."""
        ...

    @property
    def prefix(self) -> str:
        """What stands before the name of a command: "/" or "!"."""
        ...

    @property
    def participant(self) -> Participant:
        """Who talks for the plugins."""
        ...

    def scope(self, target: str) -> Scope:
        """Return what arguments are understood by in a conversation ("" for none)."""
        ...

    def reply(self, context: Context, text: str) -> None:
        """Tell who gave a command."""
        ...

    def ask(self, context: Context, question: str, secret: bool, timeout: float) -> str:
        """Ask who gave a command, and wait for the answer. Raises TimeoutError."""
        ...

    def tell(self, text: str) -> None:
        """Tell the person who runs the program: a plugin is off, it has printed something."""
        ...

    def make_context(self, home: Home, sender: str, target: str) -> Context:
        """Return the context of one call: `Context(home, sender, target)`, or a class of one's own made of it."""
        ...

    def clock(self) -> float:
        """Return seconds since 1970."""
        ...
