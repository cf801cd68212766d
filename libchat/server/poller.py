"""The poller: the one thread that owns the established sockets.

A turn: wait until something is ready; read every socket that has something; let the hub do what was read (one turn of
its own, under its lock); then write, once, to every connection for which something was left. Nothing blocks but the
wait. Other threads leave events in the fan-out, under the inbox lock, and wake the poller.

A connection that has sent more lines than fit into a turn is not read until later turns have dealt with the rest, and
each of these waits until the answers of the one before have left. So nobody fills the memory with answers. One that
sends faster than its pace allows (`libchat.core.pace`) is held: neither read nor carried out for a while.

Nor is one about which the accounts are asked, until they have answered: the answer wakes the poller.

What has left for a session is reported to the hub with the next turn, so that it counts as acknowledged, or the next
page of what waited is handed out.

A connection that ends is first flushed, then told that nothing more comes, then read and ignored until the peer has
closed its side as well: a socket that is closed with unread input takes the last lines down with it. All of that takes
`Bounds.linger_seconds` at most, however little the peer reads; its session has departed before.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from math import inf
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Final

from libchat import messages as m
from libchat.core.effects import Delivery
from libchat.core.pace import Pace
from libchat.core.registry import Session
from libchat.errors import Closed, Code
from libchat.hub import Hub
from libchat.locks import INBOX, tiered_lock
from libchat.messages import Command, Register, Rejected, Slowed
from libchat.server import journal
from libchat.server.bounds import Bounds
from libchat.server.connection import LOST, Connection, Dialects
from libchat.server.gate import Gate
from libchat.server.inbox import Inbox
from libchat.server.memory import Tide, give_back
from libchat.server.tally import Tally
from libchat.transport.fanout import Fanout, Item, Lane
from libchat.transport.pump import Pump
from libchat.waker import Waker

_log = logging.getLogger("libchat.server")

BEHIND_SECONDS: Final = 0.01
"""How long a turn may wait while the hub is behind: it looks again a hundred times a second."""

Arrival = tuple[socket.socket, Pump, str, str]
"""A socket, its pump after the handshake, its peer's address, and the pin that the peer was shown ("" without TLS)."""


class FanoutSink:
    """The poller's side towards the hub: a fan-out behind a lock."""

    def __init__(self, waker: Waker) -> None:
        self.fanout = Fanout()
        self.owner = 0
        """The thread that takes what is delivered, and needs no waking for what it delivers itself."""
        self._waker = waker
        self._lock = tiered_lock(INBOX)

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events for participants. Called by any thread, under the hub's lock."""
        with self._lock:
            has_work = self.fanout.deliver(deliveries)
        if has_work and threading.get_ident() != self.owner:
            self._waker.wake()

    def take(self) -> list[tuple[Lane, Sequence[Item]]]:
        """Return what waits in each lane. Called by the owner."""
        with self._lock:
            return self.fanout.take()


class Peer(Connection):
    """A connection with its socket."""

    __slots__ = ("has_departed", "interest", "is_gone", "is_shut", "socket")

    def __init__(
        self, fanout: Fanout, dialects: Dialects, arrival: Arrival, *, outbox_bytes: int, pace: Pace | None
    ) -> None:
        sock, pump, address, pin = arrival
        super().__init__(fanout, pump, dialects, address, pin=pin, outbox_bytes=outbox_bytes, pace=pace)
        self.socket = sock
        self.interest = 0
        """What the selector waits for, 0 if it does not know the socket."""
        self.is_shut = False
        """Whether the socket was told that nothing more comes."""
        self.is_gone = False
        """Whether the socket is closed."""
        self.has_departed = False
        """Whether the end of the session was reported, or is going to be with the next turn."""


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
        self._refused = Tally(clock)
        self._tide = Tide()
        self._on_failure = on_failure
        self._bounds = bounds
        self._dialects = dialects
        self._clock = clock
        self._successor = successor
        self._selector = DefaultSelector()
        self._waker = Waker(self._selector)
        self._sink = FanoutSink(self._waker)
        self._arrivals: Inbox[Arrival] = Inbox(self._waker)
        self._buffer = memoryview(bytearray(bounds.inbox_bytes))
        self._peers: dict[Peer, None] = {}
        self._nameless: dict[Peer, float] = {}
        """Peers that had no name when they came, and until when they may do without; oldest first."""
        self._lingering: dict[Peer, float] = {}
        """Peers that are at their end, and until when they are waited for; oldest first."""
        self._backlog: dict[Peer, None] = {}
        """Peers that have sent more than fitted into their last turn, and are ready for the next."""
        self._held: dict[Peer, float] = {}
        """Peers that have sent too much, and when they may go on; soonest first."""
        self._drained: list[Peer] = []
        self._departed: list[tuple[Peer, str]] = []
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
        readable = self._due_again()
        for key, mask in self._selector.select(timeout):
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
            self._watch(peer)
        self._expire()

    def _due_again(self) -> list[Peer]:
        """Return the peers of which something waits that is due, although their sockets have nothing new."""
        if self._held:
            for peer in _due(self._held, self._clock()):
                del self._held[peer]
                if peer.has_input:
                    self._backlog[peer] = None
        readable = list(self._backlog)
        self._backlog.clear()
        return readable

    def _timeout(self, latest: float = inf) -> float | None:
        """Return how long the next turn may wait, at most until `latest`."""
        if self._drained or self._departed or self._backlog:
            return BEHIND_SECONDS if self._hub.is_behind else 0.0
        queues = (self._nameless, self._lingering, self._held)
        soonest = min([latest, self._tide.due, *(next(iter(queue.values())) for queue in queues if queue)])
        return max(soonest - self._clock(), 0.0) if soonest < inf else None

    def _welcome(self, readable: list[Peer]) -> None:
        for arrival in self._arrivals.take():
            outbox_bytes, pace = self._bounds.outbox_bytes, self._new_pace()
            peer = Peer(self._sink.fanout, self._dialects, arrival, outbox_bytes=outbox_bytes, pace=pace)
            peer.successor = self._successor()
            self._peers[peer] = None
            journal.log_arrival(arrival[2])
            self._let_in(peer)
            self._watch(peer)
            # What came together with the end of the handshake lies in the pump; no socket will tell of it.
            if peer.receive_data(b""):
                readable.append(peer)
            self._flush(peer)

    def _let_in(self, peer: Peer) -> None:
        """Give a peer its time to take a name; or, if there is no room for it, to be told so."""
        peer.refusal = self._gate.establish(peer.peer)
        if peer.refusal:
            self._refused.count("refused, there are too many connections", peer.peer)
            self._lingering[peer] = self._clock() + self._bounds.linger_seconds
        else:
            self._nameless[peer] = self._clock() + self._bounds.register_seconds

    def _new_pace(self) -> Pace | None:
        bounds = self._bounds
        if not bounds.message_rate:
            return None
        return Pace(bounds.message_rate, bounds.message_burst, bounds.message_patience, self._milliseconds())

    def _milliseconds(self) -> int:
        return int(self._clock() * 1000)

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
        self._lingering[peer] = self._clock() + self._bounds.linger_seconds
        self._watch(peer)
        return has_input

    def _route(self, readable: list[Peer]) -> None:
        if not (readable or self._drained or self._departed):
            return
        if self._hub.is_behind:
            self._backlog.update(dict.fromkeys(readable))  # and is not read meanwhile: its kernel makes it wait
            return
        drained, self._drained = self._drained, []
        departed, self._departed = self._departed, []
        now = self._milliseconds()
        self._hub.run(
            ((peer, self._commands(peer, now)) for peer in readable),
            drained=(peer for peer in drained if peer.is_drained),
            departed=departed,
        )

    def _commands(self, peer: Peer, now: int) -> Iterator[Command | Rejected]:
        commands = peer.commands(now)
        return commands if peer.person is not None else self._registering(peer, commands, now)

    def _registering(
        self, peer: Peer, commands: Iterator[Command | Rejected], now: int
    ) -> Iterator[Command | Rejected]:
        """Pass on the commands of somebody without a name; refuse those that ask for one too often."""
        for command in commands:
            reason = self._gate.register(peer.peer, now) if isinstance(command, Register) else ""
            if isinstance(command, Register) and reason:
                self._refused.count("refused, too many names are asked for", peer.peer)
                yield Rejected(Code.RATE_LIMITED, reason, command.name, command.cid)
            else:
                yield command

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
            self._watch(peer)
        if peer.unacked and (peer.is_replaying or not peer.has_acks) and not has_more:
            self._drained.append(peer)
        if peer.is_finished:
            self._linger(peer)

    def _watch(self, peer: Peer) -> None:
        """Have the selector wait for what can be done with a socket; what can be done without it is due next turn."""
        if peer.is_gone:
            return
        interest = EVENT_WRITE if peer.has_more_to_send else 0
        if not (peer.has_input or peer.has_hung_up or peer.is_waiting):
            interest |= EVENT_READ
        elif peer.has_input and not (interest or peer.is_waiting):
            self._defer(peer)
        if interest == peer.interest:
            return
        if not interest:
            self._selector.unregister(peer.socket)
        elif not peer.interest:
            self._selector.register(peer.socket, interest, peer)
        else:
            self._selector.modify(peer.socket, interest, peer)
        peer.interest = interest

    def _defer(self, peer: Peer) -> None:
        """Have what waits of a peer carried out with the next turn, or later if it has sent too much."""
        if peer.is_held:
            self._held.setdefault(peer, self._clock() + peer.hold_seconds)
        else:
            self._backlog[peer] = None

    # --- the end of a connection ------------------------------------------------------------------------------------

    def _depart(self, peer: Peer, reason: str) -> None:
        """Have the end of a session reported with the next turn, unless the hub knows of it."""
        if not (peer.is_over or peer.has_departed):
            peer.has_departed = True
            self._departed.append((peer, reason))

    def _linger(self, peer: Peer) -> None:
        """End a session; when all has left, tell the peer that nothing more comes, and wait for it to say the same."""
        self._depart(peer, peer.reason)
        self._lingering.setdefault(peer, self._clock() + self._bounds.linger_seconds)
        if peer.has_more_to_send or peer.is_shut:
            return
        if peer.has_hung_up:
            self._lose(peer, LOST)
            return
        peer.is_shut = True
        try:
            peer.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._lose(peer, LOST)

    def _lose(self, peer: Peer, reason: str) -> None:
        """Close a socket. Its session ends with the next turn."""
        if peer.is_gone:
            return
        peer.is_gone = True
        self._depart(peer, reason)
        if peer.interest:
            self._selector.unregister(peer.socket)
        self._gate.leave(peer.peer)  # before another connection can have the same address
        peer.socket.close()
        journal.log_end(peer, reason)
        del self._peers[peer]
        self._backlog.pop(peer, None)
        self._held.pop(peer, None)
        self._nameless.pop(peer, None)
        self._lingering.pop(peer, None)

    def _expire(self) -> None:
        now = self._clock()
        self._tide.watch(len(self._peers), now)
        if self._tide.is_out(now):
            give_back()
        for peer in _due(self._lingering, now):
            if peer.refusal:
                peer.refuse()  # it has said nothing by which its dialect could be known: then in words for people
                self._flush(peer)
            self._lose(peer, LOST)
        for peer in _due(self._nameless, now):
            del self._nameless[peer]
            if peer.person is None and not peer.is_finished:
                peer.finish(f"no name was registered within {self._bounds.register_seconds:.0f} seconds")
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
        departed: list[tuple[Session, str]] = [(peer, reason) for peer, reason in self._departed]
        try:
            self._hub.run([], departed=departed)
        except Closed:
            pass  # then nobody is there to be told
        self._close_arrivals()
        self._selector.close()
        self._waker.close()

    def _close_arrivals(self) -> None:
        for arrival in self._arrivals.take():
            self._gate.leave(arrival[2])
            arrival[0].close()


def _due(deadlines: dict[Peer, float], now: float) -> list[Peer]:
    """Return the first ones, whose time has come; the others' comes later."""
    return list(takewhile(lambda peer: deadlines[peer] <= now, deadlines)) if deadlines else []
