"""Somebody who vets in a simulation, as chance says: late, in any order, and not twice the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from libchat.errors import Code
from libchat.hub import Hub
from libchat.store.base import Log
from libchat.testing.disk import DiskLog
from libchat.vetting import Allowed, Judgement, Said, Withheld

MARK: Final = " (vetted)"
"""What stands behind a text that was changed."""


class SimVetter:
    """Vets (`libchat.vetting.Vetter`) for one life of a server, the one of which `log` is the log."""

    def __init__(self, log: DiskLog) -> None:
        self._log = log

    def ask(self, said: Sequence[Said], judged: Callable[[Sequence[Judgement]], None]) -> None:
        """Have some things vetted some time later."""
        world = self._log.world
        judgements = [self._judge(each) for each in said]
        world.later(lambda: self._tell(judgements, judged), 1, world.choose([2, 20, 300]))

    def _judge(self, said: Said) -> Judgement:
        world = self._log.world
        what = world.choose(["pass", "pass", "pass", "change", "withhold"])
        world.note("vetter", f"{what} {said.kind} of {said.sender}: {said.text}")
        if what == "withhold":
            return Withheld(Code.DROPPED, "chance would have it so")
        return Allowed(said.text + MARK if what == "change" else said.text)

    def _tell(self, judgements: list[Judgement], judged: Callable[[Sequence[Judgement]], None]) -> None:
        if not self._log.is_dead:
            judged(judgements)


def open_vetted_hub(log: Log, clock: Callable[[], float]) -> Hub:
    """Return the hub of one life of a server that vets (`libchat.testing.host.OpenHub`)."""
    assert isinstance(log, DiskLog)
    hub = Hub(log=log, clock=clock)
    hub.vet_with(SimVetter(log))
    return hub
