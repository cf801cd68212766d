"""A log in memory that can be opened again, by the hub of a server that was killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libchat import messages as m
from libchat.names import target_key
from libchat.records import Cursor, Draft, Known, Outcome, Record, State, Waiting
from libchat.store.memory import MemoryLog


class LastingLog(MemoryLog):
    """A memory log that knows its names, and what waits for them. Accounts' rooms are not for it."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, Known] = {}
        self._newest: dict[tuple[str, str], int] = {}
        """By name and conversation, the newest number that is meant for the name."""
        self._acked: dict[tuple[str, str], int] = {}

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome]:
        outcomes = super().append(records, committed)
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(record, Known):
                self._names[record.name] = record
            elif isinstance(record, Cursor):
                key = (record.name, record.conversation)
                self._acked[key] = max(record.seq, self._acked.get(key, 0))
            elif isinstance(record, Draft) and isinstance(outcome, m.Entry) and not record.target.startswith("#"):
                self._newest[target_key(record.target), record.conversation] = outcome.seq
        return outcomes

    def load(self) -> State:
        waiting = tuple(
            Waiting(name, conversation, self._acked.get((name, conversation), 0), newest)
            for (name, conversation), newest in self._newest.items()
            if newest > self._acked.get((name, conversation), 0)
        )
        return State(tuple(self._names.values()), waiting)
