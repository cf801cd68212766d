"""What a server does about those who want too much, over real sockets. Others never notice."""

from __future__ import annotations

import json
import threading
import time
import tracemalloc
from contextlib import ExitStack

import pytest

import libchat
from libchat.errors import Code
from libchat.limits import MESSAGE_PATIENCE, PENDING_SENDS
from libchat.server.bounds import Bounds
from libchat.server.server import Server
from support.wire import SECONDS, Wire, open_tls

RATE, BURST = 40, 20


def _arrive(opened: ExitStack, server: Server, name: str, *, receive_buffer: int | None = None) -> Wire:
    wire = opened.enter_context(open_tls(server, receive_buffer=receive_buffer))
    wire.send(f"server:register {name}")
    wire.expect(f"server: welcome {name}")
    return wire


def _arrive_native(opened: ExitStack, server: Server, name: str) -> Wire:
    wire = opened.enter_context(open_tls(server))
    wire.tell("register", name=name)
    wire.hear("registered", name=name)
    return wire


# --- messages -------------------------------------------------------------------------------------------------------


def test_who_writes_too_fast_is_told_and_delayed_and_loses_nothing() -> None:
    """Everything arrives, once and in order, no faster than burst and rate allow; one is told once to slow down."""
    with Server(port=0, bounds=Bounds(message_rate=RATE, message_burst=BURST)) as server, ExitStack() as opened:
        reader, eager = _arrive(opened, server, "Reader"), _arrive(opened, server, "Eager")
        begin = time.monotonic()
        eager.send(*(f"Reader:{number}" for number in range(3 * BURST)), "server:who")
        reader.expect(*(f"Eager: {number}" for number in range(3 * BURST)))
        assert time.monotonic() - begin > 2 * BURST / RATE - 0.1
        eager.expect("server: slow down, what you write waits at least 2 s; nothing of it is lost")
        eager.expect("server: online (2): Eager, Reader")


def test_a_program_is_told_how_long_it_waits() -> None:
    """In the native dialect it is an event; every command is answered all the same, in order."""
    with Server(port=0, bounds=Bounds(message_rate=RATE, message_burst=BURST)) as server, ExitStack() as opened:
        app = _arrive_native(opened, server, "App")
        app.send(*(json.dumps({"type": "who", "cid": str(number)}) for number in range(2 * BURST)))
        heard = [app.event() for _ in range(2 * BURST + 1)]
        assert [event for event in heard if event["type"] == "slowed"] == [{"type": "slowed", "seconds": 1}]
        assert [event["cid"] for event in heard if event["type"] == "online"] == [str(n) for n in range(2 * BURST)]


def test_others_are_not_delayed() -> None:
    """While somebody is held up, everybody else is served at once."""
    with Server(port=0, bounds=Bounds(message_rate=1, message_burst=5)) as server, ExitStack() as opened:
        eager = _arrive(opened, server, "Eager")
        eager.send(*["server:who"] * 100)
        for number in range(20):
            other = _arrive(opened, server, f"Other{number}")
            other.send("server:who")
            assert other.line().startswith("server: online")


def test_a_flood_is_refused_in_words_and_every_message_answered() -> None:
    """After many delayed messages in a row the next ones are refused, each with its cid, and later taken again."""
    bounds = Bounds(message_rate=RATE, message_burst=BURST, message_patience=RATE // 2)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        reader, app = _arrive(opened, server, "Reader"), _arrive_native(opened, server, "App")
        sent, answers = 4 * RATE, dict[str, str]()
        for number in range(sent):
            app.tell("send", target="Reader", text=str(number), cid=str(number))
        while len(answers) < sent:
            event = app.event()
            if event["type"] not in ("slowed", "delivered"):
                assert str(event["cid"]) not in answers
                answers[str(event["cid"])] = str(event.get("code", event["type"]))
        assert set(answers.values()) == {"accepted", Code.RATE_LIMITED}
        accepted = [cid for cid, answer in answers.items() if answer == "accepted"]
        reader.expect(*(f"App: {cid}" for cid in accepted))
        assert int(accepted[-1]) > min(int(cid) for cid, answer in answers.items() if answer == Code.RATE_LIMITED)


def test_a_client_that_sends_everything_again_is_never_refused() -> None:
    """What a client may keep until its server is back is far less than what is delayed before refusals begin."""
    assert PENDING_SENDS * 2 < MESSAGE_PATIENCE


def test_what_somebody_sends_who_is_held_is_not_read() -> None:
    """However much is sent, the server takes one turn's worth of it into its memory: the network holds the rest."""
    bounds = Bounds(message_rate=1, message_burst=1, stop_seconds=0.0)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        eager = _arrive(opened, server, "Eager")
        eager.socket.settimeout(0.3)
        tracemalloc.start()
        try:
            with pytest.raises(TimeoutError):
                _send_for_ever(eager)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 3_000_000


def _send_for_ever(wire: Wire) -> None:
    while True:
        wire.send_bytes(b"server:who\n" * 1_000)


def test_who_is_held_can_be_sent_away() -> None:
    """A connection that is held ends at once when another one of its device takes over, or the server stops."""
    bounds = Bounds(message_rate=1, message_burst=2, stop_seconds=30.0)
    with Server(port=0, bounds=bounds) as server, open_tls(server) as held, open_tls(server) as again:
        held.tell("register", name="App", device="d")
        held.send(*[json.dumps({"type": "who"})] * 100)
        for kind in ("registered", "online", "slowed"):
            held.hear(kind)
        again.tell("register", name="App", device="d", attempt=1)
        again.hear("registered")
        held.hear("bye", final=True)
        held.expect_end()
        again.send(*[json.dumps({"type": "who"})] * 100)
        for kind in ("online", "slowed"):
            again.hear(kind)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        while again.event()["type"] != "bye":
            pass
        again.expect_end()
        again.close()
        stopping.join(SECONDS)
        assert not stopping.is_alive()


# --- connections ----------------------------------------------------------------------------------------------------


def test_a_connection_over_the_limit_is_told_so_in_its_dialect() -> None:
    """It hears why, and the end; when somebody leaves, there is room again."""
    reason = "your address has 2 connections already; close one of them first"
    with Server(port=0, bounds=Bounds(connections_by_address=2, limit_loopback=True)) as server, ExitStack() as opened:
        first, _ = _arrive(opened, server, "One"), _arrive(opened, server, "Two")
        with open_tls(server) as person, open_tls(server) as app, open_tls(server) as silent:
            person.send("server:register Three")
            person.expect(f"server: error busy: {reason}", f"server: bye ({reason})")
            person.expect_end()
            app.tell("register", name="Three")
            app.hear("error", code="busy", text=reason)
            app.hear("bye", reason=reason)
            app.expect_end()
            silent.expect(f"server: error busy: {reason}", f"server: bye ({reason})")
        first.send("server:exit")
        assert first.rest() == ["server: bye"]
        first.close()
        for _ in range(1_000):  # the server may not have noticed yet that the connection is closed
            with open_tls(server) as third:
                third.send("server:register Three", "server:exit")
                if third.line() == "server: welcome Three":
                    break
        else:
            raise AssertionError("there is no room")


def test_another_address_is_let_in() -> None:
    """Whoever comes from elsewhere does not notice that an address has all the connections that it may have."""
    with Server(port=0, bounds=Bounds(connections_by_address=1, limit_loopback=True)) as server, ExitStack() as opened:
        _arrive(opened, server, "One")
        other = opened.enter_context(open_tls(server, source="127.0.0.9"))
        other.send("server:register Two")
        other.expect("server: welcome Two")


def test_a_client_hears_that_there_is_no_room() -> None:
    """The library raises what the server has said, with its code."""
    with (
        libchat.serve(port=0, bounds=Bounds(connections=1)) as server,
        libchat.connect(server.address, name="ana", pin=server.pin) as ana,
    ):
        ana.ping()
        with pytest.raises(libchat.Refused, match="the server has 1 connections already") as refused:
            libchat.connect(server.address, name="bo", pin=server.pin)
        assert refused.value.code == Code.BUSY


def test_names_are_limited_by_address_and_minute() -> None:
    """Who asks for too many is told how long to wait; nobody with a name notices."""
    with Server(port=0, bounds=Bounds(registrations=3, limit_loopback=True)) as server, ExitStack() as opened:
        names = [_arrive(opened, server, f"p{number}") for number in range(3)]
        with open_tls(server) as more:
            more.send("server:register p3", "server:exit")
            assert more.line().startswith(
                "server: error rate-limited: more than 3 names a minute were asked for from your address; wait "
            )
            more.expect("server: bye")
        names[0].send("server:who")
        names[0].expect("server: online (3): p0, p1, p2")


def test_rooms_and_members_are_limited() -> None:
    """One name enters so many rooms, and a room takes so many members, and both are told in words; who leaves may."""
    bounds = Bounds(rooms_by_name=2, members_by_room=2)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        app, bo, cy = (_arrive_native(opened, server, name) for name in ("App", "Bo", "Cy"))
        for room in ("#a", "#b", "#a"):
            app.tell("join", room=room)
            app.hear("entered", room=room)
        app.tell("join", room="#c")
        app.hear("error", code="too-many", subject="#c")
        app.tell("leave", room="#b")
        app.hear("exited")
        app.tell("join", room="#c")
        app.hear("entered")
        bo.tell("join", room="#a")
        bo.hear("entered")
        cy.tell("join", room="#a")
        cy.hear("error", code="too-many", subject="#a", text="#a is full: it has 2 members")


# --- slow readers ---------------------------------------------------------------------------------------------------


def test_a_slow_reader_does_without_typing_notices_first() -> None:
    """When half of its room is taken, what says how things are just now is dropped; messages all come, in order."""
    bounds = Bounds(message_rate=0, outbox_bytes=16_000_000)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        slow, eve = (opened.enter_context(open_tls(server, receive_buffer=4096)) for _ in range(2))
        for wire, name in ((slow, "Slow"), (eve, "Eve")):
            wire.tell("register", name=name)
            wire.tell("join", room="#tea")
            wire.lines(2)
        rounds = 3_000
        for number in range(rounds):
            eve.tell("typing", target="#tea")
            eve.tell("send", target="#tea", text=f"{number} " + "x" * 4_000, cid=str(number))
            eve.hear("accepted", cid=str(number))
        slow.hear("joined")
        typing = seen = 0
        while seen < rounds:
            event = slow.event()
            if event["type"] == "typing":
                typing += 1
            else:
                assert str(event["text"]).startswith(f"{seen} ")
                seen += 1
        assert 0 < typing < rounds
