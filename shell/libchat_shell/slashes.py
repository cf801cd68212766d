"""Slash commands in the plain shell: the same as on a terminal, with lines in and lines out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from libchat import Event, Participant
from libchat_shell.front import Query
from libchat_shell.input import Run, Wrong, interpret
from libchat_shell.lines import Line
from libchat_shell.shell import Shell, Surroundings

if TYPE_CHECKING:
    from libchat_shell.plain import Talk

WIDTH = 0
"""Lines are not wrapped: who reads a pipe wants them whole."""


class PlainUi:
    """A user interface of lines. Its thread is whoever has the lock."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._lock = threading.RLock()
        self._owner = 0
        self.draft = ""

    def post(self, function: Callable[[], None], delay: float = 0.0) -> None:
        """Call a function."""
        with self._lock:
            before, self._owner = self._owner, threading.get_ident()
            try:
                function()
            finally:
                self._owner = before

    def is_own_thread(self) -> bool:
        """Return whether the caller has the lock."""
        return self._owner == threading.get_ident()

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines."""
        for line in lines:
            if line.kind == "error":
                self._talk.refuse(line.text)
            else:
                self._talk.tell(line.text)

    def ask(self, query: Query) -> Future[str]:
        """Ask, and wait for the answer right here."""
        answer: Future[str] = Future()
        try:
            answer.set_result(self._talk.ask(query.text, is_secret=query.is_secret))
        except EOFError:
            answer.cancel()
        return answer

    def withdraw(self, answer: Future[str]) -> None:
        """Do nothing: it is answered."""

    def ring(self, text: str) -> None:
        """Do nothing: there is nobody to call."""

    def refresh(self) -> None:
        """Do nothing."""

    def set_theme(self, theme: str) -> None:
        """Do nothing."""

    @property
    def columns(self) -> int:
        """How wide the screen is: 0 is without end."""
        return WIDTH

    def clear(self) -> None:
        """Do nothing."""

    def end(self, code: int = 0) -> None:
        """Leave the chat."""
        self._talk.leave()


class Slashes(Shell):
    """The commands of one plain shell."""

    def __init__(self, chat: Participant, talk: Talk, around: Surroundings) -> None:
        self._talk = talk
        super().__init__(chat, PlainUi(talk), around)
        if around.has_plugins:
            self._load_plugins()

    def absorb(self, event: Event) -> None:
        """Know what has happened. It has been printed."""
        self.on_ui(lambda: self.model.take(event, self.now))

    def take(self, events: Iterable[Event]) -> None:
        """Take what a command was answered."""
        for event in events:
            self._talk.heard(event)

    def switch(self, target: str) -> None:
        """Be in a room. In a conversation with one person every line has to say whose it is."""
        if target.startswith("#"):
            self._talk.go(target)
        elif target:
            self.show(f"write {target}:TEXT, or /msg {target} TEXT")

    def close_conversation(self, target: str) -> None:
        """Do nothing: no conversation is open here but rooms, and those are left."""

    def say(self, target: str, text: str, reply_to: int = 0) -> None:
        """Say something, and wait for the answer."""
        self._talk.say(target, text, reply_to)

    def run(self, line: str, target: str) -> bool:
        """Run a command line, wait for its end, and return whether it was done."""
        meaning = interpret(line, target, self.host.commands)
        if isinstance(meaning, Wrong):
            self._talk.refuse(meaning.text)
            return False
        if not isinstance(meaning, Run):
            return True
        return self.host.run(meaning.line.removeprefix("/"), self.chat.name, target).kind == "done"

    def leave(self, reason: str = "") -> None:
        """Leave, as the person wants."""
        self._talk.leave(reason)
