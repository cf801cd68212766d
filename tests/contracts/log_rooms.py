"""What is decided in rooms: stored with everything else, and there again when the log is opened again."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.log_facts import rules
from contracts.log_model import LogModel
from contracts.log_persistence import LogPersistence
from contracts.log_tools import LogSuite, say, store
from libchat.messages import Entry
from libchat.records import Audit, Member, Record, RoomBan, RoomEnd, RoomMute, RoomSettings, RoomState, State, Stored
from libchat.store.base import Log

SETTINGS = RoomSettings("#red", "#Red", True, "salt$hash", True, True, False)
BAN = RoomBan("#red", "#Red", "cy", "Ana", 5, 9, "spam")
MUTE = RoomMute("#red", "#Red", "bo", "Ana", 6, 0, "noise")
AUDIT = Audit(5, "Ana", "ban", "#Red", "cy", "spam")


def rooms_of(state: State) -> list[RoomState]:
    """Return the rooms of a state, sorted; the names of rooms with one spelling are left alone."""
    return sorted(state.rooms, key=lambda room: room.conversation)


class LogRules(LogSuite):
    """Storing it."""

    def test_decisions_are_stored(self, log: Log) -> None:
        """Each has its outcome, in its place between entries, and takes no number; they may come again."""
        records: list[Record] = [SETTINGS, BAN, MUTE, AUDIT, RoomEnd("#red"), RoomEnd("#blue"), AUDIT]
        for last in (2, 4):
            outcomes = store(log, say("one"), *records, say("two"))
            assert [isinstance(outcome, Stored) for outcome in outcomes[1:-1]] == [True] * len(records)
            assert isinstance(outcomes[-1], Entry)
            assert outcomes[-1].seq == last


class LastingRules(LogPersistence):
    """What is there again."""

    def test_decisions_are_there_again(self, log: Log) -> None:
        """Roles, settings, bans and mutes are as they were, of a room without members, too."""
        store(log, Member("#red", "#Red", "ana", "owner"), Member("#red", "#Red", "bo", "voice"))
        store(log, SETTINGS, BAN, RoomBan("#red", "#Red", "10.0.0.0/8", "Ana", 5), MUTE, AUDIT)
        store(log, RoomMute("#blue", "#Blue", "bo", "Ana", 6), AUDIT)
        store(log, Member("#red", "#Red", "bo", "operator"))
        with self.again(log) as (_, state):
            blue, red = rooms_of(state)
            assert red == RoomState(
                "#red",
                "#Red",
                "",
                (("ana", "owner"), ("bo", "operator")),
                SETTINGS,
                (RoomBan("#red", "#Red", "10.0.0.0/8", "Ana", 5), BAN),
                (MUTE,),
            )
            assert blue == RoomState("#blue", "#Blue", "", (), None, (), (RoomMute("#blue", "#Blue", "bo", "Ana", 6),))

    def test_the_newest_decision_counts(self, log: Log) -> None:
        """What is left out of settings stays; a ban replaces the one before, and what is taken back is gone."""
        store(log, SETTINGS, BAN, MUTE, RoomSettings("#red", "#Red", invite_only=False, password=""))
        store(log, RoomBan("#red", "#Red", "cy", "Bo", 7, 8, "worse"), RoomMute("#red", "#Red", "bo", is_on=False))
        with self.again(log) as (_, state):
            (red,) = rooms_of(state)
            assert red.settings == RoomSettings("#red", "#Red", False, "", True, True, False)
            assert red.bans == (RoomBan("#red", "#Red", "cy", "Bo", 7, 8, "worse"),)
            assert red.mutes == ()

    def test_what_is_left_out_of_settings_stays(self, log: Log) -> None:
        """Each is set by itself."""
        store(log, SETTINGS, RoomSettings("#red", "#Red", secret=False))
        with self.again(log) as (_, state):
            (red,) = rooms_of(state)
            assert red.settings == RoomSettings("#red", "#Red", True, "salt$hash", True, False, False)

    def test_an_ended_room_is_forgotten(self, log: Log) -> None:
        """Nothing of it is there, but for its topic; others are left alone."""
        store(log, SETTINGS, BAN, MUTE, RoomMute("#blue", "#blue", "bo"), say("topic", kind="topic"), RoomEnd("#red"))
        with self.again(log) as (_, state):
            blue, red = rooms_of(state)
            assert (red.topic, red.settings, red.bans, red.mutes) == ("topic", None, (), ())
            assert blue.mutes

    @settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow])
    @given(st.lists(st.lists(rules(), min_size=1, max_size=6), max_size=6))
    def test_what_is_there_is_what_the_model_has(self, batches: list[list[Record]]) -> None:
        """Whatever is decided, in whatever order, plain dictionaries have the same afterwards."""
        log, model = self.open(), LogModel()
        log.load()
        for batch in batches:
            store(log, *batch)
            store(model, *batch)
        with self.again(log) as (_, state):
            found = [(room.settings, room.bans, room.mutes) for room in rooms_of(state)]
            assert found == [(room.settings, room.bans, room.mutes) for room in rooms_of(model.load())]
