"""Those who pose as somebody: with guessed passwords, with proofs and invites that are not theirs, as the server."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

import libchat
from libchat.accounts.admin import AccountAdmin
from libchat.security.device_keys import DeviceKey, new_device_key
from libchat.security.invite import Invite, parse_invite
from support.crowd import Crowd, Member, for_seconds
from support.impostor import Impostor
from support.program import Serving
from support.siege import addresses, besieged
from support.wire import Wire, open_tls

SECONDS = 2.0
PASSWORD: Final = "correct horse battery"
OWN_ADDRESS: Final = addresses(1, 9)[0]
"""Where the owner of the account is."""

SIGN_IN_SECONDS: Final = 30.0
"""How long the owner may have to try, at most: two quiet cores work a full queue off in five seconds."""


@pytest.mark.timeout(180)
def test_password_guessing(tmp_path: Path) -> None:
    """From many addresses at once, it fills the queue of hashes and nothing else; its owner signs in meanwhile."""
    with besieged(tmp_path, what="password guessing", prepare=_make_account) as server, Crowd(server.address) as crowd:
        crowd.come(90, addresses(15))
        for number, member in enumerate(crowd.members):
            member.say(_register("owner", password=f"wrong horse battery {number}") * 10)
        crowd.run(for_seconds(0.5))
        tries = _sign_in_by_password(server)
        crowd.run(lambda: all(member.heard for member in crowd.members))
        codes = _codes(crowd.members)
        print(f"\nguesses are answered {dict(codes)}; the owner was let in at try {tries}")  # noqa: T201
        assert codes.keys() >= {"busy", "too-many-tries", "wrong-password"}
        assert codes.keys() <= {"busy", "too-many-tries", "wrong-password", "rate-limited"}


def test_proofs_that_are_forged_or_replayed(tmp_path: Path) -> None:
    """However many come, each is refused for what it is; the device itself is let in meanwhile."""
    key = new_device_key()
    seen: list[bytes] = []

    def prepare(server: Serving) -> None:
        _make_account(server, key)
        seen.append(_come_by_key(server, key))

    with besieged(tmp_path, what="false proofs", prepare=prepare) as server, Crowd(server.address) as crowd:
        for attack in _false_proofs(key, server.pin, seen[0]):
            for member in crowd.come(10, addresses(4)):
                member.say(b'{"type":"hello"}\n' + attack)
                member.send()
        crowd.run(for_seconds(SECONDS), repeat=seen[0] * 50)
        _come_by_key(server, key)
        crowd.run(lambda: all(b'"error"' in member.heard for member in crowd.members))
        codes = _codes(crowd.members)
        assert codes["bad-proof"] >= len(crowd.members)
        assert codes.keys() <= {"bad-proof", "rate-limited"}


def test_invites_that_are_worth_nothing(tmp_path: Path) -> None:
    """Forged, used up, and another server's: refused again and again, while a good one lets somebody in."""
    made: dict[str, str] = {}

    def prepare(server: Serving) -> None:
        with AccountAdmin(tmp_path / "data" / "accounts.db") as accounts:
            made.update({name: accounts.make_invite().token for name in ("used up", "good")})
        with libchat.serve(port=0, admit="invite") as other:
            made["foreign"] = parse_invite(other.invite()).token
        made["forged"] = f"AAAA{made['good'][4:]}"
        assert _ask(server, _register("first", token=made["used up"]))["type"] == "registered"

    with besieged(tmp_path, what="bad invites", prepare=prepare) as server, Crowd(server.address) as crowd:
        good = made.pop("good")
        expected = {"used up": "invite-used-up", "foreign": "invite-unknown", "forged": "invite-unknown"}
        for what, token in made.items():
            for member in crowd.come(10, addresses(4)):
                member.say(_register("eve", token=token))
            crowd.run(lambda: all(member.heard for member in crowd.members))
            assert _codes(crowd.members[-10:]).keys() == {expected[what]}
        crowd.run(for_seconds(SECONDS), repeat=_register("eve", token=made["forged"]) * 100)
        assert _ask(server, _register("guest", token=good), source=OWN_ADDRESS)["type"] == "registered"
        assert _codes(crowd.members).keys() <= {"invite-used-up", "invite-unknown", "rate-limited"}


def test_somebody_in_between(tmp_path: Path) -> None:
    """Those who are led to another key say nothing there, and a proof that was made for it is worth nothing here."""
    key = new_device_key()
    with (
        besieged(tmp_path, what="somebody in between", prepare=lambda server: _make_account(server, key)) as server,
        Impostor() as impostor,
    ):
        link = Invite(("127.0.0.1",), impostor.port, pin=server.pin, token="secret-token").format()
        for number in range(50):
            with pytest.raises(libchat.PinMismatch):
                libchat.connect(link, f"led-astray-{number}", key=key, password=PASSWORD)
            with open_tls(server, source=OWN_ADDRESS) as relay:
                relay.send_bytes(_proof(key, _greet(relay), impostor.pin))
                assert relay.event()["code"] == "bad-proof"
        assert impostor.heard == b""
        assert impostor.callers == 50


# --- what they say --------------------------------------------------------------------------------------------------


def _register(name: str, **fields: object) -> bytes:
    return json.dumps({"type": "register", "name": name, **fields}).encode() + b"\n"


def _proof(key: DeviceKey, nonce: str, pin: str, name: str = "owner") -> bytes:
    """Return the claim to be the owner's device, made for one connection to the server that has a pin."""
    return _register("owner", device="d", key=key.public, proof=key.prove(nonce, pin, name, "d"))


def _false_proofs(key: DeviceKey, pin: str, seen: bytes) -> Iterable[bytes]:
    """Yield what proves nothing: seen elsewhere, by another key, without a nonce, by a key that has no secret."""
    yield seen
    yield _register("owner", device="d", key=key.public, proof=new_device_key().prove("nonce", pin, "owner", "d"))
    yield _proof(key, "", pin)
    yield _register("owner", device="d", key=key.public, proof="A" * 86)
    yield _register("owner", device="d", key="A" * 43, proof="A" * 86)


def _codes(members: Iterable[Member]) -> Counter[str]:
    """Return how often members were refused with each code; nobody may have been given anything."""
    codes: Counter[str] = Counter()
    for member in members:
        for line in member.heard.splitlines(keepends=True):
            if line.startswith(b"{") and line.endswith(b"\n"):
                event = json.loads(line)
                assert event["type"] in ("error", "welcome", "slowed"), event
                codes.update([event["code"]] if event["type"] == "error" else [])
    return codes


# --- what the honest do ---------------------------------------------------------------------------------------------


def _greet(wire: Wire) -> str:
    return str(wire.ask("hello", answer="welcome")["nonce"])


def _come_by_key(server: Serving, key: DeviceKey) -> bytes:
    """Sign the owner in by key, and return the claim, as somebody may have seen it."""
    with open_tls(server, source=OWN_ADDRESS) as wire:
        claim = _proof(key, _greet(wire), server.pin)
        wire.send_bytes(claim)
        wire.hear("registered", account=True)
        wire.ask("exit", answer="bye")
        return claim


def _ask(server: Serving, command: bytes, *, source: str = "") -> dict[str, object]:
    """Return what is answered to a newcomer."""
    with open_tls(server, source=source) as wire:
        wire.send_bytes(command)
        return wire.event()


def _make_account(server: Serving, key: DeviceKey | None = None) -> None:
    """Make the owner's account, with a device's key, and have all threads begin that compare passwords."""
    with open_tls(server) as wire:
        proof = json.loads(_proof(key or new_device_key(), _greet(wire), server.pin))
        wire.send(json.dumps({**proof, "password": PASSWORD}))
        wire.hear("registered", account=True)
    for _ in range(os.cpu_count() or 1):
        assert _ask(server, _register("owner", password="wrong horse battery"))["code"] == "wrong-password"


def _sign_in_by_password(server: Serving) -> int:
    """Sign the owner in, who comes again when the server is busy; return how many tries it took."""
    deadline = time.monotonic() + SIGN_IN_SECONDS
    tries = 0
    while True:
        tries += 1
        answer = _ask(server, _register("owner", password=PASSWORD), source=OWN_ADDRESS)
        if answer["type"] == "registered":
            return tries
        assert answer["code"] == "busy", answer
        assert time.monotonic() < deadline
