"""Somebody in between: a TLS server with a key of its own, which notes everything that is said to it."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from libchat.security.identity import load_identity
from libchat.security.tls import server_context


class Impostor:
    """Shake hands with one client after the other, and listen. A context manager."""

    def __init__(self) -> None:
        identity = load_identity(None, datetime.now(UTC))
        self.pin = identity.pin
        self.heard = b""
        """What clients have said inside TLS."""
        self.callers = 0
        """How many have come and gone."""
        self._context = server_context(identity)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen)
        self._is_ending = False

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, when every client that has come has gone."""
        self._is_ending = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(20)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._is_ending:
                sock.close()
                return
            sock.settimeout(20)
            self._hear_out(sock)
            self.callers += 1

    def _hear_out(self, sock: socket.socket) -> None:
        try:
            with self._context.wrap_socket(sock, server_side=True) as tls:
                while data := tls.recv(65536):
                    self.heard += data
        except (ssl.SSLError, OSError):
            pass  # the client has hung up, which is all right
        finally:
            sock.close()
