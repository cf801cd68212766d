"""The life of a server: what it opens when it starts, and that nothing of it is left when it has stopped."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libchat.errors import Closed, StoreError
from libchat.hub import Hub
from libchat.messages import Joined, Left
from libchat.security.identity import CERTIFICATE_FILE, KEY_FILE, load_identity
from libchat.security.pins import peer_pin
from libchat.server.bounds import Bounds
from libchat.server.server import Server
from support.wire import SECONDS, Wire, open_plain, open_tls


def _register(wire: Wire, name: str) -> Wire:
    wire.send(f"server:register {name}")
    wire.expect(f"server: welcome {name}")
    return wire


def _can_listen(family: socket.AddressFamily, host: str) -> bool:
    try:
        socket.create_server((host, 0), family=family).close()
    except OSError:
        return False
    return True


HAS_IPV6 = socket.has_ipv6 and _can_listen(socket.AF_INET6, "::1")


# --- stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plaintext", [False, True])
def test_stop_tells_everybody_why(*, plaintext: bool) -> None:
    """A person, a program, and somebody without a name get a last line with the reason, and a proper end."""
    connect = open_plain if plaintext else open_tls
    with Server(port=0, plaintext=plaintext) as server, ExitStack() as opened:
        bob, app, nobody = (opened.enter_context(connect(server)) for _ in range(3))
        _register(bob, "Bob")
        app.tell("register", name="App")
        app.hear("registered")
        nobody.send("server:who")
        nobody.expect("server: error not-registered: register a name first")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert app.event() == {"type": "bye", "reason": "the server is stopping"}
        for wire in (bob, nobody):
            wire.expect("server: bye (the server is stopping)")
        for wire in (app, bob, nobody):
            wire.expect_end()
            wire.close()
        stopping.join(SECONDS)
        assert not stopping.is_alive()


def test_stop_flushes_what_is_owed() -> None:
    """Somebody who has not read yet gets all that was said, more than fits into any buffer on its way, then the bye."""
    bounds = Bounds(stop_seconds=SECONDS, outbox_bytes=16_000_000, message_rate=0)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        late = opened.enter_context(open_tls(server, receive_buffer=262_144))
        eve = opened.enter_context(open_tls(server))
        for wire, name in ((late, "Late"), (eve, "Eve")):
            _register(wire, name)
            wire.send("join pub")
            wire.expect("server: joined pub")
        lines = [f"{number:04}{'x' * 4000}" for number in range(1_500)]
        eve.send(*lines, "server:exit")
        eve.expect("server: bye")
        eve.close()
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        heard = late.rest()
        late.close()
        assert heard[0] == "server: Eve joined pub"
        assert heard[1:-2] == [f"Eve (in pub): {line}" for line in lines]
        assert heard[-2:] == ["server: Eve left pub", "server: bye (the server is stopping)"]
        stopping.join(SECONDS)
        assert not stopping.is_alive()


def test_stop_ends_within_its_bound_although_peers_do_nothing() -> None:
    """Peers that do not read what they are owed, do not close their side, or never finished their handshake are cut."""
    bounds = Bounds(stop_seconds=0.2, linger_seconds=600.0, handshake_seconds=600.0)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        opened.enter_context(open_plain(server))
        idle, app = (opened.enter_context(open_tls(server, receive_buffer=4096)) for _ in range(2))
        _register(idle, "Idle")
        app.tell("register", name="App")
        app.tell("join", room="#tea")
        app.lines(2)
        for number in range(200):
            app.ask("send", target="#tea", text=f"{number:03}" + "x" * 4000, answer="accepted")
        for _ in range(10):
            app.tell("history", target="#tea", limit=200)
        assert app.socket.recv(1, socket.MSG_PEEK)
        begin = time.monotonic()
        server.stop()
        assert 0.2 <= time.monotonic() - begin < 10.0  # a busy machine takes its time, a server that hangs all of it


def test_stop_is_quick_when_peers_close() -> None:
    """A server whose peers answer its goodbye does not sit out its bound."""
    with Server(port=0, bounds=Bounds(stop_seconds=600.0, linger_seconds=600.0)) as server, open_tls(server) as bob:
        _register(bob, "Bob")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        bob.expect("server: bye (the server is stopping)")
        bob.expect_end()
        bob.close()
        stopping.join(SECONDS)
        assert not stopping.is_alive()


def test_stop_joins_all_threads_and_releases_the_port() -> None:
    """After `stop`, which may be called again, no thread is left, nobody is served, and the port can be taken anew."""
    with Server(port=0) as server:
        names = {thread.name for thread in threading.enumerate()}
        assert {"libchat-acceptor", "libchat-handshakes", "libchat-poller"} <= names
        with open_tls(server) as bob:
            _register(bob, "Bob")
            bob.send("server:exit")
            bob.expect("server: bye")
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("libchat-")]
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        open_plain(server)
    with Server(port=server.port) as second:
        assert second.port == server.port


def test_wait_tells_when_the_server_has_stopped() -> None:
    """`wait` returns False when its time is up, and True, in any thread, as soon as the server has stopped."""
    with Server(port=0) as server:
        assert not server.wait(0.0)
        waited: list[bool] = []
        waiting = threading.Thread(target=lambda: waited.append(server.wait(SECONDS)))
        waiting.start()
        server.stop()
        waiting.join(SECONDS)
        assert waited == [True]
        assert server.wait()


def test_a_server_serves_once() -> None:
    """A stopped server says that it cannot be started again; one that never started may be stopped."""
    server = Server(port=0)
    server.stop()
    with server:
        pass
    with pytest.raises(Closed):
        server.start()


# --- starting -------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_leaves_nothing_behind() -> None:
    """A second server on one port fails with `OSError`, with neither thread nor socket left; the first one serves."""
    with Server(port=0) as first:
        before = threading.active_count()
        second = Server(port=first.port)
        with pytest.raises(OSError, match="in use"):
            second.start()
        assert threading.active_count() == before
        second.stop()
        with open_tls(first) as bob:
            _register(bob, "Bob")


def test_a_server_that_never_starts_holds_nothing() -> None:
    """Making a server opens no socket and starts no thread."""
    Server(port=0)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_plaintext_off_loopback_has_to_be_wanted(host: str) -> None:
    """Without TLS a server that others could reach is refused, unless `insecure` is said too."""
    with pytest.raises(ValueError, match="without TLS everybody"):
        Server(host, port=0, plaintext=True)
    Server(host, port=0, plaintext=True, insecure=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plaintext_on_loopback(host: str) -> None:
    """On loopback plaintext needs no more words; such a server has no key to pin."""
    with Server(host, port=0, plaintext=True) as server, open_plain(server) as bob:
        _register(bob, "Bob")
        assert server.pin == ""


def _shown_pin(server: Server) -> str:
    """Return the pin of the certificate that a server shows."""
    host, port = server.address.rsplit(":", 1)
    pem = ssl.get_server_certificate((host.strip("[]"), int(port)), timeout=SECONDS)
    return peer_pin(ssl.PEM_cert_to_DER_cert(pem))


def test_a_data_folder_keeps_the_key(tmp_path: Path) -> None:
    """With a data folder a server shows the same key at each start, without one a new key; `pin` is that of the key."""
    pins = []
    for data in (tmp_path / "data", tmp_path / "data", None, None):
        with Server(port=0, data=data) as server:
            assert _shown_pin(server) == server.pin
            pins.append(server.pin)
    assert pins[0] == pins[1]
    assert len(set(pins)) == 3


def test_a_certificate_of_ones_own_is_shown(tmp_path: Path) -> None:
    """With certificate and key files, the server shows these."""
    own = load_identity(tmp_path, datetime.now(UTC))
    certificate, key = tmp_path / CERTIFICATE_FILE, tmp_path / KEY_FILE
    with Server(port=0, certificate=certificate, key=key) as server:
        assert server.pin == own.pin
        assert _shown_pin(server) == own.pin
    with pytest.raises(ValueError, match="belong together"):
        Server(port=0, certificate=certificate)
    with pytest.raises(StoreError):
        Server(port=0, certificate=certificate, key=tmp_path / "none.pem")


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6 on loopback")
def test_ipv6() -> None:
    """A server can listen on an IPv6 address; its own address is then written in brackets."""
    with Server("::1", port=0) as server, open_tls(server) as bob:
        assert server.address == f"[::1]:{server.port}"
        _register(bob, "Bob")


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6 on loopback")
def test_all_addresses() -> None:
    """A server on all addresses is reached over IPv4 and IPv6."""
    with Server("", port=0) as server:
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, server.port), timeout=SECONDS) as plain:
                plain.sendall(b"who\n")
                assert plain.recv(1000).startswith(b"server: error bad-line: this port speaks TLS")
        assert server.address == f"127.0.0.1:{server.port}"


# --- the hub behind it ----------------------------------------------------------------------------------------------


def test_programs_in_process_chat_with_those_who_connect() -> None:
    """A hub with a server in front is one chat for both; it outlives the server, which tells it who has gone."""
    with Hub() as hub, hub.connect("Bot") as bot:
        bot.join("#tea")
        with Server(port=0, hub=hub) as server, open_tls(server) as bob:
            _register(bob, "Bob")
            bob.send("join tea")
            bob.expect("server: joined tea")
            assert bot.receive_event(SECONDS) == Joined("#tea", "Bob")
            bot.send("#tea", "welcome")
            bob.expect("Bot (in tea): welcome")
            bot.send("Bob", "psst")
            bob.expect("Bot: psst")
            bob.send("thank you")
            assert bot.receive(SECONDS).text == "thank you"
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            bob.expect("server: bye (the server is stopping)")
            bob.close()
            stopping.join(SECONDS)
        assert bot.receive_event(SECONDS) == Left("#tea", "Bob", "the server is stopping")
        assert [person.name for person in bot.who()] == ["Bot"]


def test_a_hub_that_is_closed_first_ends_its_server(caplog: pytest.LogCaptureFixture) -> None:
    """Who closes the hub under a running server gets one clear line in the log, and a server that has ended."""
    bounds = Bounds(handshake_seconds=600.0)
    with Hub() as hub, Server(port=0, hub=hub, bounds=bounds) as server, open_tls(server) as bob:
        _register(bob, "Bob")
        hub.close()
        bob.send("who")
        assert server.wait(SECONDS)
        with open_plain(server) as late:
            late.expect_end()
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.message for record in errors] == [
        "the chat was closed before its server; all connections are closed"
    ]
