"""A simulated client: a real link, a memory that outlives it, and a small program that takes what comes.

The program takes events when chance says so, and writes down what it is shown. When it crashes, all that is left of it
is what its memory had saved. Without a memory it comes back as another device.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from libchat import messages as m
from libchat.client.link import Link, State
from libchat.client.memory import Memory
from libchat.errors import Code
from libchat.names import target_key
from libchat.testing.ledger import Reader, Said
from libchat.testing.network import Break, Line, Stream

if TYPE_CHECKING:
    from libchat.testing.sim import Sim


class SavedMemory(Memory):
    """The memory of a link (`libchat.client.memory.Memory`). What was noted since it was saved is lost in a crash."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}
        self.unanswered: dict[str, bytes] = {}
        self._saved: tuple[str, dict[str, int], dict[str, bytes]] = ("", {}, {})
        self._has_changed = False

    def keep(self, cid: str, line: bytes) -> None:
        self._has_changed = True
        self.unanswered[cid] = line

    def answered(self, cid: str) -> None:
        self._has_changed = self.unanswered.pop(cid, None) is not None or self._has_changed

    def log_is(self, log: str) -> None:
        self._has_changed = True
        self.log = log
        self.positions.clear()

    def entered(self, room: str, seq: int) -> None:
        self._has_changed = True
        self.positions[room] = seq

    def left(self, room: str) -> None:
        self._has_changed = True
        self.positions.pop(room, None)

    def taken(self, conversation: str, seq: int) -> None:
        self._has_changed = True
        self.positions[conversation] = seq

    def save(self) -> None:
        if self._has_changed:
            self._has_changed = False
            self._saved = (self.log, dict(self.positions), dict(self.unanswered))

    def crash(self) -> None:
        """Lose what was not saved."""
        self.log, positions, unanswered = self._saved
        self.positions, self.unanswered = dict(positions), dict(unanswered)
        self._has_changed = False


class SimClient:
    """Somebody in a simulation. `Sim.client` makes one; everything that it is told to do goes through a real link."""

    def __init__(self, sim: Sim, name: str, label: str, *, is_account: bool, keeps: bool) -> None:
        self.name = name
        self.label = label
        """What it is called in the trace."""
        self.link: Link
        self._sim = sim
        self._world = sim.world
        self.is_account = is_account
        self._keeps = keeps
        self._line: Line | None = None
        self._lines = 0
        self._serial = 0
        self._inbox: deque[m.Event] = deque()
        self._is_taking = False
        self._is_running = False
        self.rooms: dict[str, str] = {}
        """The rooms in which the program wants to be."""
        self._leaves: dict[str, str] = {}
        """The rooms that it has left, by the cid with which it did."""
        self._devices = 0
        self._links = 0
        self._begin()

    @property
    def is_settled(self) -> bool:
        """Whether it is connected, and nothing is on its way for it or from it that must be answered."""
        return self._is_running and self.link.state is State.LIVE and not self._inbox and not self.pending

    @property
    def pending(self) -> list[Said]:
        """What it has said that is not answered yet."""
        return [said for said in self.reader.said.values() if not (said.answers or said.is_abandoned)]

    @property
    def shown(self) -> list[m.Entry]:
        """What it was shown, by conversation."""
        return [entry for stays in self.reader.stays.values() for stay in stays for entry in stay.shown]

    @property
    def texts(self) -> list[str]:
        """The texts of what it was shown, by conversation."""
        return [entry.text for entry in self.shown]

    def knows(self, conversation: str) -> bool:
        """Return whether it is in a conversation."""
        return conversation in self.rooms if conversation.startswith("#") else self.name in conversation.split(" ")

    def target_of(self, conversation: str) -> str:
        """Return the target by which it speaks in a conversation."""
        if conversation.startswith("#"):
            return conversation
        one, other = conversation.split(" ")
        return other if one == self.name else one

    # --- what it can be told ----------------------------------------------------------------------------------------

    def join(self, room: str) -> None:
        """Enter a room."""
        self.rooms[target_key(room)] = room
        self._submit(m.Join(room, self._cid()))

    def leave(self, room: str) -> None:
        """Leave a room."""
        self.rooms.pop(target_key(room), None)
        cid = self._cid()
        self._leaves[cid] = room
        self._submit(m.Leave(room, cid))

    def send(self, target: str, text: str, *, ref: int = 0) -> None:
        """Say something to a name or a room, which it enters first if it does not want to be there already."""
        self._enter(target)
        cid = self._say(target, text, "message", ref)
        self._submit(m.Send(target, text, cid, ref))

    def edit(self, target: str, seq: int, text: str) -> None:
        """Replace the text of a message."""
        self._submit(m.Edit(target, seq, text, self._say(target, text, "edit", seq)))

    def delete(self, target: str, seq: int) -> None:
        """Take a message away."""
        self._submit(m.Delete(target, seq, self._say(target, "", "delete", seq)))

    def react(self, target: str, seq: int, text: str) -> None:
        """Answer a message without words."""
        self._submit(m.React(target, seq, text, self._say(target, text, "react", seq)))

    def kick(self, room: str, name: str) -> None:
        """Put somebody out of a room, if it is allowed."""
        self._world.note(self.label, f"kick {name} {room}")
        self._submit(m.Kick(room, name, cid=self._cid()))

    def ban(self, room: str, name: str, seconds: int = 0) -> None:
        """Put somebody out of a room and keep them out, for some time or until that is taken back, if it is allowed."""
        self._world.note(self.label, f"ban {name} {room} {seconds}")
        self._submit(m.Ban(room, name, seconds, cid=self._cid()))

    def unban(self, room: str, name: str) -> None:
        """Let somebody enter a room again, if it is allowed."""
        self._world.note(self.label, f"unban {name} {room}")
        self._submit(m.Unban(room, name, self._cid()))

    def topic(self, room: str, text: str) -> None:
        """Set the topic of a room."""
        self._enter(room)
        self._submit(m.Topic(room, text, self._say(room, text, "topic", 0)))

    def cut(self, how: Break = "both") -> None:
        """Have the connection break, if there is one."""
        if self._line is not None:
            self._line.break_(how)

    def crash(self) -> None:
        """End at once, and come back some time later with what the memory has saved."""
        if not self._is_running:
            return
        self._world.note(self.label, "crashes")
        self._is_running = False
        if self._line is not None:
            line, self._line = self._line, None
            line.break_("both")
        for event in self._inbox:
            if isinstance(event, m.Exited) or (isinstance(event, m.Kicked) and event.name == self.name):
                self._exit(event.room)  # the link knows, and will not come back to what lay before
        self._inbox.clear()
        if self._memory is not None:
            self._memory.crash()
        self._forget_unsaved()
        self._world.later(self._begin, 1, 2_000)

    # --- the program ------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start the program, as what it was before or as a new device."""
        if self._devices == 0 or not self._keeps:
            self._devices += 1
            device = f"{self.label}/{self._devices}"
            self._memory = SavedMemory() if self._keeps else None
            self.reader = Reader(self.name, device, is_account=self.is_account)
            self._sim.readers.append(self.reader)
        self._is_running = True
        self._new_link()
        self._resume_stays()
        for room in list(self.rooms.values()):
            self.join(room)
        self._world.note(self.label, f"starts as {self.reader.device}")
        self._world.later(self._connect)

    def _new_link(self) -> None:
        self._links += 1  # later ones than those of an earlier run, however little time has passed
        self.link = self._sim.link_type(self.name, self.reader.device, memory=self._memory, begun=self._links)

    def _resume_stays(self) -> None:
        """Write down where the memory begins in rooms of which the program does not know."""
        for conversation, seq in self._memory.positions.items() if self._memory is not None else ():
            if conversation.startswith("#"):
                self.reader.enter(conversation, seq)
        for said in self.pending:
            if said.conversation.startswith("#"):
                self.reader.enter(said.conversation, None)  # the link enters by itself where it has something to say

    def _forget_unsaved(self) -> None:
        """Write down what a crash has ended: answers that nobody waits for, and stays of which nothing is known."""
        kept = self._memory.unanswered if self._memory is not None else {}
        places = self._memory.positions if self._memory is not None else {}
        for said in self.reader.said.values():
            if said.cid in kept:
                said.earlier += said.answers
                said.answers.clear()
            elif not said.answers:
                said.is_abandoned = True
        for conversation, stays in self.reader.stays.items():
            if conversation.startswith("#") and conversation not in places and stays and not self.is_account:
                stays[-1].is_open = False
        self.reader.is_gone = not self._keeps

    def _cid(self) -> str:
        self._serial += 1
        return f"{self.label}-{self._serial}"

    def _enter(self, target: str) -> None:
        if target.startswith("#") and target_key(target) not in self.rooms:
            self.join(target)

    def _say(self, target: str, text: str, kind: str, ref: int) -> str:
        cid = self._cid()
        said = self.reader.said[cid] = Said(self.reader.conversation(target), cid, text, kind, ref)
        said.is_abandoned = not self._is_running
        self._world.note(self.label, f"{kind} {target} {text!r} {cid}")
        return cid

    def _submit(self, command: m.Command) -> None:
        if self._is_running:
            self.link.submit(command)
            self._flush()

    def _take(self) -> None:
        """Take some of what has come."""
        self._is_taking = False
        for _ in range(self._world.number(1, max(len(self._inbox), 1))):
            if self._inbox and self._is_running:
                self._take_one(self._inbox.popleft())
        self._flush()
        self._look_for_work()

    def _look_for_work(self) -> None:
        if self._inbox and not self._is_taking:
            self._is_taking = True
            self._world.later(self._take, 1, self._world.choose([5, 5, 5, 2_000]))

    def _take_one(self, event: m.Event) -> None:
        match event:
            case m.Entry():
                self.link.consumed(event)
                if self._memory is not None:
                    self._memory.save()
                self._world.note(self.label, f"is shown #{event.seq} {event.target} {event.sender}: {event.text!r}")
                self.reader.show(event)
            case m.Accepted():
                self._world.note(self.label, f"accepted #{event.seq} {event.target} {event.cid}")
                self.reader.answer(event)
            case m.Failed():
                self._world.note(self.label, f"refused {event.code} {event.subject} {event.cid}")
                self.reader.answer(event)
                if event.cid in self._leaves and event.code == Code.NOT_IN_ROOM and self.is_account:
                    self._exit(self._leaves[event.cid])
                if event.code == Code.BANNED:
                    self.rooms.pop(target_key(event.subject), None)
                    self._exit(event.subject)
            case m.Entered():
                self._world.note(self.label, f"enters {event.room} behind #{event.seq}")
                self.reader.enter(event.room, event.seq)
                if self.is_account:  # perhaps by another device
                    self.rooms[target_key(event.room)] = event.room
            case m.Kicked() if target_key(event.name) == target_key(self.name):
                self._world.note(self.label, f"is kicked from {event.room}")
                self.rooms.pop(target_key(event.room), None)
                self._exit(event.room)
            case m.Exited():
                self._world.note(self.label, f"leaves {event.room}")
                self._exit(event.room)
            case m.Delivered():
                self._sim.check_delivered(self, event)
            case _:
                pass

    def _exit(self, room: str) -> None:
        self.reader.leave(room)
        if self.is_account:
            self.rooms.pop(target_key(room), None)

    # --- the connection ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        if self._line is not None or not self._is_running:
            return
        if not self._sim.host.is_up:
            self._world.later(self._connect, 20, 400)
            return
        self._lines += 1
        line = self._line = Line(self._world, f"{self.label}:{self._lines}")
        line.lose_client = lambda: self._lose(line)
        line.down = Stream(
            self._world,
            f"{line.name} down",
            self._sim.weather,
            lambda data: self._receive(line, data),
            lambda: line.break_("closed"),
        )
        self._sim.host.accept(line, self.name if self.is_account else "")
        self.link.connected()
        self._flush()

    def _lose(self, line: Line) -> None:
        """Notice that a line is lost, and connect again some time later."""
        if line is not self._line:
            return
        self._line = None
        self._inbox += self.link.lost("the connection is lost")
        if self.link.end is not None:
            self._world.note(self.label, f"ends: {self.link.end}")
            self._restart()
        self._world.later(self._connect, 1, self._world.choose([50, 1_000]))

    def _restart(self) -> None:
        """Go on after an end with a new link, as a program does whose name was still taken."""
        self.crash()

    def _receive(self, line: Line, data: bytes) -> None:
        self._sim.host.take_more(line)
        if line is not self._line:
            return
        events = self.link.receive_data(data)
        if self._memory is not None:
            self._memory.save()
        self._inbox += events
        self._flush()
        self._look_for_work()
        if self.link.error is not None and self.link.error.code != Code.UNAVAILABLE:
            raise AssertionError(f"{self.label} was sent what it cannot read: {self.link.error}")
        if self.link.end is not None or self.link.error is not None:
            line.break_("closed")

    def _flush(self) -> None:
        """Hand what is to be sent to the line. What the link has noted is saved before."""
        if self._line is not None and self._is_running:
            data = self.link.data_to_send()
            if data:
                if self._memory is not None:
                    self._memory.save()
                self._line.up.put(data)
