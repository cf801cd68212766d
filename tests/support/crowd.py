"""Thousands of connections from one thread: those who attack a server, or only crowd it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from types import TracebackType
from typing import Final, NoReturn, Self

import pytest

from libchat.server.descriptors import descriptor_limit, raise_descriptor_limit
from support.wire import trusting_context

WINDOW: Final = 64
"""Connections on their way at once."""

SECONDS: Final = 60.0

OTHER_FILES: Final = 100
"""Files that a process has open besides its crowd."""


class Member:
    """One connection of a crowd. Never blocks."""

    def __init__(self, sock: socket.socket | ssl.SSLSocket) -> None:
        self.socket = sock
        self.heard = b""
        """What the server has said."""
        self.is_over = False
        """Whether the server has ended the connection."""
        self._to_send = memoryview(b"")

    def say(self, data: bytes) -> None:
        """Have bytes sent, instead of what was not sent yet."""
        self._to_send = memoryview(data)

    def send(self) -> bool:
        """Send what can be sent now, and return whether all is sent."""
        try:
            while self._to_send:
                self._to_send = self._to_send[self.socket.send(self._to_send) :]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
            return False
        except OSError:
            self.is_over = True
        return True

    def hear(self) -> None:
        """Take what has come."""
        try:
            while data := self.socket.recv(65_536):
                self.heard = (self.heard + data)[-1_000_000:]
            self.is_over = True
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
            pass
        except OSError:
            self.is_over = True


class Crowd:
    """Many connections to one server. A context manager: at the end of the block they are closed."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self._server = host, int(port)
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        """Return the crowd."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections, without a goodbye."""
        for member in self.members:
            member.socket.close()

    def come(self, count: int, sources: Iterable[str], *, receive_buffer: int | None = None) -> list[Member]:
        """Connect with TLS so many times, from each address in turn, and return the new members."""
        self._make_room(count)
        wanted = [source for _, source in zip(range(count), _again(sources))]
        came: list[Member] = []
        with DefaultSelector() as selector:
            on_the_way = 0
            while len(came) < count:
                while wanted and on_the_way < WINDOW:
                    bare = self._socket(wanted.pop(), receive_buffer)
                    on_the_way += 1
                    selector.register(trusting_context().wrap_socket(bare, do_handshake_on_connect=False), EVENT_WRITE)
                for key, _ in selector.select(SECONDS) or _nothing("no handshake goes on"):
                    sock = key.fileobj
                    assert isinstance(sock, ssl.SSLSocket)
                    try:
                        sock.do_handshake()
                    except ssl.SSLWantReadError:
                        selector.modify(sock, EVENT_READ)
                        continue
                    selector.unregister(sock)
                    on_the_way -= 1
                    came.append(Member(sock))
                    self.members.append(came[-1])
        return came

    def knock(self, count: int, sources: Iterable[str], data: bytes) -> list[Member]:
        """Connect without TLS so many times, send some bytes each, and return the new members."""
        self._make_room(count)
        came = []
        for _, source in zip(range(count), _again(sources)):
            sock = self._socket(source, None)
            sock.setblocking(False)
            came.append(Member(sock))
            came[-1].say(data)
            came[-1].send()
        self.members += came
        return came

    def run(self, until: Callable[[], bool], *, seconds: float = SECONDS, repeat: bytes = b"") -> None:
        """Send what the members have to say, and hear what they hear, until something is so.

        With `repeat`, who has said all says this, again and again.
        """
        deadline = time.monotonic() + seconds
        with DefaultSelector() as selector:
            for member in self.members:
                if not member.is_over:
                    selector.register(member.socket, EVENT_READ | EVENT_WRITE, member)
            while not until():
                assert time.monotonic() < deadline, f"it did not come to an end within {seconds} s"
                for key, mask in selector.select(0.05):
                    one: Member = key.data
                    if mask & EVENT_READ:
                        one.hear()
                    if not one.is_over and one.send():
                        if repeat:
                            one.say(repeat)
                        elif mask & EVENT_WRITE:
                            selector.modify(one.socket, EVENT_READ, one)
                    if one.is_over:
                        selector.unregister(one.socket)

    def _make_room(self, count: int) -> None:
        """Let this process have so many more sockets open; many systems begin with room for 1,024."""
        needed = len(self.members) + count + OTHER_FILES
        raise_descriptor_limit()
        if descriptor_limit() < needed:
            pytest.skip(f"a process may have {descriptor_limit():,} open files here, and this takes {needed:,}")

    def _socket(self, source: str, receive_buffer: int | None) -> socket.socket:
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            sock.bind((source, 0))
        sock.settimeout(SECONDS)
        sock.connect(self._server)
        sock.setblocking(False)
        return sock


def for_seconds(seconds: float) -> Callable[[], bool]:
    """Return a function that becomes true after a while."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _again(sources: Iterable[str]) -> Iterator[str]:
    kept = list(sources)
    while True:
        yield from kept


def _nothing(what: str) -> NoReturn:
    raise AssertionError(what)
