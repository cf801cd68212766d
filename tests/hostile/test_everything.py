"""All of it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hostile.test_floods import FLOODS, REGISTER
from support.crowd import Crowd, for_seconds
from support.siege import addresses, besieged
from support.wire import client_hello

SECONDS = 4.0


def _flood(address: str, network: int, what: str) -> None:
    with Crowd(address) as crowd:
        for number, member in enumerate(crowd.come(4, addresses(2, network))):
            member.say(REGISTER % (1_000 * network + number))
        crowd.run(for_seconds(SECONDS), repeat=FLOODS[what])


def _leave_handshakes(address: str, network: int) -> None:
    with Crowd(address) as crowd:
        crowd.knock(500, addresses(10, network), client_hello()[:100])
        crowd.run(for_seconds(SECONDS))


def _leave_connections(address: str, network: int) -> None:
    with Crowd(address) as crowd:
        crowd.come(500, addresses(10, network))
        crowd.run(for_seconds(SECONDS))


def _never_read(address: str, network: int) -> None:
    with Crowd(address) as crowd:
        for number, member in enumerate(crowd.come(100, addresses(10, network), receive_buffer=4096)):
            member.say(b'{"type":"register","name":"deaf%d"}\n{"type":"join","room":"#flood"}\n' % number)
        crowd.run(lambda: sum(member.send() for member in crowd.members) == len(crowd.members))
        with Crowd(address) as others:
            others.run(for_seconds(SECONDS))


@pytest.mark.timeout(120)
def test_everything_at_once(tmp_path: Path) -> None:
    """Floods of every kind, left connections and handshakes, and readers who do not read, all in the same seconds."""
    with besieged(tmp_path, what="everything at once") as server, ThreadPoolExecutor(16) as pool:
        attacks = [pool.submit(_flood, server.address, 10 + number, what) for number, what in enumerate(FLOODS)]
        for number, attack in enumerate((_leave_handshakes, _leave_connections, _never_read)):
            attacks.append(pool.submit(attack, server.address, 30 + number))
        for each in attacks:
            each.result()
