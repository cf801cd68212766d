"""A stage for plugins: a whole chat in process, in which a plugin is tried out, with a clock that goes by hand.

    def test_roll(stage):
        stage.load("roll.py", sides=6)                 # a file, or the name of an installed plugin, and its settings
        assert stage.run("roll 2d6") == ["7"]          # what was replied
        assert stage.complete("roll --q") == ["--quiet"]

Everything is as in a real program, down to the threads. Raises `AssertionError` at the end if the plugin has left
something behind.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from libchat.core import effects as fx
from libchat.errors import PluginError
from libchat.hub import Hub
from libchat.messages import Entry
from libchat.participant import Participant
from libchat.plugins.host import Host
from libchat.plugins.host.runs import Outcome
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.guard import SECONDS, Guard
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.surface import SurfaceKind
from libchat.plugins.loaded.timer import Timers
from libchat.plugins.values import Drop, Message

BEGINNING = 1_700_000_000.0
"""When it is, in seconds since 1970, until `pass_time` is called."""


class Stage:
    """A surface on which tests see everything (`libchat.plugins.loaded.surface.Surface`), and the conversation.

    `me` talks for the plugins; the others are there as well. All are in the room `target`.
    """

    def __init__(
        self,
        kind: SurfaceKind = "shell",
        *,
        me: str = "ana",
        others: Sequence[str] = ("bo", "cy"),
        target: str = "#team",
        data: Path | None = None,
        folder: Path | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self.kind = kind
        self.prefix = "/" if kind == "shell" else "!"
        self.target = target
        self.cwd = Path.cwd()
        self.replies: list[str] = []
        """What was replied, oldest first."""
        self.told: list[str] = []
        """What was told to who runs the program."""
        self.said: list[tuple[str, str]] = []
        """What was said in the chat by `me`: to whom, and what."""
        self.questions: list[str] = []
        """What was asked."""
        self.answers: deque[str] = deque()
        """What will be answered; without an answer, `ask` raises TimeoutError."""
        self.recent: list[tuple[int, str, str]] = []
        """The messages that references are completed from: number, sender, text."""
        self._now = BEGINNING
        self._threads = set(threading.enumerate())
        self._settings: dict[str, Mapping[str, object]] = {}
        self._temporary = tempfile.TemporaryDirectory(prefix="libchat-stage-") if data is None else None
        self.hub = Hub()
        self.participant: Participant = self.hub.connect(me)
        self.others = {name: self.hub.connect(name) for name in others}
        """The others, as participants."""
        self._enter_room([self.participant, *self.others.values()])
        self.hub.add_sink(self)
        self.host = Host(
            self,
            folder=folder,
            data=data if data is not None else Path(str(self._temporary and self._temporary.name)),
            config=lambda: self._settings,
            timers=Timers(lambda: self._now, is_threaded=False),
            guard=Guard(seconds),
            completion_seconds=seconds,
        )

    def _enter_room(self, people: Sequence[Participant]) -> None:
        if self.target.startswith("#"):
            for each in people:
                each.join(self.target)

    # --- what a test does -------------------------------------------------------------------------------------------

    def load(self, plugin: str | Path, **settings: object) -> str:
        """Load a plugin, by its file or its name, with settings as its `[plugins.NAME]` would have them.

        Returns its name. Raises `PluginError`.
        """
        path = Path(plugin)
        is_file = path.suffix == ".py"
        name = path.stem if is_file else str(plugin)
        self._settings[name] = settings
        if is_file:
            return self.host.load_file(path)
        self.host.load(name)
        return name

    def run(self, line: str, *, sender: str = "", target: str | None = None) -> list[str]:
        """Run a command line, with or without the prefix, and return what was replied meanwhile."""
        before = len(self.replies)
        self.outcome(line, sender=sender, target=target)
        return self.replies[before:]

    def outcome(self, line: str, *, sender: str = "", target: str | None = None) -> Outcome:
        """Run a command line, and return what became of it: its `kind` is "done", "usage", "failed" ..."""
        place = self.target if target is None else target
        return self.host.run(line.removeprefix(self.prefix), sender or self.me, place)

    def complete(self, line: str) -> list[str]:
        """Return what the end of a command line may become."""
        line = line.removeprefix(self.prefix)
        return [each.text for each in self.host.complete(line, len(line), self.target)[1]]

    def play(self, text: str, *, sender: str = "bo", target: str | None = None, hook: str = "message") -> str | Drop:
        """Let a message pass the hooks, and return the text that comes out, or the `Drop`."""
        message = Message(sender, self.target if target is None else target, text)
        (result,) = self.host.transform("send" if hook == "send" else "message", [message])
        if isinstance(result, PluginError):
            raise result
        return result if isinstance(result, Drop) else result.text

    def observe(self, hook: str, *, sender: str = "", target: str | None = None, **arguments: object) -> None:
        """Tell the plugins that something has happened (`stage.observe("join", room="#team", name="bo")`)."""
        self.host.observe(hook, sender, self.target if target is None else target, **arguments)
        self.host.settle()

    def pass_time(self, seconds: float) -> None:
        """Let time pass: timers that are due meanwhile are called, one after the other."""
        end = self._now + seconds
        timers = self.host.timers
        while (due := timers.next_due) is not None and due <= end:
            self._now = max(self._now, due)
            timers.run_due()
            self.host.settle()
        self._now = end

    def restart(self, name: str) -> None:
        """Unload and load a plugin, as if the program was started again."""
        self.host.unload(name)
        self.host.load(name)

    @property
    def errors(self) -> list[str]:
        """What plugins have done wrong."""
        return [f"{each.where}: {each.reason}" for each in self.host.errors()]

    # --- what a plugin sees: the surface ----------------------------------------------------------------------------

    def scope(self, target: str) -> Stage:
        return self

    def reply(self, context: Context, text: str) -> None:
        self.replies.append(text)

    def ask(self, context: Context, question: str, secret: bool, timeout: float) -> str:
        self.questions.append(question)
        if not self.answers:
            raise TimeoutError("nobody has answered")
        return self.answers.popleft()

    def tell(self, text: str) -> None:
        self.told.append(text)

    def make_context(self, home: Home, sender: str, target: str) -> Context:
        return Context(home, sender, target)

    def clock(self) -> float:
        return self._now

    # --- ... and the conversation -----------------------------------------------------------------------------------

    @property
    def me(self) -> str:
        return self.participant.name

    def members(self) -> Sequence[str]:
        return (*self.others, self.me)

    def rooms(self) -> Sequence[str]:
        return (self.target,) if self.target.startswith("#") else ()

    def messages(self) -> Sequence[tuple[int, str, str]]:
        return self.recent

    def deliver(self, deliveries: Sequence[fx.Delivery]) -> None:
        """Write down what is said (`libchat.hub.Sink`)."""
        events = [each.event for each in deliveries if isinstance(each, fx.Deliver)]
        for event in events:
            if isinstance(event, Entry) and event.sender == self.me and event.kind == "message":
                self.said.append((event.target, event.text))

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Unload everything, and raise `AssertionError` if a plugin has left something behind."""
        homes = [home for home in self.host.homes if home.module is not None]
        modules = [home.module.__name__ for home in homes if home.module is not None]
        self.host.close()
        self.hub.close()
        if self._temporary is not None:
            self._temporary.cleanup()
        threads = [each.name for each in threading.enumerate() if each not in self._threads and not _is_ours(each)]
        left = [name for name in modules if name in sys.modules]
        assert not threads, f"threads are left behind: {threads}; begin them by ctx.thread, and look at ctx.ending"
        assert not self.host.guard.lost, "a call has not come back, and its thread cannot be ended"
        assert not left, f"modules are left behind: {left}"
        assert not len(self.host.timers), "timers are left behind"

    def __enter__(self) -> Self:
        """Return the stage."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the stage."""
        self.close()


def _is_ours(thread: threading.Thread) -> bool:
    """Return whether a thread is a host's own, of this stage or of another one: hosts end theirs."""
    return thread.name.startswith("libchat plugin")


MakeStage = Callable[..., Stage]
