"""The client's side of the native protocol, without a socket, a thread or a clock: fed with bytes, drained of bytes.

How it works. A link outlives its connections. Every command with a `cid` is kept until it is answered; when a
connection is lost and another one is made, the link registers the same name with the same device, enters its rooms
again, and sends everything unanswered again, in order. The server answers what it has already done with the first
answer, so nothing is lost and nothing doubled. Entries that come twice are dropped by their numbers.

    OFFLINE --connected--> GREETING --registered--> LIVE --lost--> OFFLINE

`end` says that it is over for good, and why; `error` that the connection is of no further use.

A private entry is acknowledged when the program has taken it, not before: what waits in the program's inbox when the
program dies must come again. Numbers belong to a log; when a server comes back with another one, they mean nothing.
"""

from __future__ import annotations

import os
from enum import Enum, auto

from libchat import messages as m
from libchat.errors import ChatError, Code, Disconnected, InvalidName, ProtocolError, Refused, refusal
from libchat.limits import CID_BYTES, PENDING_SENDS
from libchat.names import Name, parse_target
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
    program, for the server's logs. Raises ValueError for a device that is none, and `Refused` for a name that cannot
    even be sent.
    """

    def __init__(self, name: str, device: str, *, agent: str = "") -> None:
        if not (0 < len(device) <= CID_BYTES and device.isprintable()):
            raise ValueError(f"a device has 1 to {CID_BYTES} characters, all of them visible")
        self.name = name
        self.state = State.OFFLINE
        self.has_registered = False
        """Whether the name was ever given to it."""
        self.end: ChatError | None = None
        self.error: ProtocolError | None = None
        """Set when the server has broken the rules of the wire. Nothing more is read from this connection."""
        self._device = device
        self._agent = agent
        self._limits = m.Limits()
        self._lines = LineBuffer(EVENT_BYTES)
        self._out: list[bytes] = []
        self._unanswered: dict[str, bytes] = {}
        """The line of each command that is not answered, by its cid, in the order in which they were submitted."""
        self._rooms: dict[str, str] = {}
        """The rooms to be in, by canonical name."""
        self._seen: dict[str, int] = {}
        """The number of the newest entry of each conversation that was handed to the program."""
        self._taken: dict[str, int] = {}
        """The number of the newest private entry of each conversation that the program has taken."""
        self._to_ack: dict[str, None] = {}
        self._log = ""
        self._is_quiet = False
        self._is_leaving = False
        self._format(m.Register(name, device, OWN))

    # --- connections ------------------------------------------------------------------------------------------------

    def connected(self) -> None:
        """Notice a new connection. What is to be sent begins with a greeting."""
        self.state = State.GREETING
        self.error = None
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

    def may_return(self, error: Exception) -> bool:
        """Return whether it is of use to connect again after an error: it may pass, and the name was ours before."""
        may_pass = isinstance(error, (OSError, ProtocolError, Disconnected))
        return may_pass and self.has_registered and self.end is None

    def quiet(self) -> bool:
        """Notice that nothing came for a while. Return True if nothing came the last time either: it is lost."""
        if self._is_quiet:
            return True
        self._is_quiet = True
        self._put(m.Ping(OWN))
        return False

    def receive_data(self, data: bytes) -> list[m.Event]:
        """Take bytes from the server, and return the events in them that are for the program. May set `error`."""
        self._is_quiet = False
        events: list[m.Event] = []
        if self.error is not None:
            return events
        try:
            for line in self._lines.receive_data(data):
                event = parse_event(line)
                if event is not None:
                    events += self._receive(event)
        except ProtocolError as error:
            self.error = error
        else:
            self.error = self._lines.error
        return events

    def data_to_send(self) -> bytes:
        """Remove and return the bytes that must go to the server."""
        if self._to_ack and self.state is State.LIVE:
            for conversation in self._to_ack:
                self._put(m.Ack(conversation, self._taken[conversation]))
            self._to_ack.clear()
        data = b"".join(self._out)
        self._out.clear()
        return data

    # --- commands ---------------------------------------------------------------------------------------------------

    def submit(self, command: m.Command) -> None:
        """Have a command sent: now, or when the connection is back.

        One that is never answered (typing) is dropped while there is no connection, or while too much waits for it.
        Raises `Refused` if too many wait for an answer already, and for a command that no server would read.
        """
        line = self._format(command)
        cid: str = getattr(command, "cid", "")
        if cid:
            if len(self._unanswered) >= PENDING_SENDS and cid not in self._unanswered:
                raise Refused(Code.QUEUE_FULL, f"{PENDING_SENDS} commands wait for the server already")
            self._unanswered[cid] = line
        if self.state is State.LIVE and (cid or len(self._out) < PENDING_SENDS):
            self._out.append(line)

    def leave(self) -> None:
        """Have everything sent that was submitted, and then leave, if there is a connection."""
        self._is_leaving = True
        if self.state is State.LIVE:
            self._put(m.Exit())

    def consumed(self, entry: m.Entry) -> bool:
        """Notice that the program has taken an entry, and return whether this is to be told to the server."""
        conversation = self._conversation(entry)
        if conversation.startswith("#") or entry.seq > self._seen.get(conversation, 0):
            return False  # nothing waits for it, or it is of a log that is gone
        self._taken[conversation] = max(entry.seq, self._taken.get(conversation, 0))
        self._to_ack[conversation] = None
        return True

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
            self._rooms[_key(event.room)] = event.room
        elif isinstance(event, m.Exited):
            self._rooms.pop(_key(event.room), None)
        if cid.startswith(OWN):
            return self._receive_own(event)
        return [event]

    def _receive_own(self, event: m.Event) -> list[m.Event]:
        """Take the answer to one of the link's own commands."""
        if isinstance(event, m.Welcome):
            self._greet(event)
        elif isinstance(event, m.Registered) and self.state is State.GREETING:
            return self._go_live(event)
        elif isinstance(event, m.Failed):
            if self.state is State.GREETING:
                self.end = refusal(event.code, event.text, event.subject)
            return [event]
        return []

    def _greet(self, welcome: m.Welcome) -> None:
        if welcome.version < m.VERSION:
            raise ProtocolError(Code.BAD_VALUE, f"{welcome.server} speaks version {welcome.version}, not {m.VERSION}")
        self._limits = welcome.limits
        if welcome.log != self._log:
            self._log = welcome.log
            self._seen.clear()
            self._taken.clear()
            self._to_ack.clear()

    def _go_live(self, registered: m.Registered) -> list[m.Event]:
        self.state = State.LIVE
        self.name = registered.name
        for room in self._rooms.values():
            self._put(m.Join(room, OWN))
        self._out += self._unanswered.values()
        if self._is_leaving:
            self._put(m.Exit())
        if self.has_registered:
            return [m.Resumed()]
        self.has_registered = True
        return [registered]

    def _is_new(self, entry: m.Entry) -> bool:
        """Return whether an entry was not handed to the program before; if the program has taken it, say so again."""
        conversation = self._conversation(entry)
        if entry.seq > self._seen.get(conversation, 0):
            self._seen[conversation] = entry.seq
            return True
        if entry.seq <= self._taken.get(conversation, 0):
            self._to_ack[conversation] = None
        return False

    def _conversation(self, entry: m.Entry) -> str:
        """Return with whom the conversation of an entry is, in canonical form."""
        if entry.target.startswith("#"):
            return _key(entry.target)
        sender = _key(entry.sender)
        return sender if sender != _key(self.name) else _key(entry.target)

    def _format(self, command: m.Command) -> bytes:
        try:
            line = format_command(command)
        except UnicodeEncodeError as error:
            raise Refused(Code.BAD_VALUE, "this holds half a character, which cannot be sent") from error
        size, limit = len(line) - 1, self._limits.line_bytes
        if size > limit:
            raise Refused(Code.TEXT_TOO_LONG, f"this takes {size} bytes, and {limit} can be sent; send it in parts")
        return line

    def _put(self, command: m.Command) -> None:
        self._out.append(format_command(command))


def new_device() -> str:
    """Return a secret for a client that keeps none."""
    return os.urandom(16).hex()


def _key(target: str) -> str:
    """Return the canonical form of a name or `#room`; of one that a newer server knows better than we do, itself."""
    try:
        name = parse_target(target)
    except InvalidName:
        return target
    return name.key if isinstance(name, Name) else "#" + name.key
