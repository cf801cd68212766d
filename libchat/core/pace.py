"""How fast one session may go, and what becomes of what it sends beyond that.

    FLOWING  --no token left-->  DELAYED  --for too long-->  REFUSED
       ^---------- the bucket is full again ----------------------'

Delayed, its lines wait unparsed, a slice of them is carried out four times a second, and its socket is not read
meanwhile: so the network holds the sender back, and nothing is lost. It is told so, and reminded from time to time.
After `patience` lines that were delayed in a row, each further message is refused, at the same speed as before, with
words; refusing costs no tokens, so the bucket fills up, and with it full all is forgotten.

Tokens are counted in tenths, because what reaches nobody else is cheaper.
"""

from __future__ import annotations

from typing import Final

from libchat import messages as m
from libchat.core.bucket import Bucket
from libchat.errors import Code

ONE: Final = 10
"""What a line costs that others or the log get to see, in tenths of a token."""

COSTS: Final[dict[type, int]] = {
    m.Ack: 1,
    m.Read: 1,
    m.Typing: 1,
    m.Ping: 1,
    m.Exit: 1,
    type(None): 1,  # a line that means nothing
    m.Search: 10 * ONE,  # looks through the whole log: as much work as ten messages, and more
}
"""What costs something else, in tenths of a token. What is as cheap as this is never refused."""

SLICES: Final = 4
"""How many times a second a slice of what is delayed is carried out: more would wake the server for single lines."""


REMIND: Final = 5_000
"""Milliseconds after which somebody who is still held is told again. Who has hung up is found by that, too: as long as
its socket is not read, nothing else tells."""


class Pace:
    """The pace of one session. Times are in milliseconds. `rate` is in messages a second."""

    __slots__ = ("_burst", "_delayed", "_patience", "_rate", "_refusals", "_tokens", "_told", "is_held")

    def __init__(self, rate: int, burst: int, patience: int, now: int) -> None:
        self._rate = rate
        self._burst = burst * ONE
        self._patience = patience
        self._tokens = Bucket(rate * ONE, self._burst, now)
        self._refusals: Bucket | None = None
        """How many refusals it gets, while it is refused: as many as it got answers before."""
        self._delayed = 0
        self._told: int | None = None
        """When it was last told that it is too fast, None if not since the bucket was full."""
        self.is_held = False
        """Whether it has to wait for `hold_seconds`, because there was no token for its next line."""

    @property
    def is_refusing(self) -> bool:
        """Whether messages are refused now."""
        return self._refusals is not None

    @property
    def hold_seconds(self) -> float:
        """How long it is held at a time."""
        return max(1 / SLICES, 1 / self._rate)

    def allowance(self, now: int) -> int:
        """Return how many tenths may be spent now; with less than `ONE`, it is held."""
        level = self._tokens.level(now)
        if level == self._burst:
            self._delayed, self._told, self._refusals = 0, None, None
        elif self._delayed >= self._patience and self._refusals is None:
            self._refusals = Bucket(self._rate * ONE, self._slice, now)
        return level if self._refusals is None else self._refusals.level(now)

    def spent(self, tenths: int, lines: int, now: int) -> None:
        """Notice what was carried out, or refused, of what `allowance` allowed."""
        if self._refusals is not None:
            self._refusals.spend(tenths, now)
            return
        self._tokens.spend(tenths, now)
        if self.is_held:
            self._delayed += lines

    def hold(self, is_held: bool, lines: int, now: int) -> m.Slowed | None:
        """Notice whether it has to wait, with so many lines; return what is to be told, if it was not told lately."""
        self.is_held = is_held
        if not is_held or (self._told is not None and now - self._told < REMIND):
            return None
        self._told = now
        return m.Slowed(max(1, -(-lines // self._rate)))

    def refuse(self, command: m.Command | m.Rejected, now: int) -> m.Command | m.Rejected:
        """Return what becomes of a command while messages are refused."""
        if isinstance(command, m.Rejected) or COSTS.get(type(command), ONE) < ONE:
            return command
        seconds = -(-self._tokens.wait(self._burst, now) // 1000)
        reason = f"you have sent too much for too long; nothing more is taken for {max(1, seconds)} s"
        return m.Rejected(Code.RATE_LIMITED, reason, "", getattr(command, "cid", ""))

    @property
    def _slice(self) -> int:
        return max(ONE, self._rate * ONE // SLICES)
