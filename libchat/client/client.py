"""The blocking client: a participant whose chat is at the other end of a socket.

Threads: one that connects, reads and writes (the program's threads leave commands with the link and wake it), and, once
the program has set a callback, one that calls callbacks, so that they may do everything that the program may.
"""

from __future__ import annotations

import logging
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

from libchat import messages as m
from libchat._version import __version__
from libchat.client.address import format_address, parse_address
from libchat.client.link import Link, State
from libchat.client.trust import AcceptNew, Trust
from libchat.errors import ChatError, Disconnected, ProtocolError
from libchat.limits import CONNECT_SECONDS, INBOX_EVENTS, LINGER_SECONDS, PING_SECONDS, RECEIVE_BYTES
from libchat.locks import INBOX, tiered_lock
from libchat.participant import E, OnError, Participant
from libchat.transport.backoff import backoff
from libchat.transport.pump import PlainPump, Pump
from libchat.transport.tls import TlsPump
from libchat.waker import Waker

_log = logging.getLogger("libchat.client")


class Client(Participant):
    """A participant over the network. `connect` makes one.

    It connects again by itself when the connection is lost, after growing delays: `Interrupted` and `Resumed` events
    tell of it. What is sent meanwhile goes out then. It ends for good when the server says so, when the server shows
    another key, or when somebody else has taken the name meanwhile: then whoever waits gets `Disconnected`.
    """

    def __init__(
        self, address: str, name: str, trust: Trust | None, *, reconnect: bool, inbox: int, on_error: OnError | None
    ) -> None:
        super().__init__(name, inbox=inbox, on_error=on_error)
        self._host, self._port = parse_address(address)
        self._trust = trust
        self._reconnect = reconnect
        self._lock = tiered_lock(INBOX)  # around the link
        self._link = Link(name, secrets.token_hex(16), agent=f"libchat/{__version__}")
        self._selector = DefaultSelector()
        self._waker = Waker(self._selector)
        self._leaving = threading.Event()
        self._started = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="libchat-client", daemon=True)
        self._caller: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The server's address."""
        return format_address(self._host, self._port)

    def on(self, kind: type[E], callback: Callable[[E], None]) -> None:
        super().on(kind, callback)
        with self._condition:
            if self._caller is not None:
                return
            self._caller = threading.Thread(target=self._call_forever, name="libchat-callbacks", daemon=True)
        self._caller.start()

    # --- what a participant asks for --------------------------------------------------------------------------------

    def _submit(self, command: m.Command) -> None:
        with self._lock:
            self._link.submit(command)
        self._waker.wake()

    def _consumed(self, event: m.Event) -> None:
        if isinstance(event, m.Entry):
            with self._lock:
                self._link.consumed(event)
            self._waker.wake()

    def _leave_chat(self) -> None:
        with self._lock:
            self._link.submit(m.Exit())
        self._leaving.set()
        self._waker.wake()
        own = (self._thread, self._caller)
        if threading.current_thread() not in own:
            for thread in own:
                if thread is not None:
                    thread.join()

    # --- the thread -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Connect, and return when the name is ours. Raises what went wrong."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001  # the outermost frame of a thread
            _log.critical("the client of %s has failed", self.name, exc_info=True)
            self._fail(error)
        finally:
            self._selector.close()
            self._waker.close()

    def _serve(self) -> None:
        delays = backoff(random.random)
        while True:
            error = self._attend()
            if self._link.state is State.LIVE:
                delays = backoff(random.random)
            if self._is_final(error):
                self._fail(self._link.end or error)
                return
            with self._lock:
                events = self._link.lost(str(error))
            self._hand_over(events)
            if self._leaving.wait(next(delays)):
                return

    def _attend(self) -> Exception:
        """Connect, serve until the connection ends, and return why it did."""
        try:
            with socket.create_connection((self._host, self._port), CONNECT_SECONDS) as sock:
                pump = self._secure(sock)
                self._selector.register(sock, EVENT_READ, sock)
                try:
                    self._converse(sock, pump)
                finally:
                    self._selector.unregister(sock)
        except (OSError, ChatError) as error:
            return error
        return Disconnected("the server has closed the connection")

    def _is_final(self, error: Exception) -> bool:
        """Return whether trying again is of no use, or not wanted."""
        may_pass = isinstance(error, (OSError, ProtocolError, Disconnected))
        return (
            self._link.end is not None
            or not (may_pass and self._reconnect and self._link.has_registered)
            or self._leaving.is_set()
        )

    def _fail(self, error: Exception) -> None:
        if self._link.has_registered:
            self._disconnect(error.reason if isinstance(error, Disconnected) else str(error))
        else:
            self._failure = error
        self._started.set()

    def _secure(self, sock: socket.socket) -> Pump:
        """Do the handshake, check that it is the right server, and return the pump."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._trust is None:
            return PlainPump()
        from libchat.security.identity import client_context

        pump = TlsPump(client_context(), is_server=False)
        deadline = time.monotonic() + CONNECT_SECONDS
        is_done = pump.handshake()
        while not is_done:
            sock.sendall(pump.data_to_send())
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            data = sock.recv(RECEIVE_BYTES)
            if not data:
                raise ConnectionError("the server has closed the connection during the handshake")
            is_done = pump.handshake(data)
        self._trust.check(self.address, pump.peer_certificate)
        return pump

    def _converse(self, sock: socket.socket, pump: Pump) -> None:
        """Carry commands and events until the server closes the connection, or is waited for in vain."""
        sock.setblocking(False)
        with self._lock:
            self._link.connected()
        unsent = pump.data_to_send()
        deadline: float | None = None
        while not pump.is_eof and self._link.end is None:
            unsent = self._write(sock, pump, unsent)
            self._selector.modify(sock, EVENT_READ | EVENT_WRITE if unsent else EVENT_READ, sock)
            if self._leaving.is_set():
                deadline = deadline or time.monotonic() + LINGER_SECONDS
                if time.monotonic() >= deadline:
                    return
            ready = self._selector.select(LINGER_SECONDS if deadline else PING_SECONDS)
            if not ready:
                self._check_alive()
            for key, mask in ready:
                if key.data is None:
                    self._waker.clear()
                elif mask & EVENT_READ:
                    self._read(sock, pump)

    def _write(self, sock: socket.socket, pump: Pump, unsent: bytes) -> bytes:
        """Write what there is, as far as the socket takes it, and return the rest."""
        while True:
            if not unsent:
                with self._lock:
                    plain = self._link.data_to_send()
                pump.write(plain)
                unsent = pump.data_to_send()
            if not unsent:
                return b""
            try:
                unsent = unsent[sock.send(unsent) :]
            except BlockingIOError:
                return unsent

    def _read(self, sock: socket.socket, pump: Pump) -> None:
        try:
            data = sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError("connection lost")
        plain = pump.receive_data(data)
        with self._lock:
            events = self._link.receive_data(plain)
        self._hand_over(events)

    def _check_alive(self) -> None:
        with self._lock:
            is_lost = self._link.quiet()
        if is_lost:
            raise TimeoutError("the server does not answer")

    # --- handing over -----------------------------------------------------------------------------------------------

    def _hand_over(self, events: list[m.Event]) -> None:
        """Give events to the program. When its inbox is full, wait: then the server waits, too."""
        for event in events:
            if isinstance(event, m.Registered):
                self.name = event.name
                self._started.set()
                continue
            while not self._deliver(event):
                with self._condition:
                    self._condition.wait_for(self._has_room)
                    if self._is_closed:
                        return

    def _has_room(self) -> bool:
        return self._is_closed or max(len(self._inbox), len(self._called)) < self._limit

    def _call_forever(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._called or self._is_ended)
                if not self._called:
                    return
            self._call_back()


def connect(
    address: str,
    name: str,
    *,
    pin: str | None = None,
    known_servers: Path | None = None,
    accept_new: AcceptNew | None = None,
    plaintext: bool = False,
    reconnect: bool = True,
    inbox: int = INBOX_EVENTS,
    on_error: OnError | None = None,
) -> Client:
    """Connect to a server, take a name, and return the participant.

    `address` is HOST or HOST:PORT. The server must show the key of `pin` (see `Server.pin`); without a pin, the file of
    known servers decides (the user's own one, unless another is given), and `accept_new` is asked about a server that
    is not in it: it gets address and pin, and returns whether to trust it from now on. Without it, a new server is
    trusted, with a warning in the log. `reconnect` False ends with the first lost connection. `inbox` is how many
    events wait for the program; `on_error` gets what callbacks raise.

    Raises ValueError for an address or pin that is none, `OSError` if the server cannot be reached, `TrustError` if it
    is not the right one, `NameTaken`, and `Refused` if it refuses the name otherwise.
    """
    trust = None if plaintext else Trust(pin, known_servers, accept_new)
    client = Client(address, name, trust, reconnect=reconnect, inbox=inbox, on_error=on_error)
    client._start()
    return client
