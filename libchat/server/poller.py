"""The poller: the one thread that owns the established sockets.

A turn: wait until something is ready; read every socket that has something; let the hub do what was read (one turn of
its own, under its lock); then write, once, to every connection for which something was left. Nothing blocks but the
wait. Other threads leave events in the sink (`libchat.server.sink`), under the inbox lock, and wake the poller.

    sink      what the hub has for the connections
    watch     what is waited for, at which socket
    arrears   who has sent more than was carried out, and when it goes on
    door      who gets in, and who may ask for a name
    leavers   who is at its end, and until when it is waited for

A connection that has sent more lines than fit into a turn is not read until later turns have dealt with the rest, and
each of these waits until the answers of the one before have left. So nobody fills the memory with answers.

Nor is one about which the accounts are asked, until they have answered: the answer wakes the poller.

What has left for a session is reported to the hub with the next turn, so that it counts as acknowledged, or the next
page of what waited is handed out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from math import inf
from selectors import EVENT_READ, EVENT_WRITE
from typing import Final

from libchat import messages as m
from libchat.core.registry import Session
from libchat.errors import Closed
from libchat.hub import Hub
from libchat.messages import Slowed
from libchat.server import journal
from libchat.server.arrears import Arrears
from libchat.server.bounds import Bounds
from libchat.server.connection import Dialects
from libchat.server.door import Door
from libchat.server.gate import Gate
from libchat.server.inbox import Inbox
from libchat.server.leavers import Leavers
from libchat.server.memory import Tide, give_back
from libchat.server.outlet import LOST
from libchat.server.peer import Arrival, Peer
from libchat.server.sink import FanoutSink
from libchat.server.watch import Watch

_log = logging.getLogger("libchat.server")

BEHIND_SECONDS: Final = 0.01
"""How long a turn may wait while the hub is behind: it looks again a hundred times a second."""


class Poller:
    """Serve sockets for a hub, in a thread of its own. `clock` returns seconds that never go back.

    `successor` returns what is to be announced about the server's next key.
    """

    def __init__(
        self,
        hub: Hub,
        dialects: Dialects,
        clock: Callable[[], float],
        on_failure: Callable[[], None],
        bounds: Bounds,
        gate: Gate,
        *,
        successor: Callable[[], m.Successor | None] = lambda: None,
    ) -> None:
        self._hub = hub
        self._gate = gate
        self._on_failure = on_failure
        self._bounds = bounds
        self._dialects = dialects
        self._clock = clock
        self._successor = successor
        self._arrears = Arrears(clock)
        self._door = Door(gate, bounds, clock)
        self._leavers = Leavers(bounds, clock)
        self._tide = Tide()
        self._watch = Watch(self._arrears)
        self._waker = self._watch.waker
        self._sink = FanoutSink(self._waker)
        self._arrivals: Inbox[Arrival] = Inbox(self._waker)
        self._buffer = memoryview(bytearray(bounds.inbox_bytes))
        self._peers: dict[Peer, None] = {}
        self._drained: list[Peer] = []
        self._stop_reason: str | None = None
        self._thread = threading.Thread(target=self._run, name="libchat-poller", daemon=True)

    # --- for other threads ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._hub.add_sink(self._sink)
        self._thread.start()

    def adopt(self, arrival: Arrival) -> None:
        """Take over an established connection."""
        self._arrivals.post(arrival)

    def stop(self, reason: str) -> None:
        """Have everybody told why, what is owed flushed within `Bounds.stop_seconds`, and all closed. Then `join`."""
        self._stop_reason = reason
        self._waker.wake()

    def join(self) -> None:
        """Return when the thread has ended."""
        self._thread.join()
        self._hub.remove_sink(self._sink)
        self._close_arrivals()

    # --- the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._sink.owner = threading.get_ident()
        try:
            while self._stop_reason is None:
                self._turn(self._timeout())
            self._say_goodbye(self._stop_reason)
        except Closed:
            _log.error("the chat was closed before its server; all connections are closed")
            self._on_failure()
        except Exception:  # noqa: BLE001  # the outermost frame of a thread
            _log.critical("the poller has failed; all its connections are closed", exc_info=True)
            self._on_failure()
        finally:
            self._close_all()

    def _turn(self, timeout: float | None) -> None:
        readable = self._arrears.take()
        for key, mask in self._watch.select(timeout):
            peer: Peer | None = key.data
            if peer is None:
                self._waker.clear()
                self._welcome(readable)
                continue
            if mask & EVENT_WRITE:
                self._flush(peer)
            if mask & EVENT_READ and self._read(peer):
                readable.append(peer)
        self._route(readable)
        self._send()
        for peer in readable:
            if peer.slowed is not None:
                self._slow(peer, peer.slowed)
            self._watch.update(peer)
        self._expire()

    def _timeout(self, latest: float = inf) -> float | None:
        """Return how long the next turn may wait, at most until `latest`."""
        if self._drained or self._leavers.departed or self._arrears.is_due:
            return BEHIND_SECONDS if self._hub.is_behind else 0.0
        soonest = min(latest, self._tide.due, self._door.soonest, self._leavers.soonest, self._arrears.soonest)
        return max(soonest - self._clock(), 0.0) if soonest < inf else None

    def _welcome(self, readable: list[Peer]) -> None:
        for arrival in self._arrivals.take():
            outbox_bytes, pace = self._bounds.outbox_bytes, self._door.new_pace()
            peer = Peer(self._sink.fanout, self._dialects, arrival, outbox_bytes=outbox_bytes, pace=pace)
            peer.successor = self._successor()
            self._peers[peer] = None
            journal.log_arrival(arrival[2])
            if not self._door.let_in(peer):
                self._leavers.wait_for(peer)
            self._watch.update(peer)
            # What came together with the end of the handshake lies in the pump; no socket will tell of it.
            if peer.receive_data(b""):
                readable.append(peer)
            self._flush(peer)

    def _read(self, peer: Peer) -> bool:
        """Read what a socket has, and return whether something is to be done about it."""
        if peer.has_input or peer.is_gone:
            return False
        try:
            count = peer.socket.recv_into(self._buffer)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._lose(peer, f"connection lost: {error.strerror}")
            return False
        if not count:
            return self._hang_up(peer)
        has_input = peer.receive_data(self._buffer[:count])
        if peer.is_finished:
            self._flush(peer)
        return has_input

    def _hang_up(self, peer: Peer) -> bool:
        """Notice the end of a peer's stream. If it has only stopped to send, it may still read its answers."""
        if peer.is_finished:
            self._lose(peer, LOST)
            return False
        has_input = peer.receive_end()
        self._leavers.wait_for(peer)
        self._watch.update(peer)
        return has_input

    def _route(self, readable: list[Peer]) -> None:
        if not (readable or self._drained or self._leavers.departed):
            return
        if self._hub.is_behind:
            self._arrears.put_back(readable)  # and is not read meanwhile: its kernel makes it wait
            return
        drained, self._drained = self._drained, []
        now, commands = int(self._clock() * 1000), self._door.commands
        self._hub.run(
            ((peer, commands(peer, now)) for peer in readable),
            drained=(peer for peer in drained if peer.is_drained),
            departed=self._leavers.take_departed(),
        )

    def _send(self) -> None:
        is_told = journal.is_told()
        for lane, items in self._sink.take():
            if isinstance(lane, Peer) and not lane.is_gone:
                if is_told:
                    journal.log_answers(lane.peer, items)
                lane.send_items(items)
                self._flush(lane)

    def _slow(self, peer: Peer, slowed: Slowed) -> None:
        """Tell a peer, behind the answers of this turn, that it sends too fast."""
        peer.slowed = None
        if not (peer.is_finished or peer.is_gone):
            peer.send_items([slowed])
            self._flush(peer)

    def _flush(self, peer: Peer) -> None:
        """Write once to a socket, and wait for it if it does not take all."""
        if peer.is_gone:
            return
        data = peer.data_to_send()
        if data:
            try:
                peer.sent(peer.socket.send(data))
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._lose(peer, f"connection lost: {error.strerror}")
                return
        has_more = peer.has_more_to_send
        if has_more or peer.interest != EVENT_READ:
            self._watch.update(peer)
        if peer.unacked and (peer.is_replaying or not peer.has_acks) and not has_more:
            self._drained.append(peer)
        if peer.is_finished and self._leavers.shut(peer):
            self._lose(peer, LOST)

    # --- the end of a connection ------------------------------------------------------------------------------------

    def _lose(self, peer: Peer, reason: str) -> None:
        """Close a socket. Its session ends with the next turn."""
        if peer.is_gone:
            return
        peer.is_gone = True
        self._leavers.depart(peer, reason)
        self._watch.forget(peer)
        self._door.leave(peer)
        peer.socket.close()
        journal.log_end(peer, reason)
        del self._peers[peer]
        self._arrears.discard(peer)
        self._leavers.forget(peer)

    def _expire(self) -> None:
        now = self._clock()
        self._tide.watch(len(self._peers), now)
        if self._tide.is_out(now):
            give_back()
        for peer in self._leavers.take_due(now):
            if peer.refusal:
                peer.refuse()  # it has said nothing by which its dialect could be known: then in words for people
                self._flush(peer)
            self._lose(peer, LOST)
        for peer in self._door.close_late(now):
            self._flush(peer)

    def _say_goodbye(self, reason: str) -> None:
        """Tell everybody, and flush until all have everything or the time is up."""
        deadline = self._clock() + self._bounds.stop_seconds
        self._welcome([])
        self._send()
        for peer in list(self._peers):
            peer.finish(reason)
            self._flush(peer)
        while self._peers and self._clock() < deadline:
            self._turn(self._timeout(deadline))

    def _close_all(self) -> None:
        for peer in list(self._peers):
            self._lose(peer, "the server has stopped")
        departed: list[tuple[Session, str]] = [(peer, reason) for peer, reason in self._leavers.departed]
        try:
            self._hub.run([], departed=departed)
        except Closed:
            pass  # then nobody is there to be told
        self._close_arrivals()
        self._watch.close()

    def _close_arrivals(self) -> None:
        for arrival in self._arrivals.take():
            self._gate.leave(arrival[2])
            arrival[0].close()
