"""Links against the real hub, over connections that may be cut after any byte, in memory."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from libchat import messages as m
from libchat.client.link import Link, State
from libchat.records import AskPage, PageFound
from support.station import Line, Station

NAMES = ("ana", "bo")


class Person:
    """A client, the program behind it, and everything that this program knows."""

    def __init__(self, name: str, station: Station) -> None:
        self.name = name
        self.link = Link(name, f"device of {name}")
        self.station = station
        self.line: Line | None = None
        self.inbox: list[m.Event] = []
        self.sent: list[str] = []
        self.read: list[str] = []
        self.accepted: list[m.Accepted] = []

    def connect(self) -> None:
        """Make a new connection."""
        self.line = Line(self.station)
        self.link.connected()

    def cut(self, *, is_noticed: bool) -> None:
        """Lose the connection with all that is on its way. The server may notice it, or find out later."""
        assert self.line is not None
        self.link.lost("cut")
        if is_noticed:
            self.station.lines.remove(self.line)
            self.station.turn(departed=[self.line.server])
        self.line = None

    def send(self, other: str) -> None:
        """Say something that has not been said before."""
        text = f"{self.name} {len(self.sent)}"
        self.sent.append(text)
        self.link.submit(m.Send(other, text, str(len(self.sent))))

    def flow_up(self, count: int) -> bool:
        """Have some bytes arrive at the server, and return whether there were any."""
        assert self.line is not None
        self.line.up += self.link.data_to_send()
        data, self.line.up = self.line.up[:count], self.line.up[count:]
        if data and self.line.server.receive_data(data):
            self.station.turn([self.line.server])
        return bool(data)

    def flow_down(self, count: int) -> bool:
        """Have some bytes arrive at the client, and return whether there were any."""
        assert self.line is not None
        data, self.line.down = self.line.down[:count], self.line.down[count:]
        for event in self.link.receive_data(data):
            if isinstance(event, m.Accepted):
                self.accepted.append(event)
            else:
                self.inbox.append(event)
        assert self.link.error is None
        assert self.link.end is None
        return bool(data)

    def take(self) -> None:
        """Have the program take the next event."""
        event = self.inbox.pop(0)
        if isinstance(event, m.Entry):
            self.read.append(event.text)
            self.link.consumed(event)
        else:
            assert isinstance(event, m.Registered | m.Interrupted | m.Resumed | m.Delivered), event

    def settle(self) -> None:
        """Have everything arrive that is on its way."""
        while self.flow_up(1_000_000) or self.flow_down(1_000_000):
            pass


class LinksWithHub(RuleBasedStateMachine):
    """Two people write to each other through everything that a network can do to them."""

    def __init__(self) -> None:
        super().__init__()
        self.station = Station()
        self.people = [Person(name, self.station) for name in NAMES]
        for person in self.people:
            person.connect()
            person.settle()
            assert person.link.state is State.LIVE

    who = st.integers(0, 1)
    counts = st.integers(1, 300)

    @rule(who=who)
    def send(self, who: int) -> None:
        """Say something to the other one, connected or not."""
        self.people[who].send(NAMES[1 - who])

    @rule(who=who, count=counts)
    def flow_up(self, who: int, count: int) -> None:
        """Have some bytes arrive at the server."""
        if self.people[who].line is not None:
            self.people[who].flow_up(count)

    @rule(who=who, count=counts)
    def flow_down(self, who: int, count: int) -> None:
        """Have some bytes arrive at a client."""
        if self.people[who].line is not None:
            self.people[who].flow_down(count)

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

    @precondition(lambda self: any(person.inbox for person in self.people))
    @rule()
    def take(self) -> None:
        """Have each program take one event."""
        for person in self.people:
            if person.inbox:
                person.take()

    def teardown(self) -> None:
        """Have everything arrive, and look at what has become of it."""
        for person in self.people:
            if person.line is None:
                person.connect()
        for _ in range(2):  # once for what each has sent, once for what the other gets of it
            for person in self.people:
                person.settle()
        for person in self.people:
            while person.inbox:
                person.take()
            person.settle()
        self.check()
        self.station.hub.close()

    def check(self) -> None:
        """Everything that was sent is in the log once and in order, was confirmed once, and was read once."""
        found = self.station.log.ask(AskPage("ana bo", limit=1_000_000), lambda answer: None)
        assert isinstance(found, PageFound)
        entries = found.entries
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        for person, other in (self.people, reversed(self.people)):
            said = [entry for entry in entries if entry.sender == person.name]
            assert [entry.text for entry in said] == person.sent
            assert [accepted.seq for accepted in person.accepted] == [entry.seq for entry in said]
            assert other.read == person.sent
            assert other.line is not None
            assert not other.line.server.unacked


TestLinksWithHub = LinksWithHub.TestCase
