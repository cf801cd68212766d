"""Somebody who types commands, for tests."""

from __future__ import annotations

from collections.abc import Callable

from libchat.errors import ChatError
from libchat.participant import Participant
from libchat.plugins import UsageError
from libchat.plugins.declare import MARK, Command, marks_of
from libchat.plugins.grammar import Grammar
from libchat.plugins.host import Outcome
from libchat_shell.commands import MODULES
from libchat_shell.context import ShellContext
from support.desk import ListDesk, ListScope, ListSurface


class TempContext(ShellContext):
    __slots__ = ("surf",)
    me = property(lambda self: self.shell.chat.name)
    room = property(lambda self: self.target if self.target.startswith("#") else "")
    chat = property(lambda self: self.shell.chat)

    def now(self):
        return self.surf.now

    def ask(self, q, *, secret=False, timeout=60):
        return self.surf.ask(self, q, secret, timeout)


class MiniHost:
    def __init__(self, surface):
        self.surface = surface
        self.commands = {}
        for module in MODULES:
            for f in vars(module).values():
                if callable(f) and MARK in getattr(f, "__dict__", {}):
                    for name, rate, aliases in marks_of(f).commands:
                        doc = (f.__doc__ or "").strip()
                        import inspect

                        doc = inspect.cleandoc(f.__doc__ or "")
                        c = Command(name, f, Grammar.of(f), doc.splitlines()[0], doc, rate, aliases, "shell")
                        for n in (name, *aliases):
                            self.commands[n] = c

    def run(self, line, sender, target):
        name, _, rest = line.partition(" ")
        c = self.commands[name]
        ctx = TempContext(None, sender, target, self.surface.desk)
        ctx.surf = self.surface
        try:
            args, kwargs = c.grammar.parse(rest, ListScope(self.surface.desk, target), "/" + name)
            text = c.function(ctx, *args, **kwargs)
        except UsageError as e:
            return Outcome("usage", str(e))
        except (ChatError, TimeoutError) as e:
            return Outcome("refused", str(e))
        if text:
            self.surface.reply(ctx, text)
        return Outcome("done", text or "")

    def complete(self, line, cursor, target):
        name, _, rest = line.partition(" ")
        at = len(name) + 1
        slot = self.commands[name].grammar.slot(rest, cursor - at)
        if slot is None:
            return 0, ()
        return at + slot.start, tuple(slot.kind.complete(slot.prefix, ListScope(self.surface.desk, target)))

    def close(self):
        pass


class Typist:
    """A participant with a shell that has no screen."""

    def __init__(self, chat: Participant) -> None:
        self.chat = chat
        self.desk = ListDesk(chat)
        self.surface = ListSurface(self.desk)
        self.host = MiniHost(self.surface)
        self.desk.host = self.host

    def run(self, line: str) -> Outcome:
        """Type a command into the conversation that is on the screen."""
        assert line.startswith("/")
        return self.host.run(line[1:], self.desk.chat.name, self.desk.active)

    def says(self, line: str) -> str:
        """Type a command that succeeds, and return what it says."""
        outcome = self.run(line)
        assert outcome.kind == "done", outcome
        return outcome.text

    def fails(self, line: str) -> str:
        """Type a command that cannot be carried out, and return what is said about it."""
        outcome = self.run(line)
        assert outcome.kind in ("usage", "refused"), outcome
        return outcome.text

    def offers(self, line: str) -> list[str]:
        """Return what is offered at the end of a line."""
        return [each.text for each in self.host.complete(line[1:], len(line) - 1, self.desk.active)[1]]

    def texts(self) -> list[str]:
        """Return the messages that wait for this person, and take them."""
        found = []
        while True:
            try:
                found.append(self.desk.chat.receive(timeout=0).text)
            except TimeoutError:
                return found

    def close(self) -> None:
        """Leave."""
        self.host.close()
        self.desk.chat.close()


Enter = Callable[..., Typist]
"""Brings somebody in: by name, and into a room."""
