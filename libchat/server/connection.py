"""One connection, without its socket: fed with bytes, drained of bytes.

    received bytes -> pump -> lines -> dialect -> commands
    events -> ... -> bytes to send (`libchat.server.outlet`)

It belongs to the thread of its poller, but for what `Lane` says. A peer that says that it sends nothing more, or that
breaks the rules of the wire, has said `exit` behind its last line: so what came before is carried out and answered, in
order, and the goodbye is the last of the answers. With it the connection `is_finished`: it takes nothing in any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from libchat.core.pace import COSTS, ONE, Pace
from libchat.errors import ProtocolError
from libchat.limits import OUTBOX_BYTES
from libchat.messages import Bye, Command, Exit, Failed, History, Rejected, Slowed
from libchat.server.outlet import LOST, Outlet
from libchat.transport.fanout import Fanout
from libchat.transport.pump import Pump
from libchat.wire.dialect import Dialect
from libchat.wire.lines import LineBuffer
from libchat.wire.sniff import sniff

LINES_AT_ONCE: Final = 256
"""Lines of one connection that are carried out in one turn. `RECEIVE_BYTES` hold 13,000 times `who`, and each answer is
as long as there are people: all at once, they would hold everybody up for seconds. 256 lines of chat fill a record."""


@dataclass(frozen=True, slots=True)
class Dialects:
    """What the server speaks. Each is one object for all connections."""

    native: Dialect
    classic: Dialect


class Connection(Outlet):
    """A participant at the other end of a socket."""

    __slots__ = (
        "_dialects",
        "_has_said_exit",
        "_lines",
        "_pace",
        "_received",
        "_start_of_stream",
        "has_hung_up",
        "has_input",
        "peer",
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
        super().__init__(
            fanout, pump, dialects.classic, outbox_bytes
        )  # spoken until it is known which one the peer speaks
        self.peer = peer
        """The address of the other end with its port, for logs."""
        self.address = peer.rpartition(":")[0].removeprefix("::ffff:") or peer
        self.pin = pin
        self.has_input = False
        """Whether there is something for `commands`."""
        self.has_hung_up = False
        """Whether the socket has come to its end. What waits may still leave."""
        self.slowed: Slowed | None = None
        """What it is to be told after this turn, because it sends too fast."""
        self._dialects = dialects
        self._pace = pace
        self._lines = LineBuffer()
        self._start_of_stream: bytes | None = b""
        """What came so far, if that was too little to tell the dialect; None once it is known."""
        self._received: list[bytes] = []
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

    def _take_nothing(self) -> None:
        self.has_input = False
        self._received.clear()
