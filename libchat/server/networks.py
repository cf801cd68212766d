"""Who counts as one, when connections are counted by where they come from."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

_HOST_BITS: Final = 64
"""Bits of an IPv6 address that whoever has it may choose: a network has 64 (RFC 4291, section 2.5.1)."""


@lru_cache(1024)
def is_own(address: str) -> bool:
    """Return whether an ADDRESS:PORT is of this machine's loopback: its peer runs beside the server."""
    try:
        parsed = ip_address(address.rpartition(":")[0].partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


@lru_cache(1024)
def network_of(address: str) -> str:
    """Return the network of an ADDRESS:PORT, as the acceptor writes it.

    An IPv4 address counts for itself, also where it is written as an IPv6 one; of an IPv6 address, the first 64 bits
    count: a single machine has all the others. What is no address counts for itself.
    """
    host = address.rpartition(":")[0]
    try:
        parsed = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(parsed, IPv6Address):
        return host
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _HOST_BITS << _HOST_BITS)}/{_HOST_BITS}"
