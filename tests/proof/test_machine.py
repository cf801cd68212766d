"""Log, core and link against a model of plain dictionaries, on four devices, through all that can happen to them.

Two guests and an account with two devices talk in two rooms and to each other. The network delivers bytes in pieces and
loses connections; programs and servers are killed and started again; the log stores and answers when it is told to.
Whatever a device is told is compared with the model when it arrives. In the end, and whenever everything is let settle,
nobody may miss anything, and the log must hold what the model holds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from libchat import messages as m
from libchat.records import AskPage, PageFound
from proof.device import ALL, Device
from proof.logs import InFile, InMemory, Storage
from proof.parts import ACCOUNT, ROOMS, Said, conversation_of
from proof.server import Line, Server

pytestmark = pytest.mark.timeout(1800)  # hypothesis takes up to five minutes to make a failure small

DEVICES = (("ana", "a"), ("bo", "b"), (ACCOUNT, "c"), (ACCOUNT, "d"))
PEOPLE = ("ana", "bo", ACCOUNT)
WORDS = ("apple", "plum")
NOBODY = "dora"
"""A name that was never here."""

whos = st.integers(0, len(DEVICES) - 1)
picks = st.integers(0, 50)
rooms = st.sampled_from(ROOMS)
targets = st.sampled_from((*ROOMS, *ROOMS, *PEOPLE, NOBODY))
sizes = st.integers(1, 400) | st.just(ALL)
limits = st.integers(1, 6)


class Proof(RuleBasedStateMachine):
    """Everything, over one kind of log."""

    def __init__(self) -> None:
        super().__init__()
        self.server = Server(self.make_storage())
        self.model = self.server.model
        self.orphans: list[Line] = []
        """Connections that are lost, and the server does not know it yet."""
        self.number = 0
        reach: dict[tuple[str, str], int] = {}
        self.reach = reach
        self.devices = [Device(name, secret, self.server, reach) for name, secret in DEVICES]

    def make_storage(self) -> Storage:
        """Return the place where entries are kept."""
        raise NotImplementedError

    @initialize(is_quick=st.booleans())
    def begin(self, is_quick: bool) -> None:
        """Have everybody meet in both rooms."""
        self.settle()
        for who, room in ((2, ROOMS[0]), (0, ROOMS[1]), (2, ROOMS[1]), (0, ROOMS[0]), (1, ROOMS[0]), (1, ROOMS[1])):
            self.join(who=who, room=room, back=None)
            self.settle()
        self.server.is_quick = self.server.log.is_quick = is_quick

    def teardown(self) -> None:
        """See that everything settles."""
        try:
            if sys.exc_info()[0] is None:  # else something is broken already, and that is what should be shown
                self.settle()
        finally:
            self.server.hub.close()

    # --- what people do ---------------------------------------------------------------------------------------------

    def text(self, word: str) -> str:
        """Return something that nobody has said before."""
        self.number += 1
        return f"{word} {self.number}"

    @rule(who=whos, to=targets, word=st.sampled_from(WORDS), ref=st.just(0) | picks)
    def send(self, who: int, to: str, word: str, ref: int) -> None:
        """Say something to somebody who is here, away or unknown, or in a room; perhaps in reply to something."""
        device = self.devices[who]
        device.submit(m.Send(to, self.text(word), device.cid(), ref))

    @rule(who=whos, pick=picks, is_same=st.booleans())
    def send_again(self, who: int, pick: int, is_same: bool) -> None:
        """Say again what was said, under the same cid; or something else."""
        device = self.devices[who]
        said = [command for command in device.said if isinstance(command, m.Send)]
        if said:
            again = said[-1 - pick % len(said)]
            device.submit(again if is_same else m.Send(again.target, self.text("else"), again.cid, again.ref))

    def some(self, who: int, pick: int) -> Said | None:
        """Return some message that a device knows of, one of the newest rather than an old one."""
        name = self.devices[who].name
        said = [
            each
            for key, entries in self.model.said.items()
            if key.startswith("#") or name in key.split()
            for each in entries
            if each.came.kind == "message" or pick % 7 == 0
        ]
        said.sort(key=lambda each: -each.place)
        return said[pick % min(len(said), 12)] if said else None

    def target_of(self, who: int, said: Said) -> str:
        """Return where a device sends what is about an entry."""
        name = self.devices[who].name
        return said.came.target if said.came.target != name else said.came.sender

    @rule(who=whos, pick=picks, word=st.sampled_from(WORDS), is_there=st.sampled_from((True, True, True, False)))
    def edit(self, who: int, pick: int, word: str, is_there: bool) -> None:
        """Give a message another text: one's own, somebody else's, or one that is not there."""
        device, said = self.devices[who], self.some(who, pick)
        if said is not None:
            seq = said.came.seq if is_there else 1000
            device.submit(m.Edit(self.target_of(who, said), seq, self.text(word), device.cid()))

    @rule(who=whos, pick=picks)
    def delete(self, who: int, pick: int) -> None:
        """Take a message away: one's own, or somebody else's, perhaps as an operator."""
        device, said = self.devices[who], self.some(who, pick)
        if said is not None:
            device.submit(m.Delete(self.target_of(who, said), said.came.seq, device.cid()))

    @rule(who=whos, pick=picks, text=st.sampled_from("+-"), kind=st.sampled_from((m.React, m.React, m.Unreact)))
    def react(self, who: int, pick: int, text: str, kind: type[m.React | m.Unreact]) -> None:
        """Answer without words, or take that back."""
        device, said = self.devices[who], self.some(who, pick)
        if said is not None:
            device.submit(kind(self.target_of(who, said), said.came.seq, text, device.cid()))

    @rule(who=whos, room=rooms)
    def topic(self, who: int, room: str) -> None:
        """Set a topic."""
        self.devices[who].submit(m.Topic(room, self.text("topic"), self.devices[who].cid()))

    @rule(who=whos, room=rooms, back=st.none() | st.integers(0, 5))
    def join(self, who: int, room: str, back: int | None) -> None:
        """Enter a room: as the link likes, or some entries behind its end."""
        device = self.devices[who]
        is_free = back is None or device.name == ACCOUNT or not device.knows_log
        after = None if is_free else max(len(self.model.entries(room)) - (back or 0), 0)
        device.submit(m.Join(room, device.cid(), after))

    @rule(who=whos, room=rooms)
    def leave_room(self, who: int, room: str) -> None:
        """Leave a room."""
        self.devices[who].submit(m.Leave(room, self.devices[who].cid()))

    @rule(who=whos, pick=picks)
    def read(self, who: int, pick: int) -> None:
        """Say how far one has read."""
        device = self.devices[who]
        taken = [(key, seq) for key, seq in device.taken.items() if not key.startswith("#") and seq]
        if taken:
            key, seq = taken[pick % len(taken)]
            (other,) = set(key.split()) - {device.name}
            self.reach["read " + device.name, key] = max(seq, self.reach.get(("read " + device.name, key), 0))
            device.submit(m.Read(other, seq))

    @rule(who=whos, to=targets, where=st.sampled_from(("before", "after", "around", "")), at=picks, limit=limits)
    def history(self, who: int, to: str, where: str, at: int, limit: int) -> None:
        """Look at a page."""
        device = self.devices[who]
        if to not in (device.name, NOBODY):
            places = {where: at % (len(self.model.entries(conversation_of(device.name, to))) + 3)} if where else {}
            device.submit(m.History(to, cid=device.cid(), limit=limit, **places))

    @rule(who=whos, to=st.just("") | targets, word=st.sampled_from(WORDS), limit=limits)
    def search(self, who: int, to: str, word: str, limit: int) -> None:
        """Look for a word."""
        device = self.devices[who]
        if to != device.name:
            device.submit(m.Search(word, to, None, limit, device.cid()))

    @rule(who=whos, count=st.integers(1, 5))
    def take(self, who: int, count: int) -> None:
        """Have a program take events."""
        for _ in range(count):
            self.devices[who].take()

    # --- what the network does --------------------------------------------------------------------------------------

    @rule(who=whos, size=sizes)
    def flow_up(self, who: int, size: int) -> None:
        """Have some bytes arrive at the server."""
        self.devices[who].flow_up(size)

    @rule(who=whos, size=sizes)
    def flow_down(self, who: int, size: int) -> None:
        """Have some bytes arrive at a device."""
        self.devices[who].flow_down(size)

    @rule(looks_up=st.booleans())
    def flow(self, looks_up: bool) -> None:
        """Have everything arrive, be stored and be answered, once."""
        log = self.server.log
        for device in self.devices:
            device.flow_up(ALL)
        while log.commit() or log.answer() or (looks_up and log.look_up(0)):
            pass
        self.server.flush()
        for device in self.devices:
            device.flow_down(ALL)

    @rule(who=whos, to=targets, count=st.integers(2, 5), looks_up=st.booleans())
    def talk(self, who: int, to: str, count: int, looks_up: bool) -> None:
        """Say some things, and have them arrive."""
        for _ in range(count):
            self.send(who=who, to=to, word=WORDS[1], ref=0)
        self.flow(looks_up=looks_up)

    @rule(who=whos, dies=st.booleans())
    def take_one(self, who: int, dies: bool) -> None:
        """Have a program take one entry, and have the server know; then it is killed, or not."""
        device = self.devices[who]
        while device.inbox and not isinstance(device.inbox[0], m.Entry):
            device.take()
        device.take()
        device.flow_up(ALL)
        if dies:
            self.kill_program(who=who, is_noticed=True, remembers=True)

    @rule(who=whos, other=whos, count=st.integers(2, 5))
    def die_amid(self, who: int, other: int, count: int) -> None:
        """Say some things to somebody whose program is killed when it has taken the first of them."""
        if self.devices[who].name != self.devices[other].name:
            self.talk(who=other, to=self.devices[who].name, count=count, looks_up=True)
            self.take_one(who=who, dies=True)

    @rule(who=st.integers(0, 1), to=st.sampled_from((ACCOUNT, *ROOMS)), taker=st.sampled_from((2, 3)))
    def take_alone(self, who: int, to: str, taker: int) -> None:
        """Say some things to an account; one of its devices takes them, the other loses them with its connection."""
        loser = 5 - taker
        for each in (who, taker, loser):
            self.connect(who=each)
        self.talk(who=who, to=to, count=2, looks_up=True)
        self.kill_program(who=loser, is_noticed=True, remembers=True)
        while self.devices[taker].take():
            pass
        self.flow(looks_up=True)

    @rule(who=whos, looks_up=st.booleans())
    def come_back(self, who: int, looks_up: bool) -> None:
        """Connect again, and have all that follows from it arrive."""
        self.connect(who=who)
        self.flow(looks_up=looks_up)

    @rule(who=whos, is_noticed=st.booleans())
    def cut(self, who: int, is_noticed: bool) -> None:
        """Lose a connection; the server notices, or does not."""
        if self.devices[who].line is not None:
            line = self.devices[who].cut()
            if is_noticed:
                self.server.depart(line)
            else:
                self.orphans.append(line)

    @precondition(lambda self: self.orphans)
    @rule(pick=picks, size=sizes)
    def notice(self, pick: int, size: int) -> None:
        """Have the server find out that a connection is lost, when it has read some of what was on its way."""
        line = self.orphans.pop(pick % len(self.orphans))
        if line in self.server.lines:
            self.server.receive(line, line.up[:size])
            self.server.depart(line)

    @rule(who=whos)
    def connect(self, who: int) -> None:
        """Connect again."""
        if self.devices[who].line is None and not self.devices[who].is_gone:
            self.devices[who].connect()

    # --- what happens to programs and servers -----------------------------------------------------------------------

    @rule(who=whos)
    def leave(self, who: int) -> None:
        """Leave the chat."""
        self.devices[who].leave()

    @rule(who=whos, is_noticed=st.booleans(), remembers=st.sampled_from((True, True, False)))
    def kill_program(self, who: int, is_noticed: bool, remembers: bool) -> None:
        """Kill a program, and start it again, with what it has saved or without."""
        self.cut(who=who, is_noticed=is_noticed)
        self.devices[who].restart(remembers=remembers)

    @rule()
    def crash(self) -> None:
        """Kill the server, with all that is not stored, answered, or has not left; and start it again."""
        self.lose_all()
        self.server.crash()
        self.server.start()

    @rule(arrives=st.booleans())
    def stop(self, arrives: bool) -> None:
        """Stop the server, and start it again."""
        self.server.stop()
        for device in self.devices:
            if arrives and device.line is not None:
                device.flow_down(ALL)
        self.lose_all()
        self.server.start()

    def lose_all(self) -> None:
        """Lose all connections."""
        self.orphans.clear()
        for device in self.devices:
            if device.line is not None:
                device.cut()

    # --- what the log does ------------------------------------------------------------------------------------------

    @rule(count=st.integers(1, 4))
    def commit(self, count: int) -> None:
        """Have the log store some of what waits, and answer nothing."""
        for _ in range(count):
            self.server.log.commit()

    @rule(count=st.integers(1, 4))
    def answer(self, count: int) -> None:
        """Have the log answer for some of what it has stored."""
        for _ in range(count):
            self.server.log.answer()
        self.server.flush()

    @rule(pick=picks)
    def look_up(self, pick: int) -> None:
        """Have the log answer one of its questions."""
        self.server.log.look_up(pick)
        self.server.flush()

    # --- and how it ends --------------------------------------------------------------------------------------------

    @rule()
    def settle(self) -> None:
        """Have everybody connected, everything arrive that is on its way, and everything be taken; and look at it."""
        while self.step():
            pass
        for device in self.devices:
            device.check_settled()
        self.check_log()

    def step(self) -> bool:
        """Have everybody do what they can, and return whether anything was done."""
        is_done = False
        log = self.server.log
        for device in self.devices:
            if device.is_gone and device.line is not None:
                self.cut(who=self.devices.index(device), is_noticed=True)
            if device.is_gone:
                device.restart(remembers=True)
            if device.line is None:
                device.connect()
            is_done |= device.flow_up(ALL)
        while log.commit() or log.answer() or log.look_up(0):
            is_done = True
        self.server.flush()
        for device in self.devices:
            is_done |= device.flow_down(ALL)
            while device.take():
                is_done = True
        return is_done

    def check_log(self) -> None:
        """See that the log holds what the model holds, and no more."""
        for key, entries in self.model.said.items():
            found = self.server.log.look(AskPage(key, limit=10**6))
            assert isinstance(found, PageFound)
            assert list(found.entries) == [said.as_now() for said in entries]


class ProofInMemory(Proof):
    """Over the memory log."""

    def make_storage(self) -> Storage:
        """Return the place where entries are kept."""
        return InMemory()


class ProofInFile(Proof):
    """Over the SQLite log."""

    def make_storage(self) -> Storage:
        """Return the place where entries are kept."""
        self.folder = TemporaryDirectory()
        return InFile(Path(self.folder.name) / "log.db")

    def teardown(self) -> None:
        """See that everything settles, and leave nothing behind."""
        try:
            super().teardown()
        finally:
            self.folder.cleanup()


TestInMemory = ProofInMemory.TestCase
TestInMemory.settings = settings(max_examples=6 * settings().max_examples)
TestInFile = ProofInFile.TestCase
TestInFile.settings = settings(max_examples=2 * settings().max_examples)
