"""The servers that a client knows: a file of keys, and the addresses at which each was seen.

They are kept by pin, because on a LAN addresses wander: a known key at a new address is the same server, moved.

What an address shows is judged in this order:

1. The address is known for the key: KNOWN.
2. The address is known for another key: PinMismatch, **even if the key itself is known from elsewhere**. Two servers
   may have swapped their addresses, but just as well one known server, or who took it over, may have taken another's
   address to get what is meant for that one. The user said where to; only the user can say that it has changed.
3. The key is known, the address is not: MOVED.
4. Neither is known: NEW, and it is for the user to trust it.

The file is TOML, to be read and mended by people. It is read anew each time and written under a lock, so that several
programs of one user share it.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec

from libchat.errors import PinMismatch, StoreError
from libchat.files import locked, make_private_folder, read_kept, write_private
from libchat.security.pins import parse_pin

VERSION: Final = 1
"""The version of the file's format; a file of a newer one is left alone."""

_HEADER = "# The servers that libchat knows, by the pin of their key; the address used last stands last.\n"


class Verdict(StrEnum):
    """What the client knows of a server at an address; see the top of this file."""

    KNOWN = "known"
    NEW = "new"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A server: its pin, where it was seen (the last address last), and since when it is known."""

    pin: str
    addresses: tuple[str, ...]
    first_seen: datetime

    @property
    def last_address(self) -> str:
        """The address at which it was seen last."""
        return self.addresses[-1]


class KnownServers:
    """The known servers in one file, which need not exist yet.

    An address is what the user connects to, as `HOST:PORT`; upper and lower case are the same. One that is empty, or
    holds spaces or what cannot be printed, raises ValueError, as does a pin that is none. Every method raises
    StoreError, which says what to do, if the file is damaged or cannot be used. Any thread may call any method.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def servers(self) -> tuple[KnownServer, ...]:
        """Return all known servers, in the order in which they were first seen."""
        return _load(self._path)

    def check(self, address: str, pin: str) -> Verdict:
        """Say what is known of the server that shows this pin at this address; nothing is written.

        Raises PinMismatch, with its remedy, if the address is known for another key.
        """
        return _judge(self.servers(), _canonical(address), parse_pin(pin))

    def remember(self, address: str, pin: str, now: datetime) -> None:
        """Remember the server at this address, as the one used last. `now` has a time zone.

        Checks once more, since another program may have remembered another key in between: raises PinMismatch as
        `check` does.
        """
        if now.tzinfo is None:
            raise ValueError("now has no time zone")
        address, pin = _canonical(address), parse_pin(pin)

        def remembered(servers: tuple[KnownServer, ...]) -> tuple[KnownServer, ...]:
            if _judge(servers, address, pin) is Verdict.NEW:
                return (*servers, KnownServer(pin, (address,), now))
            return tuple(_seen_at(server, address) if server.pin == pin else server for server in servers)

        self._change(remembered)

    def forget(self, address: str) -> bool:
        """Forget which key an address has; a server without any address is forgotten whole.

        Returns whether the address was known.
        """
        address = _canonical(address)
        if not any(address in server.addresses for server in self.servers()):
            return False
        self._change(lambda servers: tuple(_without(server, address) for server in servers))
        return True

    def _change(self, changed: Callable[[tuple[KnownServer, ...]], tuple[KnownServer, ...]]) -> None:
        """Write the file anew, from what it holds at this moment; an unchanged one is not touched."""
        make_private_folder(self._path.parent)
        with locked(self._path.with_name(self._path.name + ".lock")):
            before = _load(self._path)
            after = tuple(server for server in changed(before) if server.addresses)
            if after != before:
                write_private(self._path, format_servers(after).encode())


def _judge(servers: Iterable[KnownServer], address: str, pin: str) -> Verdict:
    verdict = Verdict.NEW
    for server in servers:
        if address in server.addresses:
            if server.pin == pin:
                return Verdict.KNOWN
            raise PinMismatch(address, server.pin, pin, _remedy(address))
        if server.pin == pin:
            verdict = Verdict.MOVED
    return verdict


def _remedy(address: str) -> str:
    return (
        "Either somebody is in between, or the server has a new key or has moved. Ask who runs it; if that is so, say: "
        f"libchat forget {shlex.quote(address)}"
    )


def _canonical(address: str) -> str:
    address = address.strip().lower()
    if not address or " " in address or not address.isprintable():
        raise ValueError(f"{address!r} is no address: it is empty, or holds what no address holds")
    return address


def _seen_at(server: KnownServer, address: str) -> KnownServer:
    return replace(server, addresses=(*_without(server, address).addresses, address))


def _without(server: KnownServer, address: str) -> KnownServer:
    return replace(server, addresses=tuple(other for other in server.addresses if other != address))


# --- the file -------------------------------------------------------------------------------------------------------


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """What stands behind one pin. Fields that we would not write back are refused, so that nothing is lost."""

    first_seen: Annotated[datetime, msgspec.Meta(tz=True)]
    addresses: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    servers: dict[str, _Entry] = {}


def parse_servers(text: str) -> tuple[KnownServer, ...]:
    """Return the servers of a file that `format_servers` or a person wrote. Raises ValueError if something is wrong."""
    raw = tomllib.loads(text)
    if isinstance(version := raw.get("version"), int) and version > VERSION:
        raise ValueError(f"its version {version} is of a newer libchat")
    file = msgspec.convert(raw, _File)  # its ValidationError is a ValueError
    servers = tuple(
        KnownServer(parse_pin(pin), tuple(map(_canonical, entry.addresses)), entry.first_seen)
        for pin, entry in file.servers.items()
    )
    _check_unique("key", [server.pin for server in servers])
    _check_unique("address", [address for server in servers for address in server.addresses])
    return servers


def format_servers(servers: Iterable[KnownServer]) -> str:
    """Return the text of a file: TOML 1.0, times in UTC and whole seconds."""
    return f"{_HEADER}version = {VERSION}\n" + "".join(_format_server(server) for server in servers)


def format_string(text: str) -> str:
    """Return a TOML basic string (TOML 1.0, "String"): quotes, backslashes and control characters are escaped.

    `text` holds no surrogates: no UTF-8 file can.
    """
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character < " " or character == "\x7f":
        return f"\\u{ord(character):04x}"
    return character


def _format_server(server: KnownServer) -> str:
    addresses = ", ".join(map(format_string, server.addresses))
    first_seen = server.first_seen.astimezone(UTC).isoformat(timespec="seconds")
    return f"\n[servers.{format_string(server.pin)}]\nfirst_seen = {first_seen}\naddresses = [{addresses}]\n"


def _check_unique(what: str, values: list[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"the {what} {value} is listed twice")
        seen.add(value)


def _load(path: Path) -> tuple[KnownServer, ...]:
    data = read_kept(path)
    if data is None:
        return ()
    try:
        return parse_servers(data.decode("utf-8-sig"))  # Notepad writes the signature
    except ValueError as error:
        remedy = "mend it, or move it away to know no servers any more (each is then new again)"
        raise StoreError(f"{path} is damaged: {error}; {remedy}") from error
