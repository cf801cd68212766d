"""What the tests of the server's parts share."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Check that no thread, socket or descriptor outlives a test."""
    gc.collect()
    before = _descriptors()
    yield
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.collect()
    assert not [str(warning.message) for warning in caught if warning.category is ResourceWarning]
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("libchat-")]
    assert _descriptors() == before


def _descriptors() -> int:
    """Return how many files and sockets are open, where the system tells."""
    return len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.is_dir() else 0
