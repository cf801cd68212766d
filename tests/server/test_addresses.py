from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from libchat.server.addresses import machine_addresses, reachable_hosts

FOUND = (
    "192.168.1.5",
    "2001:db8::5",
    "127.0.1.1",
    "::1",
    "fe80::1",
    "169.254.3.4",
    "10.0.0.5",
    "192.168.1.5",
    "0.0.0.0",
)


@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        ("", ("192.168.1.5", "2001:db8::5", "10.0.0.5", "169.254.3.4")),
        ("0.0.0.0", ("192.168.1.5", "10.0.0.5", "169.254.3.4")),
        ("::", ("2001:db8::5",)),
        ("127.0.0.1", ("127.0.0.1",)),
        ("chat.example", ("chat.example",)),
    ],
)
def test_what_others_can_reach(host: str, hosts: tuple[str, ...]) -> None:
    """Addresses that only this machine can use are left out, and the best come first; one that was said is taken."""
    assert reachable_hosts(host, found=FOUND) == hosts


@pytest.mark.parametrize(("host", "own"), [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1")])
def test_a_machine_without_a_network(host: str, own: str) -> None:
    """Without any address for others, this machine is told the one that it can use itself."""
    assert reachable_hosts(host, found=["127.0.0.1", "::1", "fe80::1"]) == (own,)


def test_what_a_person_says_comes_first() -> None:
    """Names that the machine does not know are the best ones."""
    assert reachable_hosts("", ("a.example", "10.0.0.5"), FOUND)[:3] == ("a.example", "10.0.0.5", "192.168.1.5")
    assert reachable_hosts("", ("a.example",), ()) == ("a.example",)


def test_the_addresses_of_this_machine() -> None:
    """What is found are addresses of this machine: one can listen on each."""
    for address in reachable_hosts(""):
        family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        with socket.create_server((address, 0), family=family) as listener:
            assert listener.getsockname()[0] == address
    assert all(ip_address(address) for address in machine_addresses())
