"""A shell without a screen, for tests of its commands: it keeps what it is told, and answers from lists."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from libchat import Entry, Event, InviteMade, Participant
from libchat.names import target_key
from libchat.plugins.host import Host
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.home import Home
from libchat.receipt import E
from libchat_shell.context import ShellContext
from libchat_shell.desk import Notify, Setting

SECONDS = 10.0
NOW = 1_800_000_000.0


class ListDesk:
    """What commands ask of the shell (`libchat_shell.desk.Desk`)."""

    host: Host

    def __init__(self, chat: Participant) -> None:
        self.chat = chat
        self.active = ""
        self.opened: list[str] = [""]
        self.ignored: tuple[str, ...] = ()
        self.values = {"bell": "on", "theme": "auto"}
        self.levels: dict[str, Notify | Literal[""]] = {}
        self.seen: dict[str, Sequence[str]] = {}
        self.heard_events: list[Event] = []
        self._condition = threading.Condition()
        self.pending: list[tuple[str, str, str]] = []
        self.shown: list[str] = []
        self.pages: list[tuple[str, Sequence[Entry], str]] = []
        self.is_cleared = False
        self.quit_reason: str | None = None
        self.server = ""
        """Where links lead to, "" for nowhere."""
        self.reconnect: Callable[[str], Participant] | None = None

    # --- conversations ---

    @property
    def conversations(self) -> Sequence[str]:
        return tuple(self.opened)

    def switch(self, target: str) -> None:
        if target not in self.opened:
            self.opened.append(target)
        self.active = target

    def close(self, target: str) -> None:
        self.opened = [each for each in self.opened if each != target]
        if self.active == target:
            self.active = ""

    def heard(self, event: Event) -> None:
        with self._condition:
            self.heard_events.append(event)
            self._condition.notify_all()

    def say(self, target: str, text: str, *, reply_to: int = 0) -> None:
        self.chat.send(target, text, reply_to=reply_to or None).accepted()

    def sent(self, target: str, text: str, cid: str) -> None:
        self.pending.append((target, text, cid))

    def show(self, text: str) -> None:
        self.shown.append(text)

    def show_entries(self, title: str, entries: Sequence[Entry], more: str = "") -> None:
        self.pages.append((title, entries, more))

    # --- what was said ---

    def entry(self, target: str, seq: int) -> Entry | None:
        return next((each for each in self._entries(target) if each.seq == seq), None)

    def last(self, target: str, *, own: bool = False, of: str = "") -> Entry | None:
        me, wanted = target_key(self.chat.name), target_key(of) if of else ""
        found = [each for each in self._entries(target) if each.kind == "message"]
        found = [each for each in found if (target_key(each.sender) == me) == own]
        return next((each for each in reversed(found) if not wanted or target_key(each.sender) == wanted), None)

    def _entries(self, target: str) -> Sequence[Entry]:
        return self.chat.history(target).entries

    # --- the rest ---

    def ignore(self, name: str, *, is_ignored: bool) -> None:
        others = tuple(each for each in self.ignored if each != name)
        self.ignored = (*others, name) if is_ignored else others

    def notify(self, target: str) -> Notify | Literal[""]:
        return self.levels.get(target, "")

    def set_notify(self, target: str, what: Notify | Literal[""]) -> None:
        self.levels[target] = what

    @property
    def settings(self) -> Sequence[Setting]:
        return (
            Setting("bell", self.values["bell"], "on", "ring the bell", ("on", "off")),
            Setting("theme", self.values["theme"], "auto", "which colours", ("auto", "dark", "light")),
        )

    def set(self, name: str, value: str) -> None:
        setting = next(each for each in self.settings if each.name == name)
        if value not in setting.choices:
            raise ValueError(f"'{value}' does not do for {name}: give one of {', '.join(setting.choices)}")
        self.values[name] = value

    def remember(self, what: str, words: Sequence[str]) -> None:
        self.seen[what] = tuple(words)

    def remembered(self, what: str) -> Sequence[str]:
        return self.seen.get(what, ())

    def link(self, made: InviteMade) -> str:
        return f"{self.server}{made.room}?t={made.token}" if self.server else ""

    def reconnect_as(self, name: str) -> None:
        assert self.reconnect is not None
        self.chat = self.reconnect(name)

    def clear(self) -> None:
        self.is_cleared = True

    def quit(self, reason: str = "") -> None:
        self.quit_reason = reason

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds of what was heard."""
        with self._condition:
            assert self._condition.wait_for(condition, SECONDS)


class ListScope:
    """What arguments are understood by in a conversation of such a shell."""

    def __init__(self, desk: ListDesk, target: str) -> None:
        self.desk = desk
        self.target = target
        self.me = desk.chat.name
        self.cwd = Path()

    def members(self) -> Iterable[str]:
        if not self.target.startswith("#"):
            return (self.target, self.me) if self.target else [each.name for each in self.desk.chat.who()]
        return sorted((each.name for each in self.desk.chat.who(self.target)), key=lambda name: name == self.me)

    def rooms(self) -> Iterable[str]:
        return [each.room for each in self.desk.chat.rooms()]

    def messages(self) -> Iterable[tuple[int, str, str]]:
        if not self.target:
            return []
        entries = self.desk.chat.history(self.target).entries
        return [(each.seq, each.sender, each.text) for each in reversed(entries) if each.kind == "message"]


class ListSurface:
    """The program in which the host of plugins is (`libchat.plugins.loaded.surface.Surface`)."""

    kind: Literal["shell"] = "shell"
    prefix = "/"

    def __init__(self, desk: ListDesk) -> None:
        self.desk = desk
        self.replies: list[str] = []
        self.questions: list[tuple[str, bool]] = []
        self.answers: list[str] = []
        """What the person types when asked; nobody is there when it is empty."""
        self.now = NOW

    @property
    def participant(self) -> Participant:
        return self.desk.chat

    def scope(self, target: str) -> ListScope:
        return ListScope(self.desk, target)

    def reply(self, context: Context, text: str) -> None:
        self.replies.append(text)

    def ask(self, context: Context, question: str, secret: bool, timeout: float) -> str:
        self.questions.append((question, secret))
        if not self.answers:
            raise TimeoutError("nobody answers")
        return self.answers.pop(0)

    def tell(self, text: str) -> None:
        self.replies.append(text)

    def make_context(self, home: Home, sender: str, target: str) -> Context:
        return ShellContext(home, sender, target, self.desk)

    def clock(self) -> float:
        return self.now


def heard(desk: ListDesk, kind: type[E]) -> list[E]:
    """Return what commands handed over, of one type."""
    return [event for event in desk.heard_events if isinstance(event, kind)]


def wait_for(desk: ListDesk, kind: type[E]) -> E:
    """Return the first event of a type that is handed over, maybe by another thread."""
    desk.wait(lambda: bool(heard(desk, kind)))
    return heard(desk, kind)[0]
