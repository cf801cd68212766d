"""What is there when a log is opened again: for logs that outlive their programs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from contracts.log_facts import CONVERSATIONS, appends
from contracts.log_model import LogModel
from contracts.log_tools import (
    LogSuite,
    delete,
    edit,
    entries,
    find_texts,
    page,
    react,
    say,
    store,
    store_entry,
    texts,
    unread,
)
from libchat.records import AskPage, Cursor, Known, Mark, Member, Record, Repeat, RoomState, State, Waiting
from libchat.store.base import Log


def members_of(state: State) -> dict[str, tuple[str, str, set[tuple[str, str]]]]:
    """Return the rooms of a state by conversation; their members have no order."""
    return {room.conversation: (room.room, room.topic, set(room.members)) for room in state.rooms}


class LogPersistence(LogSuite):
    """Everything that was answered is there again."""

    @abstractmethod
    def reopen(self, log: Log) -> Log:
        """Return a log over what a closed log has left."""

    @contextmanager
    def again(self, log: Log) -> Iterator[tuple[Log, State]]:
        """Close a log, open it again, and return it with what it has loaded; it is closed in the end."""
        log.close()
        opened = self.reopen(log)
        try:
            yield opened, opened.load()
        finally:
            opened.close()

    def test_entries_are_there_again(self, log: Log) -> None:
        """All entries are as they were, and the numbers go on."""
        store(log, say("one", time=7, device="d", cid="c"), say("x", "ana bo"), edit(1, "two"), react(1, "+1", "bo"))
        store(log, say("three"), say("four"), delete(4))
        before = entries(log, "#red"), entries(log, "ana bo")
        with self.again(log) as (opened, _):
            assert (entries(opened, "#red"), entries(opened, "ana bo")) == before
            assert store_entry(opened, say("five")).seq == len(before[0]) + 1

    def test_the_id_stays(self, log: Log) -> None:
        """It is the same log."""
        log_id = log.id
        with self.again(log) as (opened, _):
            assert opened.id == log_id

    def test_cids_are_recognised_again(self, log: Log) -> None:
        """What is sent again after the log was opened again is not stored twice."""
        once = say(device="d", cid="c")
        entry = store_entry(log, once)
        with self.again(log) as (opened, _):
            assert store(opened, once) == [Repeat(entry)]
            assert texts(opened, "#red") == ["hi"]

    def test_what_was_deleted_is_not_found_again(self, log: Log) -> None:
        """Searching gives the same as before."""
        store(log, say("apple"), say("pear"), edit(2, "plum"), delete(1))
        with self.again(log) as (opened, _):
            assert find_texts(opened, "apple") == find_texts(opened, "pear") == []
            assert find_texts(opened, "plum") == ["plum"]
            store(opened, edit(2, "cherry"))
            assert find_texts(opened, "plum") == []
            assert find_texts(opened, "cherry") == ["cherry"]

    def test_names_are_there_again(self, log: Log) -> None:
        """Names come in the order in which they were taken, each as it was told last."""
        names = [Known("cy", "Cy", 1, "d", True), Known("ana", "Ana", 2), Known("bo", "Bo", 3, "e")]
        store(log, *names)
        store(log, replace(names[2], display="BO", is_account=True))
        with self.again(log) as (_, state):
            assert state.names == (*names[:2], replace(names[2], display="BO", is_account=True))

    def test_what_waits_is_there_again(self, log: Log) -> None:
        """For each name and private conversation, it is told what lies between the cursor and the newest for it."""
        store(log, Known("ana", "Ana", 1), Known("bo", "Bo", 2), Known("cy", "Cy", 3))
        store(log, *(say("a", "ana bo", "ana") for _ in range(3)), *(say("b", "ana bo", "bo") for _ in range(2)))
        store(log, say("c", "bo cy", "Cy"), say("d", "bo cy", "bo"), say("e"), Cursor("bo", "d", "ana bo", 1))
        store(log, Cursor("cy", "d", "bo cy", 2), Cursor("ana", "", "ana bo", 4))
        with self.again(log) as (_, state):
            assert len(state.waiting) == 3
            assert set(state.waiting) == {
                Waiting("bo", "ana bo", 1, 3),
                Waiting("ana", "ana bo", 4, 5),
                Waiting("bo", "bo cy", 0, 1),
            }

    def test_rooms_are_there_again(self, log: Log) -> None:
        """Rooms that have members or a topic are told, with both; those that have neither are not."""
        store(log, Member("#red", "#Red", "ana", role="owner"), Member("#red", "#Red", "bo"))
        store(log, say("old", kind="topic"), say("new", kind="topic"), say("hi"))
        store(log, Member("#blue", "#Blue", "ana"), Member("#blue", "#Blue", "bo"))
        store(log, Member("#blue", "#Blue", "ana", is_in=False), Member("#blue", "#Blue", "bo", role="owner"))
        store(log, replace(say("kept", "#gold", kind="topic"), target="#Gold"))
        store(log, say("gone", "#grey", kind="topic"), say("", "#grey", kind="topic"), say("x", "#grey"))
        store(log, Member("#pink", "#pink", "cy"), Member("#pink", "#pink", "cy", is_in=False))
        with self.again(log) as (_, state):
            assert members_of(state) == {
                "#red": ("#Red", "new", {("ana", "owner"), ("bo", "")}),
                "#blue": ("#Blue", "", {("bo", "owner")}),
                "#gold": ("#Gold", "kept", set()),
            }
            assert all(isinstance(room, RoomState) for room in state.rooms)

    def test_cursors_and_marks_are_there_again(self, log: Log) -> None:
        """Devices go on where they were, and receipts are remembered."""
        store(log, *(say("a", "ana bo") for _ in range(9)), Member("#red", "#red", "bo"), say("x"))
        store(log, Cursor("bo", "d", "ana bo", 3), Cursor("bo", "e", "ana bo", 5), Mark("bo", "ana bo", 2))
        with self.again(log) as (opened, _):
            assert unread(opened, "bo", "d") == {("ana bo", 3, 9), ("#red", 0, 1)}
            assert unread(opened, "bo") == {("ana bo", 5, 9), ("#red", 0, 1)}
            found = page(opened, AskPage("ana bo", other="bo"))
            assert (found.delivered, found.read) == (5, 2)
            store(opened, Cursor("bo", "d", "ana bo", 1), Mark("bo", "ana bo", 1))
            assert unread(opened, "bo", "d") == {("ana bo", 3, 9), ("#red", 0, 1)}
            assert page(opened, AskPage("ana bo", other="bo")).read == 2

    def test_devices_are_known_again(self, log: Log) -> None:
        """A device that has acknowledged nothing has everything still to come, whoever opens the log."""
        store(log, Known("bo", "Bo", 1, "d1", True), Known("bo", "Bo", 1, "d2", True), say("a", "ana bo"))
        store(log, Cursor("bo", "d1", "ana bo", 1))
        with self.again(log) as (opened, _):
            assert unread(opened, "bo", "d2") == {("ana bo", 0, 1)}
            store(opened, Known("bo", "Bo", 1, "d2", True))
            assert unread(opened, "bo", "d2") == {("ana bo", 0, 1)}

    @settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow], max_examples=25)
    @given(appends)
    def test_the_log_is_what_the_model_is_again(self, batches: list[list[Record]]) -> None:
        """Whatever was appended, the log that is opened again knows what plain lists and dictionaries know."""
        log, model = self.open(), LogModel()
        log.load()
        for batch in batches:
            store(log, *batch)
            store(model, *batch)
        with self.again(log) as (opened, state):
            expected = model.load()
            assert {known.name: known for known in state.names} == {known.name: known for known in expected.names}
            names = {known.name for known in expected.names}  # only names that are known are written to
            assert {waiting for waiting in state.waiting if waiting.name in names} == set(expected.waiting)
            assert members_of(state) == members_of(expected)
            for conversation in CONVERSATIONS:
                assert entries(opened, conversation) == entries(model, conversation)
