"""Somebody who types commands, for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from libchat.participant import Participant
from libchat.plugins.host import Host, Outcome
from libchat_shell.commands import MODULES
from support.desk import ListDesk, ListSurface


class Typist:
    """A participant with a shell that has no screen."""

    def __init__(self, chat: Participant, folder: Path | None = None) -> None:
        self.chat = chat
        self.desk = ListDesk(chat)
        self.surface = ListSurface(self.desk)
        self.host = Host(self.surface, folder=folder, use_entry_points=False)
        for module in MODULES:
            self.host.add_builtin(module.__name__.rpartition(".")[2], module)
        self.desk.host = self.host

    def run(self, line: str) -> Outcome:
        """Type a command into the conversation that is on the screen."""
        assert line.startswith("/")
        return self.host.run(line[1:], self.desk.chat.name, self.desk.active)

    def says(self, line: str) -> str:
        """Type a command that succeeds, and return what it says."""
        outcome = self.run(line)
        assert outcome.kind == "done", outcome
        return outcome.text

    def fails(self, line: str) -> str:
        """Type a command that cannot be carried out, and return what is said about it."""
        outcome = self.run(line)
        assert outcome.kind in ("usage", "refused"), outcome
        return outcome.text

    def offers(self, line: str) -> list[str]:
        """Return what is offered at the end of a line."""
        return [each.text for each in self.host.complete(line[1:], len(line) - 1, self.desk.active)[1]]

    def texts(self) -> list[str]:
        """Return the messages that wait for this person, and take them."""
        found = []
        while True:
            try:
                found.append(self.desk.chat.receive(timeout=0).text)
            except TimeoutError:
                return found

    def close(self) -> None:
        """Leave."""
        self.host.close()
        self.desk.chat.close()


Enter = Callable[..., Typist]
"""Brings somebody in: by name, and into a room."""
