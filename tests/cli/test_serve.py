"""`libchat serve`: what it prints, how it stops, what it keeps, and why it does not start."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.cli.serve import explain_listening
from libchat.security.invite import parse_invite
from libchat.security.words import words_of
from support.program import Program, Serving, TerminalProgram

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
StartOnTerminal = Callable[..., TerminalProgram]


def test_json_tells_where_it_is(server: Serving) -> None:
    """--json prints one object with exactly host, port, fingerprint, pid and invite, and nothing else."""
    assert server.told == {
        "host": "127.0.0.1",
        "port": server.port,
        "fingerprint": server.pin,
        "pid": server.pid,
        "invite": server.told["invite"],
    }
    invite = parse_invite(str(server.told["invite"]))
    assert (invite.hosts, invite.port, invite.pin) == (("127.0.0.1",), server.port, server.pin)
    assert server.pin.startswith("sha256:")
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    assert (server.rest(), server.errors) == ([], "")


def test_words_tell_how_to_connect(start: Start) -> None:
    """Without --json, the address, the key and two ways to connect are told on standard output."""
    server = start("serve", "--memory", "--host", "127.0.0.1", "--port", "0")
    first, key, words, invite, connect, by_hand = (server.line() for _ in range(6))
    port = first.partition("port ")[2].partition(";")[0]
    assert first == f"libchat listens on 127.0.0.1, port {port}; Ctrl-C stops it"
    pin = key.partition("key: ")[2].strip()
    assert words == f"  words:    {words_of(pin)}"
    assert invite.startswith('  invite:   libchat join "libchat://127.0.0.1:')
    assert parse_invite(invite).pin == pin
    assert f"libchat chat --host 127.0.0.1 --port {port}" in connect
    assert f"openssl s_client -quiet -connect 127.0.0.1:{port}" in by_hand


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(server: Serving, chat: Callable[[str], Program], number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C stop the server: people are told, and the exit code is 0."""
    ana = chat("ana")
    server.signal(number)
    ana.expect("server: bye (the server is stopping)")
    assert server.end() == 0
    assert server.errors == ""


def test_a_lost_terminal_stops_it(start_on_terminal: StartOnTerminal) -> None:
    """Who closes the window in which a server runs has stopped it: it does not take that for a wish to reload."""
    server = start_on_terminal("serve", "--memory", "--host", "127.0.0.1", "--port", "0")
    server.expect("then: server:register NAME")
    server.hang_up()
    assert server.end() == 0


def test_ctrl_c_stops_it_where_a_script_has_it_ignored(env: dict[str, str]) -> None:
    """A shell script starts background jobs with SIGINT ignored; sent on purpose, it still stops the server."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = Serving("--memory", "--port", "0", env=env)
    finally:
        signal.signal(signal.SIGINT, before)
    with server:
        server.signal(signal.SIGINT)
        assert server.end() == 0


def test_data_keeps_the_key(env: dict[str, str], tmp_path: Path) -> None:
    """With --data, and by default, a server that starts again shows the same key; with --memory, another one."""
    for options in (("--data", str(tmp_path / "data")), ()):
        pins = {_pin(options, env) for _ in range(2)}
        assert len(pins) == 1
    assert len({_pin(("--memory",), env) for _ in range(2)}) == 2
    assert (tmp_path / "data" / "server-key.pem").exists()


def _pin(options: tuple[str, ...], env: dict[str, str]) -> str:
    with Serving("--port", "0", *options, env=env) as server:
        server.signal(signal.SIGTERM)
        assert server.end() == 0
        return server.pin


def test_its_own_certificate(env: dict[str, str], tmp_path: Path) -> None:
    """--cert and --key are shown instead of a certificate of the server's making."""
    data = tmp_path / "data"
    pin = _pin(("--data", str(data)), env)
    files = ("--cert", str(data / "server-cert.pem"), "--key", str(data / "server-key.pem"))
    assert _pin(files, env) == pin


def test_plaintext(env: dict[str, str], libchat: Run) -> None:
    """--plaintext serves without TLS on loopback, and clients say --plaintext, too."""
    with Serving("--plaintext", "--port", "0", env=env) as server:
        env["LIBCHAT_PORT"] = str(server.port)
        assert server.pin == ""
        done = libchat("chat", "--plaintext", "--name", "ana", given="who\n")
        assert done.stdout.splitlines() == ["server: welcome ana", "server: online (1): ana"]
        done = libchat("who", "--plaintext")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_port_in_use(server: Serving, libchat: Run) -> None:
    """A port that is taken is told in one line that says what to do."""
    done = libchat("serve", "--memory", "--host", "127.0.0.1", "--port", str(server.port))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"libchat: port {server.port} is in use: choose another one with --port, or 0 for any free one\n"
    )


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--plaintext",), "add --host 127.0.0.1 for this machine only, or --insecure"),
        (("--plaintext", "--host", "192.0.2.77"), "or --insecure"),
        (("--host", "192.0.2.77"), "this machine has no address 192.0.2.77"),
        (("--host", "no-such-host.invalid"), "'no-such-host.invalid' is no address of this machine"),
        (("--cert", "missing.pem", "--key", "missing.pem"), "there is no certificate at missing.pem"),
        (("--data", "/dev/null/x"), "/dev/null/x"),
    ],
)
def test_what_cannot_be_served(libchat: Run, options: tuple[str, ...], hint: str) -> None:
    """A server that cannot start says why in one line, with exit code 1."""
    done = libchat("serve", "--port", "0", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert hint in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_certificate(libchat: Run, tmp_path: Path) -> None:
    """A file that is no certificate is named."""
    file = tmp_path / "cert.pem"
    file.write_text("nonsense")
    done = libchat("serve", "--port", "0", "--cert", str(file), "--key", str(file))
    assert done.returncode == 1
    assert str(file) in done.stderr
    assert done.stderr.count("\n") == 1


def test_insecure_plaintext_is_possible(start: Start) -> None:
    """--insecure serves without TLS on all addresses, and says what that means."""
    server = start("serve", "--plaintext", "--insecure", "--port", "0")
    assert server.line().startswith("libchat listens on all addresses")
    assert "reads along" in server.line()
    assert server.line().endswith(" --plaintext")
    assert "--plaintext" in server.line()
    assert "nc " in server.line()


def test_a_privileged_port_is_explained() -> None:
    """Without the right to a port, one from 1024 is recommended."""
    error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    assert "choose one from 1024" in explain_listening(error, "", 80)


def test_an_unexpected_reason_is_told_as_it_is() -> None:
    """What the system says of other reasons is passed on."""
    error = OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    assert explain_listening(error, "::1", 80) == f"the server cannot listen: {os.strerror(errno.EAFNOSUPPORT)}"


def test_json_of_a_server_on_all_addresses(start: Start) -> None:
    """The host in the JSON object can be connected to, also when the server listens on all addresses."""
    server = start("serve", "--memory", "--port", "0", "--json")
    told = json.loads(server.line())
    with socket.create_connection((told["host"], told["port"])):
        pass
