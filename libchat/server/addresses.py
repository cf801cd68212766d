"""The addresses of this machine that others can reach: what an invite names.

Python alone has no list of interfaces. So the system is asked two things: from which address it would send to somewhere
far away (the one of the default route, nothing is sent for that), and which addresses this machine's own name has. What
a machine does not know of itself, because it has more of them or is behind a router, a person has to say.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

LOOKUP_SECONDS: Final = 1.0
"""How long the look-up of this machine's own name may take: it is in a file, or else not worth waiting for."""

_FAR_AWAY: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that are nobody's (RFC 5737, RFC 3849), and yet routed as those of the internet."""

Address = IPv4Address | IPv6Address


def reachable_hosts(host: str, public: Sequence[str] = (), found: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return where others reach a server that listens on `host` ("" for all addresses), best first.

    `public` are names and addresses that this machine cannot know; they come first. `found` are this machine's
    addresses, best first, which are looked up unless they are given. A machine without a network is reached by itself
    only.
    """
    if host not in ("", "0.0.0.0", "::"):
        own: tuple[str, ...] = (host,)
    else:
        addresses = (ip_address(text) for text in (machine_addresses() if found is None else found))
        fitting = [address for address in addresses if _is_for_others(address) and _listens(host, address)]
        own = tuple(map(str, sorted(dict.fromkeys(fitting), key=_is_makeshift)))  # sorting keeps the order of equals
    return tuple(dict.fromkeys((*public, *own))) or (("::1",) if host == "::" else ("127.0.0.1",))


def machine_addresses() -> list[str]:
    """Return the addresses of this machine that can be found out: the default routes' first. Some may be of no use."""
    return [*filter(None, (_sending_address(*far) for far in _FAR_AWAY)), *_named_addresses()]


def _sending_address(family: socket.AddressFamily, far: str) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))  # sends nothing: the system only chooses the address to send from
            address: str = probe.getsockname()[0]
    except OSError:
        return None
    return address.partition("%")[0]


def _named_addresses() -> list[str]:
    """Return the addresses of this machine's name. In a thread, since no resolver can be told to hurry."""
    found: list[str] = []

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(str(info[4][0]).partition("%")[0] for info in infos)

    thread = threading.Thread(target=look_up, name="own-addresses", daemon=True)
    thread.start()
    thread.join(LOOKUP_SECONDS)
    return list(found)


def _is_for_others(address: Address) -> bool:
    """Return whether another machine can use it. Link-local IPv6 needs a zone, which means something on one machine."""
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    return address.version == 4 or not address.is_link_local


def _is_makeshift(address: Address) -> bool:
    """Return whether it is an address of a network without a router (RFC 3927): the last that is worth a try."""
    return address.is_link_local


def _listens(host: str, address: Address) -> bool:
    if host == "":
        return address.version == 4 or socket.has_dualstack_ipv6()
    return address.version == (4 if host == "0.0.0.0" else 6)
