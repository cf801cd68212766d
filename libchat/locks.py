"""Locks with a tier, so that no two threads can wait for each other.

    1  hub            what is true: names, rooms, mailboxes, the order of everything
    2  poller inbox   what others have for a thread that owns sockets
    3  outbox         what waits for one participant in process
    4  log            the memory log's own entries; the file of a client's state, which is written under it; what waits
                      for the accounts, and for their passwords to be hashed
    5  plugins        what a host of plugins knows: its tables, and what waits for a plugin

A thread that holds a lock takes only locks of higher tiers; nothing is called back and no I/O is done under any.
With `LIBCHAT_DEBUG_LOCKS=1` in the environment, as in the tests, each lock checks that.
"""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Final, Protocol

HUB: Final = 1
INBOX: Final = 2
OUTBOX: Final = 3
LOG: Final = 4
PLUGINS: Final = 5


class Lock(Protocol):
    """What both kinds of lock can do: all that `threading.Condition` asks of one, and `with`."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock."""
        ...

    def release(self) -> None:
        """Give the lock back."""
        ...

    def __enter__(self) -> bool:
        """Take the lock."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back."""
        ...


def tiered_lock(tier: int) -> Lock:
    """Return a lock of a tier: a plain one, or one that checks the order if the environment asks for it."""
    return DebugLock(tier) if os.environ.get("LIBCHAT_DEBUG_LOCKS") == "1" else threading.Lock()


class LockOrderError(AssertionError):
    """A thread took a lock while it held one of the same tier or of a higher one."""


class _Held(threading.local):
    """The tiers of the locks that this thread holds."""

    def __init__(self) -> None:
        self.tiers: list[int] = []


_held: Final = _Held()


class DebugLock:
    """A lock that refuses to be taken out of order."""

    def __init__(self, tier: int) -> None:
        self._tier = tier
        self._lock = threading.Lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock. Raises `LockOrderError` if this thread holds one of this tier or a higher one."""
        # A `Condition` probes its lock without blocking, to see whether it is held.
        if blocking and any(tier >= self._tier for tier in _held.tiers):
            raise LockOrderError(f"a lock of tier {self._tier} was taken under locks of the tiers {_held.tiers}")
        is_taken = self._lock.acquire(blocking, timeout)
        if is_taken:
            _held.tiers.append(self._tier)
        return is_taken

    def release(self) -> None:
        """Give the lock back."""
        _held.tiers.remove(self._tier)
        self._lock.release()

    def __enter__(self) -> bool:
        """Take the lock."""
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back."""
        self.release()
