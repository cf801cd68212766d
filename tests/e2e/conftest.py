"""What the tests over real sockets share: a server, and people who connect to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from libchat.server.server import Server
from support.bounds import UNLIMITED
from support.wire import Wire, open_tls

Connect = Callable[[], Wire]
Arrive = Callable[[str], Wire]


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a chat on loopback, with TLS, in memory."""
    with Server(port=0, bounds=UNLIMITED) as server:
        yield server


@pytest.fixture
def connect(server: Server) -> Iterator[Connect]:
    """Return a function that connects to the server. What it has opened is closed at the end, before the server."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(open_tls(server))


@pytest.fixture
def arrive(connect: Connect) -> Arrive:
    """Return a function that connects and takes a name in the classic dialect."""

    def arrive(name: str) -> Wire:
        wire = connect()
        wire.send(f"server:register {name}")
        wire.expect(f"server: welcome {name}")
        return wire

    return arrive


@pytest.fixture
def arrive_native(connect: Connect) -> Arrive:
    """Return a function that connects and takes a name in the native dialect. The device is called as the person."""

    def arrive(name: str) -> Wire:
        wire = connect()
        wire.tell("register", name=name, device=f"device of {name}")
        wire.hear("registered", name=name)
        return wire

    return arrive
