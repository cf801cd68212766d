"""What the poller does with connections that are not as they should be. How it serves the others is in `tests/e2e`."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pytest

from libchat.hub import Hub
from libchat.records import Outcome, Record
from libchat.server.bounds import Bounds
from libchat.server.server import Server
from support.chat import SlowLog
from support.wire import SECONDS, Wire, open_plain, open_tls

PAGE_TEXTS = 200
PAGES = 40
LINES = 1_500
"""Lines of 4 kB that fit into no buffer of the system together."""


def _fill_room(app: Wire) -> None:
    """Register, and make a room whose newest page of history is 800 kB."""
    app.tell("register", name="App")
    app.tell("join", room="#tea")
    app.lines(2)
    for number in range(PAGE_TEXTS):
        app.ask("send", target="#tea", text=f"{number:03}" + "x" * 4000, answer="accepted")


def _cpu_seconds() -> float:
    """Return what the threads of servers have computed so far."""
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("libchat-")]
    clocks = [time.pthread_getcpuclockid(thread.ident) for thread in threads if thread.ident is not None]
    return sum(map(time.clock_gettime, clocks))


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="this system does not time threads")
def test_waiting_costs_nothing() -> None:
    """With peers in every state in which a server waits for them, its threads sleep."""
    bounds = Bounds(linger_seconds=600.0, stop_seconds=0.0)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        silent, refused = (opened.enter_context(open_plain(server)) for _ in range(2))
        nameless, exited, deaf, half = (opened.enter_context(open_tls(server, receive_buffer=4096)) for _ in range(4))
        refused.send("who")
        assert refused.rest()
        exited.send("exit")
        exited.expect("server: bye")
        nameless.send("who")
        assert nameless.line()
        _fill_room(deaf)
        half.tell("register", name="Half")
        half.tell("join", room="#tea")
        half.lines(2)
        deaf.hear("joined")
        for wire in (half, deaf):  # neither reads what it asks for; one of them stops to send, too
            for _ in range(20):
                wire.tell("history", target="#tea", limit=PAGE_TEXTS)
        half.finish()
        for wire in (half, deaf):
            assert wire.socket.recv(1, socket.MSG_PEEK)
        assert not server.wait(0.1)
        before = _cpu_seconds()
        assert not server.wait(0.5)
        assert _cpu_seconds() - before < 0.2
        assert silent.socket.fileno() >= 0


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="this system does not time threads")
def test_who_is_held_costs_nothing() -> None:
    """While somebody has to wait who has sent too much, the server sleeps."""
    bounds = Bounds(message_rate=1, message_burst=1, stop_seconds=0.0)
    with Server(port=0, bounds=bounds) as server, open_tls(server) as eager:
        eager.send("server:register Eager", *["server:who"] * 100)
        eager.expect("server: welcome Eager")
        assert eager.line().startswith("server: slow down")
        before = _cpu_seconds()
        assert not server.wait(0.5)
        assert _cpu_seconds() - before < 0.2


def test_nobody_fills_the_memory_with_answers() -> None:
    """Somebody who asks for many pages at once and reads none has few of them made; who reads gets them all."""
    with Server(port=0, bounds=Bounds(stop_seconds=0.0)) as server, open_tls(server, receive_buffer=262_144) as app:
        _fill_room(app)
        tracemalloc.start()
        try:
            for _ in range(PAGES):
                app.tell("history", target="#tea", limit=PAGE_TEXTS)
            with open_tls(server) as other:
                other.send("server:register Other", "server:who")
                other.expect("server: welcome Other", "server: online (2): App, Other")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 10_000_000  # of 32 MB
        for _ in range(PAGES):
            app.hear("page", target="#tea")


def test_a_reader_who_takes_nothing_departs_although_its_goodbye_cannot_leave() -> None:
    """When its outbox is full its session ends at once, and its name is free, not when it takes its last line."""
    bounds = Bounds(linger_seconds=600.0, stop_seconds=0.0, outbox_bytes=65_536, message_rate=0)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        deaf = opened.enter_context(open_tls(server, receive_buffer=4096))
        eve = opened.enter_context(open_tls(server))
        _fill_room(deaf)
        for _ in range(PAGES):  # more than the system buffers: one of them is stuck half-way
            deaf.tell("history", target="#tea", limit=PAGE_TEXTS)
        eve.send("server:register Eve", "server:join tea")
        eve.expect("server: welcome Eve", "server: joined tea")
        answer = "server: online (2): App, Eve"
        while answer == "server: online (2): App, Eve":
            eve.send("x" * 4000, "server:who")
            answer = eve.line()
        assert answer == "server: App left tea"
        with open_tls(server) as again:
            again.send("server:register App")
            again.expect("server: welcome App")


def test_who_stops_to_send_and_does_not_read_is_cut_off() -> None:
    """A half-closed connection whose peer does not take its answers lasts no longer than any other that has ended."""
    bounds = Bounds(linger_seconds=0.1, outbox_bytes=16_000_000, message_rate=0)
    with Server(port=0, plaintext=True, bounds=bounds) as server, ExitStack() as opened:
        deaf, eve = (
            opened.enter_context(open_plain(server, receive_buffer=4096)),
            opened.enter_context(open_plain(server)),
        )
        for wire, name in ((deaf, "Deaf"), (eve, "Eve")):
            wire.send(f"server:register {name}", "join pub")
            wire.expect(f"server: welcome {name}", "server: joined pub")
        eve.send(*[f"{number:04}{'x' * 4000}" for number in range(LINES)])
        deaf.finish()
        eve.expect("server: Deaf left pub")
        deadline = time.monotonic() + 0.3
        while time.monotonic() < deadline:  # each answer takes a turn of the poller
            eve.send("server:who")
            eve.expect("server: online (1): Eve")
        pieces = []
        try:
            while data := deaf.socket.recv(65_536):
                pieces.append(data)
        except ConnectionError:
            pass
        assert b"".join(pieces).count(b"\n") < LINES


class _SignallingLog(SlowLog):
    """A slow log that tells when something waits in it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waiting = threading.Event()

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Have entries wait, and say so."""
        outcomes = super().append(records, committed)
        if outcomes is None:
            self.is_waiting.set()
        return outcomes


def test_who_stops_to_send_gets_its_receipt_when_the_log_has_answered() -> None:
    """A half-closed connection is open until its last command is done, which may be turns later."""
    log = _SignallingLog()
    bounds = Bounds(linger_seconds=600.0, stop_seconds=600.0)
    with Hub(log=log) as hub, Server(port=0, hub=hub, bounds=bounds) as server, open_tls(server) as app:
        app.tell("register", name="App")
        app.tell("join", room="#tea")
        app.lines(2)
        app.tell("send", target="#tea", text="last words", cid="c")
        app.finish()
        assert log.is_waiting.wait(SECONDS)
        log.commit()
        app.hear("accepted", cid="c")
        app.hear("bye")
        app.expect_end()


def test_who_stops_to_send_does_not_wait_for_ever() -> None:
    """If the log never answers, a half-closed connection ends without an answer."""
    with (
        Hub(log=SlowLog()) as hub,
        Server(port=0, hub=hub, plaintext=True, bounds=Bounds(linger_seconds=0.1)) as server,
        open_plain(server) as app,
    ):
        app.tell("register", name="App")
        app.tell("join", room="#tea")
        app.lines(2)
        app.tell("send", target="#tea", text="last words", cid="c")
        app.finish()
        app.expect_end()


@pytest.mark.parametrize("plaintext", [False, True])
def test_the_last_line_is_followed_by_the_end_of_the_stream(*, plaintext: bool) -> None:
    """After a goodbye the server says at once that nothing more comes, and waits for the peer to say the same."""
    bounds = Bounds(linger_seconds=600.0, stop_seconds=0.0)
    connect = open_plain if plaintext else open_tls
    with Server(port=0, plaintext=plaintext, bounds=bounds) as server, connect(server) as bob:
        bob.send("server:exit")
        bob.expect("server: bye")
        bob.expect_end()
        assert bob.socket.recv(1) == b""
        bob.send_bytes(b"anything")  # is read and ignored: no RST takes down what the peer has not read yet
        bob.send_bytes(b"at all")
