"""What is vetted before it is accepted: messages and edits, by somebody who may let them pass, change or withhold them.

All values are immutable; times are milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from libchat.errors import Code


class Said(Struct, frozen=True, gc=False):
    """What somebody wants to say, checked by the chat: the text is clean, and may be said to this target.

    `kind` is "message" or "edit"; `ref` is the number of the message that is replied to, or that is edited.
    """

    sender: str
    target: str
    text: str
    time: int
    kind: str = "message"
    ref: int = 0


class Allowed(Struct, frozen=True, gc=False):
    """It may be said, with this text."""

    text: str


class Withheld(Struct, frozen=True, gc=False):
    """It may not be said. `code` is for programs, `reason` for the one who wanted to say it."""

    code: Code
    reason: str


Judgement = Allowed | Withheld


class Vetter(Protocol):
    """Who vets.

    1. `ask` never blocks. It calls `judged` once, later and never from within, from a thread of the vetter's own and
       without holding a lock.
    2. There are as many judgements as there was said, in the same order. Batches may be answered in any order.
    3. Every batch is answered within a bound, whatever is vetted with: meanwhile, whoever said it waits.
    """

    def ask(self, said: Sequence[Said], judged: Callable[[Sequence[Judgement]], None]) -> None:
        """Have some things vetted."""
        ...
