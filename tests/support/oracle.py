"""Accounts that answer what a test tells them to, when it tells them to."""

from __future__ import annotations

from collections.abc import Callable

from libchat.claims import Added, Admit, Answer, Change, Claim, Request


class Oracle:
    """Accounts (`libchat.store.base.Accounts`) of which every answer is the test's."""

    def __init__(self, *names: str, admit: Admit = "open") -> None:
        self._admit = admit
        self._accounts = tuple(Added(name.casefold(), name) for name in names)
        self.changed: Callable[[Change], None] = lambda change: None
        self.asked: list[tuple[Request, Callable[[Answer], None]]] = []
        """What was asked and is not answered yet, oldest first."""
        self.is_closed = False

    @property
    def admit(self) -> Admit:
        """Whom the server takes."""
        return self._admit

    def load(self) -> tuple[Added, ...]:
        """Return the accounts there are."""
        return self._accounts

    def watch(self, changed: Callable[[Change], None]) -> None:
        """Have a function called with what happens elsewhere."""
        self.changed = changed

    def ask(self, request: Request, answered: Callable[[Answer], None]) -> None:
        """Have a question wait."""
        self.asked.append((request, answered))

    def answer(self, answer: Answer, which: int = 0) -> Request:
        """Answer one of the questions that wait, and return it."""
        request, answered = self.asked.pop(which)
        answered(answer)
        return request

    def next_claim(self) -> Claim:
        """Return the oldest question, which is about a name."""
        claim = self.asked[0][0]
        assert isinstance(claim, Claim)
        return claim

    def close(self) -> None:
        """Be closed."""
        self.is_closed = True
