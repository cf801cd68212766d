"""How a server is announced on the local network (DNS-SD, RFC 6763, over multicast DNS, RFC 6762), and what that says.

The announcement is anybody's word: who reads it believes nothing. Its key is a hint for people, who see which of two
servers is meant; trust is the pin, checked in the handshake.

    _libchat._tcp.local.   the type of the service
    v=1                    the version of what follows
    k=0123456789abcdef     the first 16 hex digits of the pin, missing for plaintext
    admit=open             who may come: open, invite or accounts
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from libchat.text import clean_line

SERVICE_TYPE: Final = "_libchat._tcp.local."
VERSION: Final = "1"

LABEL_BYTES: Final = 63
"""UTF-8 bytes of a service's name (RFC 1035, section 2.3.4)."""

PIN_DIGITS: Final = 16
"""Hex digits of the pin: enough for people to tell servers apart, and plainly not all of it."""

MOST_ADDRESSES: Final = 16
"""Addresses of one server that are looked at: machines with more networks have them in vain."""

_PIN_PREFIX = re.compile(r"[0-9a-f]{1,64}", re.ASCII)
_WORD = re.compile(r"[a-z]{1,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """A server that says that it is there. `pin_prefix` are hex digits, "" for plaintext; `admit` is "" if unknown."""

    name: str
    addresses: tuple[str, ...]
    port: int
    pin_prefix: str = ""
    admit: str = ""

    @property
    def address(self) -> str:
        """HOST:PORT of the first address, as `libchat.connect` takes it."""
        host = self.addresses[0]
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


def format_label(name: str) -> str:
    """Return a name as that of a service: cleaned, and cut to the length that DNS allows. Never empty."""
    label = clean_line(name).encode()[:LABEL_BYTES].decode(errors="ignore").strip()
    return label or "libchat"


def format_properties(pin: str, admit: str = "open") -> dict[str, str]:
    """Return what the announcement of a server says, "" for the pin of one without TLS."""
    digits = pin.rpartition(":")[2][:PIN_DIGITS]
    return {"v": VERSION, **({"k": digits} if digits else {}), "admit": admit}


def parse_service(
    service: str, addresses: Iterable[str], port: int | None, properties: Mapping[bytes, bytes | None]
) -> Found | None:
    """Return the server of an announcement, or None if nobody could connect to what it says.

    `service` is its full name. Whatever is wrong with the rest is left out.
    """
    label = service.removesuffix(SERVICE_TYPE).removesuffix(".")
    usable = [address for address in list(addresses)[:MOST_ADDRESSES] if _is_usable(address)]
    if port is None or not 0 < port < 65536 or not usable or _text(properties, b"v") not in ("", VERSION):
        return None
    usable.sort(key=_preference)
    return Found(
        format_label(label),
        tuple(dict.fromkeys(usable)),
        port,
        _matching(_PIN_PREFIX, _text(properties, b"k")),
        _matching(_WORD, _text(properties, b"admit")),
    )


def _text(properties: Mapping[bytes, bytes | None], key: bytes) -> str:
    return (properties.get(key) or b"").decode("ascii", errors="replace")


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _is_usable(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified or address.is_reserved)


def _preference(text: str) -> tuple[bool, bool]:
    """Order addresses: IPv4 first, which people can read out; those that need a zone last."""
    address = ip_address(text)
    return (address.version == 6, address.is_link_local)
