"""What is vetted for a hub: one batch a turn, but for what the log knows already.

How it works. Under the hub's lock the batches are put aside (`take`); when it is given back, they are asked (`ask`).
Whatever was stored before is not vetted again: it was sent again because its answer was lost. What is on its way to the
log by then is, and has the first answer all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from libchat.core import effects as fx
from libchat.records import Answer, AskFirst, FirstFound
from libchat.store.base import Log
from libchat.vetting import Allowed, Judgement, Vetter

Judged = list[tuple[fx.Vet, Judgement]]


class Vets:
    """Has things vetted by a `vetter`, None if nothing is. `judged` is called with what comes later.

    It is called without a lock, by a thread of the log or of the vetter.
    """

    def __init__(self, log: Log, judged: Callable[[Judged], None]) -> None:
        self.vetter: Vetter | None = None
        self._log = log
        self._judged = judged
        self._batches: deque[tuple[Vetter, list[fx.Vet]]] = deque()

    def take(self, effects: list[fx.Effect]) -> list[fx.Effect]:
        """Take out what is to be vetted, and return what follows otherwise. Called under the hub's lock."""
        vets = [effect for effect in effects if isinstance(effect, fx.Vet)]
        if not vets or self.vetter is None:
            return effects
        self._batches.append((self.vetter, vets))
        return [effect for effect in effects if not isinstance(effect, fx.Vet)]

    def ask(self) -> Judged:
        """Have vetted what was taken, and return what is known at once. Called without a lock, by any thread."""
        known: Judged = []
        while self._batches:
            try:
                vetter, vets = self._batches.popleft()
            except IndexError:
                break  # another thread has it
            known += self._ask(vetter, vets)
        return known

    def _ask(self, vetter: Vetter, vets: list[fx.Vet]) -> Judged:
        answer: Answer | None = FirstFound((False,) * len(vets))
        if any(vet.cid for vet in vets):
            question = AskFirst(tuple((vet.device, vet.cid) for vet in vets))
            answer = self._log.ask(question, partial(self._on_found, vetter, vets))
        return [] if answer is None else self._go_on(vetter, vets, answer)

    def _on_found(self, vetter: Vetter, vets: list[fx.Vet], answer: Answer) -> None:
        known = self._go_on(vetter, vets, answer)
        if known:
            self._judged(known)

    def _go_on(self, vetter: Vetter, vets: list[fx.Vet], answer: Answer) -> Judged:
        """Have vetted what the log does not know, and return the rest: the log will tell the first answer."""
        are_known = answer.are_known if isinstance(answer, FirstFound) else (False,) * len(vets)
        pairs = list(zip(vets, are_known, strict=True))
        fresh = [vet for vet, is_known in pairs if not is_known]
        if fresh:
            vetter.ask([vet.said for vet in fresh], partial(self._on_judged, fresh))
        return [(vet, Allowed(vet.said.text)) for vet, is_known in pairs if is_known]

    def _on_judged(self, vets: list[fx.Vet], judgements: Sequence[Judgement]) -> None:
        self._judged(list(zip(vets, judgements, strict=True)))
