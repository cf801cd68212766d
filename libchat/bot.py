"""Bots: programs that take part in a chat, with the commands and hooks of plugins.

    bot = libchat.Bot("ops")

    @bot.command(rate="5/10s")
    def status(ctx, machine: str = "all") -> str:
        "Tell how the machines are."
        return "fine"

    bot.run("chat.example:8080", rooms=["#ops"])      # or a Hub

People write `!status`, and in private `status` is enough. `!help` lists the commands.

How it works. One thread listens, and takes what has come as a batch: messages go through the hooks together. Commands
run in threads of the plugins' host, so that a slow one delays nobody.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, Self, TypeVar, overload

from libchat import messages as m
from libchat.errors import ChatError, Closed, Disconnected, PluginError, UsageError
from libchat.files import own_folder
from libchat.hub import Hub
from libchat.locks import PLUGINS, tiered_lock
from libchat.names import parse_name
from libchat.participant import Participant
from libchat.plugins import declare
from libchat.plugins.host import Host
from libchat.plugins.host.happenings import happening
from libchat.plugins.host.runs import Outcome
from libchat.plugins.host.surroundings import Place, Surroundings
from libchat.plugins.loaded.config import read_tables
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.guard import is_guarded
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.surface import SurfaceKind
from libchat.plugins.values import Drop, Message
from libchat.receipt import Receipt
from libchat.text import split_text

__all__ = ["Bot"]

F = TypeVar("F", bound=Callable[..., object])
Config = Mapping[str, Mapping[str, object]]

BATCH: Final = 256
"""Events that are taken at once: enough to make handing over cheap, few enough not to keep the first waiting."""

_log = logging.getLogger("libchat")


class Bot:
    """A participant that answers commands. A context manager that leaves.

    `config` are the plugins' settings: a dictionary as `{"dice": {"sides": 20}}`, or the path of a TOML file with
    tables as `[plugins.dice]`. `data` is the folder for what plugins keep, the user's own data folder unless another is
    given.
    """

    kind: SurfaceKind = "bot"

    def __init__(
        self, name: str, *, prefix: str = "!", config: Config | Path | None = None, data: Path | None = None
    ) -> None:
        self.name = name
        self.prefix = prefix
        self._config = config if config is not None else {}
        self._given: dict[str, Mapping[str, object]] = {}
        self._own: list[Callable[..., object]] = []
        self._chat: Participant | None = None
        self._surroundings = Surroundings()
        self._lock = tiered_lock(PLUGINS)
        self._asked: dict[tuple[str, str], deque[SimpleQueue[str]]] = {}
        """Who was asked something, and where: their next message there is the answer."""
        self._listener: threading.Thread | None = None
        self._end: Disconnected | None = None
        self.plugins = Host(self, data=data if data is not None else _data_folder(name), config=self._settings)
        """The host of the plugins: what is loaded, and what went wrong."""

    # --- what it can do ---------------------------------------------------------------------------------------------

    @overload
    def command(self, name: F) -> F: ...
    @overload
    def command(self, name: str = "", *, rate: str = "", aliases: Sequence[str] = ()) -> Callable[[F], F]: ...
    def command(self, name: F | str = "", *, rate: str = "", aliases: Sequence[str] = ()) -> F | Callable[[F], F]:
        """Make a function a command of this bot, as `libchat.plugins.command` does for a plugin."""
        if callable(name):
            return self._take(declare.command(name))
        mark = declare.command(name, rate=rate, aliases=aliases)
        return lambda function: self._take(mark(function))

    def hook(self, name: str, *, order: int = 0) -> Callable[[F], F]:
        """Have a function called when something happens, as `libchat.plugins.hook` does for a plugin."""
        mark = declare.hook(name, order=order)
        return lambda function: self._take(mark(function))

    def every(self, *, seconds: float) -> Callable[[F], F]:
        """Have a function called again and again, as `libchat.plugins.every` does for a plugin."""
        mark = declare.every(seconds=seconds)
        return lambda function: self._take(mark(function))

    def load(self, plugin: str | Path, **settings: object) -> None:
        """Load a plugin: an installed one by its name, or a file by its path (it ends with `.py`).

        `settings` go before those of the bot's `config`. Raises `PluginError`.
        """
        path = Path(plugin)
        name = path.stem if path.suffix == ".py" else str(plugin)
        if settings:
            self._given[name] = settings
        if path.suffix == ".py":
            self.plugins.load_file(path)
        else:
            self.plugins.load(name)

    def _take(self, function: F) -> F:
        """Take a function that was just marked."""
        if function not in self._own:
            self._own.append(function)
        if self._chat is not None:
            self._begin_own([function])
        return function

    # --- coming and going -------------------------------------------------------------------------------------------

    def run(self, chat: Hub | Participant | str, *, rooms: Iterable[str] = (), **options: object) -> None:
        """Take part until `close` is called, by another thread or a command. See `start`.

        Raises `Disconnected` when the connection is gone for good.
        """
        self.start(chat, rooms=rooms, **options)
        assert self._listener is not None
        try:
            self._listener.join()
        finally:
            self.close()
        if self._end is not None:
            raise self._end

    def start(self, chat: Hub | Participant | str, *, rooms: Iterable[str] = (), **options: object) -> None:
        """Take part in a chat, and return: in a hub, at the address of a server, or as a participant that is there.

        `options` are those of `libchat.connect`. Raises `ChatError` if that cannot be, and `PluginError` for commands
        with mistakes.
        """
        if self._chat is not None:
            raise ValueError("this bot takes part in a chat already; make another one")
        self._chat = self._connect(chat, options)
        try:
            has_help = any(word == "help" for each in self._own for word, *_ in declare.marks_of(each).commands)
            self._begin_own([*self._own, *([] if has_help else [self._make_help()])])
            for room in rooms:
                self._surroundings.take(self._chat.join(room), self._chat.name)
        except BaseException:
            self.close()
            raise
        self.plugins.observe("connect", self._chat.name, name=self._chat.name)
        self._listener = threading.Thread(target=self._listen, name=f"bot {self.name}", daemon=True)
        self._listener.start()

    def close(self) -> None:
        """Leave the chat, and unload everything. Harmless when called twice, also by a command."""
        if self._chat is not None:
            self._chat.close()
        if is_guarded():
            return  # a command: the thread that listens ends by itself, and who waits for it clears up
        if self._listener is not None:
            self._listener.join()
        self.plugins.close()

    def __enter__(self) -> Self:
        """Return the bot itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bot."""
        self.close()

    @property
    def participant(self) -> Participant:
        """Who it is in the chat. Raises `Closed` before `start`."""
        if self._chat is None:
            raise Closed(f"the bot {self.name} takes part in no chat yet; start it")
        return self._chat

    def _connect(self, chat: Hub | Participant | str, options: dict[str, object]) -> Participant:
        if isinstance(chat, Participant):
            return chat
        if isinstance(chat, Hub):
            return chat.connect(self.name, **options)  # type: ignore[arg-type]  # what the hub takes
        from libchat.client.client import connect

        return connect(chat, self.name, **options)  # type: ignore[arg-type]  # what `connect` takes

    def _begin_own(self, functions: Sequence[Callable[..., object]]) -> None:
        self.plugins.add_builtin("bot", functions)

    def _settings(self) -> Config:
        if isinstance(self._config, Path):
            return {**read_tables(self._config), **self._given}
        return {**self._config, **self._given}

    def _make_help(self) -> Callable[..., object]:
        @declare.command("help")
        def help(ctx: Context, command: str = "") -> str:  # noqa: A001  # what people type
            """List the commands, or explain one."""
            return _explain(self.plugins, self.prefix, command)

        return help

    # --- hearing ----------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Take what comes until the end. The thread's outermost frame."""
        try:
            while True:
                self._hear(_batch(self.participant))
        except Closed:
            pass
        except Disconnected as error:
            self._end = error
            self.plugins.observe("disconnect", self.participant.name, name=self.participant.name)

    def _hear(self, events: Sequence[m.Event]) -> None:
        me = self.participant.name
        entries = [
            each for each in events if isinstance(each, m.Entry) and each.kind == "message" and each.sender != me
        ]
        heard = self.plugins.transform("message", [_message(entry) for entry in entries])
        results = dict(zip(map(id, entries), heard))
        for event in events:
            self._surroundings.take(event, me)
            message = results.get(id(event))
            if isinstance(message, Message):
                self._answer(message, me)
            elif (told := happening(event, me)) is not None:
                hook, sender, target, arguments = told
                self.plugins.observe(hook, sender, target, **arguments)

    def _answer(self, message: Message, me: str) -> None:
        """Take a message as an answer, as a command, or not at all."""
        place = message.room or message.sender
        if self._is_answer(message, place):
            return
        is_called = message.text.startswith(self.prefix)
        line = message.text[len(self.prefix) :] if is_called else message.text
        word = line.split(maxsplit=1)[0].casefold() if line.strip() else ""
        if not word or not (is_called or (not message.room and word in self.plugins.commands)):
            return
        # In a room, an unknown command may be another bot's; and two bots must not explain each other's explanations.
        explains = is_called and not message.room
        self.plugins.start(line, message.sender, place, lambda outcome: self._explain_unknown(outcome, place, explains))

    def _explain_unknown(self, outcome: Outcome, place: str, explains: bool) -> None:
        if outcome.kind == "unknown" and explains:
            self._say(place, outcome.text)

    def _is_answer(self, message: Message, place: str) -> bool:
        with self._lock:
            waiting = self._asked.get((message.sender, place))
            if not waiting:
                return False
            waiting.popleft().put(message.text)
            return True

    # --- what plugins see (`libchat.plugins.loaded.surface.Surface`) ------------------------------------------------

    def scope(self, target: str) -> Place:
        """Return what is known of a conversation."""
        return self._surroundings.scope(target, self._chat.name if self._chat is not None else self.name)

    def reply(self, context: Context, text: str) -> None:
        """Say something where a command came from."""
        if context.target:
            is_like_command = text.startswith(self.prefix)  # another bot might obey it
            self._say(context.target, f"{context.sender}: {text}" if is_like_command else text)
        else:
            self.tell(text)

    def ask(self, context: Context, question: str, secret: bool, timeout: float) -> str:
        """Ask who gave a command, and return their next message there. Raises TimeoutError."""
        if secret and context.room:
            raise UsageError("nobody else should see your answer; write to me in private")
        key = (context.sender, context.target)
        answers: SimpleQueue[str] = SimpleQueue()
        with self._lock:
            self._asked.setdefault(key, deque()).append(answers)
        try:
            self.reply(context, question)
            return answers.get(timeout=timeout)
        except Empty:
            raise TimeoutError(f"{context.sender} has not answered within {timeout:g} seconds") from None
        finally:
            with self._lock:
                waiting = self._asked[key]
                if answers in waiting:
                    waiting.remove(answers)
                if not waiting:
                    del self._asked[key]

    def tell(self, text: str) -> None:
        """Log what who runs the bot should know."""
        _log.warning("bot %s: %s", self.name, text)

    def make_context(self, home: Home, sender: str, target: str) -> Context:
        """Return the context of one call."""
        return _BotContext(home, sender, target)

    def clock(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def _say(self, target: str, text: str) -> None:
        try:
            for part in split_text(text):
                self.say(target, part)
        except ChatError as error:
            self.tell(f"what was to be said to {target} was not: {error}")

    def say(self, target: str, text: str) -> Receipt:
        """Say something, after the `send` hooks have seen it. Raises `UsageError` if one has dropped it."""
        message = Message(self.participant.name, target, text)
        (made,) = self.plugins.transform("send", [message])
        if isinstance(made, Drop):
            raise UsageError(f"it was not sent: {made.reason}")
        if isinstance(made, PluginError):
            raise made
        return self.participant.send(target, made.text)


class _BotContext(Context):
    """A context of which what is said passes the hooks, unless it is such a hook that says it."""

    __slots__ = ()

    def say(self, text: str, to: str = "") -> Receipt:
        bot = self.home.surface
        if self.hook == "send" or not isinstance(bot, Bot):
            return super().say(text, to)
        return bot.say(self.place(to), text)


def _batch(chat: Participant) -> list[m.Event]:
    """Return what has come, after waiting for the first."""
    events = [chat.receive_event()]
    try:
        while len(events) < BATCH:
            events.append(chat.receive_event(timeout=0))
    except (TimeoutError, Closed, Disconnected):
        pass  # what ends the chat is raised again by the next call
    return events


def _message(entry: m.Entry) -> Message:
    return Message(entry.sender, entry.target, entry.text, entry.seq, entry.time, entry.ref)


def _explain(host: Host, prefix: str, name: str) -> str:
    """Return help on all commands, or on one."""
    if not name:
        own = sorted({each.name: each for each in host.commands.values()}.items())
        width = max(len(word) for word, _ in own)
        return "\n".join(f"{prefix}{word:{width}}  {each.summary}".rstrip() for word, each in own)
    command = host.commands.get(name.removeprefix(prefix).casefold())
    if command is None:
        raise UsageError(f"there is no command {prefix}{name}; {prefix}help lists those that there are")
    return f"{command.grammar.usage(prefix + command.name)}\n{command.help}".strip()


def _data_folder(name: str) -> Path:
    return own_folder("data") / "bots" / parse_name(name).key
