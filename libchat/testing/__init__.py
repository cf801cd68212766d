"""For people who test what they build on libchat: what was said and shown, and whether it is as the chat promises.

    history = History()
    history.add(Sent("ana", "#team", "1", "hello", seq=1))
    history.add(Shown("bo", "#team", 1, "ana", "hello"))
    assert_consistent(history)

Everything here raises `AssertionError`, so it is of use in every test runner.
"""

from __future__ import annotations

from libchat.testing.checks import (
    assert_accepted_delivered,
    assert_consistent,
    assert_exactly_once,
    assert_fifo,
    assert_gap_free,
    assert_in_order,
)
from libchat.testing.history import History, Sent, Shown

__all__ = [
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
