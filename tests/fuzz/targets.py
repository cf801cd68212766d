"""Every parser of what comes from outside, as a function of bytes: it returns, or something is wrong.

What a parser may raise for bad input is taken here; anything else is found. To add a parser, write a function and add
it to `TARGETS`, with inputs to begin with.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from libchat.cli.exits import Failure
from libchat.cli.settings.sources import parse_file
from libchat.client.address import format_address, parse_address
from libchat.core.words import parse_words
from libchat.errors import InvalidMessage, InvalidName, ProtocolError
from libchat.limits import LINE_BYTES, TEXT_BYTES
from libchat.messages import Rejected
from libchat.names import parse_name, parse_room, parse_target, skeleton
from libchat.security.invite import parse_invite
from libchat.security.known_servers import format_servers, parse_servers
from libchat.security.pins import parse_pin
from libchat.server.networks import network_of
from libchat.store.lines import decode_line
from libchat.store.texts import pattern_of_readers
from libchat.text import check_reaction, check_text, clean_line, clean_text
from libchat.wire.classic import Classic
from libchat.wire.lines import LineBuffer
from libchat.wire.native import Native, format_command, parse_event
from libchat.wire.sniff import sniff


@dataclass(frozen=True)
class Target:
    """A parser, and inputs that it knows."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def lines(data: bytes) -> None:
    """Check: cut anywhere, a stream gives the same lines, none of them too long."""
    whole, pieces = LineBuffer(), LineBuffer()
    expected = whole.receive_data(data)
    cut = data[0] if data else 0
    assert pieces.receive_data(data[:cut]) + pieces.receive_data(data[cut:]) == expected
    assert (pieces.error is None) is (whole.error is None)
    assert all(len(line) <= LINE_BYTES for line in expected)


def first_bytes(data: bytes) -> None:
    """Check: the first bytes choose a dialect, which more bytes do not change."""
    native, classic = Native(), Classic()
    for length in range(min(len(data), 32)):
        found = sniff(data[:length], native=native, classic=classic)
        if found is not None:
            assert sniff(data, native=native, classic=classic) == found
            return


def classic_line(data: bytes) -> None:
    """Check: a typed line means something, inside a room and outside."""
    line = data.replace(b"\n", b"")
    for room in (None, parse_room("#pub")):
        for command in Classic().parse_line(line, room):
            if not isinstance(command, Rejected):
                with suppress(UnicodeEncodeError):
                    format_command(command)


def native_line(data: bytes) -> None:
    """Check: a line of JSON is a command, which is the same when it is written again, or is rejected."""
    for command in Native().parse_line(data.replace(b"\n", b""), None):
        if not isinstance(command, Rejected):
            assert Native().parse_line(format_command(command), None) == (command,)


def native_event(data: bytes) -> None:
    """Check: a line of a server is an event, which both dialects have words for, or is refused."""
    with suppress(ProtocolError):
        event = parse_event(data)
        if event is not None:
            with suppress(UnicodeEncodeError, ValueError, OverflowError, OSError, KeyError):
                Classic().format_event(event)  # a time may be one that no calendar knows
            assert parse_event(Native().format_event(event)) == event


def name(data: bytes) -> None:
    """Check: a text is a name, which parses to itself again, or is refused."""
    text = data.decode(errors="surrogatepass") if _is_text(data) else data.decode("latin-1")
    for parse in (parse_name, parse_room, parse_target):
        with suppress(InvalidName):
            parsed = parse(text)
            assert parse(str(parsed)) == parsed
            skeleton(parsed)


def text(data: bytes) -> None:
    """Check: cleaning twice is cleaning once; what may be sent is not longer than allowed."""
    value = data.decode(errors="replace")
    assert clean_text(clean_text(value)) == clean_text(value)
    assert "\n" not in clean_line(value)
    for check in (lambda value: check_text(value, TEXT_BYTES), check_reaction):
        with suppress(InvalidMessage):
            assert len(check(value).encode()) <= TEXT_BYTES


def search_words(data: bytes) -> None:
    """Check: what somebody looks for is a pattern, or is refused."""
    with suppress(InvalidMessage):
        words = parse_words(data.decode(errors="replace"))
        assert words
        assert pattern_of_readers(words, (1,), "ana")


def pin(data: bytes) -> None:
    """Check: a pin parses to itself again."""
    with suppress(ValueError):
        parsed = parse_pin(data.decode(errors="replace"))
        assert parse_pin(parsed) == parsed


def known_servers(data: bytes) -> None:
    """Check: a file of known servers is read and written again, or refused."""
    with suppress(ValueError):
        servers = parse_servers(data.decode(errors="replace"))
        assert parse_servers(format_servers(servers)) == servers


def invite(data: bytes) -> None:
    """Check: a link is read and written again, or refused."""
    with suppress(ValueError):
        parsed = parse_invite(data.decode(errors="replace"))
        assert parse_invite(parsed.format()) == parsed


def settings(data: bytes) -> None:
    """Check: a file of settings is read, or refused with the place where it is wrong."""
    with suppress(Failure):
        for each in parse_file(data.decode(errors="replace"), Path("server.toml")):
            assert each.setting.key


def address(data: bytes) -> None:
    """Check: an address is read and written again, or refused; each belongs to a network."""
    value = data.decode(errors="replace")
    network_of(value)
    with suppress(ValueError):
        parsed = parse_address(value)
        assert parse_address(format_address(*parsed)) == parsed


def import_line(data: bytes) -> None:
    """Check: a line of an export is one, or is refused."""
    with suppress(ValueError):  # msgspec's errors are
        decode_line(data)


def _is_text(data: bytes) -> bool:
    try:
        data.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


_EVENT: Final = b'{"type":"entry","target":"#pub","seq":1,"sender":"ana","time":1795370584046,"text":"hi"}'
_ENTRY: Final = b'{"line":"name","name":"ana","display":"Ana","since":1795370584046,"device":"d"}'
_SERVERS: Final = (
    b'version = 1\n[[server]]\npin = "sha256:'
    + b"0" * 64
    + b'"\naddresses = ["a:1"]\nfirst-seen = 2026-11-22T00:00:00Z\n'
)

TARGETS: Final = {
    "lines": Target(lines, (b"a\r\nb\n", b"x" * 300 + b"\n")),
    "sniff": Target(first_bytes, (b"{", b"server:register Ana\n", b"GET / HTTP/1.1\r\n")),
    "classic": Target(classic_line, (b"server:register Ana", b"join pub", b"Ana:hi", b"server:topic x", b"exit")),
    "native": Target(native_line, (b'{"type":"send","target":"#pub","text":"hi","cid":"1"}', b'{"type":"who"}')),
    "event": Target(native_event, (_EVENT, b'{"type":"slowed","seconds":3}', b'{"type":"bye"}')),
    "name": Target(name, (b"Ana", b"#pub", "Zoë".encode(), "Алиса".encode())),
    "text": Target(text, (b"hello", "\u202eevil".encode(), b"a\r\nb\x1b[2J")),
    "search": Target(search_words, (b'hello "two words" begin*', b'"')),
    "pin": Target(pin, (b"sha256:" + b"0" * 64,)),
    "known-servers": Target(known_servers, (_SERVERS,)),
    "invite": Target(invite, (b"libchat://10.0.0.1,[::1]:8080/pub?k=" + b"A" * 43 + b"&t=" + b"B" * 22 + b"&e=9",)),
    "settings": Target(settings, (b"port = 1\n[limits]\nmessage_rate = 5\n", b'admit = "invite"\n')),
    "address": Target(address, (b"localhost:8080", b"[::1]:1", b"10.0.0.1")),
    "import": Target(import_line, (_ENTRY, b'{"line":"end","lines":1,"sha256":""}')),
}
"""All parsers, by the name that `make fuzz TARGET=...` knows them by."""
