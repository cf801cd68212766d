"""Connections on their way: accepted, and not yet established."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from libchat.security.identity import load_identity
from libchat.security.tls import server_context
from libchat.server.acceptor import Acceptor
from libchat.server.handshakes import Handshaker
from libchat.server.peer import Arrival
from support.wire import SECONDS, Tls, trusting_context


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    """Return the TLS settings of a server."""
    return server_context(load_identity(None, datetime.now(UTC)))


def _never() -> None:
    raise AssertionError("it has failed")


def _pair() -> tuple[socket.socket, socket.socket]:
    """Return an accepted socket and its peer."""
    accepted, peer = socket.socketpair()
    accepted.setblocking(False)
    peer.settimeout(SECONDS)
    return accepted, peer


def test_handshakes_count_from_the_moment_they_are_handed_over(context: ssl.SSLContext) -> None:
    """Connections that the thread has not looked at yet count towards the limit; `stop` closes them all."""
    handshaker = Handshaker(context, "sha256:00", time.monotonic, lambda arrival: None, _never)
    pairs = [_pair() for _ in range(3)]
    for accepted, _ in pairs:
        handshaker.begin(accepted, "peer")
    assert len(handshaker) == 3
    handshaker.start()
    handshaker.stop()
    for _, peer in pairs:
        with peer:
            assert peer.recv(1) == b""
    assert len(handshaker) == 0


def test_what_comes_after_the_thread_has_ended_is_closed(context: ssl.SSLContext) -> None:
    """A connection that is handed over too late is not left open."""
    handshaker = Handshaker(context, "sha256:00", time.monotonic, lambda arrival: None, _never)
    handshaker.start()
    handshaker.stop()
    accepted, peer = _pair()
    handshaker.begin(accepted, "peer")
    handshaker.stop()
    with peer:
        assert peer.recv(1) == b""


def _fail_with(opened: list[socket.socket]) -> Callable[[Arrival], None]:
    def fail(arrival: Arrival) -> None:
        opened.append(arrival[0])
        raise RuntimeError("no")

    return fail


def test_a_thread_of_handshakes_that_fails_says_so(context: ssl.SSLContext, caplog: pytest.LogCaptureFixture) -> None:
    """A bug in this thread is logged with its traceback, and whoever waits for the server learns of it."""
    failed = threading.Event()
    opened: list[socket.socket] = []
    handshaker = Handshaker(context, "sha256:00", time.monotonic, _fail_with(opened), failed.set)
    handshaker.start()
    accepted, peer = _pair()
    with peer:
        handshaker.begin(accepted, "peer")
        Tls(peer, trusting_context())
        assert failed.wait(SECONDS)
    handshaker.stop()
    for sock in opened:
        sock.close()
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


def test_an_acceptor_that_fails_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in the acceptor is logged with its traceback, and whoever waits for the server learns of it."""
    failed = threading.Event()

    def fail(sock: socket.socket, address: str) -> None:
        sock.close()
        raise RuntimeError("no")

    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    acceptor = Acceptor(listener, fail, failed.set)
    acceptor.start()
    with socket.create_connection(address, SECONDS):
        assert failed.wait(SECONDS)
    acceptor.stop()
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
