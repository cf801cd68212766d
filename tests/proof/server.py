"""A server without sockets: the real hub and real connections, over a log that a test holds, beside the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from libchat import messages as m
from libchat.hub import Hub
from libchat.server.connection import Connection, Dialects
from libchat.transport.pump import PlainPump
from libchat.wire.classic import Classic
from libchat.wire.native import Native
from proof.logs import HeldLog, Storage
from proof.model import Model
from proof.parts import ACCOUNT, Seat
from support.station import Sink

DIALECTS = Dialects(native=Native(), classic=Classic(datetime.fromtimestamp))

PAGE = 3
"""Entries of what waited that are handed out at once: few, so that pages follow each other."""


class Server:
    """A server, which may be killed and started again. It does a turn whenever something has come."""

    def __init__(self, storage: Storage) -> None:
        self.model = Model()
        self._storage = storage
        self._seconds = 1_700_000_000
        self.is_quick = True
        self.start()

    def start(self) -> None:
        """Begin over what the storage holds."""
        self.log = HeldLog(self._storage.open(), self.model, is_quick=self.is_quick)
        self.hub = Hub(log=self.log, clock=lambda: float(self._seconds))
        self.sink = Sink()
        self.hub.add_sink(self.sink)
        self.lines: list[Line] = []

    def crash(self) -> None:
        """Die, with everything that is in memory."""
        self.log.crash()
        self.model.crash()

    def stop(self) -> None:
        """Say goodbye to everybody, store what waits, and end."""
        for line in self.lines:
            if line.seat.slots:  # else it is not known yet what is spoken there
                line.server.finish("the server stops")
        self._run(departed=self.lines)
        self.flush()
        self.hub.close()
        self.model.crash()

    # --- turns ------------------------------------------------------------------------------------------------------

    def receive(self, line: Line, data: bytes) -> None:
        """Do a turn with what has come on a connection, and further ones if that was too much for one."""
        line.server.receive_data(data)
        while line.server.has_input:
            self._run(line)

    def depart(self, line: Line) -> None:
        """Notice that a connection is lost."""
        self.lines.remove(line)
        self._run(departed=[line])

    def flush(self) -> None:
        """Send what waits, and report what has left, until nothing follows from it."""
        while drained := [line for line in self._send() if self._is_waited_for(line.server)]:
            self._run(drained=drained)

    def _run(
        self, line: Line | None = None, departed: list[Line] | None = None, drained: list[Line] | None = None
    ) -> None:
        self._seconds += 1
        departed = [each for each in departed or () if not each.server.is_over]
        self.hub.run(
            [(line.server, self._commands(line))] if line is not None else [],
            drained=[each.server for each in drained or ()],
            departed=self._departed(departed),
        )
        self.flush()

    def _commands(self, line: Line) -> Iterator[m.Command | m.Rejected]:
        for command in line.server.commands():
            self.model.route(line.seat, command, self._seconds * 1000)
            yield command

    def _departed(self, lines: list[Line]) -> Iterator[tuple[Connection, str]]:
        for line in lines:
            self.model.depart(line.seat)
            yield line.server, "connection lost"

    def _send(self) -> list[Line]:
        """Have what waits leave, and return the connections for which something has left."""
        for lane, items in self.sink.fanout.take():
            assert isinstance(lane, Connection)
            lane.send_items(items)
        left = []
        for line in self.lines:
            if data := line.server.data_to_send():
                line.server.sent(len(data))
                line.down += data
                left.append(line)
        return left

    def _is_waited_for(self, connection: Connection) -> bool:
        """Return whether the hub is told when everything has left for a connection, as the poller does."""
        is_live = connection.is_drained and not connection.is_over
        return bool(connection.unacked) and connection.is_replaying and is_live


class Line:
    """One connection, its place in the model, and the bytes on their way on it."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = Connection(server.sink.fanout, PlainPump(), DIALECTS, "test")
        self.server.account = name if name == ACCOUNT else ""
        self.server.replay_entries = PAGE
        self.seat = Seat()
        self.up = b""
        self.down = b""
        server.lines.append(self)
