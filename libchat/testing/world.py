"""The world of a simulation: its time, its chance, and the record of what has happened in it.

Nothing in a simulation knows any other time or any other chance, and nothing in it waits. Whatever is to happen stands
on the agenda, with the time at which it does; what is due at the same time happens in the order in which it was put
there. So the seed decides everything, and the same seed makes the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from heapq import heappop, heappush
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")

BEGINNING: Final = 1_700_000_000.0
"""When every simulation begins, in seconds since 1970."""


class World:
    """Time in milliseconds from 0, chance from a seed, an agenda, and a trace."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = 0
        """Milliseconds since the beginning."""
        self.steps = 0
        """How many things of the agenda have happened."""
        self.trace: list[str] = []
        """One line for everything that happened, in order."""
        self._random = Random(seed).random
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    # --- time -------------------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """Return seconds since 1970."""
        return BEGINNING + self.now / 1000

    def later(self, action: Callable[[], None], least: int = 1, most: int = 20) -> None:
        """Have something happen in `least` to `most` milliseconds: chance says when."""
        self._count += 1
        heappush(self._agenda, (self.now + least + int(self._random() * (most - least + 1)), self._count, action))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is to happen any more."""
        return not self._agenda

    def step(self) -> bool:
        """Have the next thing happen, and return True; or return False if there is none."""
        if not self._agenda:
            return False
        self.now, _, action = heappop(self._agenda)
        self.steps += 1
        action()
        return True

    # --- chance -----------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """Return True as often as the probability says."""
        return self._random() < probability

    def number(self, least: int, most: int) -> int:
        """Return a number from `least` to `most`, both included."""
        return least + int(self._random() * (most - least + 1))

    def choose(self, options: Sequence[T]) -> T:
        """Return one of some options."""
        return options[int(self._random() * len(options))]

    # --- the record -------------------------------------------------------------------------------------------------

    def note(self, who: str, what: str) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{self.now:>7} {who:<10} {what}")

    @property
    def digest(self) -> str:
        """The SHA-256 of the trace: two runs with the same one were the same."""
        return sha256("\n".join(self.trace).encode()).hexdigest()
