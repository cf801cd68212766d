"""Logs that a test holds in its hand: it says when they store, when they answer, and when they are gone.

Whatever thread the log answers in, the answer is waited for and handed over by the test's own thread, so that the same
steps always have the same end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, Protocol, TypeVar

from libchat import messages as m
from libchat.records import Answer, Draft, Member, Outcome, Question, Record, Retention, RoomState, State
from libchat.store.base import Log
from libchat.store.sqlite import SqliteLog
from support.lasting import LastingLog

SECONDS = 30.0
"""How long a log may take for anything."""

T = TypeVar("T")


def wait_for(begin: Callable[[Callable[[T], None]], T | None]) -> T:
    """Have something asked of a log, and return what it answers, now or later."""
    answers: SimpleQueue[T] = SimpleQueue()
    answer = begin(answers.put)
    return answers.get(timeout=SECONDS) if answer is None else answer


class Watcher(Protocol):
    """Who is told what becomes of what the hub brings to the log."""

    def take_steps(self) -> list[Callable[[], None]]:
        """Remove and return what follows when what was routed since the last time is stored."""
        ...

    def take_answers(self) -> list[Callable[[], None]]:
        """Remove and return what follows when that is answered, too."""
        ...

    def asked(self, question: Question) -> Callable[[], None]:
        """Take notice of a question, and return what follows when the log looks it up."""
        ...


class _Append(NamedTuple):
    records: Sequence[Record]
    committed: Callable[[list[Outcome]], None]
    steps: list[Callable[[], None]]
    answers: list[Callable[[], None]]


class _Ask(NamedTuple):
    question: Question
    answered: Callable[[Answer], None]
    step: Callable[[], None]


def _take(steps: list[Callable[[], None]]) -> None:
    for step in steps:
        step()


class HeldLog:
    """A log that stores, answers and looks up when it is told to; with `is_quick`, at once."""

    def __init__(self, log: Log, watcher: Watcher, *, is_quick: bool) -> None:
        self._log = log
        self._watcher = watcher
        self.is_quick = is_quick
        self._waiting: deque[_Append] = deque()
        self._stored: deque[tuple[_Append, list[Outcome]]] = deque()
        self._asked: list[_Ask] = []

    @property
    def id(self) -> str:
        return self._log.id

    @property
    def retention(self) -> Retention:
        return self._log.retention

    def load(self) -> State:
        return self._log.load()

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        append = _Append(records, committed, self._watcher.take_steps(), self._watcher.take_answers())
        if self.is_quick and not (self._waiting or self._stored):
            outcomes = self._store(append)
            _take(append.answers)
            return outcomes
        self._waiting.append(append)
        return None

    def ask(self, question: Question, answered: Callable[[Answer], None]) -> Answer | None:
        ask = _Ask(question, answered, self._watcher.asked(question))
        if self.is_quick:
            return self._find(ask)
        self._asked.append(ask)
        return None

    def _store(self, append: _Append) -> list[Outcome]:
        outcomes = wait_for(lambda committed: self._log.append(append.records, committed))
        _take(append.steps)
        return outcomes

    def _find(self, ask: _Ask) -> Answer:
        ask.step()
        return self.look(ask.question)

    def look(self, question: Question) -> Answer:
        """Return what the log finds, whoever asks."""

        def begin(answered: Callable[[Answer], None]) -> Answer | None:
            return self._log.ask(question, answered)

        return wait_for(begin)

    # --- what the test says -----------------------------------------------------------------------------------------

    def commit(self) -> bool:
        """Store what the oldest append brought, and answer nothing yet. Return whether there was one."""
        if not self._waiting:
            return False
        append = self._waiting.popleft()
        self._stored.append((append, self._store(append)))
        return True

    def answer(self) -> bool:
        """Answer the oldest append that is stored. Return whether there was one."""
        if not self._stored:
            return False
        append, outcomes = self._stored.popleft()
        _take(append.answers)
        append.committed(outcomes)
        return True

    def look_up(self, pick: int) -> bool:
        """Answer one of the questions. Return whether there was one."""
        if not self._asked:
            return False
        ask = self._asked.pop(pick % len(self._asked))
        ask.answered(self._find(ask))
        return True

    def close(self) -> None:
        """Store and answer everything, and be closed: the server has stopped."""
        while self.commit() or self.answer() or self.look_up(0):
            pass
        self._log.close()

    def crash(self) -> None:
        """Be gone with all that is not stored: nobody is ever answered."""
        self._waiting.clear()
        self._stored.clear()
        self._asked.clear()
        self._log.close()


# --- what lies under them -------------------------------------------------------------------------------------------


class Storage(Protocol):
    """Where a log has its entries when no server runs."""

    def open(self) -> Log:
        """Return the log, as the last server has left it."""
        ...


class RoomsLog(LastingLog):
    """A memory log that knows everything again when it is opened again."""

    def __init__(self) -> None:
        super().__init__()
        self._state_of_rooms: dict[str, tuple[str, str, dict[str, str]]] = {}
        """Name, topic and members of each room, by conversation."""

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome]:
        outcomes = super().append(records, committed)
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(record, Member):
                members = self._room(record.conversation, record.room)[2]
                members.pop(record.name, None)
                if record.is_in:
                    members[record.name] = record.role
            elif isinstance(record, Draft) and isinstance(outcome, m.Entry) and outcome.kind == "topic":
                name, _, members = self._room(record.conversation, record.target)
                self._state_of_rooms[record.conversation] = (name, outcome.text, members)
        return outcomes

    def _room(self, conversation: str, name: str) -> tuple[str, str, dict[str, str]]:
        return self._state_of_rooms.setdefault(conversation, (name, "", {}))

    def load(self) -> State:
        rooms = tuple(
            RoomState(conversation, name, topic, tuple(sorted(members.items())))
            for conversation, (name, topic, members) in self._state_of_rooms.items()
            if members or topic
        )
        state = super().load()
        return State(state.names, state.waiting, rooms)

    def close(self) -> None:
        """Forget nothing: the next server finds it all."""


class InMemory:
    """Entries in memory, which no crash of these servers takes away."""

    def __init__(self) -> None:
        self._log = RoomsLog()

    def open(self) -> Log:
        """Return the log, as the last server has left it."""
        return self._log


class InFile:
    """Entries in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> Log:
        """Return a log that has read the file."""
        return SqliteLog(self._path, durability="normal")
