"""Handshakes: connections between being accepted and being established.

A few threads (OpenSSL gives the GIL back while it computes) share the connections; each waits for many at once, so
that a peer that never finishes holds up nobody. One that takes too long is closed, and so is the oldest one when there
are too many, of one address or in all: who means it is done within a second. One that speaks something else than
TLS is told so in plain words, because that is the mistake that people make; then it is read and ignored until it has
closed its side, or its time is up: a socket that is closed with unread input takes the answer down with it.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable
from math import inf
from selectors import EVENT_READ, DefaultSelector
from typing import Final

from libchat.errors import Code, ProtocolError
from libchat.limits import HANDSHAKE_SECONDS, HANDSHAKES, HANDSHAKES_BY_ADDRESS, RECEIVE_BYTES
from libchat.server.inbox import Inbox
from libchat.server.memory import Tide, give_back
from libchat.server.networks import network_of
from libchat.server.peer import Arrival
from libchat.server.tally import Tally
from libchat.transport.tls import TlsPump
from libchat.waker import Waker

_log = logging.getLogger("libchat.server")

TLS_HANDSHAKE: Final = 0x16
"""The first byte of a TLS handshake (RFC 8446, section 5.1)."""

_HINT: Final = "this port speaks TLS; by hand: openssl s_client -quiet -connect HOST:PORT"
_PLAIN_ANSWER: Final = f"server: error bad-line: {_HINT}\r\n".encode()
_HTTP_ANSWER: Final = (
    f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    f"Content-Length: {len(_HINT) + 2}\r\n\r\n{_HINT}\r\n"
).encode()


def _ignore(address: str) -> None:
    """Take no notice of a connection that is closed."""


class _Half:
    """A connection whose handshake is under way."""

    __slots__ = ("address", "deadline", "first", "is_refused", "network", "pin", "pump", "socket")

    def __init__(
        self, sock: socket.socket, address: str, network: str, pump: TlsPump, pin: str, deadline: float
    ) -> None:
        self.socket = sock
        self.address = address
        self.network = network
        self.pump = pump
        self.pin = pin
        """The pin of the key that it is shown: there may be another one when it is done."""
        self.deadline = deadline
        self.first = b""
        """The first bytes that came."""
        self.is_refused = False
        """Whether it was told that this will not do."""


class Handshaker:
    """One thread of handshakes. `established` is called, in this thread, with each connection that is done.

    `pin` is that of the key which the `context` shows. `closed` is called with the address of each one that is not
    established, when it is closed. `most` may be under way at once, and `most_by_address` of one address (0 is no
    limit); `network` says what an address counts for, "" if it is not counted.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        pin: str,
        clock: Callable[[], float],
        established: Callable[[Arrival], None],
        on_failure: Callable[[], None],
        *,
        seconds: float = HANDSHAKE_SECONDS,
        most: int = HANDSHAKES,
        most_by_address: int = HANDSHAKES_BY_ADDRESS,
        closed: Callable[[str], None] = _ignore,
        network: Callable[[str], str] = network_of,
    ) -> None:
        self._shown = (context, pin)
        self._clock = clock
        self._established = established
        self._on_failure = on_failure
        self._seconds = seconds
        self._most = most
        self._network = network
        self._most_by_address = most_by_address or most
        self._closed = closed
        self._tally = Tally(clock, logging.INFO)
        self._tide = Tide()
        self._selector = DefaultSelector()
        self._waker = Waker(self._selector)
        self._inbox: Inbox[tuple[socket.socket, str]] = Inbox(self._waker)
        self._halves: dict[_Half, None] = {}  # oldest first: all have the same time
        self._by_network: dict[str, dict[_Half, None]] = {}
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="libchat-handshakes", daemon=True)

    def __len__(self) -> int:
        """Return how many handshakes are under way."""
        return len(self._inbox) + len(self._halves)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def begin(self, sock: socket.socket, address: str) -> None:
        """Take over an accepted connection, from any thread."""
        self._inbox.post((sock, address))

    def use(self, context: ssl.SSLContext, pin: str) -> None:
        """Take other TLS settings for the handshakes that begin from now on. May be called by any thread."""
        self._shown = (context, pin)

    def stop(self) -> None:
        """Close what is not established, and return when the thread has ended."""
        self._is_stopping = True
        self._waker.wake()
        self._thread.join()
        self._close_inbox()

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                for key, _ in self._selector.select(self._timeout()):
                    if key.data is None:
                        self._waker.clear()
                        self._accept()
                    else:
                        self._advance(key.data)
                self._expire()
        except Exception:  # noqa: BLE001  # the outermost frame of a thread
            _log.critical("a thread of handshakes has failed", exc_info=True)
            self._on_failure()
        finally:
            self._close_all()

    def _timeout(self) -> float | None:
        oldest = next(iter(self._halves), None)
        soonest = min(self._tide.due, oldest.deadline if oldest is not None else inf)
        return max(soonest - self._clock(), 0.0) if soonest < inf else None

    def _accept(self) -> None:
        context, pin = self._shown
        for sock, address in self._inbox.take():
            pump, deadline = TlsPump(context, is_server=True), self._clock() + self._seconds
            half = _Half(sock, address, self._network(address), pump, pin, deadline)
            self._make_room(half.network)
            self._halves[half] = None
            self._by_network.setdefault(half.network, {})[half] = None
            self._selector.register(sock, EVENT_READ, half)

    def _make_room(self, network: str) -> None:
        """Close the oldest handshake if there are too many, of a network or in all."""
        own = self._by_network.get(network, ())
        if network and len(own) >= self._most_by_address:
            self._give_up(next(iter(own)), "closed in its handshake, its address has too many of them")
        elif len(self._halves) >= self._most:
            self._give_up(next(iter(self._halves)), "closed in its handshake, there are too many of them")

    def _give_up(self, half: _Half, reason: str) -> None:
        self._tally.count(reason, half.address)
        self._close(half)

    def _advance(self, half: _Half) -> None:
        try:
            data = half.socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._close(half)
        elif not half.is_refused:
            self._handshake(half, data)

    def _handshake(self, half: _Half, data: bytes) -> None:
        half.first = half.first or data[:16]
        try:
            if half.first[0] != TLS_HANDSHAKE:  # OpenSSL would wait for a whole header
                raise ProtocolError(Code.BAD_LINE, _HINT)
            is_done = half.pump.handshake(data)
            # A first flight is a few kilobytes: a socket that has just been opened takes it whole.
            half.socket.sendall(half.pump.data_to_send())
        except (ProtocolError, OSError) as error:
            self._refuse(half, error)
            return
        if is_done:
            self._release(half)
            self._tide.pass_on()
            self._established((half.socket, half.pump, half.address, half.pin))

    def _refuse(self, half: _Half, error: Exception) -> None:
        self._tally.count("the handshake has failed", f"{half.address}: {error}")
        answer = half.pump.data_to_send()
        if half.first and half.first[0] != TLS_HANDSHAKE:
            is_http = half.first.split(b" ")[0] in (b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT")
            answer = _HTTP_ANSWER if is_http else _PLAIN_ANSWER
        half.is_refused = True
        try:
            half.socket.send(answer)
            half.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(half)  # it did not wait for the answer

    def _release(self, half: _Half) -> None:
        self._selector.unregister(half.socket)
        del self._halves[half]
        own = self._by_network[half.network]
        del own[half]
        if not own:
            del self._by_network[half.network]

    def _close(self, half: _Half) -> None:
        self._release(half)
        self._closed(half.address)  # before another connection can have the same address
        half.socket.close()

    def _expire(self) -> None:
        now = self._clock()
        self._tide.watch(len(self._halves), now)
        if self._tide.is_out(now):
            give_back()
        while self._halves and (oldest := next(iter(self._halves))).deadline <= now:
            if not oldest.is_refused:
                self._tally.count(f"the handshake took longer than {self._seconds} seconds", oldest.address)
            self._close(oldest)

    def _close_all(self) -> None:
        for half in list(self._halves):
            self._close(half)
        self._close_inbox()
        self._selector.close()
        self._waker.close()

    def _close_inbox(self) -> None:
        for sock, address in self._inbox.take():
            self._closed(address)
            sock.close()
