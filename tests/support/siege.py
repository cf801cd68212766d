"""A server under attack: a process of its own, in which two honest people chat, and which is looked at from outside.

Around each attack it is checked that their messages, and those who come by, are served in time; and that afterwards
memory, threads and open files of the server are back where they were.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE
from typing import Final

from support.program import Program, Serving, environment
from support.wire import open_tls

P99_SECONDS: Final = 5.0
"""How long 99 of 100 messages take at most: generous, for machines that are busy with other tests."""

ARRIVAL_SECONDS: Final = 10.0
"""How long it takes to connect and be given a name, at most."""

BACK_SECONDS: Final = 30.0
"""How long the server may take until everything is back."""

MEMORY_KIB: Final = 32_768
"""What memory may be kept of an attack: allocators give it back in pieces, when the last of each is free."""

LATE_DESCRIPTORS = 2
"""What the server opens later, and keeps: the second of its log's readers opens the file and its write-ahead log
when it first has something to do."""

PROC: Final = Path("/proc")
TESTS: Final = Path(__file__).parent.parent


def addresses(count: int, network: int = 1) -> list[str]:
    """Return so many addresses of this machine: where only one is its own, that one."""
    return [f"127.0.{network}.{number + 1}" for number in range(count)] if sys.platform == "linux" else ["127.0.0.1"]


@dataclass(frozen=True)
class Size:
    """How much of the machine a process takes; 0 where the system does not tell."""

    memory_kib: int
    threads: int
    descriptors: int


def size_of(pid: int) -> Size:
    """Return the size of a process."""
    status = PROC / str(pid) / "status"
    if not status.exists():
        return Size(0, 0, 0)
    fields = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return Size(int(fields["VmRSS"].split()[0]), int(fields["Threads"]), len(list((PROC / str(pid) / "fd").iterdir())))


@contextmanager
def besieged(
    home: Path,
    *arguments: str,
    what: str,
    prepare: Callable[[Serving], object] = lambda server: None,
    spare_threads: int = 0,
) -> Iterator[Serving]:
    """Serve a chat in which two honest people chat while the block attacks it; check both at the end.

    `prepare` is called when the server runs, before it is looked at for the first time. `spare_threads` are those that
    the server keeps for next time.
    """
    env = environment(home, LIBCHAT_DEBUG_LOCKS="0")
    limits = ("--limit-loopback", *arguments)
    with Serving("--port", "0", "--data", str(home / "data"), *limits, env=env) as server:
        _warm_up(server)
        prepare(server)
        before = size_of(server.pid)
        with _Honest(server.address, env) as honest:
            yield server
            told = honest.end()
        before = replace(before, threads=before.threads + spare_threads)
        after = _wait_until_back(server, before)
        slowest = max(told["arrivals"], default=0.0)
        late = _p99(told["messages"])
        print(
            f"\n{what}: {len(told['messages'])} honest messages, p99 {late * 1000:.0f} ms; {len(told['arrivals'])} "
            f"newcomers, slowest {slowest * 1000:.0f} ms; before {before}, after {after}"
        )
        assert len(told["messages"]) > 0
        assert late < P99_SECONDS
        assert slowest < ARRIVAL_SECONDS
        assert after.threads <= before.threads
        assert after.descriptors <= before.descriptors + LATE_DESCRIPTORS
        assert after.memory_kib <= before.memory_kib + MEMORY_KIB


def _warm_up(server: Serving) -> None:
    """Have everything imported that is imported when it is first used."""
    with open_tls(server) as person:
        person.send("server:register Warm", "join warm", "hello", "server:rooms", "leave", "server:exit")
        person.rest()
    with open_tls(server) as app:
        app.ask("register", name="Wärmer", answer="registered")
        app.ask("join", room="#warm", answer="entered")
        app.ask("search", text="hello", answer="found")
        app.ask("history", target="#warm", answer="page")
        app.ask("exit", answer="bye")
        app.rest()


def _wait_until_back(server: Program, before: Size) -> Size:
    """Return the size when it is back at what it was, or when the time for that is over."""
    deadline = time.monotonic() + BACK_SECONDS
    while True:
        size = size_of(server.pid)
        is_back = size.threads <= before.threads and size.descriptors <= before.descriptors + LATE_DESCRIPTORS
        if (is_back and size.memory_kib <= before.memory_kib + MEMORY_KIB) or time.monotonic() > deadline:
            return size
        time.sleep(0.05)  # nothing tells of another process's memory: it can only be asked again


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100]


class _Honest:
    """Two honest people, in a process of their own."""

    def __init__(self, address: str, env: dict[str, str]) -> None:
        program = [sys.executable, "-m", "support.honest", address]
        path = ":".join(filter(None, (str(TESTS), env.get("PYTHONPATH"))))
        self._process = subprocess.Popen(program, env={**env, "PYTHONPATH": path}, stdin=PIPE, stdout=PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def end(self) -> dict[str, list[float]]:
        """Have them leave, and return how long everything took."""
        self._stdin.close()
        told: dict[str, list[float]] = json.loads(self._stdout.read())
        assert self._process.wait(BACK_SECONDS) == 0
        return told

    def __enter__(self) -> _Honest:
        """Return when they chat."""
        assert self._stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, if it has not."""
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()
