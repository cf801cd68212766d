from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import libchat
from libchat.client.patience import Patience
from support.proxy import Proxy

Connect = Callable[..., libchat.Client]

QUICK = Patience(delays=lambda: itertools.repeat(0.01))
"""Connects again at once."""


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Have every test leave no thread of libchat behind."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("libchat-"):
            thread.join(20)
            assert not thread.is_alive(), thread


@pytest.fixture
def quick() -> Patience:
    """Return the patience of a client that connects again at once."""
    return QUICK


@pytest.fixture
def server() -> Iterator[libchat.Server]:
    """Serve a chat over TLS on loopback."""
    with libchat.serve(port=0) as server:
        yield server


@pytest.fixture
def proxy(server: libchat.Server) -> Iterator[Proxy]:
    """Return a proxy in front of the server."""
    with Proxy(server.address) as proxy:
        yield proxy


@pytest.fixture
def connect(server: libchat.Server) -> Iterator[Connect]:
    """Return a function that connects to the server under a name; all participants leave when the test ends."""
    clients: list[libchat.Client] = []

    def connect(name: str, **options: object) -> libchat.Client:
        options.setdefault("address", server.address)
        options.setdefault("pin", server.pin)
        options.setdefault("patience", QUICK)
        client = libchat.connect(name=name, **options)  # type: ignore[arg-type]  # whatever the test says
        clients.append(client)
        return client

    yield connect
    begun = time.monotonic()
    for client in clients:
        client.close()
    assert time.monotonic() - begun < 20
