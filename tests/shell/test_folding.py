"""Joins and leaves, folded."""

from __future__ import annotations

from libchat_shell.folding import HOLD_MS, Fold, listed


def test_a_crowd_is_one_line() -> None:
    """Those who come and go together are told of together, a few by name."""
    fold = Fold()
    for name in ("ana", "bo", "c", "d", "e", "f"):
        fold.joined(name, 0)
    fold.left("cy", "timeout", 0)
    assert fold.take() == "ana, bo, c, d and 2 others joined; cy left (timeout)"
    assert not fold


def test_back_and_forth() -> None:
    """Who comes and goes, or goes and comes, within the time is told of once, and so that one knows who is here."""
    fold = Fold()
    fold.joined("bo", 0)
    fold.left("BO", "", 1)
    fold.left("cy", "", 2)
    fold.joined("cy", 3)
    assert fold.take() == "BO came and went; cy left and came back"
    assert not fold


def test_gone_after_all() -> None:
    """Who went, came, and went again is gone."""
    fold = Fold()
    fold.left("bo", "", 0)
    fold.joined("bo", 1)
    fold.left("bo", "", 2)
    assert fold.take() == "bo left"


def test_here_after_all() -> None:
    """Who came, went, and came again has come."""
    fold = Fold()
    fold.joined("bo", 0)
    fold.left("bo", "", 1)
    fold.joined("bo", 2)
    assert fold.holds("BO")
    assert fold.take() == "bo joined"


def test_held_for_a_while() -> None:
    """What is held back is due after a while, also if the clock was set back."""
    fold = Fold()
    assert not fold.is_due(10**9)
    fold.joined("bo", 100)
    fold.joined("cy", 100 + HOLD_MS - 1)
    assert not fold.is_due(100 + HOLD_MS - 1)
    assert fold.is_due(100 + HOLD_MS)
    assert fold.is_due(0)


def test_reasons() -> None:
    """A reason is told if it is the same for all."""
    fold = Fold()
    fold.left("bo", "x\ny", 0)
    fold.left("cy", "x\ny", 0)
    assert fold.take() == "bo and cy left (x y)"
    fold.left("bo", "x", 0)
    fold.left("cy", "y", 0)
    assert fold.take() == "bo and cy left"


def test_listed() -> None:
    """Names in words."""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c", "d"], 3) == "a, b and 2 others"
