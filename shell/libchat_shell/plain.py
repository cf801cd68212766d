"""The plain shell: the words of the classic dialect and slash commands, typed and read by a person or a pipe.

How it works. The main thread reads lines, has the classic dialect turn them into commands, and waits for the answer to
each before it takes the next line, so that what is printed stands in the order in which it was asked for, and `leave`
means the room that was joined a line before. A second thread prints events, answers among them, as they come. When the
chat ends, it interrupts the main thread, which may well be waiting for somebody to type.

A line that begins with a slash is a command of the shell (`//` says one slash). What those need is made when the first
one comes: most pipes have none. Nothing here imports prompt_toolkit.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from libchat import messages as m
from libchat.cli import output, signals
from libchat.cli.exits import Exit
from libchat.cli.screen import Screen
from libchat.errors import ChatError, Disconnected, Refused
from libchat.limits import ANSWER_SECONDS, LINGER_SECONDS
from libchat.names import RoomName, parse_room, target_key
from libchat.participant import Participant
from libchat.wire.classic import Classic

if TYPE_CHECKING:
    from libchat_shell.slashes import Slashes

HELP: Final = (
    "write NAME:TEXT, `message`, `who`, `join ROOM` or `exit`; in a room, every line is said to it till `leave`; "
    "/help lists more"
)
RECENT: Final = 200
"""Messages that slash commands can refer to (/reply, /edit)."""
PATIENCE_SECONDS: Final = 2.0
"""How long a person has to wait for an answer before the next line may be typed."""


class Talk:
    """One participant's conversation through a screen."""

    def __init__(self, me: Participant, screen: Screen, make_slashes: Callable[[Talk], Slashes] | None = None) -> None:
        self._me = me
        self._screen = screen
        self._make_slashes = make_slashes
        self._slashes: Slashes | None = None
        self._recent: deque[m.Entry] = deque(maxlen=RECENT)
        self._entered: dict[str, m.Entered] = {}
        """How rooms were when they were entered, by canonical name."""
        self._classic = Classic(datetime.fromtimestamp)
        self._condition = threading.Condition()
        self._rooms: list[RoomName] = []
        self._awaited = ""
        """The cid of the command whose answer is waited for."""
        self._is_reading = False
        """Whether the main thread waits for a line."""
        self._is_leaving = False
        self._has_refusals = False
        self._end: BaseException | None = None
        """Why nothing is heard any more."""
        self._listener = threading.Thread(target=self._listen, name="libchat-listener", daemon=True)

    def run(self, room: str = "") -> int:
        """Talk until the person leaves or the input ends, and return the exit code. With a room, enter that first.

        Raises `Disconnected` if the chat ends before. A refused line makes the exit code 1, if a program has typed it.
        """
        try:
            self._show(m.Registered(self._me.name))
            if self._screen.is_terminal:
                self._screen.tell(output.notice, HELP)
            self._listener.start()
            if room:
                self._submit(m.Join(room))
            self._read_lines()
        except KeyboardInterrupt:
            if self._end is None:
                return Exit.OK
        if self._end is not None and not self._is_leaving:
            raise self._end
        return Exit.REFUSED if self._has_refusals and not self._screen.is_terminal else Exit.OK

    # --- what is typed, in the main thread --------------------------------------------------------------------------

    def _read_lines(self) -> None:
        while not self._is_leaving:
            try:
                self._take(self._read(f"{self._room.display}> " if self._room else "> "))
            except EOFError:
                if not self._screen.is_terminal:
                    self._submit(m.Ping())  # what was under way to us is printed when this is answered
                return

    def _take(self, line: str) -> None:
        if line.strip() == "message" and self._room is None:
            self._submit(m.Send(self._read("to: ").strip(), self._read("text: ")))
            return
        if line.startswith("//"):
            line = line[1:]
        elif line.startswith("/") and self._make_slashes is not None:
            self._run(line)
            return
        for command in self._classic.parse_line(line.encode(errors="surrogateescape"), self._room):
            if isinstance(command, m.Rejected):
                self._refuse(command.code, command.reason, command.subject)
            elif isinstance(command, m.Exit):
                self._leave(command)
            else:
                self._submit(command)

    def _run(self, line: str) -> None:
        """Run a slash command, and wait for its end."""
        if self._slashes is None and self._make_slashes is not None:
            slashes = self._make_slashes(self)
            with self._condition:
                known = (*self._entered.values(), *self._recent)
                self._slashes = slashes
            for event in known:
                slashes.absorb(event)
        if self._slashes is not None and not self._slashes.run(line, self.active):
            self._has_refusals = True

    @property
    def active(self) -> str:
        """Where one is: the `#room` entered last, "" if in none."""
        return str(self._room) if self._room is not None else ""

    # --- what slash commands ask for --------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """Print what a command has to say."""
        for line in text.split("\n"):
            self._screen.show(line)

    def refuse(self, text: str) -> None:
        """Print why a command was not done."""
        self._has_refusals = True
        for line in text.split("\n"):
            self._screen.tell(output.deplore, line)

    def ask(self, question: str, *, is_secret: bool) -> str:
        """Read the answer to a question. Raises EOFError."""
        if is_secret and self._screen.has_echo:
            from getpass import getpass

            return getpass(question)
        return self._screen.ask(question)

    def heard(self, event: m.Event) -> None:
        """Print what a command was answered, as if it had been typed in the classic words."""
        self._show(event)
        self._note(event)

    def say(self, target: str, text: str, reply_to: int) -> None:
        """Say something, and wait for the answer."""
        self._submit(m.Send(target, text, "", reply_to))

    def go(self, room: str) -> None:
        """Be in a room that one has entered before."""
        with self._condition:
            found = [each for each in self._rooms if each == parse_room(room)]
            self._rooms = [*self._others(room), *found]

    def leave(self, reason: str = "") -> None:
        """Leave the chat."""
        self._leave(m.Exit(reason))

    def _leave(self, command: m.Exit) -> None:
        """Say goodbye. Over the network the other side answers it, in process nobody does."""
        self._is_leaving = True
        self._me.submit(command)
        self._listener.join(LINGER_SECONDS)
        self._show(m.Bye())

    def _read(self, prompt: str) -> str:
        with self._condition:
            if self._end is not None:
                raise KeyboardInterrupt
            self._is_reading = True
        try:
            return self._screen.read_line(prompt)
        finally:
            with self._condition:
                self._is_reading = False

    def _submit(self, command: m.Command) -> None:
        """Hand over a command, and wait until its answer is printed. Raises TimeoutError, but not for a person."""
        patience = PATIENCE_SECONDS if self._screen.is_terminal else ANSWER_SECONDS
        with self._condition:
            try:
                self._awaited = self._me.submit(command)
            except Refused as error:
                self._refuse(error.code, error.reason, error.subject)
                return
            is_answered = self._condition.wait_for(lambda: not self._awaited or self._end is not None, patience)
        if not is_answered and not self._screen.is_terminal:
            raise TimeoutError("the server does not answer")

    @property
    def _room(self) -> RoomName | None:
        """The room in which one is: the one entered last."""
        return self._rooms[-1] if self._rooms else None

    # --- what is heard, in a thread of its own ----------------------------------------------------------------------

    def _listen(self) -> None:
        end: BaseException | None = None
        try:
            for event in self._me.events():
                self._show(event)
                self._note(event)
        except (ChatError, OSError) as error:  # an OSError: nobody reads our output any more
            end = error
        with self._condition:
            self._end = end or Disconnected("the chat has ended")
            self._condition.notify_all()
            if self._is_reading:
                signals.interrupt_main()

    def _show(self, event: m.Event) -> None:
        if isinstance(event, m.Interrupted):
            self._screen.tell(output.notice, f"connection lost ({event.reason}); trying again ...")
        elif isinstance(event, m.Resumed):
            self._screen.tell(output.notice, "connected again")
        elif isinstance(event, m.Failed):
            self._refuse(event.code, event.text, event.subject)
        elif not (isinstance(event, m.Bye) and self._is_leaving and threading.current_thread() is self._listener):
            self._print(event)

    def _print(self, event: m.Event) -> None:
        for line in self._lines(event):
            mark = line.find(": ") + 1 if isinstance(event, m.Entry) else 0
            self._screen.show(line, mark)

    def _lines(self, event: m.Event) -> list[str]:
        text = self._classic.format_event(event).decode(errors="replace")
        return text.removesuffix("\n").split("\n") if text else []

    def _refuse(self, code: str, reason: str, subject: str = "") -> None:
        self._has_refusals = True
        for line in self._lines(m.Failed(code, reason, subject)):
            self._screen.tell(output.deplore, line)

    def _note(self, event: m.Event) -> None:
        """Keep track of rooms and answers. Called when the event has been printed."""
        with self._condition:
            if isinstance(event, m.Entered):
                self._rooms = [*self._others(event.room), parse_room(event.room)]
                self._entered[target_key(event.room)] = event
            elif isinstance(event, m.Exited) or (isinstance(event, m.Kicked) and self._is_me(event.name)):
                self._rooms = self._others(event.room)
                self._entered.pop(target_key(event.room), None)
            elif isinstance(event, m.Entry):
                self._recent.append(event)
            if self._awaited and self._awaited == getattr(event, "cid", ""):
                self._awaited = ""
                self._condition.notify_all()
            slashes = self._slashes
        if slashes is not None:  # outside of the lock: it has one of its own
            slashes.absorb(event)

    def _is_me(self, name: str) -> bool:
        return target_key(name) == target_key(self._me.name)

    def _others(self, room: str) -> list[RoomName]:
        return [other for other in self._rooms if other != parse_room(room)]
