"""The simulated server: a real hub, real connections, and what the poller does with them, without a socket.

A turn reads what has come, has the hub carry it out, and writes to every connection for which something is left, as
far as its socket takes it: see `libchat.server.poller`, whose duties these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from libchat.core.effects import Delivery, Effect, Reply
from libchat.hub import Hub
from libchat.limits import RECEIVE_BYTES
from libchat.messages import Failed
from libchat.names import target_key
from libchat.server.connection import Connection, Dialects
from libchat.store.base import Log
from libchat.testing.disk import Disk, DiskLog
from libchat.testing.network import Line, Stream, Weather
from libchat.testing.world import World
from libchat.transport.fanout import Fanout
from libchat.transport.pump import PlainPump
from libchat.wire.classic import Classic
from libchat.wire.native import Native

Crash = Literal["before commit", "after commit", "after answers"]
"""When a server crashes: what waits for the log is lost; is kept but nobody is told; or is told but nothing leaves."""

CRASHES: Final[tuple[Crash, ...]] = ("before commit", "after commit", "after answers")

OpenHub = Callable[[Log, Callable[[], float]], Hub]


def open_hub(log: Log, clock: Callable[[], float]) -> Hub:
    """Return the hub of one life of the server."""
    return Hub(log=log, clock=clock)


class Peer(Connection):
    """The server's end of one line."""

    __slots__ = ("arrived", "has_departed", "is_ended", "is_gone", "line", "window")

    def __init__(self, fanout: Fanout, line: Line, weather: Weather) -> None:
        super().__init__(fanout, PlainPump(), _DIALECTS, line.name, outbox_bytes=weather.outbox)
        self.line = line
        self.window = weather.window
        self.arrived = bytearray()
        """What has come and is not read."""
        self.is_ended = False
        """Whether nothing comes behind that."""
        self.is_gone = False
        self.has_departed = False


_DIALECTS: Final = Dialects(native=Native(), classic=Classic(lambda seconds: datetime.fromtimestamp(seconds, UTC)))


class Host:
    """A server that can crash. What it was told and has committed is on its `disk`."""

    def __init__(
        self,
        world: World,
        weather: Weather,
        disk: Disk,
        open_log: Callable[[World, Disk], DiskLog] = DiskLog,
        open_hub: OpenHub = open_hub,
    ) -> None:
        self.disk = disk
        self.is_up = False
        self._world = world
        self._weather = weather
        self._open_log = open_log
        self._open_hub = open_hub
        self._life = 0
        """Which life it is; what was planned in an earlier one does not happen."""
        self.start()

    def start(self) -> None:
        """Begin a life."""
        self._life += 1
        self.is_up = True
        self._log = self._open_log(self._world, self.disk)
        self._hub = self._open_hub(self._log, self._world.clock)
        self._fanout = Fanout()
        self._hub.add_sink(self)
        self._peers: dict[Peer, None] = {}
        self._ready: dict[Peer, None] = {}
        """Peers from which something has come."""
        self._backlog: dict[Peer, None] = {}
        self._blocked: dict[Peer, None] = {}
        """Peers whose socket did not take everything."""
        self._drained: list[Peer] = []
        self._departed: list[tuple[Peer, str]] = []
        self._has_turn = False
        self._world.note("server", "starts")

    def crash(self, how: Crash) -> None:
        """Die at once, with all connections."""
        if not self.is_up:
            return
        if how != "before commit":
            self._log.commit()
        if how == "after answers":
            self._log.tell()
        self._world.note("server", f"crashes {how}")
        self._log.crash()
        for waiting in self._hub._carrier.waiting:
            self._note_refusals(waiting.effects)
        self.is_up = False
        for peer in self._peers:
            peer.is_gone = True
            peer.line.break_("both")
        self._peers.clear()

    @property
    def has_uncommitted(self) -> bool:
        """Whether something waits that a crash would take."""
        return self._log.has_uncommitted

    # --- lines ------------------------------------------------------------------------------------------------------

    def accept(self, line: Line, account: str = "") -> None:
        """Take one end of a line. With an `account`, its peer has proven to be that one."""
        peer = Peer(self._fanout, line, self._weather)
        peer.account = target_key(account) if account else ""
        self._peers[peer] = None
        line.up = Stream(
            self._world,
            f"{line.name} up",
            self._weather,
            lambda data: self._arrive(peer, data),
            lambda: self._end(peer),
        )
        line.lose_server = lambda: self._lose(peer)

    def take_more(self, line: Line) -> None:
        """Notice that a client has read something: its socket may take more."""
        for peer in self._blocked:
            if peer.line is line:
                self._wake()

    def _arrive(self, peer: Peer, data: bytes) -> None:
        if not peer.is_gone:
            peer.arrived += data
            self._ready[peer] = None
            self._wake()

    def _end(self, peer: Peer) -> None:
        if not peer.is_gone:
            peer.is_ended = True
            self._ready[peer] = None
            self._wake()

    def _lose(self, peer: Peer) -> None:
        if not peer.is_gone:
            peer.is_gone = True
            self._depart(peer, "connection lost")
            peer.line.down.finish()
            for queue in (self._peers, self._ready, self._backlog, self._blocked):
                queue.pop(peer, None)
            self._wake()

    def _depart(self, peer: Peer, reason: str) -> None:
        if not (peer.is_over or peer.has_departed):
            peer.has_departed = True
            self._departed.append((peer, reason))

    # --- turns ------------------------------------------------------------------------------------------------------

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events for participants (`libchat.hub.Sink`)."""
        if self._fanout.deliver(deliveries):
            self._wake()
        self._note_refusals(deliveries)

    def _note_refusals(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Reply) and isinstance(effect.event, Failed):
                self.disk.refused.add((effect.session.device, effect.event.cid))

    def _wake(self) -> None:
        if not self._has_turn:
            self._has_turn = True
            life = self._life
            self._world.later(lambda: self._turn(life), 0, 2)

    def _turn(self, life: int) -> None:
        if not self.is_up or life != self._life:
            return
        self._has_turn = False
        readable = list(self._backlog)
        self._backlog.clear()
        ready, self._ready = self._ready, {}
        readable += [peer for peer in ready if self._read(peer)]
        for peer in list(self._blocked):
            self._flush(peer)
        self._route(readable)
        self._send()
        for peer in readable:
            self._watch(peer)
        if self._drained or self._departed or self._backlog or self._ready:
            self._wake()

    def _read(self, peer: Peer) -> bool:
        """Read what has come, and return whether something is to be done about it."""
        if peer.is_gone or peer.has_input or peer.is_waiting:
            return False
        if peer.arrived:
            data = bytes(peer.arrived[:RECEIVE_BYTES])
            del peer.arrived[:RECEIVE_BYTES]
            self._watch(peer)
            has_input = peer.receive_data(data)
            if peer.is_finished:
                self._flush(peer)
            return has_input
        if peer.is_ended and peer.is_finished:
            self._lose(peer)
            return False
        return peer.is_ended and not peer.has_hung_up and peer.receive_end()

    def _watch(self, peer: Peer) -> None:
        """Have a peer dealt with in the next turn, if there is more to do for it and nothing in its way."""
        if peer.is_gone:
            return
        if peer.is_waiting:
            return  # the answer of the accounts is written to it, and then it is looked at again
        if peer.has_input:
            if not peer.has_more_to_send:
                self._backlog[peer] = None
        elif peer.arrived or (peer.is_ended and not peer.has_hung_up):
            self._ready[peer] = None

    def _route(self, readable: list[Peer]) -> None:
        if not (readable or self._drained or self._departed):
            return
        drained, self._drained = self._drained, []
        departed, self._departed = self._departed, []
        self._hub.run(
            ((peer, peer.commands()) for peer in readable),
            drained=(peer for peer in drained if peer.is_drained),
            departed=departed,
        )

    def _send(self) -> None:
        for lane, items in self._fanout.take():
            if isinstance(lane, Peer) and not lane.is_gone:
                lane.send_items(items)
                self._flush(lane)

    def _flush(self, peer: Peer) -> None:
        """Write once, as much as the socket takes."""
        if peer.is_gone:
            return
        down = peer.line.down
        data = peer.data_to_send()
        if data:
            count = min(len(data), max(peer.window - down.size, 0))
            down.put(data[:count])
            peer.sent(count)
        if peer.has_more_to_send:
            self._blocked[peer] = None
            if not down.size:
                self._wake()
            return
        self._blocked.pop(peer, None)
        self._watch(peer)
        if peer.unacked and (peer.is_replaying or not peer.has_acks):
            self._drained.append(peer)
        if peer.is_finished:
            self._depart(peer, peer.reason)
            down.finish()
            if peer.has_hung_up:
                self._lose(peer)
