"""Who may come in: connections in all and by address, names by address and minute, open files."""

from __future__ import annotations

import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libchat.limits import REFUSALS, SPARE_DESCRIPTORS
from libchat.server.bounds import Bounds
from libchat.server.descriptors import descriptor_limit, raise_descriptor_limit
from libchat.server.gate import REMEMBERED, Gate
from libchat.server.networks import network_of
from libchat.server.tally import QUIET_SECONDS, Tally

PLENTY = 100_000


def come(gate: Gate, *addresses: str) -> list[str]:
    """Have connections accepted and established, and return what is said to each."""
    return [gate.establish(address) for address in addresses if gate.enter(address)]


def test_connections_of_one_address_are_limited() -> None:
    """Over the limit one is told so; others come in; whoever leaves makes room."""
    gate = Gate(Bounds(connections_by_address=2), PLENTY)
    assert come(gate, "10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1") == ["", "", ""]
    assert come(gate, "10.0.0.1:3") == ["your address has 2 connections already; close one of them first"]
    gate.leave("10.0.0.1:3")
    gate.leave("10.0.0.1:1")
    assert come(gate, "10.0.0.1:4") == [""]
    assert come(gate, "10.0.0.1:5") != [""]


def test_connections_are_limited_in_all() -> None:
    """Over the limit everybody is told so, wherever they come from."""
    gate = Gate(Bounds(connections=2), PLENTY)
    assert come(gate, "10.0.0.1:1", "10.0.0.2:1") == ["", ""]
    assert come(gate, "10.0.0.3:1") == ["the server has 2 connections already; try again later"]


def test_no_limit_is_none() -> None:
    """With 0, one address may have any number of connections and names."""
    gate = Gate(Bounds(connections_by_address=0, registrations=0), PLENTY)
    assert set(come(gate, *(f"10.0.0.1:{port}" for port in range(1, 1_000)))) == {""}
    assert {gate.register("10.0.0.1:1", 0) for _ in range(10_000)} == {""}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_programs_of_this_machine_are_not_counted(address: str) -> None:
    """Whoever runs beside the server may have any number of connections and names, unless the limits say otherwise."""
    free = Gate(Bounds(connections_by_address=1, registrations=1), PLENTY)
    assert come(free, f"{address}:1", f"{address}:2") == ["", ""]
    assert {free.register(f"{address}:1", 0) for _ in range(10)} == {""}
    strict = Gate(Bounds(connections_by_address=1, registrations=1, limit_loopback=True), PLENTY)
    assert come(strict, f"{address}:1", f"{address}:2")[1] != ""


def test_only_a_few_are_told_at_once() -> None:
    """When as many as may are being told that there is no room, more are not even let through their handshake."""
    gate = Gate(Bounds(connections_by_address=1), PLENTY)
    told = come(gate, *(f"10.0.0.1:{port}" for port in range(1, 1_000)))
    assert len(told) == 1 + REFUSALS
    assert come(gate, "10.0.0.2:1") == [""]
    gate.leave("10.0.0.1:2")
    assert len(come(gate, "10.0.0.1:2000", "10.0.0.1:2001")) == 1


@pytest.mark.parametrize("descriptors", [1, 100, 256, 1_024, 20_000, 65_536])
def test_the_process_does_not_run_out_of_open_files(descriptors: int) -> None:
    """Whatever comes in, some are left for the log, and there is room for handshakes and for words of refusal."""
    gate = Gate(Bounds(connections_by_address=0), descriptors)
    taken = sum(gate.enter(f"10.0.0.1:{port}") for port in range(descriptors + 1))
    assert len(gate) == taken == max(1, descriptors - SPARE_DESCRIPTORS)
    assert gate.handshakes >= 1
    assert gate.connections >= 1
    if descriptors >= 1_024:
        assert gate.connections + gate.handshakes + REFUSALS + SPARE_DESCRIPTORS <= descriptors
        assert gate.connections >= descriptors // 2


def test_names_of_one_address_are_limited_each_minute() -> None:
    """So many may be asked for at once; then one is told how long to wait, and after that may ask again."""
    gate = Gate(Bounds(registrations=6), PLENTY)
    assert {gate.register(f"10.0.0.1:{port}", 0) for port in range(6)} == {""}
    assert gate.register("10.0.0.1:9", 0) == "more than 6 names a minute were asked for from your address; wait 10 s"
    assert gate.register("10.0.0.2:9", 0) == ""
    assert gate.register("10.0.0.1:9", 10_000) == ""
    assert gate.register("10.0.0.1:9", 10_000) != ""


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    """Networks that have asked for names are forgotten when their minute is over, or when there are too many."""
    gate = Gate(Bounds(registrations=1), PLENTY)
    for number in range(REMEMBERED + 50):
        assert gate.register(f"{number}:1", 0) == ""
    assert len(gate._buckets) == REMEMBERED
    assert gate.register("new:1", 60_000) == ""
    assert len(gate._buckets) == 1


@example([("enter", 1, 0), ("establish", 1, 0), ("enter", 1, 0), ("establish", 1, 0)])  # before it was seen to leave
@given(st.lists(st.tuples(st.sampled_from(["enter", "establish", "leave"]), st.integers(0, 5), st.integers(0, 2))))
def test_nothing_is_left_of_connections_that_are_closed(script: list[tuple[str, int, int]]) -> None:
    """In whatever order connections come and go, no count goes wrong: when all have left, all may come again."""
    gate = Gate(Bounds(connections_by_address=2, connections=4), 100)
    entered: set[str] = set()
    for what, port, host in script:
        address = f"10.0.0.{host}:{port}"
        if what == "enter" and address not in entered and gate.enter(address):
            entered.add(address)
        elif what == "establish" and address in entered:
            entered.remove(address)
            gate.establish(address)
        elif what == "leave":
            entered.discard(address)
            gate.leave(address)
    for port in range(6):
        for host in range(3):
            gate.leave(f"10.0.0.{host}:{port}")
            gate.leave(f"10.0.0.{host}:{port}")
    assert len(gate) == 0
    assert not gate._counts
    assert come(gate, "10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "10.0.0.2:2") == [""] * 4


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3:80", "10.1.2.3"),
        ("::ffff:10.1.2.3:80", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6:80", "2001:db8:1:2::/64"),
        ("fe80::1%eth0:80", "fe80::/64"),
        ("::1:80", "::/64"),
        ("anything:80", "anything"),
    ],
)
def test_who_counts_as_one(address: str, network: str) -> None:
    """An IPv4 address is one, however it is written; so is a network of IPv6: a machine chooses its address in it."""
    assert network_of(address) == network


def test_a_flood_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The first of a kind is logged at once, then one line in a while, with the number of those that were not."""
    now = 0.0
    tally = Tally(lambda: now)
    for _ in range(1_000):
        tally.count("refused", "10.0.0.1:1")
    tally.count("another thing", "10.0.0.1:1")
    now = QUIET_SECONDS
    tally.count("refused", "10.0.0.2:2")
    tally.count("refused", "10.0.0.2:2")
    assert [record.getMessage() for record in caplog.records] == [
        "10.0.0.1:1: refused",
        "10.0.0.1:1: another thing",
        "10.0.0.2:2: refused (999 more since the last time)",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_the_limit_on_open_files_is_raised_and_never_lowered() -> None:
    """A program may have more open files afterwards, up to what the system allows; asking for fewer changes nothing."""
    before = descriptor_limit()
    raise_descriptor_limit(1)
    assert descriptor_limit() == before
    raise_descriptor_limit()
    assert descriptor_limit() >= before
