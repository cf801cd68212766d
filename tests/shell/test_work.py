"""Work that is given to a thread, and what becomes of it at the end."""

from __future__ import annotations

import threading

import pytest

from libchat_shell.work import Worker

SECONDS = 20.0


@pytest.mark.parametrize("is_patient", [True, False])
def test_the_end(is_patient: bool) -> None:
    """What has begun is waited for; what waits behind it is done if one is patient, and dropped otherwise."""
    worker = Worker("test")
    begun = threading.Event()
    done: list[str] = []

    def first() -> None:
        begun.set()
        with worker._condition:
            assert worker._condition.wait_for(lambda: worker._is_closed, SECONDS)
        done.append("first")

    assert worker.do(first)
    assert worker.do(lambda: done.append("second"))
    assert begun.wait(SECONDS)
    worker.close(SECONDS, is_patient=is_patient)
    assert done == (["first", "second"] if is_patient else ["first"])
    assert not worker.do(lambda: done.append("too late"))


def test_patience_has_an_end() -> None:
    """What does not come to its end in time is left behind, and what waits behind it is not done."""
    worker = Worker("test")
    begun, goes_on = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        begun.set()
        assert goes_on.wait(SECONDS)
        done.append("first")

    assert worker.do(first)
    assert worker.do(lambda: done.append("second"))
    assert begun.wait(SECONDS)
    worker.close(0.01, is_patient=True)
    goes_on.set()
    assert worker._thread is not None
    worker._thread.join(SECONDS)
    assert done == ["first"]
