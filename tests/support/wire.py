"""Clients made of bare sockets: what a person at `openssl s_client` does, or a program in another language."""

from __future__ import annotations

import json
import socket
import ssl
import struct
from functools import cache
from types import TracebackType
from typing import Final, Protocol, Self

SECONDS: Final = 30.0
"""How long a test waits for what must come. Only a test that fails waits that long."""

Fields = dict[str, object]
"""A JSON object, as a program in another language has it."""


class Tls:
    """TLS over a socket, in which each direction ends by itself: `ssl.SSLSocket` knows only both at once.

    The end of what comes counts only with `close_notify`; without it, `recv` raises `ssl.SSLEOFError`.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)
        self._decrypted = b""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
        self._flush()

    def sendall(self, data: bytes) -> None:
        """Send bytes, encrypted."""
        self._tls.write(data)
        self._flush()

    def recv(self, most: int) -> bytes:
        """Return bytes that came, b"" at their proper end."""
        if self._decrypted:
            decrypted, self._decrypted = self._decrypted, b""
            return decrypted
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                self._fill()
            except ssl.SSLZeroReturnError:
                return b""

    def say_close_notify(self) -> None:
        """Say that nothing more comes."""
        try:
            while data := self._tls.read(65_536):
                self._decrypted += data  # OpenSSL would drop it
        except ssl.SSLWantReadError:
            pass
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass  # the other side has not said so yet
        self._flush()

    def _flush(self) -> None:
        self._socket.sendall(self._out.read())

    def _fill(self) -> None:
        data = self._socket.recv(65_536)
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()


class Wire:
    """The other end of a connection, a line at a time. Everything that comes has to be expected."""

    def __init__(self, sock: socket.socket, tls: Tls | None = None) -> None:
        self.socket = sock
        self.tls = tls
        self._stream = tls if tls is not None else sock
        self._rest = b""

    # --- out --------------------------------------------------------------------------------------------------------

    def send(self, *lines: str) -> None:
        """Send lines, in one piece."""
        self.send_bytes("".join(f"{line}\n" for line in lines).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._stream.sendall(data)

    def finish(self) -> None:
        """Say that nothing more comes: TLS's `close_notify`, if it is spoken, and the end of the TCP stream."""
        self.say_close_notify()
        self.socket.shutdown(socket.SHUT_WR)

    def say_close_notify(self) -> None:
        """Say inside TLS, if it is spoken, that nothing more comes, and leave the TCP stream open."""
        if self.tls is not None:
            self.tls.say_close_notify()

    def reset(self) -> None:
        """Close the socket as a crash does: with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # --- in ---------------------------------------------------------------------------------------------------------

    def line(self) -> str:
        """Return the next line."""
        return self.lines(1)[0]

    def lines(self, count: int) -> list[str]:
        """Return the next lines."""
        pieces, missing = [self._rest], count - self._rest.count(b"\n")
        while missing > 0:
            data = self._stream.recv(65_536)
            assert data, f"the connection ended {missing} lines too early, behind {b''.join(pieces)[-1000:]!r}"
            pieces.append(data)
            missing -= data.count(b"\n")
        *lines, self._rest = b"".join(pieces).split(b"\n", count)
        return [line.decode() for line in lines]

    def rest(self) -> list[str]:
        """Return all lines up to the end of the connection, which must be a proper one."""
        pieces = [self._rest]
        while data := self._stream.recv(65_536):
            pieces.append(data)
        self._rest = b""
        text = b"".join(pieces).decode()
        assert not text or text.endswith("\n"), f"the last line is cut: {text[-1000:]!r}"
        return text.split("\n")[:-1]

    def expect(self, *lines: str) -> None:
        """Check that these lines come next."""
        came = self.lines(len(lines))
        assert came == list(lines), f"{came} came, {list(lines)} was expected"

    def expect_end(self) -> None:
        """Check that the connection ends here, as it should: inside TLS with `close_notify`, not with a RST."""
        rest = self.rest()
        assert not rest, f"{rest} came before the end"

    # --- native -----------------------------------------------------------------------------------------------------

    def tell(self, kind: str, /, **fields: object) -> None:
        """Send a command of the native dialect."""
        self.send(json.dumps({"type": kind, **fields}))

    def event(self) -> Fields:
        """Return the next event of the native dialect."""
        event: Fields = json.loads(self.line())
        return event

    def hear(self, kind: str, /, **fields: object) -> Fields:
        """Return the next event, which must be of this type and have at least these fields."""
        event = self.event()
        assert event == {**event, "type": kind, **fields}, f"{event} came, {kind} {fields} was expected"
        return event

    def ask(self, kind: str, /, *, answer: str, **fields: object) -> Fields:
        """Send a command of the native dialect, and return the next event, which must be its answer."""
        self.tell(kind, **fields)
        return self.hear(answer)

    # --- its end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def __enter__(self) -> Self:
        """Return the wire itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the socket."""
        self.close()


@cache
def trusting_context() -> ssl.SSLContext:
    """Return TLS settings that check nothing, as `openssl s_client` has them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def client_hello() -> bytes:
    """Return the first bytes of a TLS connection."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        trusting_context().wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Located(Protocol):
    """A server, in this process or in another one."""

    @property
    def address(self) -> str:
        """HOST:PORT."""
        ...


def open_plain(server: Located, *, receive_buffer: int | None = None, source: str = "") -> Wire:
    """Connect to a server without TLS. A small `receive_buffer` makes a reader that takes little at a time.

    `source` is the address to come from: Linux takes all of 127.0.0.0/8 for its own.
    """
    host, port = server.address.rsplit(":", 1)
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    sock = socket.socket(family)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)  # before the window is announced
    sock.settimeout(SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else two small lines in a row take 40 ms
    try:
        if source:
            sock.bind((source, 0))
        sock.connect((host.strip("[]"), int(port)))
    except OSError:
        sock.close()
        raise
    return Wire(sock)


def open_tls(
    server: Located, *, receive_buffer: int | None = None, context: ssl.SSLContext | None = None, source: str = ""
) -> Wire:
    """Connect to a server with TLS."""
    sock = open_plain(server, receive_buffer=receive_buffer, source=source).socket
    try:
        return Wire(sock, Tls(sock, context or trusting_context()))
    except OSError:
        sock.close()
        raise
