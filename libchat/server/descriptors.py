"""How many files a process may have open: each connection is one."""

from __future__ import annotations

import sys
from typing import Final

from libchat.limits import DESCRIPTORS

WINDOWS_SOCKETS: Final = 512
"""Sockets that Python's selector can wait for on Windows (FD_SETSIZE in CPython's build)."""


def descriptor_limit() -> int:
    """Return how many files this process may have open, `DESCRIPTORS` if there is no limit."""
    if sys.platform == "win32":
        return WINDOWS_SOCKETS
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else DESCRIPTORS


def raise_descriptor_limit(wanted: int = DESCRIPTORS) -> None:
    """Have the process allowed so many open files, or as many as the system lets it have. For programs, not libraries.

    Many systems begin with 1,024, for the sake of programs that use `select`.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ValueError, OSError):
        pass  # macOS has another limit behind this one; then it stays as it is
