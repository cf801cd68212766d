"""Getting one page over HTTPS without being led astray: pure checks, and one small fetch.

Somebody else chooses the address, so it is as hostile as their text. A fetch

1. speaks HTTPS only, on the port of the address or 443;
2. resolves the host once, and connects to the address that was checked: a name that means something else a moment later
   leads nowhere (DNS rebinding);
3. goes to addresses of the public internet only, unless told otherwise: not to routers, printers, clouds' metadata
   services or this machine (SSRF). The same holds for each redirect;
4. ends at a moment, whatever the other side does, and reads so many bytes and no more;
5. sends no cookies, no names, no referrer.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

REDIRECTS: Final = 3
ADDRESSES: Final = 4
"""Addresses of one host that are tried."""
_CHUNK: Final = 16_384
_LOOK_SECONDS: Final = 0.2


class Unreachable(Exception):
    """The page was not fetched; the message says why."""


@dataclass(frozen=True)
class Bounds:
    """How far a fetch may go."""

    seconds: float = 5.0
    size: int = 262_144
    """Bytes: titles stand at the beginning."""
    allow_private: bool = False
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    ending: threading.Event = field(default_factory=threading.Event)
    """Set when nobody waits for it any more."""


@dataclass(frozen=True)
class Page:
    """What came, as far as it was read. `url` is where, after redirects."""

    url: str
    kind: str
    charset: str
    body: bytes


def check_url(url: str) -> SplitResult:
    """Return the parts of an address that may be fetched. Raises `Unreachable`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreachable(f"{url} is no address") from error
    if parts.scheme != "https":
        raise Unreachable("only https addresses are looked at")
    if not parts.hostname or parts.username is not None or port == 0:
        raise Unreachable(f"{url} is no address that is looked at: write https://HOST/PATH")
    if any(ord(char) < 33 or ord(char) == 127 for char in url):
        raise Unreachable("the address has spaces or control characters")
    return parts


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or _nat64(ip)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the address behind the well-known prefix of NAT64 (RFC 6052)."""
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return None


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of a host. Raises `Unreachable`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} is not found") from error
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def fetch(url: str, bounds: Bounds) -> Page:
    """Return a page, over at most a few redirects. Raises `Unreachable`."""
    deadline = time.monotonic() + bounds.seconds
    for _ in range(REDIRECTS + 1):
        response, body = _get(check_url(url), bounds, deadline)
        if response.status not in (301, 302, 303, 307, 308):
            break
        url = urljoin(url, response.getheader("Location") or "")
    else:
        raise Unreachable(f"it is redirected more than {REDIRECTS} times")
    if response.status != 200:
        raise Unreachable(f"the server answers {response.status}")
    return Page(url, response.headers.get_content_type(), response.headers.get_content_charset("utf-8"), body)


def _get(parts: SplitResult, bounds: Bounds, deadline: float) -> tuple[HTTPResponse, bytes]:
    host, port = parts.hostname or "", parts.port or 443
    addresses = _checked_addresses(host, port, bounds)
    try:
        with _connect(addresses, port, deadline) as plain:
            plain.settimeout(_left(deadline))
            with bounds.context.wrap_socket(plain, server_hostname=host) as connection:
                connection.settimeout(_left(deadline))
                connection.sendall(_request(parts))
                return _parse(_read(connection, bounds, deadline))
    except TimeoutError as error:
        raise Unreachable(f"{host} takes too long") from error
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"{host} has no certificate to be trusted: {error.verify_message}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{host} does not answer as it should") from error


def _checked_addresses(host: str, port: int, bounds: Bounds) -> Sequence[str]:
    addresses = resolve(host, port)
    if not bounds.allow_private and not all(map(is_public, addresses)):
        raise Unreachable(f"{host} is an address of a private network, and those are not looked at")
    return addresses[:ADDRESSES]


def _connect(addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
    """Return a connection to the first address that answers; each gets its share of the time. Raises OSError."""
    for number, address in enumerate(addresses):
        try:
            return socket.create_connection((address, port), _left(deadline) / (len(addresses) - number))
        except OSError:
            if number == len(addresses) - 1:
                raise
    raise OSError("there is no address")


def _request(parts: SplitResult) -> bytes:
    """Return the request. In HTTP/1.0, whose answers end with the connection."""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = (
        (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    )
    port = f":{parts.port}" if parts.port and parts.port != 443 else ""
    quoted = "".join(char if char.isascii() else "".join(f"%{byte:02X}" for byte in char.encode()) for char in path)
    return (
        f"GET {quoted} HTTP/1.0\r\nHost: {host}{port}\r\nUser-Agent: libchat-preview\r\n"
        "Accept: text/html\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    ).encode()


def _read(connection: socket.socket, bounds: Bounds, deadline: float) -> bytes:
    """Read until the end, the bound or the deadline. Each `recv` may wait for what is left only: drops add up."""
    data = bytearray()
    while len(data) < bounds.size:
        part = _receive(connection, bounds.size - len(data), bounds, deadline)
        if not part:
            break
        data += part
    return bytes(data)


def _receive(connection: socket.socket, size: int, bounds: Bounds, deadline: float) -> bytes:
    """Return what comes next; look now and then whether anybody still waits for it."""
    while not bounds.ending.is_set():
        connection.settimeout(min(_left(deadline), _LOOK_SECONDS))
        with contextlib.suppress(TimeoutError):
            return connection.recv(min(_CHUNK, size))
    raise Unreachable("nobody waits for it any more")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left


class _Received:
    """What has come, as `HTTPResponse` wants it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _parse(data: bytes) -> tuple[HTTPResponse, bytes]:
    response = HTTPResponse(_Received(data))  # type: ignore[arg-type]  # all of a socket that it uses
    response.begin()
    try:
        return response, response.read()
    except http.client.IncompleteRead as error:
        return response, error.partial  # we read no more than we wanted
