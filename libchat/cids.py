"""The ids of commands, by which their answers are known: the program's own, and those that the library makes."""

from __future__ import annotations

import os
from itertools import count

from libchat.limits import CID_BYTES


class Cids:
    """Fresh ids for the commands of one participant. Not thread-safe.

    They never meet those of another run with the same device, which the log still knows: 64 random bits stand in each.
    """

    def __init__(self) -> None:
        self._run = os.urandom(8).hex()
        self._numbers = count(1)

    def for_call(self) -> str:
        """Return the id of a command whose answer the library waits for: `is_own`."""
        return f"-{self._run}-{next(self._numbers)}"

    def for_program(self) -> str:
        """Return an id for a command whose answer is an event for the program."""
        return f"+{self._run}-{next(self._numbers)}"


def check_cid(cid: str) -> None:
    """Raise ValueError for a `cid` that a program may not choose: it is none, or one that the library makes itself."""
    if not (0 < len(cid) <= CID_BYTES and cid[0].isalnum() and cid.isprintable()):
        raise ValueError(f"{cid!r} is no cid: it has 1 to {CID_BYTES} characters, and begins with a letter or a digit")


def is_own(cid: str) -> bool:
    """Return whether a `cid` was made by the library for a command of the program, and not chosen by the program."""
    return cid.startswith("-")
