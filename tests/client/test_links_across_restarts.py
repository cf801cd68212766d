"""Links against the real hub, in a room and in pairs, while connections are cut and everybody is killed and restarted.

What must hold, for each log, whatever happened: everybody has taken what the others said to them, and what was said in
the room since they came, once and in order; and what a program has said is there once and in order.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from libchat import messages as m
from libchat.client.link import Link, State
from libchat.records import AskPage, PageFound
from support.lasting import LastingLog
from support.memories import Notebook
from support.station import Line, Station

NAMES = ("ana", "bo", "cy")
ROOM = "#x"


class Person:
    """A client, the program behind it, which may be killed, and what its user knows."""

    def __init__(self, name: str, station: Station) -> None:
        self.name = name
        self.station = station
        self.memory = Notebook()
        self.memory.device = f"device of {name}"
        self.line: Line | None = None
        self.numbers = count(1)
        self.sent: list[tuple[str, str]] = []
        """Targets and texts, in order."""
        self.taken: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        """Targets, senders and numbers, by log."""
        self.entered: dict[str, int] = {}
        """Behind which number of the room the person came, by log."""
        self.begin()

    def begin(self) -> None:
        """Start the program, which enters the room when it has its name."""
        self.memory = self.memory.reopened()
        self.runs = next(self.numbers)
        self.link = Link(self.name, self.memory.device, memory=self.memory, begun=self.runs)
        self.inbox: list[tuple[str, m.Event]] = []
        """Logs and events."""
        self.is_in_room = False

    def connect(self) -> None:
        """Make a new connection."""
        self.line = Line(self.station)
        self.link.connected()

    def cut(self, *, is_noticed: bool) -> None:
        """Lose the connection with all that is on its way. The server may notice it, or find out later."""
        assert self.line is not None
        self.link.lost("cut")
        if is_noticed and self.line in self.station.lines:
            self.station.lines.remove(self.line)
            self.station.turn(departed=[self.line.server])
        self.line = None

    def kill(self, *, is_noticed: bool) -> None:
        """Kill the program, and start it again."""
        if self.line is not None:
            self.cut(is_noticed=is_noticed)
        self.begin()

    def send(self, target: str) -> None:
        """Say something that has not been said before."""
        text = f"{self.name} {next(self.numbers)}"
        self.sent.append((target, text))
        self.link.submit(m.Send(target, text, f"-{self.runs}-{next(self.numbers)}"))
        self.memory.save()

    def flow_up(self, size: int) -> bool:
        """Have some bytes arrive at the server, and return whether there were any."""
        if self.line is None:
            return False
        self.line.up += self.link.data_to_send()
        self.memory.save()
        data, self.line.up = self.line.up[:size], self.line.up[size:]
        if data and self.line.server.receive_data(data):
            self.station.turn([self.line.server])
        return bool(data)

    def flow_down(self, size: int) -> bool:
        """Have some bytes arrive at the client, and return whether there were any."""
        if self.line is None:
            return False
        data, self.line.down = self.line.down[:size], self.line.down[size:]
        events = self.link.receive_data(data)
        self.memory.save()
        assert self.link.error is None
        assert self.link.end is None
        log = self.line.log.id
        kept = self.memory.reopened()
        if kept.log == log and ROOM in kept.positions:
            self.entered.setdefault(log, kept.positions[ROOM])
        for event in events:
            if isinstance(event, m.Registered):
                self.link.submit(m.Join(ROOM, f"join {next(self.numbers)}"))
            elif isinstance(event, m.Entered):
                self.is_in_room = True
            else:
                self.inbox.append((log, event))
        return bool(data)

    def take(self) -> None:
        """Have the program take the next event."""
        log, event = self.inbox.pop(0)
        if isinstance(event, m.Entry):
            self.link.consumed(event)
            self.memory.save()
            self.taken[log].append((event.target, event.sender, event.seq))
        else:
            assert not isinstance(event, m.Failed | m.Skipped | m.Bye), event


class LinksAcrossRestarts(RuleBasedStateMachine):
    """Three people talk in a room and to each other through everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.station = Station()
        self.logs = [self.station.log]
        self.people = [Person(name, self.station) for name in NAMES]
        for person in self.people:
            person.connect()
        self.settle()

    who = st.integers(0, len(NAMES) - 1)
    sizes = st.integers(1, 400)

    @rule(who=who)
    def say(self, who: int) -> None:
        """Say something to the room, connected or not."""
        if self.people[who].is_in_room:
            self.people[who].send(ROOM)

    @rule(who=who, other=who)
    def send(self, who: int, other: int) -> None:
        """Say something to somebody else, connected or not."""
        if who != other:
            self.people[who].send(NAMES[other])

    @rule(who=who, size=sizes)
    def flow_up(self, who: int, size: int) -> None:
        """Have some bytes arrive at the server."""
        self.people[who].flow_up(size)

    @rule(who=who, size=sizes)
    def flow_down(self, who: int, size: int) -> None:
        """Have some bytes arrive at a client."""
        self.people[who].flow_down(size)

    @rule(who=who)
    def arrive(self, who: int) -> None:
        """Have everything arrive that is on its way to and from somebody, once."""
        self.people[who].flow_up(10**6)
        self.people[who].flow_down(10**6)

    @rule(who=who, is_noticed=st.booleans())
    def cut(self, who: int, is_noticed: bool) -> None:
        """Lose a connection; the server notices, or does not."""
        if self.people[who].line is not None:
            self.people[who].cut(is_noticed=is_noticed)

    @rule(who=who)
    def connect(self, who: int) -> None:
        """Connect again."""
        if self.people[who].line is None:
            self.people[who].connect()

    @rule(who=who, is_noticed=st.booleans())
    def kill_client(self, who: int, is_noticed: bool) -> None:
        """Kill a program, and start it again."""
        self.people[who].kill(is_noticed=is_noticed)

    @rule()
    def kill_server(self) -> None:
        """Kill the server, and start it again over its log."""
        self.restart(self.station.log)

    @precondition(lambda self: len(self.logs) < 3)
    @rule()
    def replace_server(self) -> None:
        """Have another server, with an empty log, at the same place. Everybody comes to it before they go on."""
        self.restart(LastingLog())
        self.logs.append(self.station.log)
        self.settle()

    @rule(who=who, size=st.integers(1, 5))
    def take(self, who: int, size: int) -> None:
        """Have a program take events."""
        for _ in range(min(size, len(self.people[who].inbox))):
            self.people[who].take()

    def restart(self, log: LastingLog) -> None:
        for person in self.people:
            if person.line is not None:
                person.cut(is_noticed=False)
        self.station.restart(log)

    def settle(self) -> None:
        """Have everybody connected, and everything arrive that is on its way."""
        for person in self.people:
            if person.line is None:
                person.connect()
        while sum(person.flow_up(10**6) + person.flow_down(10**6) for person in self.people):
            pass
        assert all(person.link.state is State.LIVE for person in self.people)

    def teardown(self) -> None:
        """Have everything arrive and be taken, and look at what has become of it."""
        self.settle()
        for person in self.people:
            while person.inbox:
                person.take()
        self.settle()
        for person in self.people:
            self.check_taken(person)
            self.check_said(person)
            assert person.line is not None
            assert not [key for key in person.line.server.unacked if not key.startswith("#")]

    def check_taken(self, person: Person) -> None:
        """See that all that others said was taken once and in order; of a log that is gone, the first part of it."""
        for log in self.logs:
            taken = person.taken[log.id]
            for other in NAMES:
                if other != person.name:
                    pair = [seq for target, sender, seq in taken if target == person.name and sender == other]
                    said = [entry.seq for entry in entries(log, pair_of(person.name, other)) if entry.sender == other]
                    assert pair == (said if log is self.station.log else said[: len(pair)])
            in_room = [seq for target, _, seq in taken if target == ROOM]
            begin = person.entered.get(log.id, 0)
            said = [entry.seq for entry in entries(log, ROOM) if entry.sender != person.name and entry.seq > begin]
            assert in_room == (said if log is self.station.log else said[: len(in_room)])

    def check_said(self, person: Person) -> None:
        """See that all that a person said is in a log, in none twice, and in each in the order of speaking."""
        found = set()
        for target in (ROOM, *NAMES):
            if target != person.name:
                key = ROOM if target == ROOM else pair_of(person.name, target)
                said = [text for to, text in person.sent if to == target]
                for log in self.logs:
                    texts = [entry.text for entry in entries(log, key) if entry.sender == person.name]
                    assert texts == [text for text in said if text in texts]
                    found.update(texts)
        assert found == {text for _, text in person.sent}


def pair_of(one: str, other: str) -> str:
    """Return the key of a pair's conversation."""
    return " ".join(sorted((one, other)))


def entries(log: LastingLog, conversation: str) -> tuple[m.Entry, ...]:
    """Return everything in a conversation."""
    found = log.ask(AskPage(conversation, limit=10**6), lambda answer: None)
    assert isinstance(found, PageFound)
    return found.entries


TestLinksAcrossRestarts = LinksAcrossRestarts.TestCase
TestLinksAcrossRestarts.settings = settings(max_examples=100)
