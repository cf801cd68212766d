"""For people who test what they build on libchat: what was said and shown, and whether it is as the chat promises.

    sim = Sim(7)     a whole chat in one thread, decided by a seed: see `libchat.testing.sim`

    stage = Stage()  a chat in which a plugin is tried out: see `libchat.testing.stage`

    history = History()
    history.add(Sent("ana", "#team", "1", "hello", seq=1))
    history.add(Shown("bo", "#team", 1, "ana", "hello"))
    assert_consistent(history)

Everything here raises `AssertionError`, so it is of use in every test runner. For pytest there are fixtures, too:
`libchat.testing.plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from libchat.testing.checks import (
    assert_accepted_delivered,
    assert_consistent,
    assert_exactly_once,
    assert_fifo,
    assert_gap_free,
    assert_in_order,
)
from libchat.testing.history import History, Sent, Shown

if TYPE_CHECKING:
    from libchat.testing.sim import Sim
    from libchat.testing.stage import Stage

__all__ = [
    "Sim",
    "Stage",
    "History",
    "Sent",
    "Shown",
    "assert_consistent",
    "assert_exactly_once",
    "assert_in_order",
    "assert_gap_free",
    "assert_fifo",
    "assert_accepted_delivered",
]


def __getattr__(name: str) -> type[Sim | Stage]:
    """Import what is large when it is first used: `python -m libchat.testing.sim` must not find it imported."""
    if name == "Sim":
        from libchat.testing.sim import Sim

        return Sim
    if name == "Stage":
        from libchat.testing.stage import Stage

        return Stage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
