"""What a call of a plugin's function may ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from libchat.errors import UsageError
from libchat.participant import Participant
from libchat.plugins.loaded.guard import patience
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.surface import SurfaceKind
from libchat.plugins.loaded.timer import Timer
from libchat.receipt import Receipt
from libchat.text import clean_text

T = TypeVar("T")

REPLY_CHARACTERS = 20_000
"""Characters of one reply: several screens; what is longer belongs into a file."""


class Context:
    """One call: who has made it, where, and what can be done about it. Made for each call; keep none of them."""

    __slots__ = ("home", "hook", "sender", "target")

    def __init__(self, home: Home, sender: str = "", target: str = "") -> None:
        self.home = home
        self.sender = sender
        """Who gave the command, or sent the message; "" for timers."""
        self.target = target
        """Where that was: a `#room`, a name, or "" for nowhere."""
        self.hook = ""
        """The transform that this call is for, "" if it is for none."""

    @property
    def plugin(self) -> str:
        """The name of the plugin."""
        return self.home.name

    @property
    def surface(self) -> SurfaceKind:
        """Where the plugin runs: "shell", "bot" or "server"."""
        return self.home.surface.kind

    @property
    def me(self) -> str:
        """The name under which it talks."""
        return self.chat.name

    @property
    def room(self) -> str:
        """The `#room` where this happens, "" if it is none."""
        return self.target if self.target.startswith("#") else ""

    @property
    def chat(self) -> Participant:
        """The chat, for everything that is not here. Its calls may block."""
        return self.home.surface.participant

    @property
    def config(self) -> Any:  # noqa: ANN401  # the plugin's own class
        """The plugin's `Config`, filled from `[plugins.NAME]`; None if it has no such class."""
        return self.home.config

    @property
    def data_dir(self) -> Path:
        """A folder of the plugin's own. It is made when it is first asked for."""
        return self.home.data_dir()

    @property
    def store(self) -> MutableMapping[str, Any]:
        """A small dictionary that outlives the program: values as JSON knows them, 1 MB at most."""
        return self.home.store

    @property
    def state(self) -> dict[str, Any]:
        """A dictionary that all calls share as long as the plugin is loaded."""
        return self.home.state

    @property
    def ending(self) -> threading.Event:
        """Set when the plugin is about to go: threads look at it, and end."""
        return self.home.ledger.ending

    def now(self) -> float:
        """Return seconds since 1970."""
        return self.home.surface.clock()

    def say(self, text: str, to: str = "") -> Receipt:
        """Say something in the chat: to a `#room` or a name, or where this happens."""
        return self.chat.send(self.place(to), text)

    def place(self, to: str = "") -> str:
        """Return where something is said, by default where this happens. Raises `UsageError` if that is nowhere."""
        if not (to or self.target):
            raise UsageError("there is nobody to say it to here; go to a room, or name one")
        return str(to or self.target)

    def reply(self, text: str) -> None:
        """Tell who gave the command. In a shell nobody else sees it."""
        text = clean_text(str(text)[:REPLY_CHARACTERS])
        if text.strip():
            self.home.surface.reply(self, text)

    def ask(self, question: str, *, secret: bool = False, timeout: float = 60) -> str:
        """Ask who gave the command, and wait for the answer. Raises TimeoutError after so many seconds."""
        with patience():
            return self.home.surface.ask(self, clean_text(question), secret, timeout)

    def after(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Have a function called once, in so many seconds, unless the plugin is unloaded before."""
        home = self.home
        return home.ledger.keep_timer(
            lambda fire: home.timers.after(seconds, fire), lambda: home.call_later(function, "a timer")
        )

    def thread(self, function: Callable[[], object]) -> threading.Thread:
        """Run a function in a thread of its own. It has to end soon after `ending` is set."""
        return self.home.ledger.start_thread(self.home.guarded(function, "a thread"))

    def enter(self, manager: AbstractContextManager[T]) -> T:
        """Enter a context manager that is exited when the plugin is unloaded."""
        return self.home.ledger.enter(manager)
