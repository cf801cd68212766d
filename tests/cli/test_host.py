"""`libchat host`: a server with its user in it."""

from __future__ import annotations

import getpass
import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.cli.naming import login_name, script_name
from libchat.names import parse_name
from support.program import Program

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]

OPTIONS = ("host", "--memory", "--host", "127.0.0.1", "--port", "0")


def test_it_ends_by_itself_at_the_end_of_its_input(libchat: Run, env: dict[str, str]) -> None:
    """What was asked for is answered before the program ends; the user has the login name."""
    env["LOGNAME"] = "ana"
    done = libchat(*OPTIONS, given="who\n")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["server: welcome ana", "server: online (1): ana"]
    assert "libchat chat --host 127.0.0.1 --port " in done.stderr


def test_an_empty_input(libchat: Run) -> None:
    """With nothing to do it welcomes its user and ends."""
    done = libchat(*OPTIONS, "--name", "ana")
    assert (done.returncode, done.stdout) == (0, "server: welcome ana\n")


@pytest.mark.parametrize("admit", ["open", "accounts"])
def test_who_runs_the_server_has_their_account_without_a_password(libchat: Run, tmp_path: Path, admit: str) -> None:
    """What the password would prove is in the folder that is theirs; they are in before the server listens."""
    data = ("--data", str(tmp_path / "data"))
    assert libchat("users", "add", "Ana", *data, given="correct horse battery\n").returncode == 0
    options = ("host", *data, "--host", "127.0.0.1", "--port", "0", "--admit", admit)
    for name in ("ana", "bo"):
        done = libchat(*options, "--name", name, given="who\n")
        assert (done.returncode, done.stdout.splitlines()[-1].lower()) == (0, f"server: online (1): {name}")


def test_others_can_join(start: Start, env: dict[str, str]) -> None:
    """Somebody else connects, and the two talk; `exit` ends the server, and the other is told."""
    host = start(*OPTIONS, "--json", "--name", "ana")
    told = json.loads(host.line())
    env |= {"LIBCHAT_PORT": str(told["port"]), "LIBCHAT_PIN": told["fingerprint"]}
    host.expect("server: welcome ana")
    bo = start("chat", "--name", "bo")
    bo.expect("server: welcome bo")
    bo.write("ana: hello host", "join team")
    host.expect("bo: hello host")
    bo.expect("server: joined team")
    host.write("bo: hello guest", "join team", "hello team", "leave", "exit")
    bo.expect("ana: hello guest")
    bo.expect("server: ana joined team")
    bo.expect("ana (in team): hello team")
    host.expect("server: bye")
    assert host.end() == 0
    bo.expect("server: bye (the server is stopping)")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", told["port"]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(start: Start, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C stop it while it waits for input."""
    host = start(*OPTIONS, "--name", "ana")
    host.write("who")
    host.expect("server: online (1): ana")
    host.signal(number)
    assert host.end() == 0
    assert "Traceback" not in host.errors


def test_it_tells_why_it_cannot_serve(libchat: Run) -> None:
    """Its errors are those of `serve`."""
    done = libchat("host", "--plaintext", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--insecure" in done.stderr


@pytest.mark.parametrize(
    ("login", "name"),
    [
        ("ana", "ana"),
        ("DOMAIN\\ana", "ana"),
        ("ana maria", "ana_maria"),
        ("-ana", "ana"),
        ("admin", "host"),
        ("", "host"),
        ("x" * 40, "x" * 27),
        ("zoë", "zoë"),
    ],
)
def test_login_names_are_cleaned(monkeypatch: pytest.MonkeyPatch, login: str, name: str) -> None:
    """A login name that cannot be a name in a chat is made into one; `host` is the last resort."""
    monkeypatch.setattr(getpass, "getuser", lambda: login)
    assert login_name() == name


def test_somebody_without_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user may have no name at all."""

    def getuser() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", getuser)
    assert login_name() == "host"


def test_scripts_have_different_names() -> None:
    """Two scripts of one person get different names, which both are valid."""
    names = {script_name() for _ in range(20)}
    assert len(names) > 1
    assert {str(parse_name(name)) for name in names} == names
