"""`libchat key`: the planned change of a server's key, from the plan to the clients that follow."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.security.words import words_of
from support.program import Program, Serving, TerminalProgram
from support.terminal import Terminal

Run = Callable[..., "CompletedProcess[str]"]
StartOnTerminal = Callable[..., TerminalProgram]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the folder of the server's data."""
    return tmp_path / "data"


@pytest.fixture
def key(libchat: Run, data: Path) -> Run:
    """Return a function that runs `libchat key` on that folder."""
    return lambda *arguments: libchat("key", *arguments, "--data", str(data))


def serve_once(data: Path, env: dict[str, str]) -> str:
    """Start a server and stop it, and return the pin that it showed."""
    with Serving("--data", str(data), "--port", "0", env=env) as server:
        server.signal(signal.SIGTERM)
        server.end()
        return server.pin


def _first_words(data: Path, env: dict[str, str]) -> str:
    """Start a server, and return what it prints, for people, before it is stopped."""
    with Program("serve", "--host", "127.0.0.1", "--port", "0", "--data", str(data), env=env) as server:
        lines = [server.line()]
        while "by hand" not in lines[-1]:
            lines.append(server.line())
        return "\n".join(lines)


def test_show(key: Run, data: Path, env: dict[str, str]) -> None:
    """The key is shown as the server shows it, with its words."""
    pin = serve_once(data, env)
    done = key("show")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"key:   {pin}\n       {words_of(pin)}\n"


def test_from_the_plan_to_the_change(libchat: Run, key: Run, data: Path, env: dict[str, str]) -> None:
    """Clients that were here after the announcement follow with one line; the old key is kept; others stop."""
    old = serve_once(data, env)
    planned = key("plan", "--in", "1s")
    assert planned.returncode == 0
    new = re.findall("sha256:[0-9a-f]{64}", planned.stdout)[0]
    assert re.search(rf"^  next key: {new}, from 20.* UTC$", _first_words(data, env), re.MULTILINE)
    assert f"next:  {new}\n       {words_of(new)}\n" in key("show").stdout
    known, stranger = data.parent / "known", data.parent / "stranger"
    with Serving("--data", str(data), "--port", "0", env=env) as server:
        assert server.pin == old
        env["LIBCHAT_PORT"] = str(server.port)
        assert libchat("who", "--known-servers", str(known)).returncode == 0
        stranger.write_text(re.sub("next_.*\n", "", known.read_text()))
        server.signal(signal.SIGTERM)
        server.end()
    switched = key("switch", "--now")
    assert (switched.returncode, switched.stdout) == (0, f"key:   {new}\n       {words_of(new)}\n")
    assert (data / "server-key-old.pem").exists()
    with Serving("--data", str(data), "--port", env["LIBCHAT_PORT"], env=env) as server:
        assert server.pin == new
        first = libchat("who", "--known-servers", str(known))
        assert first.returncode == 0
        assert first.stderr == f"the server {server.address} has its announced new key, {new}\n"
        assert libchat("who", "--known-servers", str(known)).stderr == ""
        assert libchat("who", "--known-servers", str(stranger)).returncode == 4


def test_before_its_time(key: Run, data: Path, env: dict[str, str]) -> None:
    """The change waits for the announced time; who insists is warned."""
    serve_once(data, env)
    key("plan")
    early = key("switch")
    assert (early.returncode, early.stdout) == (1, "")
    assert "--now" in early.stderr
    forced = key("switch", "--now")
    assert forced.returncode == 0
    assert "clients take this key from the announced time on" in forced.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("show",), 1, "there is no key"),
        (("plan",), 1, "there is no key"),
        (("switch",), 1, "there is no key"),
        (("turn",), 2, "invalid choice"),
        ((), 2, "required"),
        (("plan", "--in", "soon"), 2, "write a number"),
    ],
)
def test_what_cannot_be_done(key: Run, data: Path, arguments: tuple[str, ...], code: int, reason: str) -> None:
    """Nothing is made up where there is no server."""
    done = key(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert reason in done.stderr
    assert not data.exists()


def test_the_new_key_is_told_beside_what_is_typed(libchat: Run, key: Run, data: Path, env: dict[str, str]) -> None:
    """Who is connected meanwhile reads one line of notice, and goes on typing the line that was begun."""
    serve_once(data, env)
    new = re.findall("sha256:[0-9a-f]{64}", key("plan", "--in", "1s").stdout)[0]
    with ExitStack() as running:
        with Serving("--data", str(data), "--port", "0", env=env) as server:
            env["LIBCHAT_PORT"] = str(server.port)
            assert libchat("who").returncode == 0
            ana = running.enter_context(Terminal("chat", "--name", "ana", env=env, columns=200))
            ana.expect("welcome ana", "> ")
            ana.press("half a li")
            ana.expect("> half a li")
            server.signal(signal.SIGTERM)
            server.end()
        assert key("switch", "--now").returncode == 0
        with Serving("--data", str(data), "--port", env["LIBCHAT_PORT"], env=env):
            ana.expect(f"has its announced new key, {new}", "> half a li")
            ana.expect("connected again")
