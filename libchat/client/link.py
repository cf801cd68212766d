"""The client's side of the native protocol, without a socket, a thread or a clock: fed with bytes, drained of bytes.

How it works. A link outlives its connections. Every command with a `cid` is kept until it is answered; when a
connection is lost and another one is made, the link registers the same name with the same device, enters its rooms
again, and sends everything unanswered again, in order. The server answers what it has already done with the first
answer, so nothing is lost and nothing doubled. Entries that come twice are dropped by their numbers.

    OFFLINE --connected--> GREETING --registered--> LIVE --lost--> OFFLINE

`end` says that it is over for good, and why.
"""

from __future__ import annotations

from enum import Enum, auto

from libchat import messages as m
from libchat.errors import ChatError, Code, Disconnected, ProtocolError, Refused, refusal
from libchat.limits import PENDING_SENDS
from libchat.names import RoomName, parse_target
from libchat.wire.lines import LineBuffer
from libchat.wire.native import format_command, parse_event

OWN = "~"
"""How the cids of the link's own commands begin. Their answers are for nobody else."""

EVENT_BYTES = 16 * 1024 * 1024
"""The longest line of a server that is read: a page of history with the longest texts, fully escaped, fits."""


class State(Enum):
    """How far a link has come."""

    OFFLINE = auto()
    GREETING = auto()
    LIVE = auto()


class Link:
    """One participant's conversation with a server, across connections. Not thread-safe.

    `device` is the secret that proves to the server that a new connection belongs to the same client. `agent` names the
    program, for the server's logs.
    """

    def __init__(self, name: str, device: str, *, agent: str = "") -> None:
        self.name = name
        self.state = State.OFFLINE
        self.has_registered = False
        """Whether the name was ever given to it."""
        self.end: ChatError | None = None
        self._device = device
        self._agent = agent
        self._lines = LineBuffer(EVENT_BYTES)
        self._out: list[bytes] = []
        self._unanswered: dict[str, m.Command] = {}
        self._rooms: dict[str, None] = {}
        self._seen: dict[str, int] = {}
        """The number of the newest entry of each conversation that was handed to the program."""
        self._acks: dict[str, int] = {}
        self._log = ""
        self._is_quiet = False

    # --- connections ------------------------------------------------------------------------------------------------

    def connected(self) -> None:
        """Notice a new connection. What is to be sent begins with a greeting."""
        self.state = State.GREETING
        self._lines = LineBuffer(EVENT_BYTES)
        self._is_quiet = False
        self._out = []
        self._put(m.Hello(m.VERSION, self._agent, OWN))
        self._put(m.Register(self.name, self._device, OWN))

    def lost(self, reason: str) -> list[m.Event]:
        """Notice that the connection is lost, and return what the program should hear of it."""
        was_live = self.state is State.LIVE
        self.state = State.OFFLINE
        self._out = []
        return [m.Interrupted(reason)] if was_live and self.end is None else []

    def quiet(self) -> bool:
        """Notice that nothing came for a while. Return True if nothing came the last time either: it is lost."""
        if self._is_quiet:
            return True
        self._is_quiet = True
        self._put(m.Ping(OWN))
        return False

    def receive_data(self, data: bytes) -> list[m.Event]:
        """Take bytes from the server, and return the events in them that are for the program.

        Raises `ProtocolError` if the server breaks the rules of the wire; the connection is of no further use then.
        """
        self._is_quiet = False
        events: list[m.Event] = []
        for line in self._lines.receive_data(data):
            event = parse_event(line)
            if event is not None:
                events += self._receive(event)
        if self._lines.error is not None:
            raise self._lines.error
        return events

    def data_to_send(self) -> bytes:
        """Remove and return the bytes that must go to the server."""
        if self._acks and self.state is State.LIVE:
            for target, seq in self._acks.items():
                self._put(m.Ack(target, seq))
            self._acks.clear()
        data = b"".join(self._out)
        self._out.clear()
        return data

    # --- commands ---------------------------------------------------------------------------------------------------

    def submit(self, command: m.Command) -> None:
        """Have a command sent: now, or when the connection is back.

        One that is never answered (typing) is dropped while there is no connection. Raises `Refused` with `queue-full`
        if too many wait for an answer already.
        """
        cid: str = getattr(command, "cid", "")
        if cid:
            if len(self._unanswered) >= PENDING_SENDS:
                raise Refused(Code.QUEUE_FULL, f"{PENDING_SENDS} commands wait for the server already")
            self._unanswered[cid] = command
        if self.state is State.LIVE:
            self._put(command)

    def consumed(self, entry: m.Entry) -> None:
        """Notice that the program has taken an entry. A private one is acknowledged."""
        if not entry.target.startswith("#"):
            self._acks[self._other(entry)] = entry.seq

    # --- events -----------------------------------------------------------------------------------------------------

    def _receive(self, event: m.Event) -> list[m.Event]:
        if isinstance(event, m.Entry):
            return [event] if self._is_new(event) else []
        if isinstance(event, m.Bye):
            if event.is_final:
                self.end = Disconnected(event.reason or "the server said goodbye")
            return [event]
        cid: str = getattr(event, "cid", "")
        self._unanswered.pop(cid, None)
        if isinstance(event, m.Entered):
            self._rooms[event.room] = None
        elif isinstance(event, m.Exited):
            self._rooms.pop(event.room, None)
        if cid.startswith(OWN):
            return self._receive_own(event)
        return [event]

    def _receive_own(self, event: m.Event) -> list[m.Event]:
        """Take the answer to one of the link's own commands."""
        if isinstance(event, m.Welcome):
            self._greet(event)
        elif isinstance(event, m.Registered):
            return self._go_live(event)
        elif isinstance(event, m.Failed):
            if self.state is State.GREETING:
                self.end = refusal(event.code, event.text, event.subject)
            return [event]
        return []

    def _greet(self, welcome: m.Welcome) -> None:
        if welcome.version < m.VERSION:
            raise ProtocolError(Code.BAD_VALUE, f"{welcome.server} speaks version {welcome.version}, not {m.VERSION}")
        if welcome.log != self._log:
            self._log = welcome.log
            self._seen.clear()
            self._acks.clear()

    def _go_live(self, registered: m.Registered) -> list[m.Event]:
        self.state = State.LIVE
        self.name = registered.name
        for room in self._rooms:
            self._put(m.Join(room, OWN))
        for command in self._unanswered.values():
            self._put(command)
        if self.has_registered:
            return [m.Resumed()]
        self.has_registered = True
        return [registered]

    def _is_new(self, entry: m.Entry) -> bool:
        """Return whether an entry was not handed to the program before; acknowledge it again if it was."""
        conversation = self._other(entry)
        if entry.seq <= self._seen.get(conversation, 0):
            self.consumed(entry)
            return False
        self._seen[conversation] = entry.seq
        return True

    def _other(self, entry: m.Entry) -> str:
        """Return with whom the conversation of an entry is, in canonical form."""
        target = parse_target(entry.target)
        if isinstance(target, RoomName):
            return "#" + target.key
        sender = parse_target(entry.sender)
        return target.key if sender == parse_target(self.name) else sender.key

    def _put(self, command: m.Command) -> None:
        self._out.append(format_command(command))
