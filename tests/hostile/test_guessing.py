"""Who guesses at passwords for hours: from several addresses, on one connection after the other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from libchat.accounts.desk import MemoryAccounts
from libchat.core.backoff import Backoff
from libchat.limits import ADDRESS_TRIES, PAIR_TRIES, TRIES_LAST_SECONDS
from libchat.security.device_keys import DeviceKey, new_device_key
from libchat.server.server import Server
from support.bounds import UNLIMITED
from support.siege import addresses
from support.signing import CHEAP, PASSWORD
from support.wire import Wire, open_tls

GUESSERS: Final = addresses(3)
HOME: Final = addresses(1, 9)[0]
"""Where the owner of the account is, unless they are where somebody guesses."""

HOUR: Final = 3_600
STEP: Final = 120
"""Seconds after which each of those who guess comes again."""

TRIES_AT_ONCE: Final = 4
"""Guesses on each connection, without waiting for an answer."""

REMEMBERED: Final = 8


class Clock:
    """A clock that is put on by hand: milliseconds since 1970."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000

    def __call__(self) -> int:
        """Return the time."""
        return self.seconds * 1000


class Town:
    """A server with an account, a clock and a book of wrong tries that a test can look at."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.backoff = Backoff(remembered=REMEMBERED)
        self.key = new_device_key()
        accounts = MemoryAccounts(hasher=CHEAP, clock=self.clock, backoff=self.backoff)
        self.server = Server(port=0, accounts=accounts, bounds=UNLIMITED)

    def make_account(self) -> None:
        """Make the owner's account, with a password and a device."""
        with open_tls(self.server, source=HOME) as wire:
            wire.send_bytes(claim(wire, self.key, self.server.pin, password=PASSWORD))
            wire.hear("registered", account=True)

    def guess(self, address: str, *, tries: int = TRIES_AT_ONCE, name: str = "owner") -> Counter[str]:
        """Guess several times on one new connection, and return how that is answered."""
        with open_tls(self.server, source=address) as wire:
            for number in range(tries):
                wire.tell("register", name=name, password=f"wrong horse battery {number}")
            return Counter(str(wire.event()["code"]) for _ in range(tries))

    def sign_in(self, address: str, *, by_key: bool) -> None:
        """Sign the owner in at the first try."""
        with open_tls(self.server, source=address) as wire:
            if by_key:
                wire.send_bytes(claim(wire, self.key, self.server.pin))
            else:
                wire.tell("register", name="owner", password=PASSWORD)
            wire.hear("registered", name="owner", account=True)


def claim(wire: Wire, key: DeviceKey, pin: str, **more: object) -> bytes:
    """Return the claim to be the owner's device."""
    nonce = str(wire.ask("hello", answer="welcome")["nonce"])
    fields = {"name": "owner", "device": "d", "key": key.public, "proof": key.prove(nonce, pin, "owner", "d")}
    return json.dumps({"type": "register", **fields, **more}).encode() + b"\n"


@pytest.fixture
def town() -> Iterator[Town]:
    """Serve a chat with one account."""
    town = Town()
    with town.server:
        town.make_account()
        yield town


def test_guessing_for_hours_gets_nowhere(town: Town) -> None:
    """However often they come, an address gets less than 50 guesses in the first hour, and few in the next one.

    All the while its owner is let in at the first try: by the password from elsewhere, by the device from anywhere.
    """
    for hour in range(2):
        guesses: Counter[str] = Counter()
        for step in range(HOUR // STEP):
            for address in GUESSERS:
                codes = town.guess(address)
                assert codes.keys() <= {"wrong-password", "too-many-tries"}
                guesses[address] += codes["wrong-password"]
            if step % 10 == 9:
                town.sign_in(HOME, by_key=False)
                for address in (HOME, *GUESSERS):
                    town.sign_in(address, by_key=True)
            town.clock.seconds += STEP
        for address in GUESSERS:
            assert guesses[address] > (PAIR_TRIES if hour == 0 else 0)
            assert guesses[address] < (50 if hour == 0 else 8), guesses


def test_backoff_is_for_each_address(town: Town) -> None:
    """Who has used up the free tries waits on every connection; another address, and the owner's, does not."""
    assert town.guess(GUESSERS[0], tries=PAIR_TRIES + 1).keys() == {"wrong-password", "too-many-tries"}
    assert town.guess(GUESSERS[0]).keys() == {"too-many-tries"}
    assert town.guess(GUESSERS[1], tries=1).keys() == {"wrong-password"}
    town.clock.seconds += int(TRIES_LAST_SECONDS)
    assert town.guess(GUESSERS[0]) == {"wrong-password": 1, "too-many-tries": TRIES_AT_ONCE - 1}


def test_address_that_guesses_at_many_waits_for_all(town: Town) -> None:
    """Who changes the name after each try has as few tries all the same, and nobody else waits for that."""
    names = [f"owner{number}" for number in range(ADDRESS_TRIES // 2)]
    for name in names:
        with open_tls(town.server, source=HOME) as wire:
            wire.tell("register", name=name, password=PASSWORD)
            wire.hear("registered", account=True)
    codes: Counter[str] = Counter()
    for name in [*names, *names, *names]:
        codes += town.guess(GUESSERS[0], tries=1, name=name)
    assert codes["wrong-password"] == ADDRESS_TRIES
    assert codes["too-many-tries"] == len(names)
    assert town.guess(GUESSERS[1], tries=1, name=names[0]).keys() == {"wrong-password"}
    town.sign_in(HOME, by_key=False)


def test_what_is_remembered_of_guesses_is_bounded(town: Town) -> None:
    """However many addresses guess, the book holds a fixed number of addresses, and of pairs with a name."""
    for address in addresses(3 * REMEMBERED, 3):
        town.guess(address, tries=1)
    assert len(town.backoff) == 2 * REMEMBERED
    town.sign_in(HOME, by_key=False)
