"""Measure each step that a message takes through the server, by itself and on one core: `python tests/bench/steps.py`.

People in a room of MEMBERS, over TLS, with texts of 100 bytes. Each step is what the server itself calls. It is
measured for turns of one message, and for turns of a hundred, in which some steps are shared. Nothing is sent anywhere
but to a socket on loopback, in the last step.
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from selectors import DefaultSelector
from typing import Final, Self

sys.path.insert(0, str(Path(__file__).parent.parent))

from libchat import messages as m
from libchat.hub import Hub
from libchat.security.identity import load_identity
from libchat.security.tls import client_context, server_context
from libchat.server.connection import Connection, Dialects
from libchat.server.sink import FanoutSink
from libchat.transport.fanout import Item, Lane
from libchat.transport.tls import TlsPump
from libchat.waker import Waker
from libchat.wire.classic import Classic
from libchat.wire.lines import LineBuffer
from libchat.wire.native import Native, format_command

ROOM: Final = "#room"
TEXT: Final = "x" * 100
SIZES: Final = (1, 100)
"""Messages of one turn."""
ROUNDS: Final = 7
"""How often each step is measured; the best of them counts, since other programs only ever add to it."""


class Room:
    """A hub with a room full of people, each behind a connection with TLS. The first one talks."""

    def __init__(self, members: int) -> None:
        identity = load_identity(None, datetime.now(UTC))
        server, client = server_context(identity), client_context()
        self.hub = Hub()
        self.sink = FanoutSink(Waker(DefaultSelector()))
        self.sink.owner = threading.get_ident()
        self.hub.add_sink(self.sink)
        self.native = Native()
        dialects = Dialects(self.native, Classic())
        self.clients: list[TlsPump] = []
        self.people: list[Connection] = []
        for number in range(members):
            pump, peer = TlsPump(server, is_server=True), TlsPump(client, is_server=False)
            shake_hands(pump, peer)
            connection = Connection(self.sink.fanout, pump, dialects, f"192.0.2.1:{number}")
            connection.dialect = self.native
            self.clients.append(peer)
            self.people.append(connection)
            self.turn(connection, [m.Register(f"p{number}"), m.Join(ROOM)])
        self._cid = 0

    def commands(self, size: int) -> list[m.Command]:
        """Return so many messages to the room."""
        self._cid += size
        return [m.Send(ROOM, TEXT, f"c{self._cid + number}") for number in range(size)]

    def turn(self, connection: Connection, commands: Sequence[m.Command]) -> list[tuple[Lane, Sequence[Item]]]:
        """Carry out commands, and return what waits for whom."""
        self.hub.run([(connection, commands)])
        return self.sink.take()


def shake_hands(one: TlsPump, other: TlsPump) -> None:
    """Have both ends finish their handshake."""
    other.handshake()
    one.handshake(other.data_to_send())
    other.handshake(one.data_to_send())
    assert one.handshake(other.data_to_send())
    assert other.receive_data(one.data_to_send()) == b""


def measure(prepare: Callable[[], Callable[[], object]], *, times: int) -> float:
    """Return the time of a call at its best, in microseconds. What `prepare` does is not counted."""
    rounds = []
    for _ in range(ROUNDS):
        calls = [prepare() for _ in range(times)]
        begin = time.perf_counter()
        for call in calls:
            call()
        rounds.append((time.perf_counter() - begin) / times)
    return min(rounds) * 1e6


def steps(room: Room, size: int) -> list[tuple[str, str, float]]:
    """Return name, what it is counted by, and microseconds of each step, for turns of so many messages."""
    speaker, peer = room.people[0], room.clients[0]
    lines = b"".join(map(format_command, room.commands(size)))
    listener = room.people[1]

    def opened() -> Callable[[], object]:
        peer.write(lines)
        data = peer.data_to_send()
        return lambda: speaker._pump.receive_data(data)

    def decoded() -> Callable[[], object]:
        buffer = LineBuffer()
        return lambda: [room.native.parse_line(line, None) for line in buffer.receive_data(lines)]

    def routed() -> Callable[[], object]:
        commands = room.commands(size)
        return lambda: room.hub.run([(speaker, commands)])

    def collected() -> Callable[[], object]:
        room.hub.run([(speaker, room.commands(size))])
        return room.sink.take

    events = [m.Entry(ROOM, number, "p0", 1_795_370_584_046, TEXT) for number in range(size)]
    joined = b"".join(map(room.native.format_event, events))
    waiting = next(items for lane, items in room.turn(speaker, room.commands(size)) if lane is listener)
    listener.send_items(waiting)
    listener.sent(len(listener.data_to_send()))

    def sealed() -> Callable[[], object]:
        def call() -> None:
            listener.send_items(waiting)
            listener._to_send = b""

        return call

    def encoded() -> Callable[[], object]:
        return lambda: [*map(room.native.format_event, events)]

    with Wire() as wire:
        found = [
            ("open the records that came (TLS)", "turn", measure(opened, times=20)),
            ("split into lines and decode", "message", measure(decoded, times=20) / size),
            ("route, keep in the log in memory, deliver", "message", measure(routed, times=20) / size),
        ]
        room.sink.take()
        found += [
            ("see who has got something", "member", measure(collected, times=20) / len(room.people)),
            (
                "encode, once for a dialect",
                "message",
                measure(encoded, times=20) / size,
            ),
            ("seal (TLS): one write for what all share", "member", measure(sealed, times=50)),
            ("hand to the kernel: one send", "member", measure(lambda: wire.sending(joined), times=10)),
        ]
    return found


class Wire:
    """A socket whose other end is emptied between two measurements. A context manager."""

    def __enter__(self) -> Self:
        """Connect."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._one = socket.create_connection(listener.getsockname())
            self._other, _ = listener.accept()
        self._other.setblocking(False)
        return self

    def sending(self, data: bytes) -> Callable[[], object]:
        """Empty the other end, and return what sends."""
        with suppress(BlockingIOError):
            while self._other.recv(1 << 20):
                pass
        return lambda: self._one.send(data)

    def __exit__(self, *_: object) -> None:
        """Close both ends."""
        self._one.close()
        self._other.close()


def main() -> None:
    """Print the table, and what follows from it for one delivery."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=200, help="people in the room (default: 200)")
    members = parser.parse_args().members
    room = Room(members)
    tables = [steps(room, size) for size in SIZES]
    print(f"room of {members}, microseconds           " + "".join(f"{size:>4} a turn" for size in SIZES))
    for rows in zip(*tables, strict=True):
        name, unit, _ = rows[0]
        print(f"{name:44} each {unit:8}" + "".join(f"{taken:10.2f}" for _, _, taken in rows))
    for size, table in zip(SIZES, tables, strict=True):
        turn = sum(taken * {"turn": 1, "message": size, "member": members}[unit] for _, unit, taken in table)
        print(f"a delivery, with {size} a turn: {turn / size / members:.2f} us")


if __name__ == "__main__":
    main()
