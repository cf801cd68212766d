from __future__ import annotations

import threading
from queue import SimpleQueue

from libchat.accounts.hashing import HashPool

SECONDS = 20.0


def test_work_is_done_side_by_side() -> None:
    """As many pieces are under way as there are threads, in threads with names, and `done` follows each."""
    pool, done = HashPool(3), SimpleQueue[str]()
    barrier = threading.Barrier(3)
    for _ in range(3):
        assert pool.submit(
            lambda: (barrier.wait(SECONDS), None)[1], lambda error: done.put(threading.current_thread().name)
        )
    assert sorted(done.get(timeout=SECONDS) for _ in range(3)) == [f"libchat-hash-{n}" for n in range(3)]
    assert pool.stop() == []
    assert pool.join()


def test_the_queue_is_bounded() -> None:
    """What is under way and what may wait is taken; the next piece is not, until there is room again."""
    pool, done, let = HashPool(1, 2), SimpleQueue[Exception | None](), threading.Semaphore(0)
    entered = threading.Semaphore(0)

    def work() -> None:
        entered.release()
        assert let.acquire(timeout=SECONDS)

    assert [pool.submit(work, done.put) for _ in range(5)] == [True] * 3 + [False] * 2
    assert entered.acquire(timeout=SECONDS)
    assert not pool.submit(work, done.put)
    let.release()
    assert done.get(timeout=SECONDS) is None
    assert entered.acquire(timeout=SECONDS)
    assert pool.submit(work, done.put)
    let.release(3)
    assert [done.get(timeout=SECONDS) for _ in range(3)] == [None] * 3
    pool.stop()
    assert pool.join()


def test_what_is_raised_is_passed_on() -> None:
    """A piece of work that fails ends no thread: the next one is done."""
    pool, done = HashPool(1), SimpleQueue[Exception | None]()
    failure = MemoryError("no room")

    def fail() -> None:
        raise failure

    pool.submit(fail, done.put)
    pool.submit(lambda: None, done.put)
    assert [done.get(timeout=SECONDS) for _ in range(2)] == [failure, None]
    pool.stop()
    assert pool.join()


def test_a_pool_without_work_has_no_threads() -> None:
    """A server whose people have no passwords does not pay for threads; and a stopped pool takes nothing."""
    before = threading.active_count()
    pool = HashPool(8)
    assert threading.active_count() == before
    assert pool.stop() == []
    assert not pool.submit(lambda: None, lambda error: None)
    assert pool.join()
