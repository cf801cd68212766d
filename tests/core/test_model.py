"""The whole chat against a model of plain dictionaries, in random conversations.

How it works. Rules collect what goes into the next turn; `turn` has the hub do it, and the model say what everybody
must hear of it. Each session has a list of slots: what it must hear, in the order of routing. What depends on the log
is put into its slot when the log has answered. Private entries have no slot, because when they come depends on what
waited before; for them there are rules of their own (`check_private`, `check_order`, `settle`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec.structs import astuple, replace

from libchat import messages as m
from libchat.core import registry
from libchat.core.entries import pair_conversation
from libchat.errors import Code
from libchat.limits import MEMORY_ENTRIES
from libchat.names import parse_name, parse_room, skeleton
from libchat.records import Draft
from support.chat import Chat, Listener, SlowLog

pytestmark = pytest.mark.timeout(1800)  # hypothesis takes up to five minutes to make a failure small

NAMES = ("ana", "Ana", "bo", "bill", "bi1l", "Cy")  # ana and Ana are one name, bill and bi1l look alike
ROOMS = ("#red", "Red", "#blue")  # #red and Red are one room to join; to write to, Red is a name that nobody has
DEVICES = ("", "d0", "d1", "d2")
PAGE = 2
"""Entries of a page of what waited: few, so that pages follow each other."""

seats = st.integers(0, 4)
picks = st.integers(0, 100)
names = st.sampled_from(NAMES)
rooms = st.sampled_from(ROOMS)
cids = st.sampled_from(("", "", "", "c1", "c2"))

Heard = tuple[object, ...]
"""What is compared of an event: its type and fields, without words for people."""
Said = tuple[str, str, str]
"""What is compared of a draft with a cid that was used before: conversation, kind and text."""


def seen(heard: m.Event) -> Heard:
    """Return what is compared of an event."""
    if isinstance(heard, m.Failed):
        return (m.Failed, heard.code, heard.cid)
    if isinstance(heard, m.Bye):
        return (m.Bye, heard.is_final)
    return (type(heard), *astuple(heard))


def is_private(heard: m.Event) -> bool:
    """Return whether an event is an entry for one name."""
    return isinstance(heard, m.Entry) and not heard.target.startswith("#")


def is_receipt(heard: m.Event) -> bool:
    """Return whether an event says how far the other side is, which depends on when it acknowledges."""
    return isinstance(heard, m.Delivered)


def is_end(heard: m.Event) -> bool:
    """Return whether an event ends a session of which the log does not know."""
    return isinstance(heard, m.Bye) and not heard.is_final


def conversation_of(entry: m.Entry) -> str:
    """Return the conversation of a private entry."""
    return pair_conversation(parse_name(entry.sender), parse_name(entry.target))


def look_alike(one: str, other: str) -> bool:
    """Return whether two names are hard to tell apart."""
    return skeleton(parse_name(one)) == skeleton(parse_name(other))


@dataclass
class Slot:
    """What a session hears at one place in the order of routing: nothing, if it needs no receipt."""

    turn: int
    index: int
    heard: Heard | None = None


@dataclass(eq=False)
class Player:
    """What the model knows of a session."""

    session: Listener
    name: str = ""
    device: str = ""
    is_over: bool = False
    slots: list[Slot] = field(default_factory=list)
    begin: dict[str, int] = field(default_factory=dict)
    """The cursors of its name when it took it."""
    entered: set[str] = field(default_factory=set)
    """The rooms in which it hears what is said."""

    def private(self) -> Iterator[tuple[str, m.Entry]]:
        """Yield the private entries that it heard, each with its conversation."""
        for heard in self.session.heard:
            if isinstance(heard, m.Entry) and is_private(heard):
                yield conversation_of(heard), heard


@dataclass
class Person:
    """Somebody who was here, and is here now if there is a player."""

    display: str
    player: Player | None = None
    away: str = ""
    is_noted: bool = False
    """Whether the log knows of the name."""
    rooms: list[str] = field(default_factory=list)
    cursors: dict[str, int] = field(default_factory=dict)


@dataclass
class Room:
    """A room, from its first member to its last."""

    display: str
    members: list[str] = field(default_factory=list)
    owner: str = ""
    """Who has made it, as long as they are in it."""

    def role(self, name: str) -> str:
        """Return the role of somebody."""
        return "owner" if name and name == self.owner else ""


@dataclass
class Stored:
    """A private entry in the log: its place in the order of routing, and whom it is for."""

    entry: m.Entry
    index: int
    to: str


@dataclass
class Pending:
    """A turn that is not carried out yet. Its steps are told whether the log could store it."""

    turn: int
    has_drafts: bool = False
    dependents: list[Player] = field(default_factory=list)
    """Who cannot stay if the log fails."""
    steps: list[Callable[[bool], None]] = field(default_factory=list)


class ChatMachine(RuleBasedStateMachine):
    """Everything, over a log that answers at once."""

    is_slow: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(registry, "REPLAY_ENTRIES", PAGE)
        self.log = SlowLog()
        self.chat = Chat(self.log if self.is_slow else None)
        self.seats = [Player(Listener(has_acks=seat < 3)) for seat in range(5)]
        self.players = list(self.seats)
        self.people: dict[str, Person] = {}
        self.rooms: dict[str, Room] = {}
        self.topics: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.stored: dict[str, list[Stored]] = {}
        self.first: dict[tuple[str, str], tuple[Said, m.Entry]] = {}
        self.pending: list[Pending] = []
        self.turns = 0
        self.index = 0
        self.size = 100
        self.inputs: list[tuple[Player, m.Command]] = []
        self.drained: list[Player] = []
        self.departed: list[Player] = []

    def teardown(self) -> None:
        """Let everything settle, and see that nothing is missing."""
        try:
            self.settle()
        finally:
            self.patch.undo()

    # --- what goes into a turn --------------------------------------------------------------------------------------

    def put(self, seat: int, command: m.Command) -> None:
        """Have somebody say something in the next turn."""
        self.inputs.append((self.seats[seat], command))
        if len(self.inputs) >= self.size:
            self.turn()

    @initialize(size=st.integers(1, 6), crowd=st.lists(names, min_size=2, max_size=5))
    def begin(self, size: int, crowd: list[str]) -> None:
        """Choose how many commands fill a turn, and have some register and meet in a room."""
        for seat, name in enumerate(crowd):
            self.put(seat, m.Register(name, f"d{seat}"))
            self.put(seat, m.Join("#red"))
        self.size = size

    @rule(seat=seats, name=names, device=st.sampled_from(DEVICES), cid=cids)
    def register(self, seat: int, name: str, device: str, cid: str) -> None:
        """Take a name; whoever has gone comes back with a new session."""
        if self.seats[seat].is_over:
            self.seats[seat] = Player(Listener(has_acks=seat < 3))
            self.players.append(self.seats[seat])
        self.put(seat, m.Register(name, device, cid))

    @rule(seat=seats, to=names | rooms, cid=cids)
    def send(self, seat: int, to: str, cid: str) -> None:
        """Say something that nobody has said before."""
        self.put(seat, m.Send(to, f"text {self.turns}.{len(self.inputs)}", cid))

    @rule(seat=seats, pick=picks, count=st.integers(1, 3 * PAGE))
    def burst(self, seat: int, pick: int, count: int) -> None:
        """Say more than a page holds to somebody who was here, and may be away."""
        others = [person.display for key, person in self.people.items() if key != self.seats[seat].name]
        if others:
            for _ in range(count):
                self.send(seat=seat, to=others[pick % len(others)], cid="")

    @precondition(lambda self: self.free_seats() and self.away_names())
    @rule(pick=picks)
    def come_back(self, pick: int) -> None:
        """Take a name that is away, at a seat that is free."""
        free, away = self.free_seats(), self.away_names()
        self.register(seat=free[pick % len(free)], name=away[pick % len(away)], device="", cid="")

    def free_seats(self) -> list[int]:
        """Return the seats whose player has gone, or has no name yet."""
        return [seat for seat, player in enumerate(self.seats) if player.is_over or not player.name]

    def away_names(self) -> list[str]:
        """Return the names of those who are away."""
        return [person.display for person in self.people.values() if not person.player]

    @rule(seat=seats, pick=picks)
    def send_again(self, seat: int, pick: int) -> None:
        """Say once more what was said with a cid, as after a lost connection."""
        said = [(conversation, text, cid) for (_, cid), ((conversation, _, text), _) in self.first.items() if text]
        if said:
            conversation, text, cid = said[pick % len(said)]
            others = [name for name in conversation.split() if name != self.seats[seat].name]
            self.put(seat, m.Send(others[0], text, cid))

    @rule(seat=seats, room=rooms, cid=cids)
    def join(self, seat: int, room: str, cid: str) -> None:
        """Enter a room."""
        self.put(seat, m.Join(room, cid))

    @rule(seat=seats, room=rooms, cid=cids)
    def leave(self, seat: int, room: str, cid: str) -> None:
        """Leave a room."""
        self.put(seat, m.Leave(room, cid))

    @rule(seat=seats, room=rooms, text=st.sampled_from((None, "", "topic")), cid=cids)
    def topic(self, seat: int, room: str, text: str | None, cid: str) -> None:
        """Ask for a topic, clear it or set it."""
        self.put(seat, m.Topic(room, text and f"{text} {self.turns}.{len(self.inputs)}", cid))

    @rule(seat=seats, text=st.sampled_from(("", "lunch")))
    def away(self, seat: int, text: str) -> None:
        """Go away, or come back."""
        self.put(seat, m.Away(text))

    @rule(seat=seats, to=names | rooms)
    def typing(self, seat: int, to: str) -> None:
        """Type."""
        self.put(seat, m.Typing(to))

    @rule(seat=seats, room=st.just("") | rooms)
    def who(self, seat: int, room: str) -> None:
        """Ask who is here."""
        self.put(seat, m.Who(room))

    @rule(seat=seats)
    def exit(self, seat: int) -> None:
        """Leave the chat."""
        self.put(seat, m.Exit())

    @rule(seat=seats, pick=picks)
    def acknowledge(self, seat: int, pick: int) -> None:
        """Acknowledge up to one of the entries that one has."""
        private = [entry for _, entry in self.seats[seat].private()]
        if self.seats[seat].session.has_acks and private:
            entry = private[pick % len(private)]
            self.put(seat, m.Ack(entry.sender, entry.seq))

    @rule(pick=picks)
    def drain(self, pick: int) -> None:
        """Let everything leave for a session, also for one that has exited."""
        able = [player for player in self.players if not player.session.is_gone]
        if able:
            self.drained.append(able[pick % len(able)])

    @rule(seat=seats)
    def drop(self, seat: int) -> None:
        """Lose a connection."""
        self.departed.append(self.seats[seat])

    # --- turns ------------------------------------------------------------------------------------------------------

    @rule()
    def turn(self) -> None:
        """Have the hub and the model do what was put into the turn."""
        self.chat.seconds += 1
        drained, self.drained = self.drained, []
        inputs, self.inputs = self.inputs, []
        departed, self.departed = self.departed, []
        for player in drained:
            self.note_drained(player)
        waiting = len(self.log)
        self.chat.hub.run(
            [(player.session, (command,)) for player, command in inputs],
            drained=[player.session for player in drained],
            departed=[(player.session, "lost") for player in departed],
        )
        pending = Pending(self.turns, len(self.log) > waiting)
        self.turns += 1
        for player, command in inputs:
            self.expect(player, command, pending)
        for player in departed:
            player.session.is_gone = True
            self.end(player, "lost", pending)
        self.pending.append(pending)
        self.carry_out()

    @precondition(lambda self: self.pending)
    @rule(stores=st.sampled_from((True, True, True, False)))
    def commit(self, stores: bool) -> None:
        """Have the log answer the oldest append."""
        self.log.commit(failure="" if stores else "the disk is full")
        pending = self.pending.pop(0)
        self.resolve(pending, stores=stores)
        if not stores:
            self.send_away(pending.dependents)
        self.carry_out()

    def send_away(self, players: list[Player]) -> None:
        """End the sessions of which the log does not know, behind everything that was routed before."""
        pending = Pending(self.turns)
        self.turns += 1
        for player in players:
            self.end(player, "the log does not know of them", pending)
        self.pending.append(pending)

    def carry_out(self) -> None:
        """Do the turns that do not wait for the log, then compare."""
        while self.pending and not self.pending[0].has_drafts:
            self.resolve(self.pending.pop(0), stores=True)
        done = self.pending[0].turn if self.pending else self.turns
        for player in self.players:
            self.check_public(player, done)
            self.check_private(player)
            self.check_order(player)

    def resolve(self, pending: Pending, *, stores: bool) -> None:
        """Put the log's answers into the slots that wait for them."""
        for step in pending.steps:
            step(stores)

    def finish_turns(self) -> None:
        """Do the next turn, and have the log answer everything."""
        self.turn()
        while self.pending:
            self.commit(stores=True)

    def settle(self) -> None:
        """Have everybody take what they have; then everybody who was ever here comes to fetch what waits."""
        self.finish_turns()
        self.take_all(self.players)
        self.departed = [player for player in self.players if not player.is_over]
        self.finish_turns()
        for key, person in self.people.items():
            player = Player(Listener(has_acks=len(key) % 2 == 0))
            self.players.append(player)
            self.inputs.append((player, m.Register(person.display)))
            self.take_all([player])
            self.departed = [player]
            self.finish_turns()
            missing = [
                each
                for each in self.stored_for(key)
                if each.entry.seq > person.cursors.get(conversation_of(each.entry), 0)
            ]
            assert missing == []

    def take_all(self, players: list[Player]) -> None:
        """Drain and acknowledge until nobody hears anything more."""
        count = -1
        while count != sum(len(player.session.heard) for player in players):
            count = sum(len(player.session.heard) for player in players)
            self.drained += [player for player in players if not player.session.is_gone]
            for player in players:
                last = dict(player.private()) if player.session.has_acks else {}
                self.inputs += [(player, m.Ack(entry.sender, entry.seq)) for entry in last.values()]
            self.finish_turns()

    # --- the model --------------------------------------------------------------------------------------------------

    def expect(self, player: Player, command: m.Command, pending: Pending) -> None:
        """Work out what follows from a command."""
        self.index += 1
        if player.is_over:
            return
        if not player.name and not isinstance(command, m.Register | m.Exit):
            self.refuse(player, pending, Code.NOT_REGISTERED, command)
        else:
            handlers: dict[type[m.Command], Callable[..., None]] = {
                m.Register: self.on_register,
                m.Send: self.on_send,
                m.Join: self.on_join,
                m.Leave: self.on_leave,
                m.Topic: self.on_topic,
                m.Away: self.on_away,
                m.Typing: self.on_typing,
                m.Who: self.on_who,
                m.Exit: self.on_exit,
                m.Ack: self.on_ack,
            }
            handlers[type(command)](player, command, pending)

    def tell(self, player: Player, pending: Pending, heard: m.Event | None = None) -> Slot:
        """Have a player hear something next, or find out later what."""
        slot = Slot(pending.turn, self.index, seen(heard) if heard is not None else None)
        player.slots.append(slot)
        return slot

    def refuse(self, player: Player, pending: Pending, code: Code, command: m.Command) -> None:
        """Have a player hear that a command was refused."""
        self.tell(player, pending, m.Failed(code, "", cid=getattr(command, "cid", "")))

    def tell_members(self, room: Room, pending: Pending, heard: m.Event, skip: Player | None = None) -> None:
        """Have everybody in a room hear something next."""
        for member in self.members(room):
            if member is not skip:
                self.tell(member, pending, heard)

    def members(self, room: Room) -> list[Player]:
        """Return the players in a room."""
        key = parse_room(room.display).key
        return [member for name in room.members if (member := self.people[name].player) and key in member.entered]

    def own_room(self, player: Player, name: str, pending: Pending, command: m.Command) -> Room | None:
        """Return a room that the player is in, or refuse the command."""
        key = parse_room(name).key
        if key in self.people[player.name].rooms:
            return self.rooms[key]
        self.refuse(player, pending, Code.NOT_IN_ROOM, command)
        return None

    def on_register(self, player: Player, command: m.Register, pending: Pending) -> None:
        """Take a name, from an older connection of one's own if need be."""
        key = parse_name(command.name).key
        person = self.people.setdefault(key, Person(command.name))
        holder = person.player
        if holder:
            is_taken = not command.device or holder.device != command.device
        else:
            is_taken = any(other.player and look_alike(other.display, command.name) for other in self.people.values())
        if player.name:
            self.refuse(player, pending, Code.ALREADY_REGISTERED, command)
        elif is_taken:
            self.refuse(player, pending, Code.NAME_TAKEN, command)
        else:
            if holder:
                event("takeover")
                holder.is_over = True
                self.tell(holder, pending, m.Bye(is_final=True))
            else:
                person.display, person.away = command.name, ""
            person.player, player.name, player.device = player, key, command.device
            player.begin = dict(person.cursors)
            self.tell(player, pending, m.Registered(person.display, command.cid))

            def step(stores: bool) -> None:
                if stores:
                    person.is_noted = True
                elif not person.is_noted:
                    pending.dependents.append(player)

            pending.steps.append(step)

    def on_send(self, player: Player, command: m.Send, pending: Pending) -> None:
        """Say something."""
        if command.target.startswith("#"):
            self.say_in_room(player, command.target, "message", command.text, command, pending)
            return
        name = parse_name(command.target)
        conversation = pair_conversation(parse_name(player.name), name)
        if name.key == player.name:
            self.recall(player, conversation, "message", command.text, command, Code.TO_YOURSELF, pending)
        elif not self.was_ever_here(name.key):
            self.recall(player, conversation, "message", command.text, command, Code.NO_SUCH_NAME, pending)
        else:
            self.append_to_pair(player, name.key, command, pending)

    def say_in_room(
        self, player: Player, target: str, kind: str, text: str, command: m.Send | m.Topic, pending: Pending
    ) -> None:
        """Say something to a room, or set its topic."""
        key = parse_room(target).key
        if key in self.people[player.name].rooms:
            self.append_to_room(player, self.rooms[key], kind, text, command.cid, pending)
        else:
            self.recall(player, "#" + key, kind, text, command, Code.NOT_IN_ROOM, pending)

    def recall(
        self,
        player: Player,
        conversation: str,
        kind: str,
        text: str,
        command: m.Send | m.Topic,
        code: Code,
        pending: Pending,
    ) -> None:
        """Say what may not be said now: if it was said before, under the same cid, the log knows."""
        if not (command.cid and player.device):
            self.refuse(player, pending, code, command)
            return
        draft, slot = self.draft(player, conversation, "", text, kind, command.cid), self.tell(player, pending)

        def step(stores: bool) -> None:
            said, entry = self.first.get((draft.device, draft.cid), (None, None))
            answer: m.Event = m.Failed(code if stores else Code.UNAVAILABLE, "", cid=command.cid)
            if stores and said is not None:
                answer = m.Failed(Code.CID_REUSED, "", cid=command.cid)
            if stores and entry is not None and said == (conversation, kind, text):
                answer = m.Accepted(entry.target, entry.seq, entry.time, command.cid)
            slot.heard = seen(answer) if isinstance(answer, m.Failed) or player.session.wants_receipts else None

        pending.steps.append(step)

    def was_ever_here(self, key: str) -> bool:
        """Return whether somebody has or had a name."""
        return any(player.name == key for player in self.players)

    def append_to_pair(self, player: Player, key: str, command: m.Send, pending: Pending) -> None:
        """Have the log store something private."""
        other = self.people[key]
        conversation = pair_conversation(parse_name(player.name), parse_name(key))
        draft = self.draft(player, conversation, other.display, command.text, "message", command.cid)
        is_queued = other.player is None
        away = other.away if other.player else ""
        receipt, index = self.tell(player, pending), self.index

        def step(stores: bool) -> None:
            entry, is_new = self.store(draft, stores=stores)
            if entry is None:
                receipt.heard = seen(m.Failed(Code.CID_REUSED if stores else Code.UNAVAILABLE, "", cid=command.cid))
                return
            if player.session.wants_receipts or is_queued or away:
                receipt.heard = seen(m.Accepted(entry.target, entry.seq, entry.time, command.cid, is_queued, away))
            if is_new:
                self.stored.setdefault(conversation, []).append(Stored(entry, index, key))

        pending.steps.append(step)

    def append_to_room(self, player: Player, room: Room, kind: str, text: str, cid: str, pending: Pending) -> None:
        """Have the log store something for a room."""
        draft = self.draft(player, "#" + room.display.lower(), "#" + room.display, text, kind, cid)
        slots = [self.tell(member, pending) for member in self.members(room) if member is not player]
        receipt = self.tell(player, pending)

        def step(stores: bool) -> None:
            entry, is_new = self.store(draft, stores=stores)
            if entry is None:
                receipt.heard = seen(m.Failed(Code.CID_REUSED if stores else Code.UNAVAILABLE, "", cid=cid))
                return
            if player.session.wants_receipts:
                receipt.heard = seen(m.Accepted(entry.target, entry.seq, entry.time, cid))
            if is_new:
                for slot in slots:
                    slot.heard = seen(entry)
                if kind == "topic":
                    self.topics[parse_room(room.display).key] = text

        pending.steps.append(step)

    def draft(self, player: Player, conversation: str, target: str, text: str, kind: str, cid: str) -> Draft:
        """Return a draft of what a player says now."""
        sender = self.people[player.name].display
        return Draft(conversation, target, sender, int(self.chat.seconds * 1000), text, kind, player.device, cid)

    def store(self, draft: Draft, *, stores: bool) -> tuple[m.Entry | None, bool]:
        """Return the entry of a draft, and whether it is a new one."""
        if not stores:
            return None, False
        device_cid, said = (draft.device, draft.cid), (draft.conversation, draft.kind, draft.text)
        if all(device_cid) and device_cid in self.first:
            first_said, first = self.first[device_cid]
            event("repeat" if said == first_said else "conflict")
            return (first if said == first_said else None), False
        number = self.numbers[draft.conversation] = self.numbers.get(draft.conversation, 0) + 1
        entry = m.Entry(draft.target, number, draft.sender, draft.time, draft.text, draft.kind)
        if all(device_cid):
            self.first[device_cid] = said, entry
        return entry, True

    def on_join(self, player: Player, command: m.Join, pending: Pending) -> None:
        """Enter a room."""
        key = parse_room(command.room).key
        room = self.rooms.setdefault(key, Room(command.room.removeprefix("#"), owner=player.name))
        person = self.people[player.name]
        if player.name not in room.members:
            self.tell_members(room, pending, m.Joined("#" + room.display, person.display))
            room.members.append(player.name)
            person.rooms.append(key)
        player.entered.add(key)
        pending.dependents.append(player)
        members = tuple(self.people[name].display for name in sorted(room.members))
        slot = self.tell(player, pending)
        role = room.role(player.name)

        def step(stores: bool) -> None:
            if not stores:
                return
            number, topic = self.numbers.get("#" + key, 0), self.topics.get(key, "")
            place = ("#" + room.display, members, topic, command.cid, number)
            slot.heard = seen(m.Entered(*place, 0, MEMORY_ENTRIES, role))

        pending.steps.append(step)

    def on_leave(self, player: Player, command: m.Leave, pending: Pending) -> None:
        """Leave a room."""
        room = self.own_room(player, command.room, pending, command)
        if room is not None:
            self.leave_room(player.name, parse_room(command.room).key, "", pending)
            self.tell(player, pending, m.Exited("#" + room.display, command.cid))

    def leave_room(self, name: str, key: str, reason: str, pending: Pending) -> None:
        """End a membership, and the room with its last one."""
        room, player = self.rooms[key], self.people[name].player
        room.members.remove(name)
        room.owner = "" if room.owner == name else room.owner
        if player:
            player.entered.discard(key)
        self.people[name].rooms.remove(key)
        self.tell_members(room, pending, m.Left("#" + room.display, self.people[name].display, reason))
        if not room.members:
            event("room ends")
            del self.rooms[key]

    def on_topic(self, player: Player, command: m.Topic, pending: Pending) -> None:
        """Ask for a topic, or set it."""
        if command.text is not None:
            self.say_in_room(player, command.room, "topic", command.text, command, pending)
            return
        room = self.own_room(player, command.room, pending, command)
        if room is not None:
            slot, shown = self.tell(player, pending), room
            key = parse_room(room.display).key

            def step(_: bool) -> None:
                slot.heard = seen(m.TopicIs("#" + shown.display, self.topics.get(key, ""), command.cid))

            pending.steps.append(step)

    def on_away(self, player: Player, command: m.Away, pending: Pending) -> None:
        """Go away, or come back."""
        self.people[player.name].away = command.text
        self.tell(player, pending, m.Done(command.cid))

    def on_typing(self, player: Player, command: m.Typing, pending: Pending) -> None:
        """Type."""
        name = self.people[player.name].display
        if command.target.startswith("#"):
            room = self.own_room(player, command.target, pending, command)
            if room is not None:
                self.tell_members(room, pending, m.IsTyping(name, "#" + room.display), player)
            return
        other = self.people.get(parse_name(command.target).key)
        if other and other.player and other.player is not player:
            self.tell(other.player, pending, m.IsTyping(name, other.display))

    def on_who(self, player: Player, command: m.Who, pending: Pending) -> None:
        """Ask who is here."""
        present = [key for key, person in sorted(self.people.items()) if person.player]
        shown, owner = "", ""
        if command.room:
            room = self.rooms.get(parse_room(command.room).key)
            if room is None:
                self.refuse(player, pending, Code.NO_SUCH_NAME, command)
                return
            present, shown, owner = sorted(room.members), "#" + room.display, room.owner
        people = tuple(
            m.Present(self.people[key].display, self.people[key].away, "owner" if key == owner else "")
            for key in present
        )
        self.tell(player, pending, m.Online(people, shown))

    def on_exit(self, player: Player, command: m.Exit, pending: Pending) -> None:
        """Leave the chat."""
        self.end(player, "", pending)
        self.tell(player, pending, m.Bye(is_final=True))

    def end(self, player: Player, reason: str, pending: Pending) -> None:
        """End a session. The name is free again."""
        self.index += 1
        if not player.is_over and player.name:
            person = self.people[player.name]
            person.player = None
            for key in list(person.rooms):
                self.leave_room(player.name, key, reason, pending)
        player.is_over = True

    def on_ack(self, player: Player, command: m.Ack, pending: Pending) -> None:
        """Move the cursor."""
        self.move_cursor(player, pair_conversation(parse_name(player.name), parse_name(command.target)), command.seq)

    def note_drained(self, player: Player) -> None:
        """Move the cursors of a session that does not acknowledge by itself: what it has heard has left."""
        if not player.session.has_acks:
            for conversation, entry in player.private():
                self.move_cursor(player, conversation, entry.seq)

    def move_cursor(self, player: Player, conversation: str, number: int) -> None:
        """Move a cursor, never back."""
        cursors = self.people[player.name].cursors
        cursors[conversation] = max(cursors.get(conversation, 0), number)

    def stored_for(self, key: str) -> list[Stored]:
        """Return all private entries for a name."""
        return [each for stored in self.stored.values() for each in stored if each.to == key]

    # --- what must hold ---------------------------------------------------------------------------------------------

    def check_public(self, player: Player, done: int) -> None:
        """See that all that is not private was heard once, in the order of routing, as far as the log has answered."""
        expected = [slot.heard for slot in player.slots if slot.turn < done and slot.heard is not None]
        ordered = [heard for heard in player.session.heard if not (is_private(heard) or is_receipt(heard))]
        public = [seen(heard) for heard in ordered if not is_end(heard)]
        if player.session.is_gone:
            expected = expected[: len(public)]
        assert public == expected

    def check_private(self, player: Player) -> None:
        """See that private entries were heard by their recipient only, each once, in order, and all but those taken."""
        heard: dict[str, list[m.Entry]] = {}
        for conversation, entry in player.private():
            heard.setdefault(conversation, []).append(replace(entry, is_queued=False))
        for conversation, entries in heard.items():
            event(f"private entries heard: {min(len(entries), 2 * PAGE)}")
            mine = [each.entry for each in self.stored[conversation] if each.to == player.name]
            assert entries == [entry for entry in mine if entry in entries]
            taken = max(player.begin.get(conversation, 0), self.people[player.name].cursors.get(conversation, 0))
            missing = [entry for entry in mine if taken < entry.seq < entries[-1].seq and entry not in entries]
            assert missing == [], "what nobody has taken was passed over"

    def check_order(self, player: Player) -> None:
        """See that what did not wait was heard in the order of routing, private or not."""
        places = {(key, each.entry.seq): each.index for key, stored in self.stored.items() for each in stored}
        slots = iter([slot.index for slot in player.slots if slot.heard is not None])
        order: list[int] = []
        for heard in player.session.heard:
            if is_receipt(heard) or is_end(heard):
                continue
            if not isinstance(heard, m.Entry) or not is_private(heard):
                order.append(next(slots))
            elif not heard.is_queued:
                order.append(places[conversation_of(heard), heard.seq])
        assert order == sorted(order)


class SlowChatMachine(ChatMachine):
    """Everything, over a log that answers later, or fails."""

    is_slow = True


TestChat = ChatMachine.TestCase
TestChat.settings = settings(max_examples=4 * settings().max_examples)
TestChatOverSlowLog = SlowChatMachine.TestCase
TestChatOverSlowLog.settings = TestChat.settings
