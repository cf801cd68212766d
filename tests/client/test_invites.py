"""Coming in by an invite, and stopping before somebody in between: both clients, over real sockets."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import libchat
from libchat import aio
from libchat.client.patience import Patience
from libchat.client.route import Route
from libchat.security.invite import Invite, parse_invite
from libchat.security.key_change import make_change, plan_change
from libchat.security.known_servers import Announced, KnownServers
from support.impostor import Impostor
from support.scripted import Caller, ScriptedServer

Visit = Callable[..., str]

QUICK = Patience(delays=lambda: itertools.repeat(0.01))
OTHER_PIN = "sha256:" + "ab" * 32


def ignore(room: str) -> None:
    """Do nothing with the room to which an invite leads."""


def visit(where: str, name: str = "ana", meet: Callable[[str], object] = ignore, **options: object) -> str:
    """Connect, tell the room of the invite, leave, and return the address."""
    with libchat.connect(where, name, **options) as chat:  # type: ignore[arg-type]  # whatever the test says
        meet(chat.invite_room)
        return chat.address


def visit_with_asyncio(where: str, meet: Callable[[str], object] = ignore, **options: object) -> str:
    """Do the same with the asyncio client."""

    async def main() -> str:
        async with aio.connect(where, "ana", **options) as chat:  # type: ignore[arg-type]  # whatever the test says
            meet(chat.invite_room)
            return chat.address

    return asyncio.run(main())


both = pytest.mark.parametrize("visit", [visit, visit_with_asyncio])


def unused_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def known_pins(path: Path) -> list[str]:
    """Return the pins in a file of known servers."""
    return [server.pin for server in KnownServers(path).servers()]


# --- coming in ------------------------------------------------------------------------------------------------------


@both
def test_an_invite_is_enough(visit: Visit, server: libchat.Server) -> None:
    """Where the server is and which key it shows is all in the link."""
    assert visit(server.invite()) == server.address


@both
def test_the_server_of_an_invite_is_remembered(visit: Visit, server: libchat.Server, tmp_path: Path) -> None:
    """A link is trust: who keeps a file of known servers finds the server there, and is asked nothing."""
    known = tmp_path / "known"
    visit(server.invite(), known_servers=known, accept_new=lambda address, pin: False)
    assert known_pins(known) == [server.pin]
    visit(server.address, known_servers=known, accept_new=lambda address, pin: False)


@both
def test_hosts_are_tried_in_turn(visit: Visit, server: libchat.Server, tmp_path: Path) -> None:
    """One host does not exist, and one is another server: the third one it is. The other server is not remembered."""
    with libchat.serve("::1", server.port):
        link = Invite(("no-such-host.invalid", "::1", "127.0.0.1"), server.port, pin=server.pin).format()
        assert visit(link, known_servers=tmp_path / "known") == server.address
    assert [each.addresses for each in KnownServers(tmp_path / "known").servers()] == [(server.address,)]


@both
def test_hosts_share_the_time(visit: Visit, server: libchat.Server) -> None:
    """A host that says nothing does not use up the time of the others."""
    with socket.create_server(("::1", server.port), family=socket.AF_INET6):
        link = Invite(("::1", "127.0.0.1"), server.port, pin=server.pin).format()
        begun = time.monotonic()
        assert visit(link, timeout=2.0) == server.address
    assert 0.9 < time.monotonic() - begun < 15


def test_the_host_that_worked_is_tried_first() -> None:
    """A client that connects again begins where it has found the server."""
    route = Route(("a", "b", "c"), 1)
    assert [host for host, _ in route.tries(3, lambda: 0.0)] == ["a", "b", "c"]
    route.worked("c")
    assert route.address == "c:1"
    assert [host for host, _ in route.tries(3, lambda: 0.0)] == ["c", "a", "b"]


def test_what_one_host_leaves_over_is_the_others() -> None:
    """The time is divided anew for each host, and nobody gets less than none."""
    times = iter([0.0, 0.0, 1.0, 20.0])
    assert [seconds for _, seconds in Route(("a", "b", "c"), 1).tries(9, lambda: next(times))] == [3.0, 4.0, 0.0]


def test_why_no_host_worked() -> None:
    """A wrong key says more than silence; but a server that was found before is away, whoever is elsewhere."""
    silence, wrong = OSError("silence"), libchat.TrustError("wrong")
    route = Route(("a", "b"), 1)
    assert route.why([silence, wrong]) is wrong
    assert route.why([silence, silence]) is silence
    route.worked("a")
    assert route.why([silence, wrong]) is silence


@both
def test_the_token_goes_to_the_server(visit: Visit) -> None:
    """What the link holds besides is shown to the server with the name."""
    heard: list[bytes] = []

    def script(caller: Caller) -> None:
        caller.read_until(b'"hello"')
        caller.write('{"type":"welcome","server":"test/1","log":"1","cid":"~"}')
        heard.append(caller.read_until(b'"register"'))
        caller.write('{"type":"registered","name":"ana","cid":"~"}')
        caller.read_until(b'"exit"')

    with ScriptedServer(script) as server:
        port = int(server.address.rpartition(":")[2])
        visit(Invite(("127.0.0.1",), port, token="secret-token").format(), plaintext=True)
    assert b'"token":"secret-token"' in heard[0]


@both
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pin": OTHER_PIN}, "another key than pin"),
        ({"plaintext": True}, "leave plaintext out"),
    ],
)
def test_what_contradicts_the_invite(
    visit: Visit, server: libchat.Server, options: dict[str, object], reason: str
) -> None:
    """Two keys, or a key where there is none, are a mistake that is found before anything is connected."""
    with pytest.raises(ValueError, match=reason):
        visit(server.invite(), **options)


@both
def test_a_damaged_link(visit: Visit) -> None:
    """What cannot be read is a ValueError that does not show the token."""
    with pytest.raises(ValueError, match="the key of the link is damaged") as refused:
        visit("libchat://host:1/?k=short&t=secret-token")
    assert "secret-token" not in str(refused.value)


# --- somebody in between --------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("how", ["pin", "invite", "known", "new", "invite to a known address"])
def test_nothing_is_said_to_somebody_in_between(visit: Visit, how: str, tmp_path: Path) -> None:
    """Whatever the trust is based on: with another key, not one byte goes into the TLS connection."""
    known = tmp_path / "known"
    with Impostor() as impostor:
        link = Invite(("127.0.0.1",), impostor.port, pin=OTHER_PIN, token="secret-token").format()
        forged = Invite(("127.0.0.1",), impostor.port, pin=impostor.pin).format()
        if how in ("known", "invite to a known address"):
            KnownServers(known).remember(impostor.address, OTHER_PIN, datetime.now(UTC))
        ways: dict[str, tuple[str, dict[str, object]]] = {
            "pin": (impostor.address, {"pin": OTHER_PIN}),
            "invite": (link, {}),
            "known": (impostor.address, {"accept_new": lambda address, pin: True}),
            "new": (impostor.address, {"accept_new": lambda address, pin: False}),
            "invite to a known address": (forged, {}),
        }
        where, options = ways[how]
        with pytest.raises(libchat.TrustError):
            visit(where, known_servers=known, **options)
        assert impostor.pin not in (known.read_text() if known.exists() else "")
    assert impostor.callers == 1
    assert impostor.heard == b""


def test_the_one_in_between_would_have_heard_it() -> None:
    """The test above would notice: who trusts that key says something."""
    with Impostor() as impostor, pytest.raises(TimeoutError):
        libchat.connect(impostor.address, "ana", pin=impostor.pin, timeout=0.5)
    assert b'"hello"' in impostor.heard


def test_a_server_that_comes_back_as_another_one() -> None:
    """A client that connects again stops at another key, and says nothing to it."""
    with libchat.serve(port=0) as server:
        chat = libchat.connect(server.invite(), "ana", patience=QUICK)
        port = server.port
    with libchat.serve(port=port), pytest.raises(libchat.Disconnected) as ended:
        list(chat.events())
    assert isinstance(ended.value.__cause__, libchat.PinMismatch)
    chat.close()


# --- a planned change -----------------------------------------------------------------------------------------------


def announced_by(folder: Path) -> libchat.Server:
    """Return a server that has announced its next key, whose time has come."""
    libchat.Server(port=0, data=folder).hub.close()  # makes the key
    plan_change(folder, datetime.now(UTC))
    return libchat.Server(port=0, data=folder)


@both
def test_an_announced_key_is_followed(visit: Visit, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Who was here after the announcement takes the next key without being asked, and says so; then it is known."""
    folder, known = tmp_path / "server", tmp_path / "known"
    with announced_by(folder) as server:
        visit(server.invite(), known_servers=known)
        port = server.port
    new_pin = make_change(folder, datetime.now(UTC))
    with libchat.Server(port=port, data=folder) as server:
        assert server.pin == new_pin
        with caplog.at_level(logging.WARNING, "libchat.client"):
            for _ in range(2):
                visit(server.address, known_servers=known, accept_new=lambda address, pin: False)
    (record,) = caplog.records
    assert "has its announced new key" in record.getMessage()
    assert known_pins(known) == [new_pin]


@both
def test_who_was_not_here_stops(visit: Visit, tmp_path: Path) -> None:
    """A client that has not heard of the change stops at the new key, as at any other."""
    folder, known = tmp_path / "server", tmp_path / "known"
    with libchat.Server(port=0, data=folder) as server:
        visit(server.invite(), known_servers=known)
        port = server.port
    plan_change(folder, datetime.now(UTC))
    make_change(folder, datetime.now(UTC))
    with libchat.Server(port=port, data=folder) as server, pytest.raises(libchat.PinMismatch, match="libchat forget"):
        visit(server.address, known_servers=known)


def test_a_program_with_a_pin_follows_while_it_runs(tmp_path: Path) -> None:
    """A bot that was told a pin outlives the change: its connection is back without anybody's help."""
    folder = tmp_path / "server"
    with announced_by(folder) as server:
        chat = libchat.connect(server.address, "bot", pin=server.pin, patience=QUICK)
        port = server.port
    make_change(folder, datetime.now(UTC))
    with libchat.Server(port=port, data=folder), chat:
        while not isinstance(chat.receive_event(timeout=20), libchat.Resumed):
            pass
        assert chat.who()


def test_the_state_of_a_program_follows_too(tmp_path: Path) -> None:
    """What a bot keeps in its folder belongs to the server, not to its old key."""
    folder, state = tmp_path / "server", tmp_path / "state"
    with announced_by(folder) as server:
        chat = libchat.connect(server.address, "bot", pin=server.pin, state=state, patience=QUICK)
        port = server.port
    new_pin = make_change(folder, datetime.now(UTC))
    with libchat.Server(port=port, data=folder) as server:
        with chat:
            while not isinstance(chat.receive_event(timeout=20), libchat.Resumed):
                pass
        assert visit(server.address, name="bot", pin=new_pin, state=state)


@both
def test_the_state_of_a_program_that_did_not_run_follows_later(visit: Visit, tmp_path: Path) -> None:
    """A bot that was started again after two changes goes on by its folder, with the oldest pin and with the newest."""
    folder, state = tmp_path / "server", tmp_path / "state"
    with announced_by(folder) as server:
        old_pin, port = server.pin, server.port
        visit(server.address, pin=old_pin, state=state)
    middle_pin = make_change(folder, datetime.now(UTC))
    plan_change(folder, datetime.now(UTC))
    with libchat.Server(port=port, data=folder) as server:
        for pin in (old_pin, old_pin, middle_pin):
            visit(server.address, pin=pin, state=state)
    new_pin = make_change(folder, datetime.now(UTC))
    with libchat.Server(port=port, data=folder) as server:
        for pin in (old_pin, middle_pin, new_pin, old_pin):
            visit(server.address, pin=pin, state=state)
        with pytest.raises(libchat.PinMismatch):
            visit(server.address, pin=old_pin)
        with pytest.raises(libchat.StoreError, match="belongs to the server"):
            visit(server.address, pin=OTHER_PIN, state=state)


def test_the_state_of_a_program_takes_no_key_before_its_time(tmp_path: Path) -> None:
    """A next key that is shown long before the time that was announced is another key, also to a folder."""
    folder, state = tmp_path / "server", tmp_path / "state"
    libchat.Server(port=0, data=folder).hub.close()
    plan_change(folder, datetime.now(UTC) + timedelta(days=30))
    with libchat.Server(port=0, data=folder) as server:
        old_pin, port = server.pin, server.port
        visit(server.address, pin=old_pin, state=state)
    make_change(folder, datetime.now(UTC), early=True)
    with libchat.Server(port=port, data=folder) as server, pytest.raises(libchat.PinMismatch):
        visit(server.address, pin=old_pin, state=state)


@both
def test_a_server_without_tls_invites_too(visit: Visit) -> None:
    """Its link names no key; who follows it says so: a link that lost its end must not switch encryption off."""
    with libchat.serve(port=0, plaintext=True) as server:
        link = server.invite("tea")
        rooms: list[str] = []
        assert visit(link, plaintext=True, meet=rooms.append) == server.address
        assert rooms == ["#tea"]
        with pytest.raises(libchat.ProtocolError, match="TLS"):
            visit(link)


@both
def test_where_an_invite_leads_to(visit: Visit, server: libchat.Server) -> None:
    """A link that names no room leads to that of its invite, as the server says."""
    made = parse_invite(server.invite("team"))
    rooms: list[str] = []
    visit(replace(made, room="").format(), meet=rooms.append)
    assert rooms == ["#team"]


def test_a_program_with_a_pin_and_a_file_follows_later(tmp_path: Path) -> None:
    """Started anew with the old pin, a program follows if its own file of known servers has heard of the change."""
    folder, known = tmp_path / "server", tmp_path / "known"
    with announced_by(folder) as server:
        old_pin, port = server.pin, server.port
        visit(server.invite(), known_servers=known)
    make_change(folder, datetime.now(UTC))
    with libchat.Server(port=port, data=folder) as server:
        visit(server.address, pin=old_pin, known_servers=known)
        with pytest.raises(libchat.PinMismatch) as refused:
            visit(server.address, pin=old_pin)
        assert server.pin in str(refused.value)


def test_before_its_time_the_new_key_is_not_taken(tmp_path: Path) -> None:
    """A key that is shown long before its announced time may have been stolen."""
    folder, known = tmp_path / "server", tmp_path / "known"
    libchat.Server(port=0, data=folder).hub.close()
    plan_change(folder, datetime.now(UTC) + timedelta(days=30))
    with libchat.Server(port=0, data=folder) as server:
        visit(server.invite(), known_servers=known)
        port = server.port
    make_change(folder, datetime.now(UTC), early=True)
    with (
        libchat.Server(port=port, data=folder) as server,
        pytest.raises(libchat.PinMismatch, match="announced this key"),
    ):
        visit(server.address, known_servers=known)


@both
@pytest.mark.parametrize("statement", ["another key's", "nonsense"])
def test_an_announcement_that_is_not_believed(
    visit: Visit, statement: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What the present key has not signed is ignored with a warning, and the chat goes on."""
    known = tmp_path / "known"
    with announced_by(tmp_path / "other") as other, libchat.serve(port=0) as server:
        assert other.successor is not None
        forged = other.successor
        if statement == "nonsense":
            forged = libchat.messages.Successor("x", -1, "?", "ü")
        server.announce_successor(forged)
        with caplog.at_level(logging.WARNING, "libchat.client"):
            visit(server.invite(), known_servers=known)
        (record,) = caplog.records
        assert "which is ignored" in record.getMessage()
        assert KnownServers(known).successor_of(server.pin) is None


def test_an_announcement_reaches_who_comes_after_it(tmp_path: Path) -> None:
    """A server that runs announces a plan that was made meanwhile, as soon as it is told to look."""
    folder, known = tmp_path / "server", tmp_path / "known"
    with libchat.Server(port=0, data=folder) as server:
        planned = plan_change(folder, datetime.now(UTC))
        visit(server.invite(), known_servers=known)
        assert KnownServers(known).successor_of(server.pin) is None
        server.read_successor()
        visit(server.invite(), known_servers=known)
        noted = KnownServers(known).successor_of(server.pin)
    assert noted == Announced(planned.pin, datetime.fromtimestamp(planned.since, UTC))


def test_a_file_that_cannot_be_written_does_not_end_the_chat(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A successor that cannot be kept in mind is a warning: the connection is as good as before."""
    with announced_by(tmp_path / "server") as server, caplog.at_level(logging.WARNING, "libchat.client"):
        (tmp_path / "known").mkdir()
        with libchat.connect(server.address, "ana", pin=server.pin, known_servers=tmp_path / "known") as chat:
            assert chat.who()
    assert "cannot be kept in mind" in caplog.text
