"""Measure what durable messages cost: a server that keeps everything, and 50 people who send to it.

    python tests/bench/durable.py
    python tests/bench/durable.py --seconds 10 --durability normal

The server has one CPU and the load the other. In each of 25 rooms two people talk; a message counts when its receipt
has come. First everybody sends as fast as receipts come (16 in flight each); then 5,000 each second in all, for the
time that a receipt takes. Then 1,000 messages wait for somebody who comes back.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

PEOPLE = 50
IN_FLIGHT = 16
RATE = 5_000
RATE = 5_000
QUEUED = 1_000
TEXT = "x" * 100
ANSWER = re.compile(rb'"type":"(accepted|entry|error)"')


class Person:
    """A raw connection in the native dialect."""

    def __init__(self, port: int, name: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port)))
        self.name = name
        self.sent_at: deque[float] = deque()
        self.rest = b""
        self.tell(type="register", name=name, device=f"device of {name}")
        self.wait_for(b'"type":"registered"')

    def tell(self, **fields: object) -> None:
        """Send a command, and wait until it has left."""
        self.socket.sendall(json.dumps(fields).encode() + b"\n")

    def wait_for(self, mark: bytes, count: int = 1) -> None:
        """Read until something has come so many times, and keep what came behind it."""
        while count:
            head, found, tail = self.rest.partition(mark)
            if found:
                self.rest, count = tail, count - 1
                continue
            self.rest = head[-len(mark) :] + self.socket.recv(262_144)

    def say(self, count: int) -> None:
        """Say so many messages at once."""
        line = b'{"type":"send","target":"#%s","text":"%s"}\n' % (self.room.encode(), TEXT.encode())
        self.sent_at.extend([time.perf_counter()] * count)
        self.socket.sendall(line * count)

    @property
    def room(self) -> str:
        """The room that two people share."""
        return f"room{int(self.name[1:]) // 2}"

    def receipts(self) -> list[float]:
        """Read what is there, and return how long each receipt in it took, in seconds."""
        pieces = [self.rest]
        while True:
            try:
                data = self.socket.recv(65_536)
            except (ssl.SSLWantReadError, BlockingIOError):
                break
            if not data:
                raise SystemExit("the server has closed a connection")
            pieces.append(data)
        text = b"".join(pieces)
        end = text.rfind(b"\n") + 1
        self.rest = text[end:]
        now = time.perf_counter()
        kinds = [found[1] for found in ANSWER.finditer(text, 0, end)]
        if b"error" in kinds:
            raise SystemExit(f"refused: {text[:300]!r}")
        return [now - self.sent_at.popleft() for kind in kinds if kind == b"accepted"]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(people: list[Person], seconds: float, pid: int, rate: float | None = None) -> tuple[float, float, list[float]]:
    """Return receipts for each second, for each second of the server's CPU, and how long they took, sorted.

    With a `rate`, so many messages are sent each second in all; without, as many as receipts come.
    """
    selector = DefaultSelector()
    for person in people:
        person.socket.setblocking(False)
        selector.register(person.socket, EVENT_READ, person)
    took: list[float] = []
    begun, used = time.perf_counter(), cpu_seconds(pid)
    sent = 0
    if rate is None:
        for person in people:
            person.say(IN_FLIGHT)
    while (now := time.perf_counter() - begun) < seconds:
        if rate is not None:
            while sent < now * rate:
                people[sent % len(people)].say(1)
                sent += 1
        for key, _ in selector.select(0.001):
            person = key.data
            new = person.receipts()
            took += new
            if rate is None and new:
                person.say(len(new))
    elapsed, used = time.perf_counter() - begun, cpu_seconds(pid) - used
    while any(person.sent_at for person in people):  # what is under way
        for key, _ in selector.select(1.0):
            took += key.data.receipts()
    selector.close()
    for person in people:
        person.socket.setblocking(True)
    return len(took) / elapsed, len(took) / used, sorted(took)


def measure_queue(port: int) -> float:
    """Return how long it takes until somebody who comes back has everything that waited, in seconds."""
    sender, away = Person(port, "p1000"), Person(port, "p1001")
    away.tell(type="exit")
    away.wait_for(b'"type":"bye"')
    away.socket.close()
    for _ in range(QUEUED // 100):
        for _ in range(100):
            sender.tell(type="send", target="p1001", text=TEXT)
        sender.wait_for(b'"type":"accepted"', 100)
    begun = time.perf_counter()
    back = Person(port, "p1001")
    back.wait_for(b'"type":"entry"', QUEUED)
    took = time.perf_counter() - begun
    back.socket.close()
    sender.socket.close()
    return took


def measure(folder: Path, durability: str, seconds: float) -> None:
    """Start a server, and print what is measured."""
    cpus = sorted(os.sched_getaffinity(0))
    pin = ["taskset", "-c", str(cpus[0])] if len(cpus) > 1 else []
    serve = f"-m libchat serve --host 127.0.0.1 --port 0 --data {shlex.quote(str(folder))} --json --message-rate 0"
    command = [*pin, sys.executable, *shlex.split(serve), "--durability", durability]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            os.sched_setaffinity(0, cpus[1:] or cpus)
            people = [Person(told["port"], f"p{number}") for number in range(PEOPLE)]
            for person in people:
                person.tell(type="join", room=f"#{person.room}")
                person.wait_for(b'"type":"entered"')
            wall, cpu, took = run(people, seconds, told["pid"])
            print(f"{durability}, {PEOPLE} senders: {wall:,.0f} accepted/s, {cpu:,.0f} for each second of server CPU")
            print(f"  a receipt takes p50 {_ms(took, 0.5)}, p99 {_ms(took, 0.99)}")
            wall, cpu, took = run(people, seconds, told["pid"], RATE)
            print(f"at {wall:,.0f} accepted/s: a receipt takes p50 {_ms(took, 0.5)}, p99 {_ms(took, 0.99)}")
            print(f"{QUEUED:,} that waited are there after {measure_queue(told['port']) * 1000:,.1f} ms")
        finally:
            os.kill(process.pid, signal.SIGTERM)


def _ms(took: list[float], share: float) -> str:
    return f"{took[min(int(len(took) * share), len(took) - 1)] * 1000:.1f} ms"


def main() -> None:
    """Measure as was said on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each measurement takes (default: 5)")
    parser.add_argument("--durability", choices=["full", "normal", "memory"], default="full")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.durability, options.seconds)


if __name__ == "__main__":
    main()
