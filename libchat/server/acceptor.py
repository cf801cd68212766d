"""The acceptor: the thread that owns the listening socket. It accepts, and hands on."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable
from selectors import EVENT_READ, DefaultSelector
from typing import Final

from libchat.limits import LISTEN_BACKLOG, RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES
from libchat.waker import Waker

_log = logging.getLogger("libchat.server")

TIRED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What `accept` says when the machine has no room for one more connection."""

REST_SECONDS: Final = 0.1
"""How long no connection is accepted then: the listening socket stays ready, so that trying again would spin."""

KEEPALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""A peer that has vanished without a word is noticed after two minutes (seconds, seconds, tries)."""


class Acceptor:
    """Accept connections, in a thread of its own, in which `accepted` is called with each socket and address."""

    def __init__(
        self,
        listener: socket.socket,
        accepted: Callable[[socket.socket, str], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._accepted = accepted
        self._on_failure = on_failure
        self._selector = DefaultSelector()
        self._waker = Waker(self._selector)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="libchat-acceptor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, EVENT_READ, self._listener)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and return when the thread has ended."""
        self._stop.set()
        self._waker.wake()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                for key, _ in self._selector.select():
                    if key.data is not None:
                        self._accept()
        except Exception:  # noqa: BLE001  # the outermost frame of a thread
            _log.critical("the acceptor has failed; nobody can connect any more", exc_info=True)
            self._on_failure()
        finally:
            self._selector.close()
            self._waker.close()
            self._listener.close()

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except OSError as error:
            if error.errno in TIRED:
                _log.error("no connection can be accepted: %s", error.strerror)
                self._stop.wait(REST_SECONDS)
            return  # anything else: the peer has gone before it was its turn
        try:
            _prepare(sock)
        except OSError:
            sock.close()
            return
        self._accepted(sock, f"{address[0]}:{address[1]}")


def _prepare(sock: socket.socket) -> None:
    """Make a socket non-blocking; have it send at once, keep little, and notice a peer that has vanished."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    for option, value in KEEPALIVE.items():
        number = getattr(socket, option, None)  # not every system has all three
        if number is not None:
            sock.setsockopt(socket.IPPROTO_TCP, number, value)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; for all addresses, one for IPv4 and IPv6 where the system has that."""
    if host == "" and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=LISTEN_BACKLOG, dualstack_ipv6=True)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=LISTEN_BACKLOG)
