"""The simulator, with everything vetted: what was promised is kept all the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from libchat import messages as m
from libchat.core import effects as fx
from libchat.core.registry import Session
from libchat.core.rooms import Quotas
from libchat.core.router import Router
from libchat.core.vetting import Out, Vetting
from libchat.errors import Code, Refused
from libchat.hub import Hub
from libchat.store.base import Log
from libchat.testing import Sim
from libchat.testing.disk import DiskLog
from libchat.testing.scenario import play
from libchat.testing.vetter import MARK, SimVetter, open_vetted_hub
from libchat.vetting import Allowed, Judgement

SEEDS_AT_ONCE = 50


def play_vetted(seed: int) -> Sim:
    """Play the scenario of a seed with everything vetted."""
    return play(Sim(seed, open_hub=open_vetted_hub))


@pytest.mark.parametrize("first", range(0, 400, SEEDS_AT_ONCE))
def test_nothing_accepted_is_lost_doubled_or_out_of_order(first: int) -> None:
    """Whatever is withheld, changed or judged late, through cuts and crashes, what was promised is kept."""
    for seed in range(first, first + SEEDS_AT_ONCE):
        sim = play_vetted(seed)
        said = [each for each in sim.disk.written if each.entry.kind in ("message", "edit")]
        assert all(each.entry.text in (each.sent, each.sent + MARK) for each in said), f"seed {seed}"


def test_scenarios_meet_every_judgement() -> None:
    """Messages and edits are let pass, changed and withheld, and what was changed is shown so."""
    sims = [play_vetted(seed) for seed in range(30)]
    found = "\n".join("\n".join(sim.trace) for sim in sims)
    judged = [f"{what} {kind}" for what in ("pass", "change", "withhold") for kind in ("message", "edit")]
    assert [each for each in judged if f"vetter     {each}" not in found] == []
    assert any(MARK in text for sim in sims for client in sim.clients for text in client.texts)


# --- mistakes that are found ----------------------------------------------------------------------------------------


def failures(vetting: type[Vetting]) -> str:
    """Return how the first scenario fails with a mistake."""

    class Mistaken(Hub):
        def _open_router(self, quotas: Quotas | None) -> Router:
            router = super()._open_router(quotas)
            router._vetting = vetting(router._speech.say)
            return router

    def open_hub(log: Log, clock: Callable[[], float]) -> Hub:
        assert isinstance(log, DiskLog)
        hub = Mistaken(log=log, clock=clock)
        hub.vet_with(SimVetter(log))
        return hub

    for seed in range(500):
        try:
            play(Sim(seed, open_hub=open_hub))
        except AssertionError as error:
            return str(error)
    pytest.fail("500 seeds have not found it")


class Forgetful(Vetting):
    """Does not tell the log what was sent."""

    def judged(self, vet: fx.Vet, judgement: Judgement, now: int, out: Out) -> None:
        """Say what was allowed as if it had been sent like that."""
        effects: Out = []
        super().judged(vet, judgement, now, effects)
        for effect in effects:
            if isinstance(effect, fx.Append):
                out.append(replace(effect, draft=replace(effect.draft, sent=None)))
            else:
                out.append(effect)


class Impatient(Vetting):
    """Does not have later commands wait."""

    def ask(self, session: Session, command: m.Send | m.Edit, now: int, out: Out) -> None:
        """Have something vetted, and go on."""
        super().ask(session, command, now, out)
        session.is_waiting = False


class Harsh(Vetting):
    """Withholds what the log may know already."""

    def judged(self, vet: fx.Vet, judgement: Judgement, now: int, out: Out) -> None:
        """Refuse at once what is withheld."""
        if isinstance(judgement, Allowed):
            super().judged(vet, judgement, now, out)
            return
        vet.session.is_waiting = False
        if not vet.session.is_over:
            raise Refused(Code.DROPPED, "no", vet.said.target)


@pytest.mark.parametrize(
    ("vetting", "words"),
    [
        (Forgetful, r"is in the log as|was answered 2 times"),
        (Impatient, r"was said before .*, and is behind it"),
        (Harsh, r"was refused \(dropped\), and is in the log"),
    ],
)
def test_mistakes_are_found(vetting: type[Vetting], words: str) -> None:
    """A chat that vets wrongly breaks its promises, and that is seen."""
    assert re.search(words, failures(vetting))
