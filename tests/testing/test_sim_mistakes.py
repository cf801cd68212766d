"""Whether the simulator finds mistakes: each test makes one, and sees a scenario fail because of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from libchat import messages as m
from libchat.client.link import OWN, Link
from libchat.client.memory import Memory
from libchat.client.positions import Positions
from libchat.client.rooms import Rooms
from libchat.core.effects import Deliver, Delivery
from libchat.core.registry import Session
from libchat.hub import Hub
from libchat.records import Answer, AskUnread, Cursor, Draft, Outcome, Question, Record, State, WaitingFound
from libchat.store.base import Log
from libchat.store.memory import MemoryLog
from libchat.testing import Sim
from libchat.testing.disk import Answered, Committed, Disk, DiskLog
from libchat.testing.scenario import play
from libchat.testing.world import World

SEEDS = 500


def failures(make: Callable[[int], Sim]) -> str:
    """Return how the first scenario fails in a simulation with a mistake."""
    for seed in range(SEEDS):
        try:
            play(make(seed))
        except AssertionError as error:
            return str(error)
    pytest.fail(f"{SEEDS} seeds have not found it")


# --- logs -----------------------------------------------------------------------------------------------------------


class HastyLog(DiskLog):
    """Answers before it keeps: half of what it has answered is gone if it dies before it has kept it."""

    def __init__(self, world: World, disk: Disk, kept: list[Sequence[Record]]) -> None:
        super().__init__(world, disk)
        self._kept = kept
        self._answered: list[Sequence[Record]] = []

    def append(self, records: Sequence[Record], committed: Committed) -> list[Outcome]:
        """Answer at once, and keep now and then."""
        self._answered.append(records)
        if self.world.chance(0.5):
            self._kept += self._answered
            self._answered.clear()
        return self.disk.store(records)

    def crash(self) -> None:
        """Go back to what was kept."""
        super().crash()
        fresh = Disk()
        for records in self._kept:
            fresh.store(records)
        self.disk.log, self.disk.written = fresh.log, fresh.written


def test_accepting_before_keeping_is_found() -> None:
    """A log that answers before it has kept loses what was accepted, or gives a number twice."""

    def make(seed: int) -> Sim:
        kept: list[Sequence[Record]] = []
        return Sim(seed, open_log=lambda world, disk: HastyLog(world, disk, kept))

    assert re.search(r"was accepted as #\d+, and is (lost|in the log as)|instead of|is not:", failures(make))


class ForgetfulMemory(MemoryLog):
    """Knows no client ids."""

    def append(self, records: Sequence[Record], committed: Committed) -> list[Outcome]:
        """Store everything as new."""
        unmarked = [replace(record, cid="") if isinstance(record, Draft) else record for record in records]
        return super().append(unmarked, committed)


class GapMemory(MemoryLog):
    """Finds one entry too few of what waits."""

    def ask(self, question: Question, answered: Answered) -> Answer:
        """Leave out the last but one of several."""
        answer = super().ask(question, answered)
        if isinstance(answer, WaitingFound) and len(answer.entries) > 2:
            return WaitingFound(answer.entries[:-2] + answer.entries[-1:], answer.has_more)
        return answer


def over(memory: type[MemoryLog]) -> Callable[[World, Disk], DiskLog]:
    """Return how a log is opened on a disk that keeps its entries in such a memory."""

    def open_log(world: World, disk: Disk) -> DiskLog:
        if not isinstance(disk.log, memory):
            disk.log = memory(log_id="simulated")
        return DiskLog(world, disk)

    return open_log


def test_storing_twice_what_was_sent_twice_is_found() -> None:
    """A log that does not know what it has stored already doubles messages."""
    error = failures(lambda seed: Sim(seed, open_log=over(ForgetfulMemory)))
    assert re.search(r"is in the log 2 times|was answered 2 times|is in the log as", error)


def test_replay_with_a_gap_is_found() -> None:
    """A replay that leaves one entry out leaves a gap."""
    error = failures(lambda seed: Sim(seed, open_log=over(GapMemory)))
    assert re.search(r"was shown #\d+ of .* instead of #\d+", error)


class SharingMemory(MemoryLog):
    """Takes what one device of an account has acknowledged from all of them."""

    def ask(self, question: Question, answered: Answered) -> Answer:
        """Look up what the name has not acknowledged."""
        return super().ask(replace(question, device="") if isinstance(question, AskUnread) else question, answered)


def test_devices_that_share_a_cursor_are_found() -> None:
    """A device misses what another one has acknowledged, if the log does not tell them apart."""
    error = failures(lambda seed: Sim(seed, open_log=over(SharingMemory)))
    assert re.search(r"\w+2?/1\) was (never shown #|shown #\d+ of .* instead of)", error)


class FarLog(DiskLog):
    """Moves cursors one entry too far."""

    def append(self, records: Sequence[Record], committed: Committed) -> list[Outcome] | None:
        """Store what was never acknowledged."""
        moved = [replace(record, seq=record.seq + 1) if isinstance(record, Cursor) else record for record in records]
        return super().append(moved, committed)


def test_cursor_that_moves_too_far_is_found() -> None:
    """A log that believes that more was acknowledged than was loses what waits, in a crash."""
    error = failures(lambda seed: Sim(seed, open_log=FarLog))
    assert re.search(r"was never shown|was ever shown|instead of", error)


class LenientLog(DiskLog):
    """Forgets at each start who is banned."""

    def load(self) -> State:
        """Return what is known, without bans."""
        state = super().load()
        return replace(state, rooms=tuple(replace(room, bans=()) for room in state.rooms))


def test_bans_that_a_restart_forgets_are_found() -> None:
    """Who is banned does not enter, nor say anything, after a restart either."""
    assert re.search("(says|enters) .* behind a ban", failures(lambda seed: Sim(seed, open_log=LenientLog)))


# --- the hub --------------------------------------------------------------------------------------------------------


class SwappingHub(Hub):
    """Hands out two entries in the wrong order."""

    def _hand_out(self, out: list[Delivery]) -> None:
        entries = [at for at, each in enumerate(out) if isinstance(each, Deliver) and isinstance(each.event, m.Entry)]
        if len(entries) > 1:
            first, second = entries[:2]
            out[first], out[second] = out[second], out[first]
        super()._hand_out(out)


def open_swapping_hub(log: Log, clock: Callable[[], float]) -> Hub:
    """Return a hub with the mistake."""
    return SwappingHub(log=log, clock=clock)


def test_swapped_deliveries_are_found() -> None:
    """Two entries that are handed out in the wrong order are seen in that order, or one of them never."""
    error = failures(lambda seed: Sim(seed, open_hub=open_swapping_hub))
    assert re.search(r"instead of|was never shown", error)


class TalkativeHub(Hub):
    """Tells those who were kicked what is said behind them."""

    _kicked: tuple[tuple[Session, str], ...] = ()

    def _hand_out(self, out: list[Delivery]) -> None:
        for place, each in enumerate(out):
            if isinstance(each, Deliver) and isinstance(each.event, m.Kicked):
                room, name = each.event.room, each.event.name
                self._kicked += tuple((to, room) for to in each.recipients if to.person and str(to.person.name) == name)
            elif isinstance(each, Deliver) and isinstance(each.event, m.Entry):
                target = each.event.target
                gone = tuple(to for to, room in self._kicked if room == target and to not in each.recipients)
                out[place] = Deliver(each.recipients + gone, each.event, each.skip)
        super()._hand_out(out)


def open_talkative_hub(log: Log, clock: Callable[[], float]) -> Hub:
    """Return a hub with the mistake."""
    return TalkativeHub(log=log, clock=clock)


def test_what_is_said_behind_the_kicked_is_found() -> None:
    """Who was kicked hears nothing more of the room until they enter it again."""
    error = failures(lambda seed: Sim(seed, open_hub=open_talkative_hub))
    assert re.search(r"is not there|begins behind", error)


# --- links ----------------------------------------------------------------------------------------------------------


class TrustingPositions(Positions):
    """Takes every entry for a new one."""

    def hand_over(self, conversation: str, seq: int) -> bool:
        """Note an entry, and hand it over in any case."""
        super().hand_over(conversation, seq)
        return True


class TrustingLink(Link):
    """Hands over everything that comes, also what comes again."""

    def __init__(
        self, name: str, device: str, *, agent: str = "", memory: Memory | None = None, begun: int = 0
    ) -> None:
        super().__init__(name, device, agent=agent, memory=memory, begun=begun)
        self._positions = TrustingPositions(memory if memory is not None else Memory())
        self._rooms = Rooms(self._positions, OWN, self._inherited_rooms(), self._unanswered)


def test_client_that_shows_again_what_comes_again_is_found() -> None:
    """Without a look at the numbers, what comes again after a lost connection is shown twice."""
    assert re.search(r"was shown #\d+ of .* (twice|instead of)", failures(lambda seed: Sim(seed, link=TrustingLink)))


class NewcomingLink(Link):
    """Enters rooms again as if it had never been there."""

    def data_to_send(self) -> bytes:
        """Leave out where it was."""
        return re.sub(rb',"after":\d+', b"", super().data_to_send())


def test_entering_again_without_a_position_is_found() -> None:
    """Who does not say where they were in a room misses what was said while they were away."""
    error = failures(lambda seed: Sim(seed, link=NewcomingLink))
    assert re.search(r"instead of #\d+|was never shown", error)


class EagerLink(Link):
    """Acknowledges what it has received, before the program has taken it."""

    def receive_data(self, data: bytes) -> list[m.Event]:
        """Acknowledge at once."""
        events = super().receive_data(data)
        for event in events:
            if isinstance(event, m.Entry):
                self.consumed(event)
        return events


def test_acknowledging_too_early_is_found() -> None:
    """What was acknowledged before the program had it is lost when the program crashes, and told as delivered."""
    error = failures(lambda seed: Sim(seed, link=EagerLink))
    assert re.search(r"was told that|was ever shown|instead of", error)


class TrustfulRooms(Rooms):
    """Stay where they were, whatever the server says of its account."""

    def _ended(self, registered: m.Registered, *, was_in: bool) -> list[m.Event]:
        """Believe that nothing has ended."""
        return []


class TrustfulLink(Link):
    """Does not look whether its account is still in its rooms."""

    def __init__(
        self, name: str, device: str, *, agent: str = "", memory: Memory | None = None, begun: int = 0
    ) -> None:
        super().__init__(name, device, agent=agent, memory=memory, begun=begun)
        self._rooms = TrustfulRooms(self._positions, OWN, self._inherited_rooms(), self._unanswered)


def test_device_that_stays_where_its_account_is_not_is_found() -> None:
    """A device that does not hear of a kick while it is away waits for what is said there."""
    assert "was never shown" in failures(lambda seed: Sim(seed, link=TrustfulLink))


class ForgetfulLink(Link):
    """Does not send again what was not answered."""

    def lost(self, reason: str) -> list[m.Event]:
        """Forget what is on its way."""
        self._unanswered.clear()
        return super().lost(reason)


def test_not_sending_again_is_found() -> None:
    """Who does not send again what was lost on the way never gets an answer to it."""
    assert "waits for" in failures(lambda seed: Sim(seed, link=ForgetfulLink))


def test_without_a_mistake_there_is_nothing_to_find() -> None:
    """The wrappers themselves do not fail: with the real parts in them, the scenarios pass."""
    for seed in range(20):
        play(Sim(seed, open_log=over(MemoryLog), link=Link, open_hub=lambda log, clock: Hub(log=log, clock=clock)))
