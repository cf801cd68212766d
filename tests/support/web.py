"""Small web servers on loopback, for plugins that talk to some."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue

from libchat.security.identity import CERTIFICATE_FILE, load_identity
from libchat.security.tls import server_context


@dataclass
class Request:
    """What somebody has asked for."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drips_until: threading.Event | None = None
    """With this, the body is followed by a byte now and then, without an end."""


@dataclass
class Web:
    """A running server: where it is, and what it was asked."""

    port: int
    requests: SimpleQueue[Request]


Answering = Callable[[Request], Answer]


@contextmanager
def web_server(answer: Answering, *, folder: Path | None = None) -> Iterator[Web]:
    """Serve on a free port: over TLS if there is a folder for its key, and for `CERTIFICATE_FILE`, to be trusted."""
    requests: SimpleQueue[Request] = SimpleQueue()
    server = _Server(("127.0.0.1", 0), _handler(answer, requests))
    if folder is not None:
        server.socket = _context(folder).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Web(server.server_port, requests)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # they are waited for

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who does not trust the certificate hangs up, and that is no error of the server."""


def _context(folder: Path) -> ssl.SSLContext:
    return server_context(load_identity(folder, datetime.now(UTC)))


def trusting(folder: Path) -> ssl.SSLContext:
    """Return the TLS settings of a client that trusts this server, and no other."""
    context = ssl.create_default_context(cafile=folder / CERTIFICATE_FILE)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # a certificate without an authority names none
    return context


def _handler(answer: Answering, requests: SimpleQueue[Request]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, self.rfile.read(length))
            requests.put(request)
            try:
                self._write(answer(request))
            except OSError:
                pass  # the other side has heard enough

        do_POST = do_GET  # noqa: N815  # the names are http.server's

        def _write(self, told: Answer) -> None:
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)
            while told.drips_until is not None and not told.drips_until.wait(0.02):
                self.wfile.write(b" ")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class calls it
            return

    return Handler
