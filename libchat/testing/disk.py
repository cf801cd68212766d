"""A log that can crash: what was committed stays, what was only appended is gone.

`Disk` is what survives, `DiskLog` the log of one life of a server on it. The log answers late, as one with a writing
thread does: it commits what waits, as a group, at a time of its choice; it tells so some time later; and it looks up
what it is asked at a third.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from libchat.messages import Entry
from libchat.names import parse_name
from libchat.records import (
    Answer,
    Cursor,
    Draft,
    Failure,
    Known,
    Member,
    Outcome,
    Question,
    Record,
    Retention,
    RoomBan,
    RoomEnd,
    RoomState,
    State,
    Stored,
    Unanswered,
    Unfit,
    Waiting,
)
from libchat.store.memory import MemoryLog
from libchat.testing.world import World

Committed = Callable[[list[Outcome]], None]
Answered = Callable[[Answer], None]


class Written(Struct, frozen=True):
    """One entry as it was first stored, and with what. `sent` is its text as it came: it may have been changed."""

    conversation: str
    entry: Entry
    device: str
    cid: str
    sent: str


class Disk:
    """What a crash leaves: everything that was committed."""

    def __init__(self) -> None:
        self.written: list[Written] = []
        """Every entry that was ever stored, in that order."""
        self.refused: set[tuple[str, str]] = set()
        """Device and client id of what was refused at one time or another: said again, it may come behind others."""
        self.starts: dict[tuple[str, str], dict[str, list[int]]] = {}
        """For each device of an account, behind which numbers of a conversation it began: in a room, each time anew."""
        self.faults: list[str] = []
        """What was stored although it may not be, because somebody was put out of the room before."""
        self.is_full = False
        """Whether nothing can be stored."""
        self.is_unreadable = False
        """Whether nothing can be looked up."""
        self.log = MemoryLog(log_id="simulated")
        self._names: dict[str, Known] = {}
        self._cursors: dict[tuple[str, str], int] = {}
        self._members: dict[str, dict[str, Member]] = {}
        self._bans: dict[str, dict[str, RoomBan]] = {}

    def store(self, records: Sequence[Record]) -> list[Outcome]:
        """Store what one append brings, all or nothing."""
        if self.is_full:
            self.refused.update((record.device, record.cid) for record in records if isinstance(record, Draft))
            return [Failure("the disk is full") for _ in records]
        outcomes = self.log.append(records, _nobody)
        for record, outcome in zip(records, outcomes, strict=True):
            self._remember(record, outcome)
        return outcomes

    def look_up(self, question: Question) -> Answer:
        """Return what is there."""
        return Unanswered("the disk cannot be read") if self.is_unreadable else self.log.ask(question, _nobody)

    def state(self) -> State:
        """Return what a server begins with."""
        return State(tuple(self._names.values()), tuple(self._find_waiting()), tuple(self._find_rooms()))

    def _remember(self, record: Record, outcome: Outcome) -> None:
        match record:
            case Draft() if isinstance(outcome, Entry):
                self._check_is_in(record)
                sent = record.text if record.sent is None else record.sent
                self.written.append(Written(record.conversation, outcome, record.device, record.cid, sent))
            case Draft() if isinstance(outcome, Unfit):
                self.refused.add((record.device, record.cid))
            case Known(name):
                self._names.pop(name, None)
                self._names[name] = record
                if record.is_account and record.device:
                    self._meet(name, record.device)
            case Cursor(name, _, conversation, seq):
                self._cursors[name, conversation] = max(seq, self._cursors.get((name, conversation), 0))
            case Member(conversation, _, name):
                members = self._members.setdefault(conversation, {})
                self._check_enters(record, is_new=name not in members)
                if record.is_in and name not in members and isinstance(outcome, Stored):
                    self._begin(name, conversation, outcome.seq)
                members.pop(name, None)
                if record.is_in:
                    members[name] = record
            case RoomBan(conversation, _, mask):
                bans = self._bans.setdefault(conversation, {})
                bans.pop(mask, None)
                if record.is_on:
                    bans[mask] = record
            case RoomEnd(conversation):
                self._bans.pop(conversation, None)
            case _:
                pass

    def _check_is_in(self, draft: Draft) -> None:
        """Write it down if somebody says something in a room who was put out of it before."""
        name, conversation = parse_name(draft.sender).key, draft.conversation
        if not conversation.startswith("#"):
            return
        ban = self._bans.get(conversation, {}).get(name)
        if ban is not None and not (0 < ban.until <= draft.time):
            self.faults.append(f"{name} says {draft.text!r} in {conversation} behind a ban: {ban}")
        known = self._names.get(name)
        if known is not None and known.is_account and name not in self._members.get(conversation, {}):
            self.faults.append(f"the account {name} says {draft.text!r} in {conversation}, and is not there")

    def _check_enters(self, member: Member, *, is_new: bool) -> None:
        """Write it down if an account enters a room, behind a ban that only taking it back ends."""
        ban = self._bans.get(member.conversation, {}).get(member.name)
        if ban is not None and not ban.until and member.is_in and is_new:
            self.faults.append(f"{member.name} enters {member.conversation} behind a ban: {ban}")

    def _meet(self, name: str, device: str) -> None:
        """Notice a device: a new one begins where the name is."""
        theirs = {conversation: [seq] for (whose, conversation), seq in self._cursors.items() if whose == name}
        self.starts.setdefault((name, device), theirs)

    def _begin(self, name: str, conversation: str, seq: int) -> None:
        """Notice where somebody became a member: there all their devices begin."""
        self._cursors[name, conversation] = seq
        for (whose, _), starts in self.starts.items():
            if whose == name:
                starts.setdefault(conversation, []).append(seq)

    def _find_waiting(self) -> list[Waiting]:
        newest: dict[tuple[str, str], int] = {}
        for each in self.written:
            if not each.conversation.startswith("#"):
                one, other = each.conversation.split(" ")
                newest[other if parse_name(each.entry.sender).key == one else one, each.conversation] = each.entry.seq
        return [
            Waiting(name, conversation, self._cursors.get((name, conversation), 0), seq)
            for (name, conversation), seq in newest.items()
            if seq > self._cursors.get((name, conversation), 0)
        ]

    def _find_rooms(self) -> list[RoomState]:
        topics: dict[str, Entry] = {}
        for each in self.written:
            if each.entry.kind == "topic":
                topics[each.conversation] = each.entry
        found = []
        for conversation in {**self._members, **topics, **self._bans}:
            members = self._members.get(conversation, {})
            shown = topics[conversation].target if conversation in topics else conversation
            topic = topics[conversation].text if conversation in topics else ""
            bans = tuple(self._bans.get(conversation, {}).values())
            if members or topic or bans:
                theirs = tuple((name, member.role) for name, member in members.items())
                found.append(RoomState(conversation, shown, topic, theirs, bans=bans))
        return found


class DiskLog:
    """The log of one life of a server (`libchat.store.base.Log`). Subclasses may do it wrong, to see it found."""

    def __init__(self, world: World, disk: Disk) -> None:
        self.world = world
        self.disk = disk
        self._appended: deque[tuple[Sequence[Record], Committed]] = deque()
        self._unanswered: deque[tuple[list[Outcome], Committed]] = deque()
        """What is committed, or cannot be, and was not told yet."""
        self.is_dead = False
        """Whether the life has ended of which it is the log."""

    @property
    def id(self) -> str:
        return self.disk.log.id

    @property
    def retention(self) -> Retention:
        return self.disk.log.retention

    @property
    def has_uncommitted(self) -> bool:
        """Whether something waits that a crash would take."""
        return bool(self._appended)

    def load(self) -> State:
        return self.disk.state()

    def append(self, records: Sequence[Record], committed: Committed) -> list[Outcome] | None:
        """Have records wait for the next commit; or store them at once, if none do."""
        if not (self._appended or self._unanswered) and self.world.chance(0.1):
            return self.disk.store(records)
        self._appended.append((records, committed))
        if len(self._appended) == 1:
            self.world.later(self._commit, 1, self.world.choose([5, 50, 500]))
        return None

    def ask(self, question: Question, answered: Answered) -> Answer | None:
        """Look something up at once, or later."""
        if self.world.chance(0.2):
            return self.disk.look_up(question)
        self.world.later(lambda: self._look_up(question, answered), 1, 40)
        return None

    def close(self) -> None:
        """Commit what waits."""
        self.commit()
        self.tell()
        self.is_dead = True

    def crash(self) -> None:
        """Lose what was not committed, and answer nothing more."""
        self.is_dead = True

    def commit(self) -> None:
        """Store everything that waits, without telling."""
        if self._appended:
            self.world.note("log", f"{'fails to commit' if self.disk.is_full else 'commits'} {len(self._appended)}")
        while self._appended:
            records, committed = self._appended.popleft()
            self._unanswered.append((self.disk.store(records), committed))

    def tell(self) -> None:
        """Tell what was committed, in the order of the appends."""
        while self._unanswered:
            outcomes, committed = self._unanswered.popleft()
            committed(outcomes)

    def _commit(self) -> None:
        if not self.is_dead:
            self.commit()
            self.world.later(self._tell, 1, 20)

    def _tell(self) -> None:
        if not self.is_dead:
            self.tell()

    def _look_up(self, question: Question, answered: Answered) -> None:
        if self.is_dead:
            return
        answer = self.disk.look_up(question)
        self.world.later(lambda: self._answer(answer, answered), 1, 20)

    def _answer(self, answer: Answer, answered: Answered) -> None:
        if not self.is_dead:
            answered(answer)


def _nobody(answer: object) -> None:
    """Take what the log in memory never says: it answers at once."""
