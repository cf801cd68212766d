"""Completion that never waits: slow kinds are asked in a thread, and answer at the next key if they are late."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Final

from libchat.errors import ChatError
from libchat.locks import PLUGINS, tiered_lock
from libchat.plugins.grammar import Grammar
from libchat.plugins.kinds import OFFERED, Kind, SlowKind
from libchat.plugins.loaded.guard import Guard
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate

WAIT_SECONDS: Final = 0.003
"""How long a key waits for an answer: what is there that fast is shown without a flicker, and nobody feels it."""

KEPT_SECONDS: Final = 5.0
"""How long an answer is good."""

KEPT: Final = 64
"""Answers that are kept."""


class Background:
    """A slow kind that answers from what it knows already."""

    def __init__(self, kind: Kind, guard: Guard, plugin: str, wait: float = WAIT_SECONDS) -> None:
        self.placeholder = kind.placeholder
        self._kind = kind
        self._guard = guard
        self._plugin = plugin
        self._wait = wait
        self._lock = tiered_lock(PLUGINS)
        self._known: OrderedDict[tuple[str, str], tuple[float, tuple[Candidate, ...]]] = OrderedDict()
        self._running: threading.Event | None = None
        """Set when the question that is being asked is answered; only one is asked at a time."""

    def parse(self, word: str, scope: Scope) -> object:
        return self._kind.parse(word, scope)

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        key = (scope.target, prefix)
        known = self._look_up(key)
        if known is None:
            self._ask(key, scope)
            known = self._look_up(key)
        return known or ()

    def _look_up(self, key: tuple[str, str]) -> tuple[Candidate, ...] | None:
        with self._lock:
            since, candidates = self._known.get(key, (float("-inf"), ()))
        return candidates if time.monotonic() - since < KEPT_SECONDS else None

    def _ask(self, key: tuple[str, str], scope: Scope) -> None:
        with self._lock:
            if self._running is not None:
                return
            self._running = answered = threading.Event()
        self._guard.spawn(lambda: self._answer(key, scope, answered))
        answered.wait(self._wait)

    def _answer(self, key: tuple[str, str], scope: Scope, answered: threading.Event) -> None:
        candidates: tuple[Candidate, ...] = ()
        try:
            candidates = self._guard.call(
                lambda: tuple(islice(self._kind.complete(key[1], scope), OFFERED)), plugin=self._plugin
            )
        except (ChatError, TimeoutError):
            pass  # there is nothing to offer, and a menu is no place for complaints
        with self._lock:
            self._known[key] = (time.monotonic(), candidates)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
            self._running = None
        answered.set()


def without_waiting(grammar: Grammar, guard: Guard, plugin: str, wait: float = WAIT_SECONDS) -> Grammar:
    """Return a grammar of which no kind makes anybody wait."""
    return replace(
        grammar,
        parameters=tuple(
            replace(each, kind=Background(each.kind, guard, plugin, wait)) if isinstance(each.kind, SlowKind) else each
            for each in grammar.parameters
        ),
    )
