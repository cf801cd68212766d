"""A real server that is killed again and again while people talk, and the proof that nobody noticed.

How it goes. `libchat serve` runs as a process of its own. People talk in a room and in pairs over real connections,
each as fast as receipts come; each writes down what was accepted and what they were shown. Each time so many more
messages were accepted, the server is killed with SIGKILL and started again on the same file. In the end everybody says
a last word everywhere, reads up to everybody's last word, and the checkers look at what was written down.

Run by hand with `make soak KILLS=200`.
"""

from __future__ import annotations

import itertools
import json
import random
import signal
import sqlite3
import threading
import time
from collections import Counter, deque
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import libchat
from libchat.client.patience import Patience
from libchat.store.schema import connect_to_read
from libchat.testing import History, Sent, Shown, assert_consistent
from support.program import Program, environment

SECONDS = 60.0
"""How long anything may take on a slow machine."""

WINDOW = 20
"""Messages that somebody says before the first of them is answered."""

ROOM = "#soak"
LAST = "the last word"
NAMES = ("ana", "bo", "cy", "di", "ed")


class Kill(NamedTuple):
    """One death of the server. Times are in milliseconds."""

    at: float
    """Since the soak has begun."""
    accepted: int
    """Messages that were accepted before it, in all."""
    waiting: int
    """Messages that were sent, and not answered yet."""
    restart: float
    """From the signal until the server listens again."""


class Count(NamedTuple):
    """What a history comes to, counted without the checkers."""

    sent: int
    accepted: int
    owed: int
    """Deliveries that follow from what was accepted: one to each reader of a conversation but the sender."""
    delivered: int
    lost: int
    doubled: int
    misplaced: int
    """Deliveries that came behind one with a higher number of the same conversation."""


class Report(NamedTuple):
    """What came of a soak."""

    kills: tuple[Kill, ...]
    history: History
    seconds: float

    @property
    def accepted(self) -> int:
        """Messages that were accepted."""
        return len(self.history.sent)

    @property
    def shown(self) -> int:
        """Messages that readers were shown."""
        return len(self.history.shown)

    def __str__(self) -> str:
        return (
            f"{len(self.kills)} kills, {self.accepted} messages accepted, {self.shown} shown, in {self.seconds:.1f} s: "
            "none lost, none twice, all in order"
        )


class Host:
    """The server's process, from one kill to the next."""

    def __init__(self, folder: Path, *, is_cold: bool) -> None:
        self._folder = folder
        self._is_cold = is_cold
        self._process: Program | None = None
        self.port = 0
        self.pin = ""

    @property
    def address(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server, on the same port as before, and wait until it listens."""
        arguments = ("serve", "--host", "127.0.0.1", "--port", str(self.port), "--data", str(self._folder / "data"))
        unlimited = ("--message-rate", "0", "--registrations", "0")
        env = environment(self._folder)
        self._process = Program(*arguments, *unlimited, "--json", env=env, is_cold=self._is_cold)
        told = libchat_json(self._process.line())
        self.port, self.pin = int(str(told["port"])), str(told["fingerprint"])

    def end(self, number: signal.Signals) -> int:
        """End the server by a signal, and return its exit code."""
        assert self._process is not None
        self._process.signal(number)
        with self._process:
            return self._process.end()


def libchat_json(line: str) -> dict[str, object]:
    """Return what the server says when it listens."""
    told: dict[str, object] = json.loads(line)
    return told


class Tally:
    """How many messages were accepted in all."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    def add(self) -> None:
        """Count one more."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    @property
    def count(self) -> int:
        """How many it is."""
        with self._condition:
            return self._count

    def wait_for_more(self, more: int) -> None:
        """Return when so many more were accepted."""
        with self._condition:
            goal = self._count + more
            assert self._condition.wait_for(lambda: self._count >= goal, SECONDS), "nothing is accepted any more"


class Talker:
    """Somebody who talks and listens, and writes down both."""

    def __init__(self, host: Host, name: str, tally: Tally, seed: int) -> None:
        patience = Patience(delays=lambda: itertools.repeat(0.02))
        self.name = name
        self.chat = libchat.connect(host.address, name, pin=host.pin, patience=patience)
        self.chat.join(ROOM)
        self.history = History()
        self._others = [other for other in NAMES if other != name]
        self._random = random.Random(f"{seed} {name}")
        self._tally = tally
        self._stop = threading.Event()
        self._said: deque[tuple[str, str, libchat.Receipt]] = deque()
        self._sent: list[Sent] = []
        self._shown: list[Shown] = []
        self._faults: list[BaseException] = []
        self._threads = [threading.Thread(target=self._guard, args=(work,)) for work in (self._talk, self._listen)]

    @property
    def waiting(self) -> int:
        """How many messages were sent and not answered yet, about."""
        return len(self._said)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Say the last words."""
        self._stop.set()

    def finish(self) -> None:
        """Return when everybody's last words have come."""
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive(), f"{self.name} does not come to an end"
        for fault in self._faults:
            raise fault
        self.history = History([*self._sent, *self._shown])

    def _guard(self, work: object) -> None:
        try:
            assert callable(work)
            work()
        except BaseException as fault:  # noqa: BLE001  # raised again by `finish`
            self._faults.append(fault)

    def _talk(self) -> None:
        targets = (ROOM, ROOM, *self._others)
        for number in itertools.count():
            if self._stop.is_set():
                break
            self._say(self._random.choice(targets), f"{self.name} {number}")
        for target in (ROOM, *self._others):
            self._say(target, LAST)
        while self._said:
            self._note_oldest()

    def _say(self, target: str, text: str) -> None:
        self._said.append((target, text, self.chat.send(target, text)))
        if len(self._said) > WINDOW:
            self._note_oldest()

    def _note_oldest(self) -> None:
        target, text, receipt = self._said.popleft()
        accepted = receipt.accepted(SECONDS)
        self._sent.append(Sent(self.name, self._conversation(target), receipt.cid, text, accepted.seq))
        self._tally.add()

    def _listen(self) -> None:
        last_words = 0
        while last_words < 2 * len(self._others):  # each in the room and in private
            entry = self.chat.receive(SECONDS)
            other = entry.target if entry.target == ROOM else entry.sender
            shown = Shown(self.name, self._conversation(other), entry.seq, entry.sender, entry.text)
            self._shown.append(shown)
            last_words += entry.text == LAST

    def _conversation(self, target: str) -> str:
        return ROOM if target == ROOM else " ".join(sorted((self.name, target)))


def soak(folder: Path, kills: int, *, seed: int = 0, is_cold: bool = False) -> Report:
    """Have people talk while the server is killed so many times. Raises AssertionError if anybody could tell.

    The log is `data/chat.db` in the folder. With `is_cold` each start is that of a new interpreter.
    """
    chance, begun = random.Random(seed), time.monotonic()
    host, tally, history = Host(folder, is_cold=is_cold), Tally(), History(audience={ROOM: NAMES})
    deaths: list[Kill] = []
    host.start()
    with ExitStack() as clients:
        people = [Talker(host, name, tally, seed) for name in NAMES]
        for person in people:
            clients.enter_context(person.chat)
            person.start()
        try:
            for _ in range(kills):
                tally.wait_for_more(chance.randrange(1, 400))
                accepted, waiting, killed = tally.count, sum(person.waiting for person in people), time.monotonic()
                host.end(signal.SIGKILL)
                host.start()
                deaths.append(
                    Kill((killed - begun) * 1000, accepted, waiting, restart=(time.monotonic() - killed) * 1000)
                )
        finally:
            for person in people:
                person.stop()
        for person in people:
            person.finish()
            history.merge(person.history)
    assert host.end(signal.SIGTERM) == 0
    assert_consistent(history)
    assert_kept(folder / "data" / "chat.db", history)
    return Report(tuple(deaths), history, time.monotonic() - begun)


def count(history: History) -> Count:
    """Count what was sent and shown, and what is wrong with it."""
    accepted = [sent for sent in history.sent if sent.seq is not None]
    audiences = {each: history.audience(each) for each in {sent.conversation for sent in accepted}}
    owed = {
        (reader, sent.conversation, sent.seq)
        for sent in accepted
        for reader in audiences[sent.conversation]
        if reader != sent.sender
    }
    times_shown = Counter((shown.reader, shown.conversation, shown.seq) for shown in history.shown)
    misplaced = sum(
        later.seq < earlier.seq
        for shown in history.by_reader().values()
        for earlier, later in itertools.pairwise(shown)
    )
    return Count(
        sent=len(history.sent),
        accepted=len(accepted),
        owed=len(owed),
        delivered=len(history.shown),
        lost=len(owed - times_shown.keys()),
        doubled=sum(times - 1 for times in times_shown.values()),
        misplaced=misplaced,
    )


def assert_kept(path: Path, history: History) -> None:
    """Check that the file has every message that was accepted, as it was sent, and nothing else."""
    connection = connect_to_read(path)
    try:
        rows = connection.execute(
            "SELECT c.key, e.seq, e.sender, e.text FROM entries e JOIN conversations c ON c.id = e.conversation"
        ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    except sqlite3.Error as error:
        raise AssertionError(f"the file cannot be read: {error}") from error
    finally:
        connection.close()
    assert sorted(rows) == sorted((sent.conversation, sent.seq, sent.sender, sent.text) for sent in history.sent)
