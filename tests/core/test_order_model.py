"""Whatever is decided in rooms, in whatever order, over a log that is slow and fails: what must always be true.

1. Nobody is in a room whose name is banned there, or looks like one that is.
2. Nobody is heard by whom the log has told that they are muted, until they are told otherwise, or the mute has ended.
3. A room loses its last owner only by the owner's leaving.
4. Who was put out of a room hears nothing of it until they have entered it again.
5. When the log has answered everything, nothing is under way, and the log knows what the chat knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.log_model import LogModel
from libchat import messages as m
from libchat.core.moderation import Settings, find_ban
from libchat.core.rooms import Room
from libchat.records import Outcome, Record, RoomState
from support.chat import Chat, Listener, SlowLog

pytestmark = pytest.mark.timeout(1800)  # hypothesis takes up to five minutes to make a failure small

NAMES = ("ana", "bo", "bill", "bi1l", "cy")
ACCOUNTS = ("ana", "bill")
seats = st.integers(0, len(NAMES) - 1)
names = st.sampled_from(NAMES)
flags = st.none() | st.booleans()
seconds = st.sampled_from((0, 0, 2, 5))
DECISIONS = st.one_of(
    st.builds(m.Kick, st.just("#red"), names),
    st.builds(m.Ban, st.just("#red"), names, seconds),
    st.builds(m.Unban, st.just("#red"), names),
    st.builds(m.Mute, st.just("#red"), names, seconds),
    st.builds(m.Unmute, st.just("#red"), names),
    st.builds(m.Grant, st.just("#red"), names, st.sampled_from(("", "voice", "operator", "owner"))),
    st.builds(m.Grant, st.just("#red"), names, st.sampled_from(("operator", "owner"))),
    st.builds(m.SetRoom, st.just("#red"), flags, st.none() | st.sampled_from(("", "tea")), flags, flags, flags),
    st.builds(m.Invite, st.just("#red"), names),
)


class SlowModel(SlowLog):
    """The model of a log, never done at once."""

    def __init__(self) -> None:
        super().__init__()
        self.model = LogModel()
        self._log = self.model  # type: ignore[assignment]  # another log

    def append(self, records: Sequence[Record], committed: Callable[[list[Outcome]], None]) -> list[Outcome] | None:
        """Have records wait, whatever they are."""
        self._waiting.append((records, committed))
        return None


class Witness(Listener):
    """A session that looks at what it hears."""

    __slots__ = ("is_out", "muted", "name")

    def __init__(self, name: str) -> None:
        super().__init__(account=name if name in ACCOUNTS else "")
        self.name = name
        self.is_out = False
        self.muted: dict[str, int] = {}

    def hear(self, event: m.Event) -> None:
        """Look at an event."""
        super().hear(event)
        match event:
            case m.Kicked(name=name) if name == self.name:
                self.is_out = True
            case m.Entered() | m.Exited():
                self.is_out = False
                self.muted.clear()
            case m.Muted():
                self.muted[event.name] = event.until
            case m.Unmuted():
                self.muted.pop(event.name, None)
            case m.Entry(is_queued=False, kind="message"):
                assert not self.is_out, f"{self.name} was put out, and hears {event}"
                until = self.muted.get(event.sender, -1)
                assert until == -1 or 0 < until <= event.time, f"{event.sender} is muted, and was heard by {self.name}"


class OrderMachine(RuleBasedStateMachine):
    """People in one room."""

    @initialize()
    def begin(self) -> None:
        """Have all but the last one meet."""
        self.log = SlowModel()
        self.chat = Chat(self.log)
        self.people = [Witness(name) for name in NAMES]
        self.owners: frozenset[str] = frozenset()
        self.said = 0
        for witness in self.people[:-1]:
            self.chat.do(witness, m.Register(witness.name, f"device of {witness.name}"), m.Join("#red"))
        self.commit_all()

    @rule(seat=seats, decision=DECISIONS)
    def decide(self, seat: int, decision: m.Command) -> None:
        """Decide something, or be refused."""
        self.chat.do(self.people[seat], decision)

    @rule(decision=DECISIONS)
    def decide_as_owner(self, decision: m.Command) -> None:
        """Decide something that is not refused for the role."""
        owners = [
            witness for witness in self.people if self.room and self.room.rules.roles.get(witness.name) == "owner"
        ]
        for owner in owners[:1]:
            self.chat.do(owner, decision)

    @rule(seat=seats, password=st.sampled_from(("", "tea")))
    def join(self, seat: int, password: str) -> None:
        """Enter."""
        self.chat.do(self.people[seat], m.Join("#red", password=password))

    @rule(seat=seats)
    def leave(self, seat: int) -> None:
        """Leave."""
        self.chat.do(self.people[seat], m.Leave("#red"))

    @rule(seat=seats)
    def come_back(self, seat: int) -> None:
        """Lose the connection, if there is one, and come back."""
        name = self.people[seat].name
        self.chat.depart(self.people[seat])
        self.people[seat] = Witness(name)
        self.chat.do(self.people[seat], m.Register(name, f"device of {name}"))

    @rule(seat=seats)
    def say(self, seat: int) -> None:
        """Say something."""
        self.said += 1
        self.chat.do(self.people[seat], m.Send("#red", f"text {self.said}"))

    @rule()
    def wait(self) -> None:
        """Let a second pass."""
        self.chat.seconds += 1

    @rule(stores=st.sampled_from((True, True, True, False)))
    def commit(self, stores: bool) -> None:
        """Have the log answer the oldest append."""
        if len(self.log):
            self.log.commit(failure="" if stores else "the disk is full")

    @rule()
    def commit_all(self) -> None:
        """Have the log answer everything, and compare."""
        while len(self.log):
            self.log.commit()
        room = self.room
        if room is None:
            return
        assert not room.deaf
        assert room.ahead == room.rules
        kept = next((each for each in self.log.model.load().rooms if each.conversation == "#red"), None)
        accounts = {name for name, person in room.members.items() if person.is_account}
        assert accounts == {name for name, _ in (kept.members if kept is not None else ())}
        if kept is not None and room.is_ruled:
            compare(room, kept)

    @invariant()
    def nobody_banned_is_a_member(self) -> None:
        """Look at all members."""
        room, now = self.room, int(self.chat.seconds * 1000)
        for person in room.members.values() if room is not None else ():
            assert room is not None
            ban = find_ban(room.rules.bans.values(), person.name, "", now)
            assert ban is None, f"{person.name} is banned, and a member: {ban}"

    @invariant()
    def owners_leave_by_themselves(self) -> None:
        """Look at who was an owner."""
        room = self.room
        now = frozenset(room.rules.owners() if room is not None else ())
        if room is not None and not now:
            assert not self.owners & room.members.keys(), "the last owner is in the room, and no owner"
        self.owners = now

    @property
    def room(self) -> Room | None:
        """The room, if there is one."""
        listed = self.chat.hub._router.rooms.listed() if hasattr(self, "chat") else []
        return listed[0] if listed else None


def compare(room: Room, kept: RoomState) -> None:
    """Compare a room with what the log knows of it."""
    rules = room.rules
    roles = {name: rules.roles.get(name, "") for name, person in room.members.items() if person.is_account}
    assert dict(kept.members) == roles
    assert kept.bans == tuple(ban for _, ban in sorted(rules.bans.items()))
    assert kept.mutes == tuple(mute for _, mute in sorted(rules.mutes.items()))
    flags = ("invite_only", "password", "moderated", "secret", "open_topic")
    settings = kept.settings or Settings()
    assert [getattr(settings, flag) for flag in flags] == [getattr(rules.settings, flag) for flag in flags]


TestOrder = OrderMachine.TestCase
