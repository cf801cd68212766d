"""`libchat join` without a link: the servers of the network, found by the real library over loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libchat.cli.finding import Search, describe
from libchat.cli.output import Say
from libchat.cli.screen import Screen
from libchat.lan import Found
from libchat.security.invite import Invite
from libchat.security.known_servers import KnownServer, KnownServers
from libchat.security.words import words_of
from libchat.server.discovery import Announcer
from libchat.server.server import Server
from support.multicast import can_multicast
from support.terminal import Terminal

StartOnTerminal = Callable[..., Terminal]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PIN = "sha256:" + "0123456789abcdef" * 4
SECONDS = 30.0


# --- the list -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "facts"),
    [
        (Found("office", ("10.0.0.1",), 8080, "0123", "open"), "open to all, known"),
        (Found("office", ("10.0.0.1",), 8080, "9999", "invite"), "by invite, known, but with another key than before"),
        (Found("office", ("10.0.0.9", "10.0.0.1"), 8080, "0123", ""), "known"),
        (Found("office", ("10.0.0.9",), 8080, "0123", "accounts"), "accounts only, new"),
        (Found("office", ("10.0.0.1",), 9090, "0123", "nobody"), "new"),
        (Found("office", ("10.0.0.1",), 8080, "", "open"), "open to all, without TLS"),
    ],
)
def test_what_is_said_of_a_server(found: Found, facts: str) -> None:
    """Its name, its address, whom it takes, and whether it is known; its key, as it announces it, is a hint at most."""
    known = [KnownServer(PIN, ("10.0.0.1:8080",), NOW)]
    assert describe(found, known) == f"office  {found.address}  ({facts})"


class Listing(Screen):
    """A screen that keeps what it is told, and says so."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__()
        self._heard = heard
        self.lines: list[str] = []

    def tell(self, tell: Say, line: str) -> None:
        self.lines.append(line)
        self._heard(line)


@pytest.mark.xdist_group("multicast")
def test_a_server_that_goes_meanwhile_was_there() -> None:
    """Below a server that is listed, it is not said that there is none, though it has said goodbye since."""
    pytest.importorskip("zeroconf", reason="the extra 'lan' is not installed")
    if not can_multicast():
        pytest.skip("no multicast on loopback here")
    announcer = Announcer(f"brief {time.monotonic_ns()}", "127.0.0.1", 8123, PIN, interfaces=("127.0.0.1",))
    announcer.start()
    try:
        assert announcer.is_announced.wait(SECONDS)
        for _ in range(5):  # datagrams may be lost on a machine that has much to do
            screen = Listing(lambda line: announcer.stop() if announcer.label in line else None)
            search = Search(screen, ())
            search.start()
            search.join(SECONDS)
            if any(announcer.label in line for line in screen.lines):
                assert not any("no server" in line for line in screen.lines)
                return
        pytest.fail("the server was never found")
    finally:
        announcer.stop()
        announcer.join()


# --- on a terminal --------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a chat on loopback."""
    with Server(port=0) as server:
        yield server


@pytest.fixture
def announce(server: Server) -> Iterator[Callable[..., str]]:
    """Return a function that announces the server, and returns what it is called."""
    pytest.importorskip("zeroconf", reason="the extra 'lan' is not installed")
    if not can_multicast():
        pytest.skip("no multicast on loopback here")
    running: list[Announcer] = []

    def announce(pin: str) -> str:
        name = f"found {time.monotonic_ns()}"
        announcer = Announcer(name, "127.0.0.1", server.port, pin, interfaces=("127.0.0.1",))
        running.append(announcer)
        announcer.start()
        assert announcer.is_announced.wait(SECONDS)
        return announcer.label

    yield announce
    for announcer in running:
        announcer.stop()
        announcer.join()


@pytest.fixture
def start_on_terminal(env: dict[str, str]) -> Iterator[StartOnTerminal]:
    """Return a function that starts the program on a terminal."""
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(Terminal(*arguments, env=env))


QUESTION = "number, invite or address: "


def number_of(program: Terminal, name: str) -> str:
    """Return the number with which a server is listed, when there is more to be asked."""
    program.expect(name)
    program.wait(lambda: program.text.endswith(QUESTION), "the question below the list")
    return next(row for row in program.rows if name in row).split()[0]


@pytest.mark.xdist_group("multicast")
def test_a_server_is_chosen_by_its_number(
    start_on_terminal: StartOnTerminal, server: Server, announce: Callable[..., str]
) -> None:
    """What is found is listed above what is being typed; a number that there is not is asked again; then words."""
    name = announce(server.pin)
    ana = start_on_terminal("join", "--name", "ana")
    ana.expect("looking for servers on this network")
    number = number_of(ana, name)
    ana.expect(f"127.0.0.1:{server.port}  (open to all, new)")
    ana.press("99\r")
    ana.expect(f"{QUESTION}99", "there is no 99 in the list")
    ana.wait(lambda: ana.text.endswith(QUESTION), "the question again")
    ana.press(f"{number}\r")
    ana.expect(words_of(server.pin), "[y/N] ")
    ana.press("y\r")
    ana.expect("welcome ana")
    ana.press("exit\r")
    assert ana.end() == 0


def test_the_first_of_several_hosts_is_asked_about(start_on_terminal: StartOnTerminal, server: Server) -> None:
    """A server with several addresses is one server: its key is asked about once, at the address that comes first."""
    link = Invite(("127.0.0.1", "localhost"), server.port).format()
    ana = start_on_terminal("join", link, "--name", "ana")
    ana.expect(f"127.0.0.1:{server.port} is new", "[y/N] ")
    ana.press("y\r")
    ana.expect("welcome ana")
    assert ana.text.count("is new. Its key") == 1


@pytest.mark.xdist_group("multicast")
def test_an_announced_key_is_a_hint_only(
    start_on_terminal: StartOnTerminal, server: Server, announce: Callable[..., str], tmp_path: Path
) -> None:
    """Who announces the key of a server that is known, and shows another one, is stopped at as ever."""
    known = tmp_path / "known.toml"
    KnownServers(known).remember(server.address, PIN, NOW)
    name = announce(PIN)
    ana = start_on_terminal("join", "--name", "ana", "--known-servers", str(known))
    number = number_of(ana, name)
    ana.expect("(open to all, known)")
    ana.press(f"{number}\r")
    assert ana.end() == 4
    ana.expect("does not show the key that it should")


@pytest.mark.xdist_group("multicast")
def test_a_server_without_tls_has_to_be_said(start_on_terminal: StartOnTerminal, announce: Callable[..., str]) -> None:
    """A number alone switches no encryption off."""
    name = announce("")
    ana = start_on_terminal("join", "--name", "ana")
    number = number_of(ana, name)
    ana.expect("(open to all, without TLS)")
    ana.press(f"{number}\r")
    ana.expect("libchat join --plaintext")
    ana.wait(lambda: ana.text.endswith(QUESTION), "the question again")
