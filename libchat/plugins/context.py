"""What a call of a plugin's function may ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from libchat.participant import Participant
from libchat.plugins.home import Home
from libchat.plugins.surface import SurfaceKind
from libchat.plugins.timer import Timer
from libchat.receipt import Receipt

T = TypeVar("T")


class Context:
    """One call: who has made it, where, and what can be done about it. Made for each call; keep none of them."""

    __slots__ = ("home", "sender", "target")

    def __init__(self, home: Home, sender: str = "", target: str = "") -> None:
        self.home = home
        self.sender = sender
        """Who gave the command, or sent the message; "" for timers."""
        self.target = target
        """Where that was: a `#room`, a name, or "" for nowhere."""

    @property
    def plugin(self) -> str:
        """The name of the plugin."""
        raise NotImplementedError

    @property
    def surface(self) -> SurfaceKind:
        """Where the plugin runs: "shell", "bot" or "server"."""
        raise NotImplementedError

    @property
    def me(self) -> str:
        """The name under which it talks."""
        raise NotImplementedError

    @property
    def room(self) -> str:
        """The `#room` where this happens, "" if it is none."""
        raise NotImplementedError

    @property
    def chat(self) -> Participant:
        """The chat, for everything that is not here. Its calls may block."""
        raise NotImplementedError

    @property
    def config(self) -> Any:  # noqa: ANN401  # the plugin's own class
        """The plugin's `Config`, filled from `[plugins.NAME]`; None if it has no such class."""
        raise NotImplementedError

    @property
    def data_dir(self) -> Path:
        """A folder of the plugin's own. It is made when it is first asked for."""
        raise NotImplementedError

    @property
    def store(self) -> MutableMapping[str, Any]:
        """A small dictionary that outlives the program: values as JSON knows them, 1 MB at most."""
        raise NotImplementedError

    @property
    def ending(self) -> threading.Event:
        """Set when the plugin is about to go: threads look at it, and end."""
        raise NotImplementedError

    def now(self) -> float:
        """Return seconds since 1970."""
        raise NotImplementedError

    def say(self, text: str, to: str = "") -> Receipt:
        """Say something in the chat: to a `#room` or a name, or where this happens."""
        raise NotImplementedError

    def reply(self, text: str) -> None:
        """Tell who gave the command. In a shell nobody else sees it."""
        raise NotImplementedError

    def ask(self, question: str, *, secret: bool = False, timeout: float = 60) -> str:
        """Ask who gave the command, and wait for the answer. Raises TimeoutError after so many seconds."""
        raise NotImplementedError

    def after(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Have a function called once, in so many seconds, unless the plugin is unloaded before."""
        raise NotImplementedError

    def thread(self, function: Callable[[], object]) -> threading.Thread:
        """Run a function in a thread of its own. It has to end soon after `ending` is set."""
        raise NotImplementedError

    def enter(self, manager: AbstractContextManager[T]) -> T:
        """Enter a context manager that is exited when the plugin is unloaded."""
        raise NotImplementedError
