"""What leaves through one connection, without its socket: events go in, bytes to send come out.

    events -> dialect -> outbox -> pump -> bytes to send

What fits into one record while nothing else waits goes straight to the pump; anything more waits in the outbox as
plaintext, which others may share, until the socket has taken what was encrypted before. With a goodbye the connection
`is_finished`: nothing is put behind it, and what waits is all that is left to do. An outbox that is full is dropped,
with a goodbye in its place: the reader loses the connection, but no entry, because the log has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from libchat.errors import Code, ProtocolError
from libchat.limits import RECEIVE_BYTES
from libchat.messages import Bye, Event, Failed
from libchat.transport.fanout import Fanout, Item, Lane, format_items
from libchat.transport.outbox import Outbox
from libchat.transport.pump import Pump
from libchat.wire.dialect import Dialect

MOST_AT_ONCE: Final = 4 * RECEIVE_BYTES
"""Plaintext that is encrypted at once: what a socket's buffer takes anyway. The rest waits as plaintext, shared."""

LOST: Final = "connection lost"
"""Why a connection has ended that gave no reason."""


class Outlet(Lane):
    """The way out to a participant at the other end of a socket."""

    __slots__ = (
        "_has_dropped",
        "_has_said_bye",
        "_is_broken",
        "_outbox",
        "_pump",
        "_to_send",
        "is_finished",
        "reason",
        "refusal",
    )

    def __init__(self, fanout: Fanout, pump: Pump, dialect: Dialect, outbox_bytes: int) -> None:
        super().__init__(fanout, dialect)
        self.is_finished = False
        """Whether nothing is taken in any more, and the connection ends when what waits has left."""
        self.reason = LOST
        """Why it has ended, for the others."""
        self.refusal = ""
        """Why there is no room for it; it is told so as soon as its dialect is known."""
        self._pump = pump
        self._outbox = Outbox(outbox_bytes)
        self._to_send = b""
        self._is_broken = False
        self._has_dropped = False
        self._has_said_bye = False

    def send_items(self, items: Sequence[Item]) -> None:
        """Have events sent, if there are any. Too slow a reader loses the connection, and no entry."""
        if not items:
            return
        if self.is_finished:
            self._has_dropped = True
            return
        if isinstance(items[-1], Bye):
            self._finish([])
        if not (self._to_send or self._outbox.size):
            data = format_items(items, self.dialect)
            if len(data) <= MOST_AT_ONCE:  # as nearly always: nothing waits, so this need not
                self._encrypt(data)
                return
        else:
            data = format_items(items, self.dialect, is_congested=self._outbox.is_congested)
        if not self._outbox.put(data):
            self._drop()
            self.reason = "too slow a reader"
            self._finish([Bye("you read too slowly")])

    def data_to_send(self) -> bytes:
        """Return the bytes that the socket should take next, b"" if there are none. Report what it took to `sent`."""
        if not self._to_send:
            self._encrypt(self._outbox.take(MOST_AT_ONCE))
        return self._to_send

    def sent(self, count: int) -> None:
        """Notice that the socket took the first `count` bytes of `data_to_send`."""
        self._to_send = self._to_send[count:] if count < len(self._to_send) else b""

    @property
    def has_more_to_send(self) -> bool:
        """Whether something waits that `data_to_send` has not returned, or that the socket has not taken."""
        return bool(self._to_send or self._outbox.size)

    @property
    def is_drained(self) -> bool:
        """Whether everything that was ever put into the lane has been given to the socket."""
        return self.is_empty and not self.has_more_to_send and not self._has_dropped

    def finish(self, reason: str) -> None:
        """Say goodbye, and end the connection when what waits has left."""
        if not self.is_finished:
            self.reason = reason
            self._finish([Bye(reason)])

    def refuse(self) -> None:
        """Say why there is no room for it, and end the connection."""
        if not self.is_finished:
            self.reason = self.refusal
            self._finish([Failed(Code.BUSY, self.refusal), Bye(self.refusal)])

    def _finish(self, events: Sequence[Event]) -> None:
        self.is_finished = True
        self._take_nothing()
        for event in events:
            self._outbox.put_last(self.dialect.format_event(event))

    def _break(self) -> None:
        """Finish without a word: the encryption has failed, and only its own alert can still be sent."""
        self.is_finished = self._is_broken = True
        self._take_nothing()
        self._drop()

    def _take_nothing(self) -> None:
        """Forget what has come in: nothing of it is carried out any more. For the way in to know."""

    def _drop(self) -> None:
        """Drop what waits. The entries in it count as not delivered."""
        self._has_dropped = True
        self._outbox.clear()

    def _encrypt(self, data: bytes) -> None:
        try:
            if data:
                self._pump.write(data)
            if self.is_finished and not (self._outbox.size or self._has_said_bye or self._is_broken):
                self._has_said_bye = True
                self._pump.close()
        except ProtocolError:
            self._break()
        self._to_send = self._pump.data_to_send()
