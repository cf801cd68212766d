"""Invites from the server that makes them to those who come in by them, or do not."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import libchat
from libchat.accounts.admin import AccountAdmin
from libchat.accounts.desk import MemoryAccounts
from libchat.client.patience import Patience
from libchat.security.invite import parse_invite
from support.proxy import Proxy

QUICK = Patience(delays=lambda: itertools.repeat(0.01))


class Clock:
    """A clock that is set forward by hand, in milliseconds."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the server's accounts."""
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[libchat.Server]:
    """Serve a chat that takes only those who bring an invite."""
    accounts = MemoryAccounts(admit="invite", clock=clock)
    with libchat.serve(port=0, accounts=accounts) as server:
        yield server


def test_an_invite_lets_one_in(server: libchat.Server) -> None:
    """Without the invite one stays out; with it one is in."""
    with pytest.raises(libchat.Refused) as refused:
        libchat.connect(server.link(), "ana")
    assert refused.value.code == libchat.Code.NOT_ADMITTED
    with libchat.connect(server.invite(), "ana") as chat:
        assert [each.name for each in chat.who()] == ["ana"]


def test_bad_invites_are_told_apart(server: libchat.Server, clock: Clock) -> None:
    """Expired, used up, forged and another server's: each is refused with a code and words of its own."""
    used_up, expired = server.invite(), server.invite(seconds=60, uses=2)
    libchat.connect(used_up, "ana").close()
    forged = re.sub("t=[^&]{4}", "t=AAAA", used_up)
    with libchat.serve(port=0, admit="invite") as other:
        foreign = re.sub("t=[^&]+", f"t={parse_invite(other.invite()).token}", used_up)
    clock.ahead = 61_000
    reasons: dict[str, str] = {}
    for link in (used_up, expired, forged, foreign):
        with pytest.raises(libchat.Refused) as refused:
            libchat.connect(link, "bo")
        reasons.setdefault(refused.value.code, refused.value.reason)
    assert list(reasons) == [
        libchat.Code.INVITE_USED_UP,
        libchat.Code.INVITE_EXPIRED,
        libchat.Code.INVITE_UNKNOWN,
    ]
    assert len(set(reasons.values())) == 3


def test_an_invite_is_good_for_as_many_as_it_says(server: libchat.Server) -> None:
    """An invite for two lets two in, at once or one after the other, and no third."""
    link = server.invite("team", uses=2)
    assert parse_invite(link).room == "#team"
    with libchat.connect(link, "ana"), libchat.connect(link, "bo"), pytest.raises(libchat.Refused) as refused:
        libchat.connect(link, "cy")
    assert refused.value.code == libchat.Code.INVITE_USED_UP


def test_an_invite_to_a_room_opens_it(server: libchat.Server) -> None:
    """A room that takes the invited only takes who comes by an invite to it, and nobody with one to the chat."""
    with (
        libchat.connect(server.invite(), "ana") as ana,
        libchat.connect(server.invite(), "cy") as cy,
    ):
        ana.join("#team")
        ana.set_room("#team", invite_only=True)
        with libchat.connect(server.invite("team"), "bo") as bo:
            bo.join("#team")
            assert [each.name for each in ana.who("#team")] == ["ana", "bo"]
            with pytest.raises(libchat.Refused) as refused:
                cy.join("#team")
            assert refused.value.code == libchat.Code.INVITE_ONLY


def test_a_lost_connection_does_not_use_it_up(server: libchat.Server) -> None:
    """Who has come in by an invite for one comes back by it after a lost connection."""
    with Proxy(server.address) as proxy:
        link = server.invite().replace(server.address, proxy.address)
        with libchat.connect(link, "ana", patience=QUICK) as chat:
            proxy.cut()
            while not isinstance(chat.receive_event(timeout=20), libchat.Resumed):
                pass
            assert chat.who()


def test_invites_of_the_command_line_are_good_at_once(tmp_path: Path) -> None:
    """What is written into the folder beside a running server counts there."""
    with libchat.serve(port=0, data=tmp_path, admit="invite") as server:
        with AccountAdmin(tmp_path / "accounts.db") as accounts:
            token = accounts.make_invite("#team").token
        with libchat.connect(f"{server.link()}&t={token}", "ana") as chat:
            assert chat.who()


def test_what_is_no_invite_cannot_be_made(server: libchat.Server) -> None:
    """A program is told what is wrong with the room, the number or the time."""
    for arguments in (("two words",), ("", 0), ("", 1, 0)):
        with pytest.raises((ValueError, libchat.Refused)):
            server.invite(*arguments)


def test_a_hub_without_accounts_takes_everybody() -> None:
    """A chat that keeps no accounts has links without a token, which are as good."""
    with libchat.Hub() as hub, libchat.serve(port=0, hub=hub) as server:
        assert hub.admit == "open"
        assert parse_invite(server.invite()).token == ""
        libchat.connect(server.invite(), "ana").close()
