"""A chat for tests: a real hub, sessions that write down what they hear, and a log that answers when it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from libchat import messages as m
from libchat.core.effects import Close, Deliver, Delivery, Reply, Resume
from libchat.core.registry import Session
from libchat.hub import Hub
from libchat.records import Answer, Draft, Failure, Outcome, Question, Record, Retention, State, Unanswered
from libchat.store.base import Accounts, Log
from libchat.store.memory import MemoryLog


class Listener(Session):
    """A session that keeps every event that it is handed, until its connection is gone."""

    __slots__ = ("heard", "is_gone")

    def __init__(
        self, *, has_acks: bool = True, wants_receipts: bool | None = None, account: str = "", address: str = ""
    ) -> None:
        super().__init__(wants_receipts=has_acks if wants_receipts is None else wants_receipts, has_acks=has_acks)
        self.account = account
        self.address = address
        self.heard: list[m.Event] = []
        self.is_gone = False
        """Whether the connection is lost: whatever is handed over now reaches nobody."""

    def hear(self, event: m.Event) -> None:
        """Keep an event. Without a connection, there is nobody to hear it."""
        if not self.is_gone:
            self.heard.append(event)

    def entries(self) -> list[m.Entry]:
        """Return the entries that it heard."""
        return [event for event in self.heard if isinstance(event, m.Entry)]

    def texts(self) -> list[str]:
        """Return the texts of the entries that it heard."""
        return [entry.text for entry in self.entries()]

    def take(self) -> list[m.Event]:
        """Return and forget what it heard."""
        heard, self.heard = self.heard, []
        return heard


class ListenerSink:
    """Hands events to listeners at once, in the order in which they come."""

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events for participants."""
        for delivery in deliveries:
            if isinstance(delivery, Deliver):
                for session in delivery.recipients:
                    if session is not delivery.skip and isinstance(session, Listener):
                        session.hear(delivery.event)
            elif not isinstance(delivery, Resume) and isinstance(delivery.session, Listener):
                delivery.session.hear(delivery.event if isinstance(delivery, Reply) else delivery.bye)
                if isinstance(delivery, Close) and not delivery.bye.is_final:
                    delivery.session.is_gone = True


class SlowLog:
    """A log that stores no entry before `commit` is called, and can fail to.

    Facts are stored at once, unless entries wait. What is asked is answered at once, or when `look_up` is called.
    """

    def __init__(self, *, answers_at_once: bool = True) -> None:
        self._log = MemoryLog()
        self._waiting: deque[tuple[Sequence[Record], Callable[[list[Outcome]], None]]] = deque()
        self._asked: deque[tuple[Question, Callable[[Answer], None]]] = deque()
        self._answers_at_once = answers_at_once

    @property
    def id(self) -> str:
        """What tells this log from others."""
        return self._log.id

    @property
    def retention(self) -> Retention:
        """How long entries are kept."""
        return self._log.retention

    def load(self) -> State:
        """Return what is known."""
        return self._log.load()

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Have records wait."""
        if not (self._waiting or any(isinstance(record, Draft) for record in records)):
            return self._log.append(records, committed)
        self._waiting.append((records, committed))
        return None

    def __len__(self) -> int:
        """Return how many appends wait."""
        return len(self._waiting)

    def next_records(self) -> Sequence[Record]:
        """Return what the oldest append that waits has brought."""
        return self._waiting[0][0]

    def commit(self, *, failure: str = "") -> None:
        """Store what one append brought, or, with a reason, fail to."""
        records, committed = self._waiting.popleft()
        if failure:
            committed([Failure(failure) for _ in records])
            return
        outcomes = self._log.append(records, committed)
        assert outcomes is not None
        committed(outcomes)

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer | None:
        """Look something up: now, or have it wait."""
        if self._answers_at_once:
            return self._log.ask(question, answered)
        self._asked.append((question, answered))
        return None

    def look_up(self, *, failure: str = "") -> bool:
        """Answer the oldest question, or, with a reason, fail to; return False if there is none."""
        if not self._asked:
            return False
        question, answered = self._asked.popleft()
        answer = Unanswered(failure) if failure else self._log.ask(question, answered)
        assert answer is not None
        answered(answer)
        return True

    def close(self) -> None:
        """Store what waits."""
        while self._waiting:
            self.commit()
        self._log.close()


class Chat:
    """A hub with a clock that stands still until it is moved, and listeners for participants."""

    def __init__(self, log: Log | None = None, accounts: Accounts | None = None) -> None:
        self.seconds = 1_700_000_000.0
        self.hub = Hub(log=log, accounts=accounts, clock=lambda: self.seconds)
        self.hub.add_sink(ListenerSink())

    def do(self, session: Session, *commands: m.Command | m.Rejected) -> None:
        """Do a turn with commands of one session."""
        self.hub.run([(session, commands)])

    def ask(self, session: Listener, command: m.Command | m.Rejected) -> m.Event:
        """Return the last event that a command brings to its session."""
        session.take()
        self.do(session, command)
        return session.heard[-1]

    def fail(self, session: Listener, command: m.Command | m.Rejected) -> m.Failed:
        """Return the error that answers a command, the only thing that follows from it for its session."""
        session.take()
        self.do(session, command)
        (failed,) = session.heard
        assert isinstance(failed, m.Failed)
        return failed

    def enter(self, name: str, *rooms: str, has_acks: bool = True, device: str = "", account: bool = False) -> Listener:
        """Return a listener that has registered and joined rooms, and has heard nothing else yet but what waited."""
        listener = Listener(has_acks=has_acks, account=name.lower() if account else "")
        self.do(listener, m.Register(name, device))
        assert isinstance(listener.heard[0], m.Registered), listener.heard
        del listener.heard[0]
        for room in rooms:
            self.do(listener, m.Join(room))
            assert isinstance(listener.heard.pop(), m.Entered)
        return listener

    def drain(self, *sessions: Session) -> None:
        """Tell the hub that everything handed to these sessions has left for them."""
        self.hub.run([], drained=sessions)

    def depart(self, session: Session, reason: str = "connection lost") -> None:
        """End a session from outside. Nothing reaches it any more."""
        if isinstance(session, Listener):
            session.is_gone = True
        self.hub.run([], departed=[(session, reason)])


def hush(listeners: Iterable[Listener]) -> None:
    """Have listeners forget what they heard so far."""
    for listener in listeners:
        listener.take()
