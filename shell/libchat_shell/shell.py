"""The shell: what is between the chat, the person, and the commands.

How it works. The model belongs to the user interface's thread; what others have for it is posted there. Three threads
do what takes its time: a listener reads the chat's events, one worker sends what is said, in order, and one runs the
commands that are typed, in order. So a command that waits for the server delays other commands, but neither what is
said nor what is heard, and nothing delays a key.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from types import ModuleType
from typing import Final, TypeVar

from msgspec.structs import replace

from libchat import Event, Participant
from libchat import messages as m
from libchat.errors import ChatError, Refused
from libchat.names import target_key
from libchat.plugins.host import Host
from libchat.plugins.values import Drop, Message
from libchat_shell.bell import Commands, sequences
from libchat_shell.completion import Known
from libchat_shell.front import Ui
from libchat_shell.lines import Line
from libchat_shell.listener import Listener
from libchat_shell.look import Look
from libchat_shell.model import Model
from libchat_shell.paste import parts
from libchat_shell.service import Service
from libchat_shell.surface import ShellScope, ShellSurface
from libchat_shell.surroundings import Surroundings
from libchat_shell.work import Worker

T = TypeVar("T")

CALL_SECONDS: Final = 5.0
"""How long a command waits for the interface's thread, which never takes that long while it lives."""
CLOSE_SECONDS: Final = 1.0
"""How long work that has begun may go on when the person leaves."""
TEXT_BYTES: Final = m.Limits().text_bytes


class Shell:
    """One person's shell, between a participant and a user interface. `begin` starts it, `close` ends it."""

    def __init__(self, chat: Participant, ui: Ui, around: Surroundings) -> None:
        self.chat = chat
        self.ui = ui
        self.around = around
        self.settings = around.settings
        self.end: ChatError | None = None
        """Why nothing is heard any more, if the person has not left."""
        memory = around.places.load() if around.places is not None else None
        self.ignored: tuple[str, ...] = memory.ignored if memory is not None else ()
        self.levels: Mapping[str, str] = memory.notify if memory is not None else {}
        self.model = Model(chat.name, self._look(), ignored=self.ignored, notify=self.settings.text("notify"))
        self._rooms: tuple[str, ...] = ()
        """The rooms one is in, by name as shown, in the order in which they were entered."""
        self._fetched: set[str] = set()
        """The conversations whose history was fetched, by canonical name."""
        self._talker = Worker("libchat-talker")
        self._runner = Worker("libchat-commands")
        self._keeper = Worker("libchat-keeper")
        self._commands = Commands(self.show)
        self._is_leaving = False
        self.service = Service(self)
        self.host = self._make_host()
        self._listener = self._make_listener(chat)

    def _make_host(self) -> Host:
        around = self.around
        host = Host(
            ShellSurface(self, around.clock),
            folder=around.plugin_folder if around.has_plugins else None,
            use_entry_points=around.has_plugins,
            data=around.data,
            config=self.settings.plugins,
            remember=around.data / "plugins.json" if around.data is not None and around.has_plugins else None,
        )
        for name, module in _builtins():
            host.add_builtin(name, module)
        return host

    def _make_listener(self, chat: Participant) -> Listener:
        return Listener(chat, self.ui.post, self.take, self._ended, self._transform)

    # --- beginning and end ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin to listen, load the plugins, and go to the rooms of the last time. In the interface's thread."""
        self._listener.start()
        for complaint in self.settings.complaints:
            self.tell(complaint, is_error=True)
        if self.around.has_plugins:
            self._runner.do(self._load_plugins)
        for room in self.around.rooms:
            self._runner.do(lambda room=room: self._enter(room))  # type: ignore[misc]
        self._runner.do(self._remember)

    def _load_plugins(self) -> None:
        for error in self.host.load_enabled():
            self.show(str(error))

    def _enter(self, room: str) -> None:
        """Enter a room at the start. In the thread of commands."""
        try:
            entered = self.chat.join(room)
        except (ChatError, TimeoutError) as error:
            self.show(f"{room}: {error}")
            return
        self.ui.post(lambda: self._go(entered))

    def _go(self, entered: m.Entered) -> None:
        self.take([entered])
        self.switch(entered.room)

    def close(self) -> None:
        """Leave the chat, and end all threads. What hangs is left behind after a while."""
        self._is_leaving = True
        self._listener.stop()
        self._talker.close(CLOSE_SECONDS, is_patient=True)  # what was said last, and why one leaves, go out
        self._runner.close(CLOSE_SECONDS / 5)
        self.host.close()
        self._keeper.close(CLOSE_SECONDS)
        self.chat.close()

    def leave(self, reason: str = "") -> None:
        """Leave, as the person wants. From any thread."""
        self._is_leaving = True
        self._listener.stop()  # that the server closes the connection then is no news
        if reason:
            self.tell_chat(m.Exit(reason))
        self.ui.end()

    def _ended(self, end: ChatError | None) -> None:
        """Notice that nothing is heard any more."""
        if not self._is_leaving:
            self.end = end
            self.ui.end()

    # --- the interface's thread -------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The time in milliseconds since 1970."""
        return int(self.around.clock() * 1000)

    def on_ui(self, function: Callable[[], T]) -> T:
        """Return what a function returns in the interface's thread. Raises TimeoutError if that has ended."""
        if self.ui.is_own_thread():
            return function()
        done: Future[T] = Future()

        def call() -> None:
            try:
                done.set_result(function())
            except Exception as error:  # noqa: BLE001  # it is the caller's
                done.set_exception(error)

        self.ui.post(call)
        return done.result(CALL_SECONDS)

    def tell(self, text: str, *, is_error: bool = False) -> None:
        """Show lines of the shell's own. In the interface's thread."""
        self.ui.show(self.model.told(text, self.now, is_error=is_error))

    def show(self, text: str, *, is_error: bool = False) -> None:
        """Show lines of the shell's own. From any thread."""
        self.ui.post(lambda: self.tell(text, is_error=is_error))

    def take(self, events: Iterable[Event]) -> None:
        """Take what the chat tells. In the interface's thread."""
        lines: list[Line] = []
        for event in events:
            lines += self.model.take(event, self.now)
            self._note(event)
        self.ui.show(lines)
        for wanted in self.model.wanted():
            written = sequences(wanted, self.settings)
            if written:
                self.ui.ring(written)
            self._commands.start(self.settings.words("command"), wanted)
        self.ui.refresh()

    def _note(self, event: Event) -> None:
        """Keep track of rooms, and have the plugins told."""
        if isinstance(event, m.Entered):
            self.model.set_level(event.room, self.levels.get(target_key(event.room), ""))
            others = [room for room in self._rooms if target_key(room) != target_key(event.room)]
            if len(others) == len(self._rooms):
                self._rooms = (*self._rooms, event.room)
                self._keeper.do(self._remember)
            self._fetch(event.room, event.seq)
        elif isinstance(event, m.Exited) or (isinstance(event, m.Kicked) and self.is_me(event.name)):
            self._rooms = tuple(room for room in self._rooms if target_key(room) != target_key(event.room))
            self._fetched.discard(target_key(event.room))
            self._keeper.do(self._remember)
        self._observe(event)

    def _observe(self, event: Event) -> None:
        observed = _observed(event)
        if observed is not None and self.host.has_hook(observed[0]):
            hook, target, arguments = observed
            self.host.observe(hook, "", target, **arguments)
        elif isinstance(event, (m.Interrupted, m.Resumed)):
            hook = "disconnect" if isinstance(event, m.Interrupted) else "connect"
            self.host.observe(hook, name=self.chat.name)

    def switch(self, target: str) -> None:
        """Have a conversation on the screen. In the interface's thread."""
        if target_key(target) == target_key(self.model.active):
            return
        self.model.keep_draft(self.model.active, self.ui.draft)
        self.ui.show(self.model.switch(target, self.now))
        self.ui.draft = self.model.draft(target)
        if target and not target.startswith("#"):
            self._fetch(target)
        self.ui.refresh()

    def close_conversation(self, target: str) -> None:
        """Take a conversation off the list. In the interface's thread."""
        before = self.model.active
        self.ui.show(self.model.close(target, self.now))
        if self.model.active != before:
            self.ui.draft = self.model.draft(self.model.active)
        self.ui.refresh()

    def is_me(self, name: str) -> bool:
        """Return whether a name is one's own."""
        return target_key(name) == target_key(self.chat.name)

    def scope(self, target: str) -> ShellScope:
        """Return what arguments are understood by in a conversation. From any thread."""
        return self.on_ui(lambda: ShellScope(self.service, self.model, target).picture())

    def known(self) -> Known:
        """Return what completion knows. In the interface's thread."""
        return Known(ShellScope(self.service, self.model, self.model.active), self.host.commands)

    # --- what was said before ---------------------------------------------------------------------------------------

    def _fetch(self, target: str, until: int | None = None) -> None:
        """Have the last entries of a conversation shown, once, up to a number: the newer ones come by themselves."""
        limit = self.settings.number("history")
        if not limit or target_key(target) in self._fetched:
            return
        self._fetched.add(target_key(target))
        if until != 0:
            self.model.expect(target, self.now)
            self._keeper.do(lambda: self._fetch_page(target, until, limit))

    def _fetch_page(self, target: str, until: int | None, limit: int) -> None:
        try:
            page = self.chat.history(target, limit=limit, before=None if until is None else until + 1)
        except (ChatError, TimeoutError):
            page = m.Page(target, ())  # nobody has asked for it, so nothing is told
        self.ui.post(lambda: self.ui.show(self.model.fetched(page, self.now)))

    # --- saying -----------------------------------------------------------------------------------------------------

    def say(self, target: str, text: str, reply_to: int = 0) -> None:
        """Say something, in as many messages as it takes. From any thread; it is done in the order of the calls."""
        if not self._talker.do(lambda: self._send(target, text, reply_to)):
            self.show("too much waits to be sent; wait until there is a connection", is_error=True)

    def _send(self, target: str, text: str, reply_to: int) -> None:
        for part in parts(text, TEXT_BYTES):
            allowed = self._allowed(target, part, reply_to)
            if allowed is not None:
                self._submit(target, allowed, reply_to)

    def _allowed(self, target: str, text: str, reply_to: int) -> str | None:
        """Return what plugins make of an own text, None if they keep it back."""
        if not self.host.has_hook("send"):
            return text
        message = Message(self.chat.name, target, text, reply_to=reply_to)
        (made,) = self.host.transform("send", [message])
        if isinstance(made, Message):
            return made.text
        self.show(f"not sent: {made.reason if isinstance(made, Drop) else made}", is_error=True)
        return None

    def _submit(self, target: str, text: str, reply_to: int) -> None:
        cid = secrets.token_hex(8)
        self.ui.post(lambda: self.ui.show(self.model.sent(target, text, cid, self.now, reply_to=reply_to)))
        try:
            self.chat.submit(m.Send(target, text, cid, reply_to))
        except Refused as error:
            failed = m.Failed(error.code, error.reason, error.subject, cid)
            self.ui.post(lambda: self.take([failed]))
        except ChatError as error:
            self.show(f"not sent: {error}", is_error=True)

    def do(self, work: Callable[[], None]) -> None:
        """Have something done in the thread of commands, in order."""
        if not self._runner.do(work):
            self.show("too many commands wait already; wait until they are done", is_error=True)

    def tell_chat(self, command: m.Command) -> None:
        """Have the chat told something that nobody waits for (typing, reading). From any thread."""

        def submit() -> None:
            try:
                self.chat.submit(command)
            except ChatError:
                pass

        self._talker.do(submit)

    # --- hearing, in the listener's thread --------------------------------------------------------------------------

    def _transform(self, event: Event) -> Iterable[Event]:
        """Return what plugins make of somebody else's message."""
        if not (isinstance(event, m.Entry) and event.kind == "message" and self.host.has_hook("message")):
            return (event,)
        if self.is_me(event.sender):
            return (event,)
        target = event.target if event.target.startswith("#") else event.sender
        message = Message(event.sender, target, event.text, event.seq, event.time, event.ref)
        (made,) = self.host.transform("message", [message])
        if isinstance(made, Drop):
            return ()
        return (replace(event, text=made.text),) if isinstance(made, Message) else (event,)

    # --- somebody else ----------------------------------------------------------------------------------------------

    def reconnect_as(self, name: str) -> None:
        """Come back under another name, into the same rooms. Not in the interface's thread. Raises `Refused`."""
        if self.around.connect is None:
            raise Refused("bad-value", "the name cannot be changed here: leave, and come back with --name")
        new = self.around.connect(name)
        old, rooms = self.chat, self._rooms
        self._listener.stop()
        entered = []
        for room in rooms:
            try:
                entered.append(new.join(room))
            except (ChatError, TimeoutError) as error:
                self.show(f"{room}: {error}")
        self.on_ui(lambda: self._become(new, entered))
        old.close()

    def _become(self, new: Participant, entered: Sequence[m.Entered]) -> None:
        self.chat = new
        self.model.me = new.name
        self.take(entered)
        self._listener = self._make_listener(new)
        self._listener.start()

    # --- memory -----------------------------------------------------------------------------------------------------

    def _look(self) -> Look:
        settings = self.settings
        return Look(
            width=self.ui.columns,
            times=settings.text("times"),
            has_numbers=settings.is_on("numbers"),
            is_unicode=self.around.is_unicode,
            name_columns=settings.number("names"),
            context=settings.number("context"),
        )

    def look_again(self) -> None:
        """Have lines look as the settings and the screen are by now. In the interface's thread."""
        look = self._look()
        if look != self.model.look:
            self.model.look = look

    def _remember(self) -> None:
        places, place = self.around.places, self.around.place
        if places is not None and place is not None and not self._is_leaving:
            places.keep(replace(place, name=self.chat.name, rooms=self._rooms, active=self.model.active))


def _observed(event: Event) -> tuple[str, str, dict[str, object]] | None:
    """Return which hook of plugins an event is for, where it happened, and the hook's arguments."""
    match event:
        case m.Joined(room=room, name=name):
            return "join", room, {"room": room, "name": name}
        case m.Left(room=room, name=name, reason=reason):
            return "leave", room, {"room": room, "name": name, "reason": reason}
        case m.Kicked(room=room, name=name, by=by, reason=reason):
            return "kick", room, {"room": room, "name": name, "by": by, "reason": reason}
        case m.Entry(kind="topic"):
            return "topic", event.target, {"room": event.target, "name": event.sender, "text": event.text}
        case m.Entry(kind="edit" | "delete" | "react"):
            return event.kind, event.target, {"entry": event}
    return None


def _builtins() -> list[tuple[str, ModuleType]]:
    from libchat_shell.commands import MODULES

    return [(module.__name__.rpartition(".")[2], module) for module in MODULES]
