"""Vetters that a test holds in its hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libchat.errors import Code
from libchat.vetting import Allowed, Judgement, Said, Withheld

DROPPED = Withheld(Code.DROPPED, "mind your words")


class HeldVetter:
    """Vets when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[Said], Callable[[Sequence[Judgement]], None]]] = []

    def ask(self, said: Sequence[Said], judged: Callable[[Sequence[Judgement]], None]) -> None:
        """Keep a batch."""
        self.asked.append((said, judged))

    @property
    def texts(self) -> list[str]:
        """The texts that wait, of all batches."""
        return [each.text for said, _ in self.asked for each in said]

    def judge(self, judge: Callable[[Said], Judgement], place: int = 0) -> None:
        """Answer one of the batches."""
        said, judged = self.asked.pop(place)
        judged([judge(each) for each in said])

    def allow(self, place: int = 0) -> None:
        """Let everything of a batch pass."""
        self.judge(lambda said: Allowed(said.text), place)

    def change(self, text: str, place: int = 0) -> None:
        """Put another text in the place of all of a batch."""
        self.judge(lambda said: Allowed(text), place)

    def drop(self, place: int = 0) -> None:
        """Withhold everything of a batch."""
        self.judge(lambda said: DROPPED, place)
