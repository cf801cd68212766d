"""Keys of servers: trusted on first use, held to later, and forgotten on request."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.security.words import words_of
from support.impostor import Impostor
from support.program import Program, Serving, TerminalProgram

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
StartOnTerminal = Callable[..., TerminalProgram]


@pytest.fixture
def unpinned(server: Serving, env: dict[str, str]) -> Serving:
    """Return a server whose key the programs do not know."""
    del env["LIBCHAT_PIN"]
    return server


def test_a_new_server_in_a_script(libchat: Run, unpinned: Serving) -> None:
    """Without a person a new key is accepted, with a notice; from then on it is known, and nothing is said."""
    first = libchat("who")
    assert (first.returncode, first.stdout) == (0, "")
    assert (
        first.stderr
        == f"{unpinned.address} is new: from now on its key must be {unpinned.pin} ({words_of(unpinned.pin)})\n"
    )
    second = libchat("who")
    assert (second.returncode, second.stderr) == (0, "")


@pytest.mark.parametrize("command", [("chat", "--name", "ana"), ("send", "bo", "hi"), ("tail",), ("who",)])
def test_a_changed_key_is_a_hard_stop(
    libchat: Run, unpinned: Serving, env: dict[str, str], command: tuple[str, ...]
) -> None:
    """Another key at a known address ends every command with exit code 4 and the remedy; `forget` is the remedy."""
    assert libchat("who").returncode == 0
    unpinned.signal(signal.SIGTERM)
    unpinned.end()
    with Serving("--memory", "--port", str(unpinned.port), env=env) as other:
        done = libchat(*command)
        assert (done.returncode, done.stdout) == (4, "")
        assert f"libchat forget {unpinned.address}" in done.stderr
        assert done.stderr.count("libchat forget") == 1
        assert f"expected: {words_of(unpinned.pin)}    {unpinned.pin}\n" in done.stderr
        assert f"shown:    {words_of(other.pin)}    {other.pin}\n" in done.stderr
        assert "somebody is in between" in done.stderr
        forgotten = libchat("forget", unpinned.address)
        assert (forgotten.returncode, forgotten.stdout) == (0, "")
        assert unpinned.address in forgotten.stderr
        assert libchat("who").returncode == 0


def test_nothing_to_forget(libchat: Run) -> None:
    """Forgetting a server that is not known is exit code 1."""
    done = libchat("forget", "192.168.1.5")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no key of 192.168.1.5:8080 is known" in done.stderr


def test_a_file_of_known_servers_of_ones_own(
    libchat: Run, unpinned: Serving, env: dict[str, str], tmp_path: Path
) -> None:
    """--known-servers is used instead of the user's file, and stands in the remedy."""
    file = tmp_path / "known.toml"
    libchat("who", "--known-servers", str(file))
    assert unpinned.pin in file.read_text()
    unpinned.signal(signal.SIGTERM)
    unpinned.end()
    with Serving("--memory", "--port", str(unpinned.port), env=env):
        assert libchat("who").returncode == 0
        done = libchat("who", "--known-servers", str(file))
        assert done.returncode == 4
        remedy = done.stderr.strip().rpartition("say: libchat ")[2].split()
        assert libchat(*remedy).returncode == 0
        assert libchat("who", "--known-servers", str(file)).returncode == 0


def test_a_damaged_file_of_known_servers(libchat: Run, unpinned: Serving, tmp_path: Path) -> None:
    """A file that cannot be read is no reason to trust anybody."""
    file = tmp_path / "known.toml"
    file.write_text("nonsense")
    done = libchat("who", "--known-servers", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert str(file) in done.stderr


def test_a_wrong_pin(libchat: Run, server: Serving, env: dict[str, str]) -> None:
    """A pin is stronger than the file; where it comes from is told."""
    env["LIBCHAT_PIN"] = "0" * 64
    done = libchat("who")
    assert (done.returncode, done.stdout) == (4, "")
    assert words_of(server.pin) in done.stderr
    assert "LIBCHAT_PIN" in done.stderr
    assert f": --pin {server.pin}." in done.stderr
    assert libchat("who", "--pin", server.pin).returncode == 0


@pytest.mark.parametrize("command", [("chat", "--name", "ana"), ("send", "bo", "secret"), ("tail",), ("who",)])
def test_nothing_is_said_to_somebody_in_between(libchat: Run, command: tuple[str, ...]) -> None:
    """No command says a word to a server with another key."""
    with Impostor() as impostor:
        done = libchat(*command, "--port", str(impostor.port), "--pin", "0" * 64, given="hello\n")
    assert (done.returncode, done.stdout) == (4, "")
    assert (impostor.callers, impostor.heard) == (1, b"")


def test_a_key_that_changes_while_one_is_connected(unpinned: Serving, start: Start, env: dict[str, str]) -> None:
    """When the server comes back with another key, the program ends with exit code 4."""
    ana = start("chat", "--name", "ana")
    ana.expect("server: welcome ana")
    unpinned.signal(signal.SIGTERM)
    unpinned.end()
    with Serving("--memory", "--port", str(unpinned.port), env=env):
        assert ana.end() == 4
    assert f"libchat forget {unpinned.address}" in ana.errors


@pytest.mark.parametrize("command", [("chat", "--name", "ana"), ("tail", "--name", "ana")])
def test_a_key_that_changes_meanwhile_is_told_with_ones_own_file(
    unpinned: Serving, start: Start, libchat: Run, env: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """The remedy names the file that was given with --known-servers: it can be copied as it is."""
    file = str(tmp_path / "my servers.toml")
    ana = start(*command, "--known-servers", file)
    while "ana" not in libchat("who", "--known-servers", file).stdout:
        pass
    unpinned.signal(signal.SIGTERM)
    unpinned.end()
    with Serving("--memory", "--port", str(unpinned.port), env=env):
        assert ana.end() == 4
    assert f"say: libchat forget {unpinned.address} --known-servers '{file}'\n" in ana.errors


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("yes", 0), ("n", 4), ("", 4)])
def test_a_person_is_asked(
    start_on_terminal: StartOnTerminal, unpinned: Serving, libchat: Run, answer: str, code: int
) -> None:
    """On a terminal the key of a new server is shown, and trusted only after a yes."""
    who = start_on_terminal("who")
    who.expect(words_of(unpinned.pin))
    who.expect(unpinned.pin)
    who.expect("[y/N] ")
    who.press(f"{answer}\n")
    assert who.end() == code
    assert ("is new" in libchat("who").stderr) is (code != 0)
