"""What the user interface and the shell behind it ask of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from libchat_shell.lines import Fragment, Line

if TYPE_CHECKING:
    from libchat_shell.completion import Suggestion


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the person. With `keys`, it is answered by pressing one of these; otherwise by a line."""

    text: str
    is_secret: bool = False
    keys: str = ""


class Front(Protocol):
    """What a user interface asks of the shell. Everything is called in the interface's thread, and returns at once."""

    def status(self) -> Sequence[Fragment]:
        """Return the line above the input."""
        ...

    def prompt(self) -> str:
        """Return what stands before the input."""
        ...

    def suggest(self, text: str, cursor: int) -> Sequence[Suggestion]:
        """Return what may stand at the cursor."""
        ...

    def submit(self, text: str, unfold: Callable[[str], str] | None = None) -> None:
        """Take a typed text. `unfold` puts in what was pasted, if that was folded."""
        ...

    def typing(self) -> None:
        """Notice that a key was pressed that belongs to a message."""
        ...

    def go_next(self) -> None:
        """Have the conversation on the screen that wants attention most."""
        ...

    def go_to(self, number: int) -> None:
        """Have a conversation on the screen by its number."""
        ...

    def second_passed(self) -> None:
        """Notice that time goes by. Called about once a second."""
        ...


class Ui(Protocol):
    """What the shell asks of a user interface."""

    def post(self, function: Callable[[], None], delay: float = 0.0) -> None:
        """Have a function called in the interface's thread, after those that were posted before. From any thread.

        With a delay, it is called in so many seconds.
        """
        ...

    def is_own_thread(self) -> bool:
        """Return whether the caller is in the interface's thread."""
        ...

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines. From any thread."""
        ...

    def ask(self, query: Query) -> Future[str]:
        """Ask the person, after what was asked before. From any thread. Cancelled if they do not want to answer."""
        ...

    def withdraw(self, answer: Future[str]) -> None:
        """Take a question back that nobody waits for any more. From any thread."""
        ...

    def release(self) -> None:
        """Notice that who has asked is done: what is typed from now on is no answer to them. From any thread."""
        ...

    def ring(self, text: str) -> None:
        """Write control sequences to the terminal that move nothing: the bell, OSC 9. From any thread."""
        ...

    def refresh(self) -> None:
        """Have the status line and the prompt drawn anew. From any thread."""
        ...

    def set_theme(self, theme: str) -> None:
        """Have other colours from now on. In the interface's thread."""
        ...

    @property
    def columns(self) -> int:
        """How wide the screen is."""
        ...

    def clear(self) -> None:
        """Have an empty screen. In the interface's thread."""
        ...

    @property
    def draft(self) -> str:
        """What is typed and not sent. In the interface's thread, as is setting it."""
        ...

    @draft.setter
    def draft(self, text: str) -> None: ...

    def end(self, code: int = 0) -> None:
        """Have `run` return. From any thread."""
        ...


class Idle:
    """The front of an interface that is not connected to a shell yet: it keeps what is typed for the one that comes."""

    def __init__(self) -> None:
        self._submitted: list[tuple[str, Callable[[str], str] | None]] = []

    def hand_over(self, front: Front) -> None:
        """Give what was typed so far to the front that has come."""
        submitted, self._submitted = self._submitted, []
        for text, unfold in submitted:
            front.submit(text, unfold)

    def status(self) -> Sequence[Fragment]:
        """Return nothing."""
        return ()

    def prompt(self) -> str:
        """Return nothing but where to type."""
        return "> "

    def suggest(self, text: str, cursor: int) -> Sequence[Suggestion]:
        """Return nothing."""
        return ()

    def submit(self, text: str, unfold: Callable[[str], str] | None = None) -> None:
        """Keep it."""
        self._submitted.append((text, unfold))

    def typing(self) -> None:
        """Do nothing."""

    def go_next(self) -> None:
        """Do nothing."""

    def go_to(self, number: int) -> None:
        """Do nothing."""

    def second_passed(self) -> None:
        """Do nothing."""
