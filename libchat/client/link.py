"""The client's side of the native protocol, without a socket, a thread or a clock: fed with bytes, drained of bytes.

How it works. A link outlives its connections. Every command with a `cid` is kept until it is answered; when a
connection is lost and another one is made, the link registers the same name with the same device, enters its rooms
again, and sends everything unanswered again, in order. The server answers what it has already done with the first
answer, so nothing is lost and nothing doubled. Entries that come twice are dropped by their numbers.

    OFFLINE --connected--> GREETING --registered--> LIVE --lost--> OFFLINE

In GREETING it says hello, and, when it is welcomed, takes its name with what proves that it may (`Credentials`). If the
server wants a password, and there is somebody to ask, there is a `question`; `give_password` answers it.

`end` says that it is over for good, and why; `error` that the connection is of no further use.

A room is entered again behind the newest entry that was handed to the program, and the server sends what came since
then. A private entry is acknowledged when the program has taken it, not before: what waits in the program's inbox when
the program dies must come again. Numbers belong to a log; when a server comes back with another one, they mean nothing.

With a `Memory` that keeps something, a link outlives its program, too: what an earlier run has not been answered goes
out first, and a room that it was in is entered behind the newest entry that it had taken.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from msgspec.structs import replace

from libchat import messages as m
from libchat.cids import is_own
from libchat.client.credentials import Credentials
from libchat.client.device import check_device
from libchat.client.memory import Memory
from libchat.client.positions import Positions
from libchat.client.rooms import Rooms
from libchat.errors import ChatError, Code, Disconnected, ProtocolError, Refused, refusal
from libchat.limits import PENDING_SENDS
from libchat.names import target_key
from libchat.wire.lines import LineBuffer
from libchat.wire.native import Native, format_command, parse_event

OWN = "~"
"""How the cids of the link's own commands begin. Their answers are for nobody else."""

ATTEMPTS = 2**10
"""Connections that a client makes in a millisecond at most, so that an earlier one does not overtake a later one."""

EVENT_BYTES = 16 * 1024 * 1024
"""The longest line of a server that is read: a page of history with the longest texts, fully escaped, fits."""


ENTRIES: Final = (m.Send, m.Edit, m.Delete, m.React, m.Unreact)
"""What makes an entry; a `Topic` with a text does, too."""


PASSING: Final = frozenset({Code.BUSY, Code.RATE_LIMITED, Code.UNAVAILABLE})
"""Why a name is not given now, although it may be in a while: who had it before tries again."""

SHUT: Final = (Code.BANNED, Code.INVITE_ONLY, Code.ROOM_PASSWORD)
"""Why one may not enter a room again: it is of no use to try that with the next connection."""


class State(Enum):
    """How far a link has come."""

    OFFLINE = auto()
    GREETING = auto()
    LIVE = auto()


class Link:
    """One participant's conversation with a server, across connections. Not thread-safe.

    `device` is the secret that proves to the server that a new connection belongs to the same client. `agent` names the
    program, for the server's logs. `memory` is what it knows from an earlier run, and where it notes what a later one
    is to know; see there for when to save it. `begun` is when the client began, in milliseconds since 1970: its
    connections are later ones than those of an earlier run. `credentials` are what it shows for its name. Raises
    ValueError for a device that is none, and `Refused` for a name or a password that cannot even be sent.
    """

    def __init__(
        self,
        name: str,
        device: str,
        *,
        agent: str = "",
        memory: Memory | None = None,
        begun: int = 0,
        credentials: Credentials | None = None,
    ) -> None:
        check_device(device)
        self.name = name
        self.state = State.OFFLINE
        self.has_registered = False
        """Whether the name was ever given to it."""
        self.end: ChatError | None = None
        self.error: ProtocolError | None = None
        """Set when the server has broken the rules of the wire. Nothing more is read from this connection."""
        self.successor: m.Successor | None = None
        """What the server has said of its next key, on this connection. Nobody has checked it."""
        self.question: Refused | None = None
        """Why the server wants a password, while it waits for one."""
        self._credentials = credentials if credentials is not None else Credentials()
        self._device = device
        self._attempt = begun * ATTEMPTS
        self._agent = agent
        self._limits = m.Limits()
        self._lines = LineBuffer(EVENT_BYTES)
        self._out: list[bytes] = []
        self._memory = memory if memory is not None else Memory()
        self._unanswered = dict(self._memory.unanswered)
        """The line of each command that is not answered, by its cid, in the order in which they were submitted."""
        self._inherited = frozenset(self._unanswered)
        """The cids of an earlier run: nobody may wait for their answers."""
        self._reads: dict[str, m.Read] = {}
        """What was read and is to be told, by conversation."""
        self._positions = Positions(self._memory)
        self._rooms = Rooms(self._positions, OWN, self._inherited_rooms(), self._unanswered)
        self._has_new_log = self._is_quiet = self._is_leaving = False
        self._format(self._credentials.sign(m.Register(name, device, OWN)))

    # --- connections ------------------------------------------------------------------------------------------------

    def connected(self, pin: str = "") -> None:
        """Notice a new connection. What is to be sent begins with a greeting. `pin` is the server's, "" without TLS."""
        self.state = State.GREETING
        self.error = None
        self.successor = None
        self._lines = LineBuffer(EVENT_BYTES)
        self._is_quiet = False
        self._rooms.connected()
        self._out = []
        self._credentials.connected(pin)
        self._attempt += 1
        self._put(m.Hello(m.VERSION, self._agent, OWN))

    def give_password(self, password: str) -> None:
        """Answer the `question`. Raises `Refused` for a password that cannot even be sent."""
        self.question = None
        self._credentials.password = password
        self._put_register()

    def lost(self, reason: str) -> list[m.Event]:
        """Notice that the connection is lost, and return what the program should hear of it."""
        was_live = self.state is State.LIVE
        self.state = State.OFFLINE
        self.question = None
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
        if self.state is State.LIVE:
            self._put_positions()
        data = b"".join(self._out)
        self._out.clear()
        return data

    # --- commands ---------------------------------------------------------------------------------------------------

    def submit(self, command: m.Command) -> None:
        """Have a command sent: now, or when the connection is back.

        One that is never answered (typing) is dropped while there is no connection, or while too much waits for it.
        Raises `Refused` if too many wait for an answer already, for a cid that another command has, and for a command
        that no server would read.
        """
        if isinstance(command, m.Join) and command.after is None:
            command = self._rooms.placed(command)
        line = self._format(command)
        cid: str = getattr(command, "cid", "")
        if cid in self._unanswered:
            if self._unanswered[cid] != line:
                raise Refused(Code.CID_REUSED, "this cid belongs to another message; nothing was sent")
            return  # it is on its way
        if cid:
            if len(self._unanswered) >= PENDING_SENDS:
                raise Refused(Code.QUEUE_FULL, f"{PENDING_SENDS} commands wait for the server already")
            self._keep(command, cid, line)
        if isinstance(command, m.Read):
            self._read(command)
        elif self.state is State.LIVE and (cid or len(self._out) < PENDING_SENDS):
            self._out.append(line)

    def leave(self) -> None:
        """Have everything sent that was submitted, and then leave, if there is a connection.

        Whoever leaves a `question` open has said nothing yet: there is nothing to wait for.
        """
        self._is_leaving = True
        if self.state is State.LIVE:
            self._put_exit()
        elif self.question is not None:
            self.end = self.question

    def consumed(self, entry: m.Entry) -> bool:
        """Notice that the program has taken an entry, and return whether this is to be told to the server."""
        return self._positions.take(self._conversation(entry), entry.seq)

    def _read(self, command: m.Read) -> None:
        conversation = target_key(command.target)
        if conversation not in self._reads or command.seq > self._reads[conversation].seq:
            self._reads[conversation] = command

    def _keep(self, command: m.Command, cid: str, line: bytes) -> None:
        self._unanswered[cid] = line
        if isinstance(command, m.Join):
            self._rooms.joining(command)
        elif isinstance(command, m.Password):
            self._credentials.submitted(cid, command.new)
        elif isinstance(command, m.Leave):
            self._rooms.leaving(command)
        elif isinstance(command, ENTRIES) or (isinstance(command, m.Topic) and command.text is not None):
            self._memory.keep(cid, line)

    def _inherited_rooms(self) -> dict[str, str]:
        """Return the rooms in which one has to be for what an earlier run has not been answered."""
        rooms = {}
        for line in self._unanswered.values():
            for command in Native().parse_line(line, None):
                target = command.room if isinstance(command, m.Topic) else getattr(command, "target", "")
                if target.startswith("#"):
                    rooms[target_key(target)] = target
        return rooms

    # --- events -----------------------------------------------------------------------------------------------------

    def _receive(self, event: m.Event) -> list[m.Event]:
        if isinstance(event, m.Entry):
            conversation = self._conversation(event)
            is_early = conversation in self._rooms.resuming  # older ones are to come, and then this one again
            return [event] if not is_early and self._positions.hand_over(conversation, event.seq) else []
        if isinstance(event, m.Skipped):
            return [event] if self._positions.pass_by(target_key(event.target), event.seq) else []
        if isinstance(event, m.Bye):
            if event.is_final:
                self.end = Disconnected(event.reason or "the server said goodbye")
            return [event]
        cid: str = getattr(event, "cid", "")
        if isinstance(event, m.Registered) and not cid:
            self._positions.is_account = event.is_account  # a guest has set a password
            return [event]
        if isinstance(event, m.Failed) and event.code == Code.BUSY and self.state is State.GREETING:
            return self._receive_own(event)  # there is no room for the connection, whatever it says
        if isinstance(event, m.Entered):
            is_news = target_key(event.room) not in self._rooms
            self._put(*self._rooms.entered(event))
            if cid == OWN and is_news:  # put out while it was to be entered again: the program thinks that it is out
                return [replace(event, cid="")]
        elif isinstance(event, m.Exited):
            self._rooms.exit(event.room)
        elif isinstance(event, m.Kicked) and self._is_self(event.name):
            self._rooms.put_out(event.room)
        if cid.startswith(OWN):
            return self._receive_own(event)
        return [self._answered(event, cid)]

    def _answered(self, event: m.Event, cid: str) -> m.Event:
        """Notice what is answered, and return the answer. An error for which nobody waits any more has no cid."""
        self._rooms.answered(event, cid)
        self._credentials.answered(cid, is_done=isinstance(event, m.Done))
        if self._unanswered.pop(cid, None) is not None:
            self._memory.answered(cid)
            if isinstance(event, m.Failed) and is_own(cid) and cid in self._inherited:
                return replace(event, cid="")
        return event

    def _receive_own(self, event: m.Event) -> list[m.Event]:
        """Take the answer to one of the link's own commands."""
        if isinstance(event, m.Welcome):
            self._greet(event)
        elif isinstance(event, m.Registered) and self.state is State.GREETING:
            return self._go_live(event)
        elif isinstance(event, m.Failed):
            if self.state is State.GREETING:
                if self.has_registered and event.code in PASSING:
                    raise ProtocolError(Code(event.code), event.text)
                self._refused(refusal(event.code, event.text, event.subject))
                return [] if self.question is not None else [event]
            if event.code == Code.UNAVAILABLE:
                raise ProtocolError(Code.UNAVAILABLE, event.text)  # else a room would have a gap
            self._rooms.has_resumed(target_key(event.subject))
            if event.code in SHUT:
                self._rooms.exit(event.subject)
            return [event]
        return []

    def _is_self(self, name: str) -> bool:
        return target_key(name) == target_key(self.name)

    def _refused(self, refused: Refused) -> None:
        """Have somebody asked for the password, if that is what is missing, or end. Who was in once is not asked."""
        is_missing = refused.code in (Code.PASSWORD_NEEDED, Code.WRONG_PASSWORD)
        if is_missing and self._credentials.ask is not None and not self.has_registered:
            self.question = refused
        else:
            self.end = refused

    def _greet(self, welcome: m.Welcome) -> None:
        if welcome.version < m.VERSION:
            raise ProtocolError(Code.BAD_VALUE, f"{welcome.server} speaks version {welcome.version}, not {m.VERSION}")
        self._limits = welcome.limits
        self.successor = welcome.successor
        self._credentials.nonce = welcome.nonce
        if self._positions.log_is(welcome.log):
            self._forget_numbers()
        if self.state is State.GREETING:
            self._put_register()

    def _forget_numbers(self) -> None:
        """Take the numbers out of everything that waits: the server counts anew."""
        self._has_new_log = True
        self._reads.clear()
        self._rooms.forget_numbers()

    def _go_live(self, registered: m.Registered) -> list[m.Event]:
        self.state = State.LIVE
        self.name = registered.name
        self._credentials.accepted(is_account=registered.is_account)
        self._positions.is_account = registered.is_account
        ended: list[m.Event] = []
        if registered.is_account and not self._has_new_log:
            ended = self._rooms.resume(registered, was_in=self.has_registered)
        else:
            self._put(*self._rooms.enter_again())
        self._has_new_log = False
        self._out += self._unanswered.values()
        if self._is_leaving:
            self._put_exit()
        if self.has_registered:
            return [m.Resumed(), *ended]
        self.has_registered = True
        return [registered, *ended]

    def _conversation(self, entry: m.Entry) -> str:
        """Return with whom the conversation of an entry is, in canonical form."""
        target = target_key(entry.target)
        if target.startswith("#"):
            return target
        sender = target_key(entry.sender)
        return sender if sender != target_key(self.name) else target

    # --- out --------------------------------------------------------------------------------------------------------

    def _format(self, command: m.Command) -> bytes:
        try:
            line = format_command(command)
        except UnicodeEncodeError as error:
            raise Refused(Code.BAD_VALUE, "this holds half a character, which cannot be sent") from error
        size, limit = len(line) - 1, self._limits.line_bytes
        if size > limit:
            raise Refused(Code.TEXT_TOO_LONG, f"this takes {size} bytes, and {limit} can be sent; send it in parts")
        return line

    def _put_register(self) -> None:
        register = m.Register(self.name, self._device, OWN, self._attempt)
        self._out.append(self._format(self._credentials.sign(register)))

    def _put(self, *commands: m.Command) -> None:
        self._out += map(format_command, commands)

    def _put_positions(self, *, is_last: bool = False) -> None:
        for conversation, seq in self._positions.to_tell(is_last=is_last):
            self._put(m.Ack(conversation, seq))
        for read in self._reads.values():
            self._put(read)
        self._reads.clear()

    def _put_exit(self) -> None:
        self._put_positions(is_last=True)
        self._put(m.Exit())
