"""People by the thousand who talk in rooms of ten, from one thread: a load, and a check of every byte that comes of it.

Of each room two people talk, and all the others listen. They speak the classic dialect over TLS, as a person with
`openssl s_client` does. Every line of a room has the same length, and says who has said it and as how many-th:

    p00012 (in r0001): 00000123 xxxxxxxx...

What the listeners of a room hear must be the same bytes. Whoever is the first to hear something has it looked at line
by line: it must be a line that is due from one of the two. What the others hear is compared with that, which costs
next to nothing. A speaker hears the other one only. So nothing can be lost, doubled, altered or out of order, and
nothing else can be said, without a `Fault`.

In `saturate` each speaker has so many lines on their way, and says more when the last of the room has heard them: as
much as the server can carry. In `pace` so many lines a second are said in all, and it is taken down how long each took
to each of those who hear it.
"""

from __future__ import annotations

import gc
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector, DefaultSelector
from types import TracebackType
from typing import Final, NamedTuple, Self

from support.crowd import Crowd as Connections

PEOPLE: Final = 10
"""People of a room."""
SPEAKERS: Final = 2
IN_FLIGHT: Final = 16
"""Lines of one speaker that not everybody has heard yet, at most."""

TEXT_BYTES: Final = 100
SECONDS: Final = 60.0
"""How long anything may take on a slow machine."""

_FILLING: Final = b" " + b"x" * (TEXT_BYTES - 9) + b"\n"
_BUFFER: Final = memoryview(bytearray(65_536))
_KEPT: Final = 65_536
"""Bytes of a room that everybody has heard, and which are not forgotten yet."""
_STEP: Final = 0.05
"""Seconds that are waited for sockets before the clock is looked at again."""


class Fault(AssertionError):
    """Something was lost, doubled, altered or out of order."""


def text_of(number: int) -> bytes:
    """Return what a speaker says as their line of this number, with its end."""
    return b"%08d" % number + _FILLING


class Due:
    """What these speakers say, line by line: raises `Fault` for a line that is not due."""

    def __init__(self, speakers: Sequence[bytes], room: bytes) -> None:
        self._next = dict.fromkeys(speakers, 0)
        self._heads = {speaker: b"%b (in %b): " % (speaker, room) for speaker in speakers}
        self._name_bytes = len(speakers[0])
        self._rest = b""

    def hear(self, data: bytes) -> list[tuple[bytes, int]]:
        """Return whose lines have come to their end, and their numbers."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        came = []
        for line in lines:
            speaker = line[: self._name_bytes]
            number = self._next.get(speaker, -1)
            if number < 0 or line + b"\n" != self._heads[speaker] + text_of(number):
                raise Fault(f"{line!r} came; of {speaker!r}, number {number} was due")
            self._next[speaker] = number + 1
            came.append((speaker, number))
        return came


class Person:
    """One connection, and what has come of it."""

    room: Room
    """Where they are, once they have entered one."""

    def __init__(self, sock: socket.socket, name: bytes, selector: BaseSelector) -> None:
        self.socket = sock
        self.name = name
        self._selector = selector
        selector.register(sock, EVENT_READ, self)
        self.heard = 0
        """Bytes of the room that came."""
        self.said = 0
        """Lines that were said."""
        self.said_at: dict[int, float] = {}
        """When the lines were said that are timed, by their numbers."""
        self._waiting = b""

    def say(self, count: int) -> None:
        """Say so many lines."""
        self.write(b"".join(map(text_of, range(self.said, self.said + count))))
        self.said += count

    def say_timed(self) -> None:
        """Say a line, and take down when."""
        self.said_at[self.said] = time.perf_counter()
        self.say(1)

    def write(self, data: bytes = b"") -> None:
        """Send bytes, as far as the socket takes them; the rest when it takes more."""
        had_to_wait = bool(self._waiting)
        self._waiting += data
        try:
            while self._waiting:
                self._waiting = self._waiting[self.socket.send(self._waiting) :]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            pass
        if bool(self._waiting) != had_to_wait:
            self._selector.modify(self.socket, EVENT_READ | (EVENT_WRITE if self._waiting else 0), self)

    def leave(self) -> None:
        """Be watched no longer."""
        self._selector.unregister(self.socket)

    def read(self) -> bytes | None:
        """Return what has come, b"" if nothing has, and None at the end of the connection.

        It is one record of TLS at most: so no byte waits where no selector sees it.
        """
        try:
            size = self.socket.recv_into(_BUFFER)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return b""
        return bytes(_BUFFER[:size]) if size else None


class Room:
    """A room: who is in it, what was said there, and who has heard how much of that."""

    def __init__(self, name: bytes, people: Sequence[Person]) -> None:
        self.name = name
        self.people = people
        self.speakers, self.listeners = people[:SPEAKERS], people[SPEAKERS:]
        names = [speaker.name for speaker in self.speakers]
        self.line_bytes = len(names[0] + b" (in ): " + name + text_of(0))
        self._due = Due(names, name)
        self._due_to = {
            speaker: Due([other for other in names if other != speaker.name], name) for speaker in self.speakers
        }
        self._by_name = {speaker.name: speaker for speaker in self.speakers}
        self._order = bytearray()
        """What listeners have heard, without what is forgotten."""
        self._start = 0
        """Bytes that are forgotten."""
        self._lines = 0
        """Lines that some listener has heard."""
        self._said_at: dict[int, float] = {}
        """When these lines were said, if they are timed."""

    @property
    def said(self) -> int:
        """Lines that were said."""
        return sum(speaker.said for speaker in self.speakers)

    @property
    def heard_by_all(self) -> int:
        """Lines that all listeners have heard."""
        return min(person.heard for person in self.listeners) // self.line_bytes

    @property
    def missing(self) -> int:
        """Lines that were said and not heard yet, summed over all who should hear them."""
        heard = sum(person.heard for person in self.people) // self.line_bytes
        return self.said * len(self.listeners) + sum(self.said - speaker.said for speaker in self.speakers) - heard

    def say_more(self) -> None:
        """Have the speakers say more if the others have heard half of what is on its way."""
        room = SPEAKERS * IN_FLIGHT - (self.said - self.heard_by_all)
        if room >= SPEAKERS * IN_FLIGHT // 2:
            for speaker in self.speakers:
                speaker.say(room // SPEAKERS)

    def hear(self, person: Person, data: bytes, took: list[float] | None = None) -> int:
        """Check what somebody hears, and return how many lines came to their end with it. Raises `Fault`.

        `took` is given how many seconds each of them took, if they are timed.
        """
        first = person.heard // self.line_bytes
        due = self._due_to.get(person)
        times: list[float | None] = []
        if due is not None:
            times = [self._by_name[name].said_at.get(number) for name, number in due.hear(data)]
        else:
            self._compare(person, data)
        person.heard += len(data)
        last = person.heard // self.line_bytes
        if took is not None:
            now = time.perf_counter()
            times = times or [self._said_at.get(line) for line in range(first, last)]
            took += [now - said for said in times if said is not None]
        return last - first

    def forget(self) -> None:
        """Forget what all have heard."""
        size = min(person.heard for person in self.listeners) - self._start
        if size > _KEPT:
            del self._order[:size]
            self._start += size

    def _compare(self, person: Person, data: bytes) -> None:
        """Compare what a listener hears with what others have heard, and look at what nobody has heard before."""
        at = person.heard - self._start
        known = bytes(self._order[at : at + len(data)])
        if not data.startswith(known):
            place = next(place for place, (ours, theirs) in enumerate(zip(data, known)) if ours != theirs)
            near = slice(max(place - 40, 0), place + 80)
            raise Fault(f"{person.name!r} hears {data[near]!r}, and others have heard {known[near]!r}")
        if fresh := data[len(known) :]:
            self._order += fresh
            for name, number in self._due.hear(fresh):
                said_at = self._by_name[name].said_at.get(number)
                if said_at is not None:
                    self._said_at[self._lines] = said_at
                self._lines += 1


class Throughput(NamedTuple):
    """What a saturated server has carried."""

    deliveries: int
    seconds: float
    cpu_seconds: float
    """CPU time that the server has used meanwhile."""


class Crowd:
    """People of one server. A context manager: at the end of the block all connections are closed."""

    def __init__(self, address: str) -> None:
        self._connections = Connections(address)
        self._selector = DefaultSelector()
        self.people: list[Person] = []
        self.rooms: list[Room] = []
        self.checked = 0
        """Deliveries that came, each of which was right."""

    def __enter__(self) -> Self:
        """Return the crowd."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._selector.close()
        self._connections.__exit__(kind, error, trace)

    # --- coming and going -------------------------------------------------------------------------------------------

    def come(self, count: int) -> None:
        """Have so many more people come, and take names."""
        first = len(self.people)
        members = self._connections.come(count, [""])
        for number, member in enumerate(members, first):
            member.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.people.append(Person(member.socket, b"p%05d" % number, self._selector))
        for person in self.people[first:]:
            person.write(b"server:register %b\n" % person.name)
        self._expect({person: b"server: welcome %b\n" % person.name for person in self.people[first:]})

    def enter_rooms(self) -> None:
        """Have everybody enter a room: ten people each."""
        self.rooms = [
            Room(b"r%04d" % (start // PEOPLE), self.people[start : start + PEOPLE])
            for start in range(0, len(self.people), PEOPLE)
        ]
        for place in range(PEOPLE):
            expected = {}
            for room in self.rooms:
                comer = room.people[place]
                comer.room = room
                comer.write(b"server:join %b\n" % room.name)
                expected[comer] = b"server: joined %b\n" % room.name
                for other in room.people[:place]:
                    expected[other] = b"server: %b joined %b\n" % (comer.name, room.name)
            self._expect(expected)

    def leave(self) -> None:
        """Have everybody say goodbye. Raises `Fault` if anything but goodbyes comes: it came once too often."""
        rest = dict.fromkeys(self.people, b"")
        for person in self.people:
            person.write(b"server:exit\n")
        for person, data in self._events(lambda: not rest):
            rest[person] += data or b""
            if data is None:
                person.leave()
                lines = rest.pop(person).split(b"\n")
                strange = [line for line in lines[:-1] if not line.startswith(b"server: ")]
                if strange or b"server: bye" not in lines:
                    raise Fault(f"{person.name!r} has heard all, and then {(strange or lines)[:3]}")

    def _expect(self, expected: Mapping[Person, bytes]) -> None:
        """Wait until these people have heard this, and raise `Fault` if anything else comes."""
        missing = dict(expected)
        for person, data in self._events(lambda: not missing):
            wanted = missing.pop(person, b"")
            if data is None or not wanted.startswith(data):
                raise Fault(f"{person.name!r} hears {data!r}, and not {wanted!r}")
            if wanted != data:
                missing[person] = wanted[len(data) :]

    # --- talking ----------------------------------------------------------------------------------------------------

    def saturate(self, seconds: float, cpu: Callable[[], float], *, warm_up: float = 0.5) -> Throughput:
        """Have everybody talk as fast as all are heard, and return what came in these seconds, behind a warm-up.

        `cpu` returns the CPU seconds that the server has used so far. When it returns, everybody has heard everything.
        """
        with _undisturbed():
            for room in self.rooms:
                room.say_more()
            self._talk(warm_up)
            begun, used, before = time.perf_counter(), cpu(), self.checked
            self._talk(seconds)
            result = Throughput(self.checked - before, time.perf_counter() - begun, cpu() - used)
            self._hear_the_rest(None)
        return result

    def pace(self, seconds: float, rate: float) -> list[float]:
        """Have so many lines said each second, by one speaker after the other; return how many seconds each took.

        That is from before it is sent until it is read, one figure for each delivery, sorted. Whatever the server does,
        all of them are said, and when they are due if this process gets its CPU.
        """
        speakers = [speaker for place in range(SPEAKERS) for room in self.rooms for speaker in [room.people[place]]]
        took: list[float] = []
        with _undisturbed():
            begun = time.perf_counter()
            for number in range(round(seconds * rate)):
                due = begun + number / rate
                self._turn(max(due - time.perf_counter(), 0.0), took)
                while (early := due - time.perf_counter()) > 0:
                    self._turn(early, took)
                speakers[number % len(speakers)].say_timed()
            self._hear_the_rest(took)
        return sorted(took)

    def _talk(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for room in self._turn(_STEP, None):
                room.say_more()
                room.forget()

    def _hear_the_rest(self, took: list[float] | None) -> None:
        """Wait until everybody has heard everything. Raises `Fault` for what does not come."""
        deadline = time.monotonic() + SECONDS
        waiting = {room for room in self.rooms if room.missing}
        while waiting:
            if time.monotonic() > deadline:
                raise Fault(f"{sum(room.missing for room in waiting)} deliveries are lost")
            waiting -= {room for room in self._turn(_STEP, took) if not room.missing}

    def _turn(self, timeout: float, took: list[float] | None) -> set[Room]:
        """Read and check what has come, and return in which rooms."""
        touched = set()
        for person, data in self._ready(timeout):
            if data is None:
                raise Fault(f"the server has closed the connection of {person.name!r}")
            if data:
                self.checked += person.room.hear(person, data, took)
                touched.add(person.room)
        return touched

    def _events(self, is_over: Callable[[], bool]) -> Iterator[tuple[Person, bytes | None]]:
        """Yield what comes, until it is over. Raises `Fault` if it takes too long."""
        deadline = time.monotonic() + SECONDS
        while not is_over():
            if time.monotonic() > deadline:
                raise Fault("something that is due does not come")
            yield from self._ready(_STEP)

    def _ready(self, timeout: float) -> Iterator[tuple[Person, bytes | None]]:
        for key, mask in self._selector.select(timeout):
            person: Person = key.data
            if mask & EVENT_WRITE:
                person.write()
            if mask & EVENT_READ:
                yield person, person.read()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Measure without the garbage collector: nothing here makes cycles, and it would stop the clock of everybody."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
