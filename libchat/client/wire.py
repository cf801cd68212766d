"""The blocking client's socket: being made without blocking, and being read and written."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from errno import EINPROGRESS, EWOULDBLOCK
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from typing import Final

from libchat.limits import RECEIVE_BYTES
from libchat.transport.pump import Pump
from libchat.transport.tls import TlsPump

Wait = Callable[[socket.socket, int, float], None]
"""Returns when a socket is ready: (socket, events, deadline by `time.monotonic`). Raises TimeoutError, or whatever else
ends the waiting."""

_UNDER_WAY: Final = frozenset({0, EINPROGRESS, EWOULDBLOCK})


def reach(host: str, port: int, deadline: float, wait: Wait) -> socket.socket:
    """Return a non-blocking socket that is connected to the first of a host's addresses that answers.

    They share the time until the deadline. Only looking up the name may take longer: the system's resolver blocks.
    Raises OSError, and what `wait` raises.
    """
    error = OSError(f"{host} has no address")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        now = time.monotonic()
        share = max(deadline - now, 0.0) / (len(found) - tried)
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, address, now + share, wait)
        except OSError as failed:
            sock.close()
            error = failed
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise error


def _connect(sock: socket.socket, address: tuple[object, ...], deadline: float, wait: Wait) -> None:
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code in _UNDER_WAY:
        wait(sock, EVENT_WRITE, deadline)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))  # OSError makes a ConnectionRefusedError and the like of it
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def shake_hands(sock: socket.socket, pump: TlsPump, deadline: float, wait: Wait) -> None:
    """Do the client's side of a TLS handshake. Its last flight stays in the pump: nothing has been said yet.

    Raises OSError, `ProtocolError`, and what `wait` raises.
    """
    is_done = pump.handshake()
    while not is_done:
        data = pump.data_to_send()
        while data:
            wait(sock, EVENT_WRITE, deadline)
            data = data[sock.send(data) :]
        wait(sock, EVENT_READ, deadline)
        received = sock.recv(RECEIVE_BYTES)
        if not received:
            raise ConnectionError("the server has closed the connection during the handshake")
        is_done = pump.handshake(received)


class Wire:
    """An established connection: its socket, its pump, and what the socket has not taken yet. For one thread."""

    def __init__(self, sock: socket.socket, pump: Pump, selector: BaseSelector) -> None:
        self._socket = sock
        self._pump = pump
        self._selector = selector
        self._unsent = pump.data_to_send()
        self._interest = 0

    @property
    def is_eof(self) -> bool:
        """Whether the server has said that it sends nothing more."""
        return self._pump.is_eof

    def write(self, more: Callable[[], bytes]) -> None:
        """Write what is left, and then what `more` returns until that is b"", as far as the socket takes it."""
        while True:
            if not self._unsent:
                self._pump.write(more())
                self._unsent = self._pump.data_to_send()
            if not self._unsent:
                return
            try:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            except BlockingIOError:
                return

    def read(self) -> bytes:
        """Return what has come. Raises OSError when the connection is lost, and `ProtocolError`."""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise ConnectionError("connection lost")
        return self._pump.receive_data(data)

    def read_ahead(self) -> bytes:
        """Return what came together with the end of the handshake: no socket will tell of it."""
        return self._pump.receive_data(b"")

    def watch(self, *, is_reading: bool) -> None:
        """Have the selector wait until something can be written, if something waits, or read, if that is wanted."""
        interest = (EVENT_READ if is_reading else 0) | (EVENT_WRITE if self._unsent else 0)
        if interest == self._interest:
            return
        if not interest:
            self._selector.unregister(self._socket)
        elif not self._interest:
            self._selector.register(self._socket, interest, self._socket)
        else:
            self._selector.modify(self._socket, interest, self._socket)
        self._interest = interest

    def close(self) -> None:
        """Close the socket."""
        if self._interest:
            self._selector.unregister(self._socket)
        self._socket.close()
