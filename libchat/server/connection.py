"""One connection, without its socket: fed with bytes, drained of bytes.

    received bytes -> pump -> lines -> dialect -> commands
    events -> dialect -> outbox -> pump -> bytes to send

It belongs to the thread of its poller, but for what `Lane` says. A peer that says that it sends nothing more, or that
breaks the rules of the wire, has said `exit` behind its last line: so what came before is carried out and answered, in
order, and the goodbye is the last of the answers. With it the connection `is_finished`: it takes nothing in any more,
and what waits in it is all that is left to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from libchat.core.pace import COSTS, ONE, Pace
from libchat.errors import Code, ProtocolError
from libchat.limits import OUTBOX_BYTES, RECEIVE_BYTES
from libchat.messages import Bye, Command, Event, Exit, Failed, History, Rejected, Slowed
from libchat.transport.fanout import Fanout, Item, Lane, format_items
from libchat.transport.outbox import Outbox
from libchat.transport.pump import Pump
from libchat.wire.dialect import Dialect
from libchat.wire.lines import LineBuffer
from libchat.wire.sniff import sniff

MOST_AT_ONCE: Final = 4 * RECEIVE_BYTES
"""Plaintext that is encrypted at once: what a socket's buffer takes anyway. The rest waits as plaintext, shared."""

LOST: Final = "connection lost"
"""Why a connection has ended that gave no reason."""

LINES_AT_ONCE: Final = 256
"""Lines of one connection that are carried out in one turn. `RECEIVE_BYTES` hold 13,000 times `who`, and each answer is
as long as there are people: all at once, they would hold everybody up for seconds. 256 lines of chat fill a record."""


@dataclass(frozen=True, slots=True)
class Dialects:
    """What the server speaks. Each is one object for all connections."""

    native: Dialect
    classic: Dialect


class Connection(Lane):
    """A participant at the other end of a socket."""

    __slots__ = (
        "_dialects",
        "_has_dropped",
        "_has_said_bye",
        "_has_said_exit",
        "_is_broken",
        "_lines",
        "_outbox",
        "_pace",
        "_pump",
        "_received",
        "_start_of_stream",
        "_to_send",
        "has_hung_up",
        "has_input",
        "is_finished",
        "peer",
        "reason",
        "refusal",
        "slowed",
    )

    def __init__(
        self,
        fanout: Fanout,
        pump: Pump,
        dialects: Dialects,
        peer: str,
        *,
        pin: str = "",
        outbox_bytes: int = OUTBOX_BYTES,
        pace: Pace | None = None,
    ) -> None:
        super().__init__(fanout, dialects.classic)  # spoken until it is known which one the peer speaks
        self.peer = peer
        """The address of the other end with its port, for logs."""
        self.address = peer.rpartition(":")[0].removeprefix("::ffff:") or peer
        self.pin = pin
        self.is_finished = False
        """Whether nothing is taken in any more, and the connection ends when what waits has left."""
        self.reason = LOST
        """Why it has ended, for the others."""
        self.has_input = False
        """Whether there is something for `commands`."""
        self.has_hung_up = False
        """Whether the socket has come to its end. What waits may still leave."""
        self.slowed: Slowed | None = None
        """What it is to be told after this turn, because it sends too fast."""
        self.refusal = ""
        """Why there is no room for it; it is told so as soon as its dialect is known."""
        self._dialects = dialects
        self._pace = pace
        self._pump = pump
        self._lines = LineBuffer()
        self._start_of_stream: bytes | None = b""
        """What came so far, if that was too little to tell the dialect; None once it is known."""
        self._received: list[bytes] = []
        self._outbox = Outbox(outbox_bytes)
        self._to_send = b""
        self._is_broken = False
        self._has_dropped = False
        self._has_said_bye = False
        self._has_said_exit = False

    # --- in ---------------------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes | memoryview) -> bool:
        """Take bytes from the socket, and return whether there is something for `commands`. May finish the connection.

        Give it no more while there is: what `commands` leaves for the next turn would grow.
        """
        if self.is_finished:
            return False
        try:
            plain = self._pump.receive_data(data)
        except ProtocolError:
            self._break()
            return False
        if plain and self._start_of_stream is not None:
            plain = self._sniff(self._start_of_stream + plain)
        if plain:
            self._received += self._lines.receive_data(plain)
        return self._look_for_input()

    def receive_end(self) -> bool:
        """Notice that the socket has come to its end, and return whether there is something for `commands`."""
        self.has_hung_up = True
        return self._look_for_input()

    def _look_for_input(self) -> bool:
        has_lines, is_leaving = bool(self._received), self._is_at_end and not self._has_said_exit
        self.has_input = not self.is_finished and (has_lines or is_leaving)
        return self.has_input

    @property
    def _is_at_end(self) -> bool:
        """Whether no more lines will come than those that have."""
        return self.has_hung_up or self._pump.is_eof or self._lines.error is not None

    def _sniff(self, start: bytes) -> bytes:
        """Choose the dialect by the first bytes, and return them; or nothing, if more are needed or it is refused."""
        found = sniff(start, native=self._dialects.native, classic=self._dialects.classic)
        if found is None:
            self._start_of_stream = start.lstrip()
            return b""
        if isinstance(found, Rejected):
            self._finish([Failed(found.code, found.reason), Bye(found.reason)])
            return b""
        self._start_of_stream = None
        self.dialect = found
        self.wants_receipts = found.wants_receipts
        self.has_acks = found.has_acks
        if self.refusal:
            self.refuse()
            return b""
        return start

    def commands(self, now: int = 0) -> Iterator[Command | Rejected]:
        """Yield what the received lines mean, each in the light of what came of the one before.

        One turn's worth of them. If it `has_input` afterwards, the next turn is due when nothing waits to be sent, or
        after `hold_seconds` if it `is_held`. A page of history may be as large as the outbox, so nothing follows it in
        the same turn. What follows a command on which the accounts decide stays unread while the session `is_waiting`:
        no turn is due until then. `now` is in milliseconds, of a clock that does not go back.
        """
        return iter(()) if self.is_waiting else self._commands(now)

    def _commands(self, now: int) -> Iterator[Command | Rejected]:
        received, self._received = self._received, []
        return self._carry_out(received) if self._pace is None else self._carry_out_at(self._pace, received, now)

    def _carry_out(self, received: list[bytes]) -> Iterator[Command | Rejected]:
        parse = self.dialect.parse_line
        for count, line in enumerate(received, 1):
            commands = parse(line, self.rooms[-1].name if self.rooms else None)
            yield from commands
            if count == LINES_AT_ONCE or self.is_waiting or (commands and type(commands[-1]) is History):
                self._received = received[count:]
                break
        yield from self._end_of_turn()

    def _carry_out_at(self, pace: Pace, received: list[bytes], now: int) -> Iterator[Command | Rejected]:
        """Do the same at a pace: as long as there are tokens, which are counted here and taken once."""
        parse, cost = self.dialect.parse_line, COSTS.get
        allowed = left = pace.allowance(now)
        is_refusing = pace.is_refusing
        done = 0
        for line in received[:LINES_AT_ONCE] if left >= ONE else ():
            commands = parse(line, self.rooms[-1].name if self.rooms else None)
            if is_refusing:
                commands = tuple(pace.refuse(command, now) for command in commands)
            yield from commands
            done += 1
            kind = type(commands[-1]) if commands else type(None)
            left -= cost(kind, ONE)
            if left < ONE or kind is History or self.is_waiting:
                break
        pace.spent(allowed - left, done, now)
        self._received = received[done:]
        self.slowed = pace.hold(left < ONE and done < len(received), len(received) - done, now)
        yield from self._end_of_turn()

    def _end_of_turn(self) -> Iterator[Command | Rejected]:
        """Yield what the end of the stream means, when all lines are carried out."""
        if self._is_at_end and not (self._received or self._has_said_exit or self.is_waiting):
            yield from self._last_commands()
        self._look_for_input()

    @property
    def is_held(self) -> bool:
        """Whether what it has sent waits because it has sent too much, for `hold_seconds` since the last turn."""
        return self._pace is not None and self._pace.is_held

    @property
    def hold_seconds(self) -> float:
        """How long it waits then."""
        return self._pace.hold_seconds if self._pace is not None else 0.0

    def _last_commands(self) -> Iterator[Command | Rejected]:
        self._has_said_exit = True
        error = self._lines.error
        if error is None:
            yield Exit(LOST)
        else:
            yield Rejected(error.code, error.reason)
            yield Exit(error.reason)

    # --- out --------------------------------------------------------------------------------------------------------

    def send_items(self, items: Sequence[Item]) -> None:
        """Have events sent. A reader so slow that there is no room for them loses the connection, and no entry."""
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
        self.has_input = False
        self._received.clear()
        for event in events:
            self._outbox.put_last(self.dialect.format_event(event))

    def _break(self) -> None:
        """Finish without a word: the encryption has failed, and only its own alert can still be sent."""
        self.is_finished = self._is_broken = True
        self.has_input = False
        self._received.clear()
        self._drop()

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
