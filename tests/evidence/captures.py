"""What somebody sees who records the network: the same chat over TLS and without, captured by tshark on loopback.

Two people chat by `libchat.connect` through a real `libchat serve`. Each word that they say is looked for in the file
of the capture and in the streams that it holds, as it is and in other forms. Over TLS none may be found, and without
TLS all: else the search itself would be worth nothing. A second check on it: with the keys of the sessions, which only
both ends have, the capture over TLS holds every word.

Short words are left out, because noise has them by chance; they are in the sentences, which are looked for as a whole.
"""

from __future__ import annotations

import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import libchat
from evidence.missing import Missing
from libchat.security import tls
from support.program import Serving, environment

SECONDS: Final = 50.0
"""How long anything may take on a slow machine."""

ROOM: Final = "#harbour"
PEOPLE: Final = {"Alice": "marmalade lantern", "Bob": "thirteen umbrellas"}
"""Who talks, with their passwords."""

SAID: Final = (
    ("Alice", ROOM, "The ferry leaves tomorrow morning at seven thirty"),
    ("Bob", ROOM, "Good, then I bring the yellow suitcase"),
    ("Alice", "Bob", "Between you and me: the cabin number is twenty-seven"),
    ("Bob", "Alice", "Nobody else will hear it. Grüße aus der Straßenbahn!"),
)
"""Who says what to whom, in this order."""

LETTERS: Final = 4
"""Characters of the shortest word that is looked for. In 40,000 bytes of noise there is a given one of four by chance
once in 100,000 captures; one of three would be once in 400."""
FORM_BYTES: Final = 6
"""The same for other forms, of which there are more, and of fewer different characters."""

CIPHERS: Final = {"0x1301": "TLS_AES_128_GCM_SHA256", "0x1302": "TLS_AES_256_GCM_SHA384"} | {
    "0x1303": "TLS_CHACHA20_POLY1305_SHA256"
}
VERSIONS: Final = {"0x0304": "TLS 1.3"}

HELLOS: Final = 22
CHANGE: Final = 20
DATA: Final = 23
"""Types of TLS records (RFC 8446, section 5.1): handshakes, a relic of older versions, and whatever is encrypted."""

Streams = Mapping[int, tuple[bytes, ...]]
"""What went through each connection: by its number, all bytes of one direction and all of the other."""


# --- what is looked for ---------------------------------------------------------------------------------------------


def words() -> list[str]:
    """Return everything that was said and must not be seen: names, the room, passwords, sentences and their words."""
    texts = [*(text for _, _, text in SAID), *PEOPLE.values()]
    parts = [part for text in texts for part in re.findall(r"\w+", text)]
    every = [*PEOPLE, ROOM.removeprefix("#"), *texts, *parts]
    return [word for word in dict.fromkeys(every) if len(word) >= LETTERS]


def forms(word: str) -> list[bytes]:
    """Return how a word may stand in bytes: UTF-8, UTF-16, hexadecimal, and base64 at each of its three places."""
    plain = word.encode()
    wide = [word.encode("utf-16-le"), word.encode("utf-16-be")]
    coded = [plain.hex().encode(), plain.hex().upper().encode(), *(_base64(plain, place) for place in range(3))]
    return [plain, *(form for form in (*wide, *coded) if len(form) >= FORM_BYTES)]


def found(sought: Sequence[str], *places: bytes) -> list[str]:
    """Return those words that are in one of these places, in any form."""
    return [word for word in sought if any(form in place for form in forms(word) for place in places)]


def _base64(plain: bytes, place: int) -> bytes:
    """Return the characters of base64 that depend on these bytes alone, if so many others come before them."""
    coded = b64encode(bytes(place) + plain)
    first = -(-place * 8 // 6)
    return coded[first : (place + len(plain)) * 8 // 6]


# --- recording ------------------------------------------------------------------------------------------------------


class Recorder:
    """tshark, recording what goes through one port of loopback into a file. A context manager.

    In the block it records. The block ends when each connection that was begun in it has ended in both directions: all
    packets have come by then. Raises `Missing` if tshark is not here or may not record, AssertionError if it has
    dropped a packet.
    """

    def __init__(self, port: int, file: Path, connections: int) -> None:
        self._connections = connections
        self._ends: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        command = [need_tshark(), "-i", "lo", "-f", f"tcp port {port}", "-w", str(file), "-P", "-l"]
        fields = ("-T", "fields", "-e", "tcp.stream", "-e", "tcp.srcport", "-e", "tcp.flags.fin")
        self._process = subprocess.Popen(
            [*command, *fields], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._errors: list[str] = []
        self._is_recording = False
        self._is_over = False
        self._readers = [threading.Thread(target=work) for work in (self._read_packets, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        """Return when it records."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_recording or self._is_over, SECONDS)
        if not self._is_recording:
            self._end(signal.SIGTERM)
            raise Missing(f"tshark cannot record on loopback here: {' '.join(self._errors)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the last packets, and end the recording."""
        if error is not None:
            self._end(signal.SIGTERM)
            return
        with self._changed:
            is_complete = self._changed.wait_for(lambda: len(self._ends) == 2 * self._connections, SECONDS)
        self._end(signal.SIGINT)
        assert is_complete, f"the ends of {self._connections} connections were not recorded, but {self._ends}"
        told = " ".join(self._errors)
        assert "dropped" not in told, told

    def _end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def _read_packets(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            stream, port, fin = line.split()
            if fin in ("1", "True"):
                with self._changed:
                    self._ends.add((stream, port))
                    self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._changed:
                self._errors.append(line.strip())
                self._is_recording |= "Capture started" in line
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


def need_tshark() -> str:
    """Return where tshark is. Raises `Missing`."""
    program = shutil.which("tshark")
    if program is None:
        raise Missing("tshark is missing: apt-get install tshark")
    return program


def chat(server: Serving, *, plaintext: bool) -> None:
    """Have the people come, say everything, and go."""
    pin = None if plaintext else server.pin
    with (
        libchat.connect(server.address, "Alice", password=PEOPLE["Alice"], pin=pin, plaintext=plaintext) as alice,
        libchat.connect(server.address, "Bob", password=PEOPLE["Bob"], pin=pin, plaintext=plaintext) as bob,
    ):
        people = {"Alice": alice, "Bob": bob}
        for person in people.values():
            person.join(ROOM)
        for sender, target, text in SAID:
            receipt = people[sender].send(target, text)
            receipt.accepted(SECONDS)
            other = bob if sender == "Alice" else alice
            assert other.receive(SECONDS).text == text


@contextmanager
def noting_keys(file: Path) -> Iterator[None]:
    """Have clients that connect in the block write down the keys of their sessions."""
    client_context = tls.client_context

    def noting_context() -> ssl.SSLContext:
        context = client_context()
        context.keylog_filename = str(file)
        return context

    tls.client_context = noting_context
    try:
        yield
    finally:
        tls.client_context = client_context


# --- reading what was recorded --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capture:
    """A recording of what went through a port."""

    file: Path
    port: int
    is_tls: bool

    @property
    def options(self) -> list[str]:
        """How tshark reads it: a port says nothing about what is spoken there."""
        return ["-d", f"tcp.port=={self.port},tls"] if self.is_tls else []

    def ask(self, *arguments: str) -> list[str]:
        """Return what tshark says about it, in lines."""
        command = [need_tshark(), "-r", str(self.file), *self.options, *arguments]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
        return said.stdout.splitlines()

    def fields(self, shown: str, *names: str) -> list[list[str]]:
        """Return these fields of the packets that a display filter shows."""
        options = [word for name in names for word in ("-e", name)]
        return [line.split("\t") for line in self.ask("-Y", shown, "-T", "fields", *options)]

    def check(self, connections: int) -> None:
        """Raise AssertionError unless it has the connections from their first packet to the last, with no gap."""
        begun = self.fields("tcp.flags.syn == 1 && tcp.flags.ack == 0", "tcp.stream")
        assert len(begun) == connections, f"{len(begun)} connections begin in the capture, not {connections}"
        torn = self.fields("tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment", "frame.number")
        assert not torn, f"packets are missing before number {torn[0][0]}"

    def streams(self) -> dict[int, tuple[bytes, bytes]]:
        """Return what clients and server have sent, by the number of the connection."""
        made: dict[int, tuple[bytearray, bytearray]] = {}
        shown = "tcp.len > 0 && !tcp.analysis.retransmission"
        for stream, source, payload in self.fields(shown, "tcp.stream", "tcp.srcport", "tcp.payload"):
            both = made.setdefault(int(stream), (bytearray(), bytearray()))
            both[int(source) == self.port].extend(bytes.fromhex(payload.replace(":", "")))
        return {stream: (bytes(ours), bytes(theirs)) for stream, (ours, theirs) in made.items()}

    def opened(self, keys: Path, stream: int) -> bytes:
        """Return what a connection over TLS has inside, in both directions, with the keys of its session."""
        lines = self.ask("-o", f"tls.keylog_file:{keys}", "-q", "-z", f"follow,tls,raw,{stream}")
        return b"".join(bytes.fromhex(line) for line in lines if re.fullmatch(r"\t?(?:[0-9a-f]{2})+", line))

    def summary(self) -> list[str]:
        """Return a line for each packet."""
        return self.ask("-t", "r")


def tls_records(half: bytes) -> list[tuple[int, int]]:
    """Return type and size of each TLS record in one direction of a connection. Raises AssertionError for all else."""
    made, at = [], 0
    while at < len(half):
        kind, size = half[at], int.from_bytes(half[at + 3 : at + 5])
        assert kind in (HELLOS, CHANGE, DATA), f"no TLS record at byte {at}: {half[at : at + 40]!r}"
        at += 5 + size
        made.append((kind, size))
    assert at == len(half), "the last TLS record is cut off"
    return made


def record(folder: Path, *, plaintext: bool, keys: Path) -> Capture:
    """Record the chat into a file of the folder."""
    file = folder / f"capture-{'plaintext' if plaintext else 'tls'}.pcapng"
    need_tshark()
    with tempfile.TemporaryDirectory() as home:
        data = Path(home) / "data"
        options = ["--plaintext"] if plaintext else []
        with Serving("--port", "0", "--data", str(data), *options, env=environment(Path(home))) as server:
            scratch = Path(home) / "capture.pcapng"  # a folder in which whoever tshark runs as may write
            with Recorder(server.port, scratch, len(PEOPLE)), noting_keys(keys):
                chat(server, plaintext=plaintext)
            server.signal(signal.SIGTERM)
            assert server.end() == 0, server.errors
        file.write_bytes(scratch.read_bytes())
    capture = Capture(file, server.port, is_tls=not plaintext)
    capture.check(len(PEOPLE))
    return capture


# --- what is written ------------------------------------------------------------------------------------------------


def make(folder: Path) -> None:
    """Record both chats, and write what is in the captures and what is not.

    Raises `Missing` without tshark, and AssertionError if the capture over TLS has a word, or the other lacks one.
    """
    with tempfile.TemporaryDirectory() as scratch:
        keys = Path(scratch) / "keys.txt"
        over_tls = record(folder, plaintext=False, keys=keys)
        (folder / "capture-tls.txt").write_text(tls_report(over_tls, keys), encoding="utf-8")
        bare = record(folder, plaintext=True, keys=keys)
        (folder / "capture-plaintext.txt").write_text(plaintext_report(bare), encoding="utf-8")


def tls_report(capture: Capture, keys: Path) -> str:
    """Return what there is to say about the capture over TLS. Raises AssertionError if a word is seen."""
    sought, streams = words(), capture.streams()
    places = [capture.file.read_bytes(), *(half for both in streams.values() for half in both)]
    seen = found(sought, *places)
    assert not seen, f"the capture over TLS has {seen}"
    inside = b"".join(capture.opened(keys, stream) for stream in streams)
    assert found(sought, inside) == sought, (
        f"with the keys, these are missing: {set(sought) - set(found(sought, inside))}"
    )
    lines = [
        *_opening("a chat over TLS", "libchat serve", capture),
        *_search(sought, set(seen), places),
        "",
        f"with the keys of the sessions, which only both ends have: {len(sought)} of {len(sought)} words found",
        "(the capture is complete, and what is looked for is in it: it is encrypted)",
        "",
        "What can be seen",
        "",
        *_visible(capture, streams),
        *_packets(capture),
    ]
    return "\n".join(lines) + "\n"


def plaintext_report(capture: Capture) -> str:
    """Return what there is to say about the capture without TLS. Raises AssertionError if a word is not seen."""
    sought, streams = words(), capture.streams()
    halves = [half for both in streams.values() for half in both]
    seen = found(sought, *halves)
    assert seen == sought, f"the capture without TLS lacks {set(sought) - set(seen)}"
    lines = [
        *_opening("the same chat without TLS", "libchat serve --plaintext", capture),
        *_search(sought, set(seen), [capture.file.read_bytes(), *halves]),
        "",
        "What can be seen: everything. A server serves without TLS on its own machine only, unless it is told",
        "--insecure, too. Here is what the first connection carries:",
        "",
        *(f"  client  {line}" for line in _text(streams[0][0])),
        *(f"  server  {line}" for line in _text(streams[0][1])),
        *_packets(capture),
    ]
    return "\n".join(lines) + "\n"


def _opening(what: str, command: str, capture: Capture) -> list[str]:
    file, port = capture.file.name, capture.port
    packets = len(capture.fields("tcp", "frame.number"))
    return [
        f"{file}: {what}",
        "",
        f"  $ {command} --host 127.0.0.1 --port {port}",
        f"  $ tshark -i lo -f 'tcp port {port}' -w {file}",
        "",
        f"{packets} packets, none dropped, none missing; both connections from their beginning to their end.",
        "",
        "What was said",
        "",
        *(f"  {sender:<6} to {target:<9} {text}" for sender, target, text in SAID),
        *(f"  {name:<6} has the password {password!r}" for name, password in PEOPLE.items()),
        "",
    ]


def _search(sought: Sequence[str], seen: set[str], places: Sequence[bytes]) -> list[str]:
    size = sum(map(len, places))
    return [
        "What was looked for, as UTF-8, UTF-16, base64 and hexadecimal, in the file and in each direction of each",
        f"connection put together ({size:,} bytes). Words of fewer than {LETTERS} letters are in noise by chance:",
        "they are looked for with their sentences.",
        "",
        *(f"  {'found' if word in seen else 'not found':<10} {word}" for word in sought),
        "",
        f"{len(seen)} of {len(sought)} words found",
    ]


def _visible(capture: Capture, streams: Streams) -> list[str]:
    hello, answer = "tls.handshake.type == 1", "tls.handshake.type == 2"
    (offered, *_) = capture.fields(
        hello, "tls.handshake.extensions.supported_version", "tls.handshake.extensions_alpn_str"
    )
    (chosen, *_) = capture.fields(answer, "tls.handshake.extensions.supported_version", "tls.handshake.ciphersuite")
    assert len(capture.fields(hello, "frame.number")) == len(streams), "not every handshake is in the capture"
    assert VERSIONS.get(chosen[0]) == "TLS 1.3", f"the server has chosen {chosen[0]}"
    certificates = capture.fields("tls.handshake.type == 11", "frame.number")
    assert not certificates, "a certificate is to be seen"
    names = capture.fields("tls.handshake.extensions_server_name", "frame.number")
    records = [record for both in streams.values() for half in both for record in tls_records(half)]
    assert sum(kind == HELLOS for kind, _ in records) == 2 * len(streams), "more than two hellos are in clear text"
    sizes = [size for kind, size in records if kind == DATA]
    last = capture.fields("tcp", "frame.time_relative")[-1][0]
    return [
        f"  version      {VERSIONS[chosen[0]]} ({chosen[0]}), the only one that the client offers: {offered[0]}",
        f"  cipher       {CIPHERS.get(chosen[1], chosen[1])}",
        f"  protocol     {offered[1]}, offered in clear text by the client (ALPN); the server's choice is encrypted",
        f"  server name  {'in clear text' if names else 'none is sent: the address is a number'}",
        "  certificate  not to be seen: in TLS 1.3 it is encrypted, and so is who the server says that it is",
        "  addresses    those of both ends, with their ports",
        f"  records      one hello of each side in clear text, and then {len(sizes)} encrypted ones of {min(sizes)} to"
        f" {max(sizes)} bytes.",
        "               They are not padded: a longer text makes a longer record",
        f"  times        of each packet: who talks, when, and how much, over {float(last):.2f} s",
    ]


def _packets(capture: Capture) -> list[str]:
    command = " ".join(["tshark", "-r", capture.file.name, *capture.options, "-t", "r"])
    return ["", "Packets", "", f"  $ {command}", *(f"  {line.rstrip()}" for line in capture.summary())]


def _text(data: bytes) -> list[str]:
    return data.decode(errors="backslashreplace").splitlines()
