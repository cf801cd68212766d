"""The servers that a client knows: a file of keys, and the addresses at which each was seen.

They are kept by pin, because on a LAN addresses wander: a known key at a new address is the same server, moved.

What an address shows is judged in this order:

1. The address is known for the key: KNOWN.
2. The address is known for a key that has announced this one as its successor, and the time has come: FOLLOWED.
3. The address is known for another key: PinMismatch, **even if the key itself is known from elsewhere**. Two servers
   may have swapped their addresses, but just as well one known server, or who took it over, may have taken another's
   address to get what is meant for that one. The user said where to; only the user can say that it has changed.
4. The key is known, the address is not: MOVED.
5. The address is not known, the key is an announced successor whose time has come: FOLLOWED, too.
6. Neither is known: NEW, and it is for the user to trust it.

When a successor is followed, the server has its new key at all its addresses, and the old one is not trusted any more.

The file is TOML, to be read and mended by people. It is read anew each time and written under a lock, so that several
programs of one user share it.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec

from libchat.errors import StoreError
from libchat.files import locked, make_private_folder, read_kept, write_private
from libchat.security.pins import mismatch, parse_pin

VERSION: Final = 2
"""The version of the file's format; a file of a newer one is left alone. Version 1 knew no successors."""

EARLY: Final = timedelta(hours=1)
"""A successor is taken this long before its time: clocks differ, and summer time begins and ends."""

_HEADER = "# The servers that libchat knows, by the pin of their key; the address used last stands last.\n"


class Verdict(StrEnum):
    """What the client knows of a server at an address; see the top of this file."""

    KNOWN = "known"
    NEW = "new"
    MOVED = "moved"
    FOLLOWED = "followed"


@dataclass(frozen=True, slots=True)
class Announced:
    """The key that a server has announced as its next one, and from when on it may show it."""

    pin: str
    since: datetime

    def is_due(self, now: datetime) -> bool:
        """Return whether its time has come."""
        return now >= self.since - EARLY


def heirs(pin: str, successor_of: Callable[[str], Announced | None]) -> Iterator[Announced]:
    """Yield the keys that come after that of a pin, one after the other. Nobody has looked whether they are due."""
    seen = {pin}
    while (successor := successor_of(pin)) is not None and successor.pin not in seen:
        yield successor
        pin = successor.pin
        seen.add(pin)


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A server: its pin, where it was seen (the last address last), since when it is known, and its next key."""

    pin: str
    addresses: tuple[str, ...]
    first_seen: datetime
    successor: Announced | None = None

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

    def check(self, address: str, pin: str, now: datetime) -> Verdict:
        """Say what is known of the server that shows this pin at this address; nothing is written.

        `now` has a time zone. Raises PinMismatch, with its remedy, if the address is known for another key.
        """
        return _judge(self.servers(), _canonical(address), parse_pin(pin), _zoned(now))

    def remember(self, address: str, pin: str, now: datetime) -> None:
        """Remember the server at this address, as the one used last. `now` has a time zone.

        A key that follows another one takes its place. Checks once more, since another program may have remembered
        another key in between: raises PinMismatch as `check` does.
        """
        address, pin, now = _canonical(address), parse_pin(pin), _zoned(now)

        def remembered(servers: tuple[KnownServer, ...]) -> tuple[KnownServer, ...]:
            verdict = _judge(servers, address, pin, now)
            if verdict is Verdict.NEW:
                return (*servers, KnownServer(pin, (address,), now))
            if verdict is Verdict.FOLLOWED:
                servers = _followed(servers, pin)
            return tuple(_seen_at(server, address) if server.pin == pin else server for server in servers)

        self._change(remembered)

    def note_successor(self, pin: str, successor: Announced) -> None:
        """Note which key comes after a server's own: it is followed when it is seen. The caller has checked the proof.

        Nothing is noted of a server that is not known.
        """
        pin = parse_pin(pin)
        successor = replace(successor, since=_zoned(successor.since).astimezone(UTC).replace(microsecond=0))

        def noted(servers: tuple[KnownServer, ...]) -> tuple[KnownServer, ...]:
            return tuple(replace(server, successor=successor) if server.pin == pin else server for server in servers)

        if noted(before := self.servers()) != before:
            self._change(noted)

    def successor_of(self, pin: str) -> Announced | None:
        """Return which key a server has announced as its next one, if it is known and has announced one."""
        return next((server.successor for server in self.servers() if server.pin == parse_pin(pin)), None)

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


def _judge(servers: Iterable[KnownServer], address: str, pin: str, now: datetime) -> Verdict:
    verdict = Verdict.NEW
    for server in servers:
        follows = server.successor is not None and server.successor.pin == pin and server.successor.is_due(now)
        if address in server.addresses:
            if server.pin == pin:
                return Verdict.KNOWN
            if follows:
                return Verdict.FOLLOWED
            raise mismatch(address, server.pin, pin, _remedy(address, server.successor, pin))
        if server.pin == pin:
            verdict = Verdict.MOVED
        elif follows and verdict is Verdict.NEW:
            verdict = Verdict.FOLLOWED
    return verdict


def _followed(servers: tuple[KnownServer, ...], pin: str) -> tuple[KnownServer, ...]:
    """Put a key into the place of those that have announced it; its own entry, if there was one, becomes part of it."""
    old = [server for server in servers if server.successor is not None and server.successor.pin == pin]
    same = [server for server in servers if server.pin == pin or server in old]
    merged = KnownServer(
        pin,
        tuple(dict.fromkeys(address for server in same for address in server.addresses)),
        min(server.first_seen for server in same),
        next((server.successor for server in same if server.pin == pin), None),
    )
    kept = [merged if server is same[0] else server for server in servers if server is same[0] or server not in same]
    return tuple(kept)


def _remedy(address: str, successor: Announced | None, pin: str) -> str:
    forget = f"libchat forget {shlex.quote(address)}"
    if successor is not None and successor.pin == pin:
        return (
            f"It has announced this key, but from {successor.since:%Y-%m-%d %H:%M} UTC on: wait until then, or look at "
            f"this machine's clock. To take it now, ask who runs the server; if the words are the same, say: {forget}"
        )
    return (
        "Either the server was set up anew, or another one has its address now, or somebody is in between and wants to "
        "read along. Ask who runs it for the words of its key; if they are those of the key that it shows, accept it, "
        f"and say: {forget}"
    )


def _zoned(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    return now


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
    next_pin: str = ""
    next_since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


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
        KnownServer(parse_pin(pin), tuple(map(_canonical, entry.addresses)), entry.first_seen, _announced(entry))
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
    lines = [
        f"\n[servers.{format_string(server.pin)}]",
        f"first_seen = {_format_time(server.first_seen)}",
        f"addresses = [{addresses}]",
    ]
    if server.successor is not None:
        lines.append(f"next_pin = {format_string(server.successor.pin)}")
        lines.append(f"next_since = {_format_time(server.successor.since)}")
    return "\n".join(lines) + "\n"


def _format_time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _announced(entry: _Entry) -> Announced | None:
    if not entry.next_pin and entry.next_since is None:
        return None
    if not entry.next_pin or entry.next_since is None:
        raise ValueError("next_pin and next_since belong together")
    return Announced(parse_pin(entry.next_pin), entry.next_since)


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
