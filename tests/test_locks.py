"""Locks with a tier: a thread takes them in one order only."""

from __future__ import annotations

import threading

import pytest

from libchat.locks import HUB, INBOX, LOG, OUTBOX, DebugLock, LockOrderError, tiered_lock


def test_tests_run_with_locks_that_check() -> None:
    """In the tests every lock of libchat checks the order."""
    assert isinstance(tiered_lock(HUB), DebugLock)


def test_programs_run_with_plain_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the environment asking for it, a lock costs nothing extra."""
    monkeypatch.delenv("LIBCHAT_DEBUG_LOCKS")
    assert not isinstance(tiered_lock(HUB), DebugLock)


def test_higher_tiers_are_taken_under_lower_ones() -> None:
    """The order of the tiers is allowed, with or without the ones between; and again after all are given back."""
    for tiers in ((HUB, INBOX, OUTBOX, LOG), (HUB, OUTBOX), (INBOX,), (HUB, LOG)):
        locks = [DebugLock(tier) for tier in tiers]
        for lock in locks:
            lock.acquire()
        for lock in reversed(locks):
            lock.release()


@pytest.mark.parametrize(("held", "wanted"), [(INBOX, HUB), (LOG, OUTBOX), (OUTBOX, OUTBOX), (HUB, HUB)])
def test_lower_and_equal_tiers_are_refused(held: int, wanted: int) -> None:
    """A lock of a lower tier, or another one of the same tier, is refused instead of a deadlock that may come."""
    with DebugLock(held), pytest.raises(LockOrderError):
        DebugLock(wanted).acquire()


def test_the_highest_tier_held_counts() -> None:
    """Giving back locks in another order than they were taken does not hide those that are still held."""
    low, high = DebugLock(HUB), DebugLock(OUTBOX)
    low.acquire()
    high.acquire()
    low.release()
    with pytest.raises(LockOrderError):
        DebugLock(INBOX).acquire()
    high.release()
    with DebugLock(INBOX):
        pass


def test_a_refused_lock_is_not_taken() -> None:
    """After a refusal, others can take the lock."""
    wanted = DebugLock(HUB)
    with DebugLock(OUTBOX), pytest.raises(LockOrderError), wanted:
        pass
    with wanted:
        pass


def test_threads_hold_locks_of_their_own() -> None:
    """What one thread holds says nothing about another."""
    refused: list[LockOrderError] = []

    def take() -> None:
        try:
            with DebugLock(HUB):
                pass
        except LockOrderError as error:
            refused.append(error)

    with DebugLock(LOG):
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
    assert refused == []


def test_a_condition_works_with_it() -> None:
    """A condition waits and is notified through a lock that checks."""
    condition = threading.Condition(DebugLock(OUTBOX))  # type: ignore[arg-type]  # all of Lock that it uses
    ready: list[int] = []

    def notify() -> None:
        with condition:
            ready.append(1)
            condition.notify_all()

    with condition:
        thread = threading.Thread(target=notify)
        thread.start()
        assert condition.wait_for(lambda: ready, timeout=10)
    thread.join()
    with DebugLock(HUB), condition:
        pass
