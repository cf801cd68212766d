"""What the shell does for its commands: the `Desk`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from libchat import Entry, Event, InviteMade, Participant
from libchat.names import target_key
from libchat_shell.desk import Notify, Setting

if TYPE_CHECKING:
    from libchat.plugins.host import Host
    from libchat_shell.shell import Shell

T = TypeVar("T")

REMEMBERED = 1000
"""Words that are kept under one heading: as many as any answer has."""


class Service:
    """The shell, as its commands see it. All of it may be called from any thread.

    Properties read pictures of the last moment, which are replaced as a whole.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._words: Mapping[str, tuple[str, ...]] = {}

    @property
    def chat(self) -> Participant:
        """Who is talking."""
        return self._shell.chat

    @property
    def host(self) -> Host:
        """The plugins."""
        return self._shell.host

    @property
    def active(self) -> str:
        """The conversation that is on the screen."""
        return self._shell.model.active

    @property
    def conversations(self) -> Sequence[str]:
        """The conversations that are open."""
        return self._call(lambda: tuple(self._shell.model.targets()))

    def heard(self, event: Event) -> None:
        """Take what a command was answered or has done."""
        self._shell.ui.post(lambda: self._shell.take([event]))

    def switch(self, target: str) -> None:
        """Have a conversation on the screen."""
        self._call(lambda: self._shell.switch(target))

    def close(self, target: str) -> None:
        """Take a conversation off the list."""
        self._call(lambda: self._shell.close_conversation(target))

    def say(self, target: str, text: str, *, reply_to: int = 0) -> None:
        """Say something."""
        self._shell.say(target, text, reply_to)

    def sent(self, target: str, text: str, cid: str) -> None:
        """Show what a plugin has said in the person's name, as pending."""
        shell = self._shell
        shell.ui.post(lambda: shell.ui.show(shell.model.sent(target, text, cid, shell.now)))

    def show(self, text: str) -> None:
        """Show lines of the shell's own."""
        self._shell.show(text)

    def show_entries(self, title: str, entries: Sequence[Entry], more: str = "") -> None:
        """Show entries of history or of a search."""
        shell = self._shell
        shell.ui.post(lambda: shell.ui.show(shell.model.entries(title, entries, shell.now, more=more)))

    def entry(self, target: str, seq: int) -> Entry | None:
        """Return an entry that was shown a while ago at most."""
        return self._call(lambda: self._shell.model.entry(target, seq))

    def last(self, target: str, *, own: bool = False, of: str = "") -> Entry | None:
        """Return the newest message of a conversation."""
        return self._call(lambda: self._shell.model.last(target, own=own, of=of))

    # --- what is remembered -----------------------------------------------------------------------------------------

    def ignore(self, name: str, *, is_ignored: bool) -> None:
        """Show nothing that somebody says, or show it again."""
        shell = self._shell
        others = tuple(each for each in shell.ignored if target_key(each) != target_key(name))
        shell.ignored = (*others, name) if is_ignored else others
        self._call(lambda: shell.model.ignore(name, is_ignored=is_ignored))
        if shell.around.places is not None:
            shell.around.places.ignore(shell.ignored)

    @property
    def ignored(self) -> Sequence[str]:
        """Who is ignored."""
        return self._shell.ignored

    def notify(self, target: str) -> Notify | Literal[""]:
        """Return what of a conversation calls the person."""
        level = self._shell.levels.get(target_key(target), "")
        return level if level in ("all", "mentions", "none") else ""  # type: ignore[return-value]

    def set_notify(self, target: str, what: Notify | Literal[""]) -> None:
        """Say what of a conversation calls the person."""
        shell = self._shell
        shell.levels = {**shell.levels, target_key(target): what}
        self._call(lambda: shell.model.set_level(target, what))
        if shell.around.places is not None:
            shell.around.places.set_notify(target, what)

    @property
    def settings(self) -> Sequence[Setting]:
        """All settings."""
        return self._shell.settings.all()

    def set(self, name: str, value: str) -> None:
        """Change a setting."""
        shell = self._shell
        shell.settings.set(name, value)

        def apply() -> None:
            shell.look_again()
            shell.model.notify = shell.settings.text("notify")
            shell.ui.set_theme(shell.settings.text("theme"))

        self._call(apply)

    def remember(self, what: str, words: Sequence[str]) -> None:
        """Keep words that an answer had."""
        self._words = {**self._words, what: tuple(words)[:REMEMBERED]}

    def remembered(self, what: str) -> Sequence[str]:
        """Return the words that were kept last under this heading."""
        return self._words.get(what, ())

    # --- the chat and the shell themselves --------------------------------------------------------------------------

    def link(self, made: InviteMade) -> str:
        """Return the link of an invite."""
        return self._shell.around.link(made)

    def reconnect_as(self, name: str) -> None:
        """Come back under another name."""
        self._shell.reconnect_as(name)

    def clear(self) -> None:
        """Have an empty screen."""
        self._call(self._shell.ui.clear)

    def quit(self, reason: str = "") -> None:
        """Leave the chat and end."""
        self._shell.leave(reason)

    def _call(self, function: Callable[[], T]) -> T:
        return self._shell.on_ui(function)
