"""The steps to a server, against real sockets: one that works, and each way in which one does not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libchat.client.checkup import (
    Aim,
    State,
    Step,
    check_certificate,
    check_clock,
    check_key,
    check_name,
    check_route,
    identify,
    look_at,
)
from libchat.limits import LINE_BYTES
from libchat.security.identity import Identity, load_identity
from libchat.security.known_servers import KnownServers
from libchat.security.pins import format_pin
from libchat.security.tls import server_context
from libchat.security.words import words_of
from libchat.server.server import Server

NOW = datetime.now(UTC)
OTHER_PIN = format_pin(b"another key")

Answer = Callable[[socket.socket], None]


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a chat on loopback."""
    with Server(port=0) as server:
        yield server


def _aim(port: int, tmp_path: Path, **more: str | bool | float) -> Aim:
    options = {"known_servers": tmp_path / "known_servers.toml", "seconds": 2.0, **more}
    return Aim("127.0.0.1", port, **options)  # type: ignore[arg-type]


def _aim_at(server: Server, tmp_path: Path, **more: str | bool | float) -> Aim:
    return _aim(server.port, tmp_path, **more)


def _look(aim: Aim, now: datetime | None = None) -> dict[str, Step]:
    return {step.name: step for step in look_at(aim, now or datetime.now(UTC))}


def _states(steps: dict[str, Step]) -> dict[str, str]:
    return {name: step.state.value for name, step in steps.items()}


@contextmanager
def _somebody(answer: Answer) -> Iterator[int]:
    """Serve something that is no chat: each connection is answered so, in a thread. Yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as opened:
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                try:
                    sock = opened.enter_context(listener.accept()[0])
                except OSError:
                    return
                if is_over.is_set():
                    return
                try:
                    answer(sock)
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield port
        finally:
            is_over.set()
            socket.create_connection(("127.0.0.1", port)).close()  # wakes the thread up
            thread.join()


def _says(data: bytes) -> Answer:
    """Return an answer that reads something, says this, and closes its side."""

    def answer(sock: socket.socket) -> None:
        sock.settimeout(5)
        sock.recv(4096)
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)

    return answer


def _shakes_hands(identity: Identity, *, alpn: bool = False, say: bytes = b"", old: bool = False) -> Answer:
    """Return an answer in TLS, which knows the protocol of libchat or does not, and says something."""
    context = server_context(identity)
    if not alpn or old:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert identity.files is not None
        context.load_cert_chain(*identity.files)
    if old:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    def answer(sock: socket.socket) -> None:
        sock.settimeout(5)
        with context.wrap_socket(sock.dup(), server_side=True) as tls:
            tls.sendall(say)

    return answer


# --- what works -----------------------------------------------------------------------------------------------------


def test_all_is_well(server: Server, tmp_path: Path) -> None:
    """A server that works passes each step, and says its key and its version; nothing is remembered of it."""
    steps = _look(_aim_at(server, tmp_path))
    assert _states(steps) == dict.fromkeys(
        ("name", "route", "port", "TLS", "certificate", "pin", "protocol", "clock"), "ok"
    )
    assert steps["route"].seen == "from 127.0.0.1 to 127.0.0.1"
    assert steps["TLS"].seen == "TLSv1.3, protocol libchat/1"
    words = "the key is new here; compare its words with those that the server prints"
    assert steps["pin"].seen == f"{words}: {words_of(server.pin)} ({server.pin})"
    assert steps["protocol"].seen.startswith("libchat/")
    assert not (tmp_path / "known_servers.toml").exists()


def test_what_is_known_of_the_key(server: Server, tmp_path: Path) -> None:
    """A known key, one that has moved, and the one that was given are told apart."""
    aim = _aim_at(server, tmp_path)
    known = KnownServers(tmp_path / "known_servers.toml")
    known.remember("elsewhere:1", server.pin, NOW)
    assert _look(aim)["pin"].seen.startswith("the key is known, from another address")
    known.remember(aim.address, server.pin, NOW)
    assert _look(aim)["pin"].seen.startswith("the key is the known one")
    assert _look(_aim_at(server, tmp_path, pin=server.pin))["pin"].seen.startswith("the key is the one that was given")


def test_without_tls(tmp_path: Path) -> None:
    """A server without TLS, if that is what is looked for, has no steps for it."""
    with Server(port=0, plaintext=True) as server:
        steps = _look(_aim_at(server, tmp_path, plaintext=True))
        assert _states(steps) == dict.fromkeys(("name", "route", "port", "protocol", "clock"), "ok")


# --- what does not --------------------------------------------------------------------------------------------------


def test_a_name_that_nobody_has(tmp_path: Path) -> None:
    """A name without an address fails, and all that needs one is skipped."""
    steps = _look(Aim("no-such-host.invalid", 8080))
    assert _states(steps) == {"name": "failed", **dict.fromkeys(list(steps)[1:], "skipped")}
    assert "check the spelling" in steps["name"].remedy
    assert steps["protocol"].seen == "needs what failed: name"
    assert check_name(Aim("x" * 300, 1), []).state is State.FAILED


def test_no_way() -> None:
    """An address to which the system knows no way is told as that."""
    assert check_route(Aim("240.0.0.1", 1), ["255.255.255.255"]).state is State.FAILED


def test_a_closed_port(tmp_path: Path) -> None:
    """A port on which nobody listens is told as that, and how to start a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    steps = _look(_aim(port, tmp_path))
    assert steps["port"].state is State.FAILED
    assert f"nobody listens on port {port}" in steps["port"].seen
    assert "libchat serve" in steps["port"].remedy
    assert steps["TLS"].state is State.SKIPPED


def test_a_port_that_does_not_answer(tmp_path: Path) -> None:
    """A port that swallows what is sent to it is told as a firewall's work. Here, a full queue swallows it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        port = listener.getsockname()[1]
        for _ in range(8):  # until the system takes no more
            sock = waiting.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        step = _look(_aim(port, tmp_path, seconds=0.3))["port"]
    assert step.state is State.FAILED
    assert "no answer" in step.seen
    assert f"let TCP port {port} in" in step.remedy


def test_a_server_without_tls(tmp_path: Path) -> None:
    """A libchat server without TLS is recognised, and so is the option that is missing; and the other way round."""
    with Server(port=0, plaintext=True) as server:
        step = _look(_aim_at(server, tmp_path))["TLS"]
        assert (step.state, step.seen) == (State.FAILED, "the server serves without TLS")
        assert "--plaintext" in step.remedy
    with Server(port=0) as server:
        step = _look(_aim_at(server, tmp_path, plaintext=True))["protocol"]
        assert step.state is State.FAILED
        assert "leave --plaintext out" in step.remedy


@pytest.mark.parametrize(
    ("answer", "spoken"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"<!DOCTYPE HTML>\n<html>", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"220 mail.example.org ESMTP\r\n", "mail or FTP"),
        (b"* OK IMAP ready\r\n", "IMAP"),
    ],
)
def test_another_service(tmp_path: Path, answer: bytes, spoken: str) -> None:
    """What speaks something else is called by its name."""
    with _somebody(_says(answer)) as port:
        step = _look(_aim(port, tmp_path))["TLS"]
    assert step.state is State.FAILED
    assert step.seen == f"this is another service: it speaks {spoken}"


@pytest.mark.parametrize("answer", [b"\x1b[2Jhello\n", b"{}\n", b'{"type":"welcome"}\n', b"x" * 4 * LINE_BYTES, b""])
def test_an_unknown_service(tmp_path: Path, answer: bytes) -> None:
    """What nobody knows fails, in words that no terminal obeys."""
    with _somebody(_says(answer)) as port:
        aim = _aim(port, tmp_path)
        assert identify(aim) == ""
        step = _look(aim)["TLS"]
    assert step.state is State.FAILED
    assert "\x1b" not in step.seen


def test_tls_of_something_else(tmp_path: Path) -> None:
    """A TLS server that does not know libchat's protocol is another service."""
    with _somebody(_shakes_hands(load_identity(tmp_path, NOW))) as port:
        step = _look(_aim(port, tmp_path))["TLS"]
    assert step.state is State.FAILED
    assert "another service" in step.seen


def test_old_tls(tmp_path: Path) -> None:
    """A server that knows nothing newer than TLS 1.2 is told as that."""
    with _somebody(_shakes_hands(load_identity(tmp_path, NOW), old=True)) as port:
        step = _look(_aim(port, tmp_path))["TLS"]
    assert (step.state, step.seen) == (State.FAILED, "the server speaks TLS, but not TLS 1.3")


def test_a_handshake_that_is_never_answered(tmp_path: Path) -> None:
    """Who takes the connection and says nothing is told as that, within the time."""
    with _somebody(lambda sock: None) as port:
        step = _look(_aim(port, tmp_path, seconds=0.3))["TLS"]
    assert step.state is State.FAILED
    assert "the handshake is not answered" in step.seen


def test_a_wrong_key(server: Server, tmp_path: Path) -> None:
    """Another key than the known one, or the given one, fails with what is to be done, and nothing more is said."""
    aim = _aim_at(server, tmp_path)
    KnownServers(tmp_path / "known_servers.toml").remember(aim.address, OTHER_PIN, NOW)
    steps = _look(aim)
    assert steps["pin"].state is State.FAILED
    assert f"libchat forget {aim.address}" in steps["pin"].remedy
    assert steps["protocol"].state is State.SKIPPED
    step = _look(_aim_at(server, tmp_path, pin=OTHER_PIN))["pin"]
    shown, expected = (f"{words_of(pin)} ({pin})" for pin in (server.pin, OTHER_PIN))
    assert step.seen == f"the key is {shown}, but {expected} was expected"
    assert "ask who runs the server" in step.remedy


def test_a_broken_file_of_known_servers(server: Server, tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    (tmp_path / "known_servers.toml").write_text("nonsense")
    step = _look(_aim_at(server, tmp_path))["pin"]
    assert step.state is State.FAILED
    assert "known_servers.toml is damaged" in step.seen
    assert check_key(Aim("127.0.0.1", 1), None, datetime.now(UTC)).state is State.FAILED


@pytest.mark.parametrize(
    ("shift", "hint"),
    [(timedelta(days=-3), "one of the two clocks is wrong"), (timedelta(days=500), "the certificate ended at")],
)
def test_a_clock_that_is_wrong(server: Server, tmp_path: Path, shift: timedelta, hint: str) -> None:
    """A clock outside of the certificate's time fails, and the steps behind it are done all the same."""
    steps = _look(_aim_at(server, tmp_path), datetime.now(UTC) + shift)
    assert steps["certificate"].state is State.FAILED
    assert hint in steps["certificate"].seen
    assert steps["protocol"].state is State.OK
    assert steps["clock"].state is State.FAILED
    assert steps["clock"].seen.startswith(
        f"our clock is {abs(shift.days)} days {'ahead' if shift.days > 0 else 'behind'}"
    )


@pytest.mark.parametrize(
    ("apart", "seen"),
    [
        (4.9, "our clock and the server's agree within 5 s"),
        (-4.9, "our clock and the server's agree within 5 s"),
        (6.0, "our clock is 6 seconds ahead of the server's"),
        (-150.0, "our clock is 2 minutes behind the server's"),
        (3 * 3600.0, "our clock is 3 hours ahead of the server's"),
        (None, "the server does not tell its time"),
    ],
)
def test_how_far_clocks_are_apart(apart: float | None, seen: str) -> None:
    """What is apart more than an answer takes is told, and in which direction."""
    assert check_clock(apart).seen == seen


def test_a_certificate_that_cannot_be_read() -> None:
    """Without a certificate there is no time to compare with."""
    assert check_certificate(b"nonsense", NOW).state is State.SKIPPED


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (b'{"type":"welcome","server":"libchat/9","log":"x","version":2,"limits":{}}\n', "libchat/9 speaks version 2"),
        (b'{"type":"error","code":"busy","text":"too many\\u001b[2J"}\n', "the server refused: too many[2J"),
        (b"nonsense\n", "the answer is none of a chat"),
        (b"", "the answer is none of a chat"),
    ],
)
def test_a_server_that_answers_otherwise(tmp_path: Path, said: bytes, seen: str) -> None:
    """Another version, a refusal, and nonsense are told apart."""
    with _somebody(_shakes_hands(load_identity(tmp_path, NOW), alpn=True, say=said)) as port:
        step = _look(_aim(port, tmp_path))["protocol"]
    assert step.state is State.FAILED
    assert step.seen.startswith(seen)
