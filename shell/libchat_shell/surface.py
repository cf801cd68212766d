"""The shell as its plugins and commands see it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from libchat import Participant
from libchat.plugins import UsageError
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.home import Home
from libchat_shell.context import ShellContext
from libchat_shell.desk import Desk
from libchat_shell.front import Query

if TYPE_CHECKING:
    from libchat_shell.model import Model
    from libchat_shell.shell import Shell


class ShellScope:
    """What arguments are understood by in a conversation.

    It looks at the model when it is asked, in the interface's thread. Any other thread needs a `picture`.
    """

    def __init__(self, desk: Desk, model: Model, target: str) -> None:
        self.desk = desk
        self.target = target
        self.me = model.me
        self._model = model

    @property
    def cwd(self) -> Path:
        """The folder that paths are relative to."""
        return Path(os.curdir)

    def members(self) -> Sequence[str]:
        """Return who is in the conversation."""
        return self._model.members(self.target)

    def rooms(self) -> Sequence[str]:
        """Return the rooms that are known."""
        return self._model.rooms()

    def messages(self) -> Sequence[tuple[int, str, str]]:
        """Return recent messages."""
        return self._model.messages(self.target)

    def picture(self) -> ShellScope:
        """Return the scope as it is now. In the interface's thread."""
        return _Picture(self.desk, self._model, self.target)


class _Picture(ShellScope):
    """A scope as it was at one moment, for any thread."""

    def __init__(self, desk: Desk, model: Model, target: str) -> None:
        super().__init__(desk, model, target)
        self._members = tuple(model.members(target))
        self._rooms = tuple(model.rooms())
        self._messages = tuple(model.messages(target))

    def members(self) -> Sequence[str]:
        return self._members

    def rooms(self) -> Sequence[str]:
        return self._rooms

    def messages(self) -> Sequence[tuple[int, str, str]]:
        return self._messages


class ShellSurface:
    """What the host of plugins needs of the shell."""

    kind: Literal["shell"] = "shell"
    prefix = "/"

    def __init__(self, shell: Shell, clock: Callable[[], float] = time.time) -> None:
        self._shell = shell
        self._clock = clock

    @property
    def participant(self) -> Participant:
        """Who talks."""
        return self._shell.chat

    def scope(self, target: str) -> ShellScope:
        """Return what arguments are understood by in a conversation."""
        return self._shell.scope(target)

    def reply(self, context: Context, text: str) -> None:
        """Show an answer to the person alone."""
        self._shell.show(text)

    def ask(self, context: Context, question: str, secret: bool, timeout: float) -> str:
        """Ask the person, and wait. Raises TimeoutError, and `UsageError` if they do not want to answer."""
        answer = self._shell.ui.ask(Query(f"{question.rstrip()} ", is_secret=secret))
        try:
            return answer.result(timeout)
        except CancelledError:
            raise UsageError("it was not answered; nothing was done") from None
        except TimeoutError:
            self._shell.ui.withdraw(answer)
            raise

    def tell(self, text: str) -> None:
        """Tell the person something."""
        self._shell.show(text)

    def make_context(self, home: Home, sender: str, target: str) -> Context:
        """Return the context of one call."""
        return ShellContext(home, sender, target, self._shell.service)

    def clock(self) -> float:
        """Return seconds since 1970."""
        return self._clock()
