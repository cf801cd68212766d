"""A TCP proxy between a client and its server that a test can cut, close and stall, and that may listen."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from libchat.client.address import parse_address


class Proxy:
    """Forward connections to an address. What a method says has happened when it returns.

    One that `listens` keeps all that it forwards, both ways, in `seen`.
    """

    def __init__(self, target: str, *, listens: bool = False) -> None:
        self._target = parse_address(target)
        self._listens = listens
        self.seen = bytearray()
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        """Client and server of each connection."""
        self._abandoned: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._may_flow = threading.Event()
        self._may_flow.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]

    @property
    def address(self) -> str:
        """Where to connect to."""
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Begin."""
        self._acceptor = self._start(self._accept, self._listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lose all connections, and end."""
        self.refuse()
        self.flow()
        for sock in self._abandoned:
            _shut(sock)
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()
        for sock in self._abandoned:
            sock.close()

    def cut(self) -> None:
        """Lose all connections, on both sides."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for sock in pair:
                _shut(sock)

    def abandon(self) -> None:
        """Lose all connections on the client's side. The server is not told, as if a cable had been pulled."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
            self._abandoned += [server for _, server in pairs]
        for client, _ in pairs:
            _shut(client)

    def refuse(self) -> None:
        """Lose all connections, and have the port closed."""
        _shut(self._listener)
        self._listener.close()
        self._acceptor.join(20)
        self.cut()

    def admit(self) -> None:
        """Have the port open again."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._acceptor = self._start(self._accept, self._listener)

    def stall(self) -> None:
        """Keep all connections, and forward nothing any more."""
        self._may_flow.clear()

    def flow(self) -> None:
        """Forward everything again."""
        self._may_flow.set()

    # --- the threads ------------------------------------------------------------------------------------------------

    def _start(self, run: Callable[..., None], *arguments: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=run, args=arguments, name="test-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._pairs.append((client, server))
                self._start(self._forward, client, server)
                self._start(self._forward, server, client)

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # one of them is lost
            while data := source.recv(65_536):
                self._may_flow.wait()
                if self._listens:
                    with self._lock:
                        self.seen += data
                sink.sendall(data)
        if sink not in self._abandoned:
            _shut(sink)
        if source not in self._abandoned:
            source.close()


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is lost already
        sock.shutdown(socket.SHUT_RDWR)
