"""Slash commands in the plain shell: the same as on a terminal, with lines in and lines out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from libchat import Event, Participant
from libchat_shell.front import Query
from libchat_shell.input import Run, Wrong, interpret
from libchat_shell.lines import Line
from libchat_shell.shell import Shell
from libchat_shell.surroundings import Surroundings

if TYPE_CHECKING:
    from libchat_shell.plain import Talk

T = TypeVar("T")

WIDTH = 0
"""Lines are not wrapped: who reads a pipe wants them whole."""


class PlainUi:
    """A user interface of lines. Its thread is the one that reads them, and does what commands ask for meanwhile."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._thread = threading.get_ident()
        self._posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.draft = ""

    def post(self, function: Callable[[], None], delay: float = 0.0) -> None:
        """Have a function called by the thread that waits for the command."""
        if self.is_own_thread():
            function()
        else:
            self._posted.put(function)

    def is_own_thread(self) -> bool:
        """Return whether the caller is the one who reads lines."""
        return self._thread == threading.get_ident()

    def wait(self, work: Callable[[], T]) -> T:
        """Return what some work returns that is done in another thread, and do what it asks for meanwhile."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001  # it is raised below
                done.set_exception(error)
            self._posted.put(lambda: None)

        threading.Thread(target=run, name="libchat-command", daemon=True).start()
        while not done.done() or not self._posted.empty():
            self._posted.get()()
        return done.result()

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines."""
        for line in lines:
            if line.kind == "error":
                self._talk.refuse(line.text)
            else:
                self._talk.tell(line.text)

    def ask(self, query: Query) -> Future[str]:
        """Ask, and read the answer as soon as the thread for that is free."""
        answer: Future[str] = Future()

        def read() -> None:
            try:
                answer.set_result(self._talk.ask(query.text, is_secret=query.is_secret))
            except EOFError:
                answer.cancel()

        self.post(read)
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
        self.post(self._talk.leave)


class Slashes(Shell):
    """The commands of one plain shell."""

    def __init__(self, chat: Participant, talk: Talk, around: Surroundings) -> None:
        self._talk = talk
        self._lines = PlainUi(talk)
        self._lock = threading.RLock()  # around the model, which the thread that prints events changes, too
        super().__init__(chat, self._lines, around)
        if around.has_plugins:
            self._load_plugins()

    def absorb(self, event: Event) -> None:
        """Know what has happened. It has been printed."""
        with self._lock:
            self.model.take(event, self.now)

    def on_ui(self, function: Callable[[], T]) -> T:
        """Return what a function returns that is called where lines are read."""

        def locked() -> T:
            with self._lock:
                return function()

        return super().on_ui(locked)

    def take(self, events: Iterable[Event]) -> None:
        """Print what a command was answered, and know it."""
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
        """Say something, and wait for the answer where lines are read."""
        self.ui.post(lambda: self._talk.say(target, text, reply_to))

    def run(self, line: str, target: str) -> bool:
        """Run a command line, wait for its end, and return whether it was done."""
        meaning = interpret(line, target, self.host.commands)
        if isinstance(meaning, Wrong):
            self._talk.refuse(meaning.text)
            return False
        if not isinstance(meaning, Run):
            return True
        line = meaning.line.removeprefix("/")
        return self._lines.wait(lambda: self.host.run(line, self.chat.name, target)).kind == "done"

    def leave(self, reason: str = "") -> None:
        """Leave, as the person wants."""
        self.ui.post(lambda: self._talk.leave(reason))
