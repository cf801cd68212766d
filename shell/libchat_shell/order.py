"""In which order a conversation is shown, though its parts arrive in another.

How it works. An entry is known by its number. An own message is shown when it is sent, and known by its `cid` until
its answer tells the number. So two things may arrive too early:

- what is said while a page of history is on its way stands below that page;
- a page, or an own entry, that comes while own messages are not answered may be one of these. Their answers tell.

Both wait here, and with them what comes behind them in the same conversation. Nothing waits longer than `PATIENCE_MS`:
then a page that is not there is shown later, under a title, and an own entry is taken for the unanswered message that
says the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Final

from libchat_shell.lines import Line
from libchat_shell.receipts import Receipts

PATIENCE_MS: Final = 2_000
"""How long something waits. A server of the same network answers in some milliseconds."""

Show = Callable[[Set[str], int], list[Line]]
"""Returns lines, given the cids that are still not answered, and the time."""


@dataclass(eq=False)
class Held:
    """Something that waits for its turn."""

    show: Show
    until: int
    cids: Set[str]
    """The own messages whose answers it waits for."""
    seq: int = 0
    """The number of an entry, 0 for anything else."""
    is_page: bool = False
    is_awaited: bool = False
    """Whether it is a page that has not come."""


class Order:
    """What waits, by conversation."""

    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts
        self._queues: dict[str, deque[Held]] = {}

    def is_busy(self, key: str) -> bool:
        """Return whether something waits in a conversation."""
        return bool(self._queues.get(key))

    def has_page(self, key: str) -> bool:
        """Return whether a page is to be shown in a conversation, before all that is said now."""
        queue = self._queues.get(key)
        return queue[0].is_page if queue else False

    def first(self, key: str) -> int | None:
        """Return the lowest number of an entry that waits, if one does: it and all later ones come by themselves."""
        return min((held.seq for held in self._queues.get(key, ()) if held.seq), default=None)

    def expect(self, key: str, now: int) -> None:
        """Have what is said from now on wait for a page."""
        if not self.is_busy(key):
            self._put(key, Held(_nothing, now + PATIENCE_MS, frozenset(), is_page=True, is_awaited=True))

    def put_page(self, key: str, show: Show, now: int) -> bool:
        """Have a page shown; return whether it is in time, so that it stands above what was said since."""
        cids = self._receipts.unanswered(key)
        for held in self._queues.get(key, ()):
            if held.is_awaited:
                held.show, held.cids, held.until, held.is_awaited = show, cids, now + PATIENCE_MS, False
                return True
        self._put(key, Held(show, now + PATIENCE_MS, cids, is_page=True))
        return False

    def put(self, key: str, show: Show, now: int, *, seq: int = 0, cids: Set[str] = frozenset()) -> None:
        """Have something shown behind all that waits already, and not before the answers to these messages."""
        self._put(key, Held(show, now + PATIENCE_MS, cids, seq))

    def _put(self, key: str, held: Held) -> None:
        self._queues.setdefault(key, deque()).append(held)

    def overtake(self, key: str, seq: int, now: int) -> list[Line]:
        """Return the entries that wait, up to a number, ahead of what the person has said meanwhile."""
        lines: list[Line] = []
        queue = self._queues.get(key, ())
        for held in [held for held in queue if 0 < held.seq <= seq]:
            if not self._is_due(held, now):
                break
            self._queues[key].remove(held)
            lines += self._lines(held, now)
        return lines

    def due(self, now: int) -> list[Line]:
        """Return what waits no longer."""
        return [line for key in list(self._queues) for held in self._take(key, now) for line in self._lines(held, now)]

    def _lines(self, held: Held, now: int) -> list[Line]:
        return held.show(self._receipts.pending(held.cids), now)

    def _take(self, key: str, now: int) -> Iterator[Held]:
        queue = self._queues[key]
        while queue and self._is_due(queue[0], now):
            yield queue.popleft()
        if not queue:
            del self._queues[key]

    def _is_due(self, held: Held, now: int) -> bool:
        return now >= held.until or not (held.is_awaited or self._receipts.pending(held.cids))


def _nothing(cids: Set[str], now: int) -> list[Line]:
    return []
