"""A server without sockets: the real hub and real connections, and the bytes on their way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from libchat.core.effects import Delivery
from libchat.hub import Hub
from libchat.server.connection import Connection, Dialects
from libchat.transport.fanout import Fanout
from libchat.transport.pump import PlainPump
from libchat.wire.classic import Classic
from libchat.wire.native import Native
from support.lasting import LastingLog

DIALECTS = Dialects(native=Native(), classic=Classic(datetime.fromtimestamp))


class Sink:
    """Events for the connections of this test."""

    def __init__(self) -> None:
        self.fanout = Fanout()

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events for participants."""
        self.fanout.deliver(deliveries)


class Station:
    """A server without sockets: it does a turn whenever something has come."""

    def __init__(self) -> None:
        self.restart(LastingLog())

    def restart(self, log: LastingLog) -> None:
        """Begin anew over a log, as after a power cut: all connections are lost."""
        self.log = log
        self.hub = Hub(log=log, clock=lambda: 1_700_000_000.0)
        self.sink = Sink()
        self.hub.add_sink(self.sink)
        self.lines: list[Line] = []

    def turn(self, readable: Sequence[Connection] = (), departed: Sequence[Connection] = ()) -> None:
        """Do turns until nothing is left to do."""
        self.hub.run(
            [(connection, connection.commands()) for connection in readable],
            departed=[(connection, "connection lost") for connection in departed if not connection.is_over],
        )
        self._send()
        while drained := [line.server for line in self.lines if self._is_waited_for(line.server)]:
            self.hub.run([], drained=drained)
            self._send()

    def _send(self) -> None:
        for lane, items in self.sink.fanout.take():
            assert isinstance(lane, Connection)
            lane.send_items(items)
        for line in self.lines:
            data = line.server.data_to_send()
            line.server.sent(len(data))
            line.down += data

    def _is_waited_for(self, connection: Connection) -> bool:
        return connection.is_replaying and connection.is_drained and not connection.is_over


class Line:
    """One connection, and the bytes on their way on it."""

    def __init__(self, station: Station) -> None:
        self.server = Connection(station.sink.fanout, PlainPump(), DIALECTS, "test")
        self.log = station.log
        self.up = b""
        self.down = b""
        station.lines.append(self)
