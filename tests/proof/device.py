"""One device: a link, the program behind it, and a judge who compares all that it is told with the model.

What the server tells (`_judge`) is compared on the wire, before the link has seen it; entries (`_hand`) are compared
when the link hands them to the program. `handed` says for each conversation up to which number the program has got
everything that is for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from libchat import messages as m
from libchat.client.link import EVENT_BYTES, Link, State
from libchat.errors import Code, Refused
from libchat.wire.lines import LineBuffer
from libchat.wire.native import parse_event
from proof.model import Model
from proof.parts import ACCOUNT, Said, conversation_of, told
from proof.server import Line, Server
from support.memories import Notebook

ALL = 10**9


class Device:
    """A client and its user."""

    def __init__(self, name: str, secret: str, server: Server, reach: dict[tuple[str, str], int]) -> None:
        self.name = name
        self.secret = secret
        self.server = server
        self.reach = reach
        """How far a name has come: what it has taken, by name and conversation; shared by all devices."""
        self.line: Line | None = None
        self.count = self.runs = 0
        self.said: list[m.Command] = []
        """What was submitted and makes an entry, in order."""
        self.handed: dict[str, int] = {}
        self.starts: dict[str, int] = {}
        """Behind which number of each room it began, when it last entered it as somebody new."""
        self.taken: dict[str, int] = {}
        self.forgotten: set[str] = set()
        """The conversations of which the program has lost how far it was, and has taken nothing since."""
        self.shown: dict[tuple[str, int], str] = {}
        """What the user sees of messages that others have sent, by conversation and number."""
        self.stays: set[str] = set()
        """The rooms that this run of the program is in, or, for an account, was told of."""
        self._begin(Notebook())

    def _begin(self, memory: Notebook) -> None:
        self.memory = memory
        self.memory.device = self.secret
        self.runs += 1
        self.link = Link(self.name, self.secret, memory=self.memory, begun=self.runs)
        self.inbox: list[m.Event] = []
        self.unanswered: dict[str, m.Command] = {}
        self.afters: dict[str, int | None] = {}
        """Behind which number each join was meant to be, by its cid; None is for the link to say."""
        self.is_fresh: set[str] = set()
        """The conversations in which what was taken may come again."""
        self.knows_log = bool(memory.log)
        """Whether a number means something to the link: it drops those that were given before it knows a log."""
        self.is_gone = False
        self.is_leaving = False

    # --- life -------------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Make a new connection."""
        self.line = Line(self.server, self.name)
        self._wire = LineBuffer(EVENT_BYTES)
        self._slots = 0
        self._last: dict[str, int] = {}
        """The last entry of each conversation that came on this connection."""
        self.link.connected()

    def cut(self) -> Line:
        """Lose the connection with all that is on its way to here, and return it: the server may not know yet."""
        assert self.line is not None
        line, self.line = self.line, None
        line.down = b""
        self.link.lost("cut")
        return line

    def restart(self, *, remembers: bool) -> None:
        """Have the program killed, and started again, with what it has saved or without."""
        assert self.line is None
        kept = {cid: command for cid, command in self.unanswered.items() if makes_entry(command)}
        self.stays.clear()
        if remembers:
            self._begin(self.memory.reopened())
            self.unanswered = kept
            self.handed = dict(self.taken)
        else:
            self._begin(Notebook())
            self.handed = {key: seq for key, seq in self.handed.items() if not self._is_guests_room(key)}
            self.taken = {key: seq for key, seq in self.taken.items() if not self._is_guests_room(key)}
            self.forgotten = set(self.handed)
        self.is_fresh = set(self.forgotten)

    def _is_guests_room(self, conversation: str) -> bool:
        return conversation.startswith("#") and self.name != ACCOUNT

    # --- what the user does -----------------------------------------------------------------------------------------

    def cid(self) -> str:
        """Return a new client id."""
        self.count += 1
        return f"{self.secret}{self.count}"

    def submit(self, command: m.Command) -> None:
        """Have a command sent, now or later."""
        if self.is_gone or self.is_leaving:
            return
        cid: str = getattr(command, "cid", "")
        is_new = cid not in self.unanswered
        is_conflict = not is_new and self.unanswered[cid] != command
        try:
            self.link.submit(command)
        except Refused as refused:
            assert (refused.code, is_conflict) == (Code.CID_REUSED, True)  # noqa: PT017 - it need not be raised
        else:
            assert not is_conflict
            self.memory.save()
            if cid:
                self.unanswered[cid] = command
            if isinstance(command, m.Join):
                self.afters[cid] = command.after
            if makes_entry(command):
                self.said.append(command)

    def leave(self) -> None:
        """Leave the chat, when all is sent."""
        if not self.is_gone:
            self.is_leaving = True
            self.link.leave()

    def take(self) -> bool:
        """Have the program take the next event, and return whether there was one."""
        if not self.inbox:
            return False
        event = self.inbox.pop(0)
        if isinstance(event, m.Entry):
            key = self._key(event)
            self.link.consumed(event)
            self.memory.save()
            if event.seq <= self.handed.get(key, 0):  # else it is of a room that was left since it came
                self.taken[key] = event.seq if key in self.forgotten else max(event.seq, self.taken.get(key, 0))
                self.forgotten.discard(key)
            self.reach[self.name, key] = max(event.seq, self.reach.get((self.name, key), 0))
            self._show(key, event)
        return True

    def _show(self, key: str, entry: m.Entry) -> None:
        if entry.kind == "message":
            self.shown[key, entry.seq] = entry.text
        elif (key, entry.ref) in self.shown and entry.kind in ("edit", "delete") and not entry.is_deleted:
            self.shown[key, entry.ref] = entry.text

    # --- the network ------------------------------------------------------------------------------------------------

    def flow_up(self, size: int) -> bool:
        """Have some bytes arrive at the server, and return whether there were any."""
        if self.line is None:
            return False
        self.line.up += self.link.data_to_send()
        self.memory.save()
        data, self.line.up = self.line.up[:size], self.line.up[size:]
        self.server.receive(self.line, data)
        return bool(data)

    def flow_down(self, size: int) -> bool:
        """Have some bytes arrive here, and return whether there were any."""
        if self.line is None:
            return False
        line = self.line
        data, line.down = line.down[:size], line.down[size:]
        for piece in data.splitlines(keepends=True):  # so that each event is judged before the next one is read
            self._receive(line, piece)
        assert self.is_gone == (self.link.end is not None)
        return bool(data)

    def _receive(self, line: Line, data: bytes) -> None:
        for raw in self._wire.receive_data(data):
            event = parse_event(raw)
            assert event is not None
            self._judge(line, event)
        events = self.link.receive_data(data)
        self.memory.save()
        assert self.link.error is None
        for event in events:
            if isinstance(event, m.Entry):
                self._hand(event)
            self.inbox.append(event)

    # --- what must hold ---------------------------------------------------------------------------------------------

    @property
    def model(self) -> Model:
        """What the chat is compared with."""
        return self.server.model

    def _judge(self, line: Line, event: m.Event) -> None:
        """See that what the server tells is what it must tell next."""
        what = told(event)
        if what == (m.Bye, False):
            return  # the server stops, and may have stopped before it had told everything
        if isinstance(event, m.Page | m.Found):
            self._judge_found(line, event)
        elif isinstance(event, m.Delivered):
            assert event.seq <= self.reach.get((event.name, conversation_of(self.name, event.name)), 0)
        elif isinstance(event, m.IsRead):
            other = event.target if event.name == self.name else event.name
            assert event.seq <= self.reach.get(("read " + event.name, conversation_of(self.name, other)), 0)
        elif what is not None:
            slot = line.seat.slots[self._slots]
            self._slots += 1
            assert what == slot.told, "something else is told than what follows from the commands"
            self._note(event, slot.start)
        else:
            assert isinstance(event, m.Entry), event
            key = self._key(event)
            assert event.seq > self._last.get(key, 0), "it comes twice on one connection"
            self._last[key] = event.seq

    def _note(self, event: m.Event, start: int | None) -> None:
        """Take notice of what is certain now."""
        cid: str = getattr(event, "cid", "")
        command = self.unanswered.pop(cid, None)
        if isinstance(event, m.Welcome):
            self.knows_log = True
        elif isinstance(event, m.Entered):
            self._note_entered(event, start, command)
        elif isinstance(event, m.Exited):
            self._forget(event.room)
        elif isinstance(event, m.Failed) and isinstance(command, m.Leave):
            self._forget(command.room)  # who wants to be out of a room has nothing to come back to
        elif isinstance(event, m.Bye):
            self.is_gone = True

    def _forget(self, room: str) -> None:
        self.stays.discard(room)
        self.handed.pop(room, None)
        self.taken.pop(room, None)

    def _note_entered(self, event: m.Entered, start: int | None, command: m.Command | None) -> None:
        room = event.room
        self._last.pop(room, None)
        if start is not None and room not in self.stays:
            wanted = self.afters.get(event.cid)
            if wanted is None and room in self.taken and self.name != ACCOUNT:
                wanted = self.taken[room]
            assert wanted is None or start == min(wanted, event.seq), "it is entered somewhere else than was left"
            self.handed[room] = self.taken[room] = self.starts[room] = start
        self.stays.add(room)

    def _judge_found(self, line: Line, found: m.Page | m.Found) -> None:
        """See that what was looked up is what the model finds."""
        expected = line.seat.found[found.cid].pop(0)
        if isinstance(found, m.Found):
            assert replace(found, next=found.next and 1) == expected
        else:
            conversation = conversation_of(self.name, found.target)
            assert found.delivered <= self.reach.get((found.target, conversation), 0)
            assert found.read <= self.reach.get(("read " + found.target, conversation), 0)
            assert replace(found, delivered=0, read=0) == expected
        del self.unanswered[found.cid]

    def _hand(self, entry: m.Entry) -> None:
        """See that an entry is the next one for this device, and is as the model has it."""
        key = self._key(entry)
        said = self.model.entries(key)[entry.seq - 1]
        assert self.name in said.members or self.starts.get(key, entry.seq) < entry.seq, "it is not theirs"
        assert self._is_for_me(said), "it is their own"
        assert not self._is_guests_room(key) or key in self.stays, "they are not in that room"
        before = self.handed.get(key, 0)
        if key in self.is_fresh:
            self.is_fresh.discard(key)
            before = min(before, entry.seq - 1)
        assert entry.seq > before, "it has come before"
        missing = [each for each in self._expected(key, before) if each.came.seq < entry.seq]
        assert missing == [], "one before it has not come"
        self.handed[key] = entry.seq
        came, now = said.came, said.text
        same = replace(came, text=entry.text, is_edited=entry.is_edited, is_deleted=entry.is_deleted)
        assert replace(entry, is_queued=False) == same
        assert entry.text in said.texts | {now}
        assert entry.is_deleted <= said.is_deleted
        assert entry.is_edited <= said.is_edited

    def _expected(self, key: str, after: int) -> Iterator[Said]:
        """Yield what is for this device of a conversation, after a number."""
        if self.name == ACCOUNT and key.startswith("#"):
            after = max(after, self.model.joined.get(key, 0))
        for said in self.model.entries(key)[after:]:
            if self._is_for_me(said):
                yield said

    def _is_for_me(self, said: Said) -> bool:
        return said.device != self.secret if self.name == ACCOUNT else said.came.sender != self.name

    def _key(self, entry: m.Entry) -> str:
        return entry.target if entry.target.startswith("#") else conversation_of(entry.sender, entry.target)

    # --- in the end -------------------------------------------------------------------------------------------------

    def check_settled(self) -> None:
        """See that nothing is missing, when everything has arrived and was taken."""
        line = self.line
        assert line is not None
        assert self.link.state is State.LIVE
        assert self.unanswered == {}
        assert self._slots == len(line.seat.slots), "something was not told"
        for key in self.model.said:
            if self._hears(key):
                missing = [said.came.seq for said in self._expected(key, self.handed.get(key, 0))]
                assert missing == [], f"{self.name} never got all of {key}"
        for (key, seq), text in self.shown.items():
            self._check_shown(key, self.model.entries(key)[seq - 1], text)
        self._check_order()

    def _hears(self, key: str) -> bool:
        if not key.startswith("#"):
            return self.name in key.split()
        return key in (self.model.people[self.name].rooms if self.name == ACCOUNT else self.stays)

    def _check_shown(self, key: str, said: Said, text: str) -> None:
        """See that a change which somebody else has made, and that is for this device, is seen."""
        changes = [each for each in self._expected(key, self.starts.get(key, 0)) if each.came.ref == said.came.seq]
        changes = [each for each in changes if each.came.kind in ("edit", "delete")]
        newest = said.edits[-1] if said.edits and not said.is_deleted else None
        if changes and self._hears(key) and (said.is_deleted or changes[-1] is newest):
            is_seen = text == said.text
            assert is_seen or (said.is_deleted and changes[-1].came.kind != "delete"), "a change is not seen"

    def _check_order(self) -> None:
        """See that what was said here once, and was never refused, is in the log in the order in which it was said."""
        cids: list[str] = [getattr(command, "cid", "") for command in self.said]
        first = self.model.first
        keys = [(self.secret, cid) for cid in cids if cids.count(cid) == 1]
        places = [first[key].place for key in keys if key in first and key not in self.model.refused]
        assert places == sorted(places)


def makes_entry(command: m.Command) -> bool:
    """Return whether the log stores a command."""
    return isinstance(command, m.Send | m.Edit | m.Delete | m.React | m.Unreact | m.Topic)
