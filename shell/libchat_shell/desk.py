"""What the shell's own commands may ask of the shell.

Commands run in threads of their own, as those of plugins do; everything here may be called from any of them. Properties
do not block: completion reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from libchat import Entry, Event, InviteMade, Participant
    from libchat.plugins.host import Host

Notify = Literal["all", "mentions", "none"]
"""What of a conversation calls the person."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the shell, as it is just now. Values are as they would be typed."""

    name: str
    value: str
    default: str
    help: str
    choices: Sequence[str] = ()
    """Values that may be typed, if there are few; any other one is refused by `Desk.set` with what would be right."""


class Desk(Protocol):
    """The shell, as its commands see it. A conversation is a `#room`, a name, or "" for home: outside any room."""

    @property
    def chat(self) -> Participant:
        """Who is talking."""
        ...

    @property
    def host(self) -> Host:
        """The commands, and the plugins."""
        ...

    @property
    def active(self) -> str:
        """The conversation that is on the screen."""
        ...

    @property
    def conversations(self) -> Sequence[str]:
        """The conversations that are open, in the order of their numbers: home, which is "", has number 0."""
        ...

    def heard(self, event: Event) -> None:
        """Take what a command was answered or has done, as if the chat had told it: it tells the others only.

        `Entered`, `Exited`, `Kicked`, `Granted`, `Muted`, `Unmuted`, and own entries but messages.
        """
        ...

    def switch(self, target: str) -> None:
        """Have a conversation on the screen; it is opened if it is not."""
        ...

    def close(self, target: str) -> None:
        """Take a conversation off the list. A room is left by `chat.leave`, not by this."""
        ...

    def say(self, target: str, text: str, *, reply_to: int = 0) -> None:
        """Say something: it is shown at once, as pending, and goes out when there is a connection."""
        ...

    def sent(self, target: str, text: str, cid: str) -> None:
        """Show what a plugin has sent, as pending: what becomes of it will be `heard`, as `Accepted` or `Failed`."""
        ...

    def show(self, text: str) -> None:
        """Show lines of the shell's own in the conversation that is on the screen."""
        ...

    def show_entries(self, title: str, entries: Sequence[Entry], more: str = "") -> None:
        """Show entries of history or of a search, with their places if they are of several conversations."""
        ...

    def entry(self, target: str, seq: int) -> Entry | None:
        """Return an entry that was shown a while ago at most, None if it is not known (any more)."""
        ...

    def last(self, target: str, *, own: bool = False, of: str = "") -> Entry | None:
        """Return the newest message of a conversation: an own one, somebody's, or else one of anybody but oneself."""
        ...

    def ignore(self, name: str, *, is_ignored: bool) -> None:
        """Show nothing that somebody says, or show it again. Remembered."""
        ...

    @property
    def ignored(self) -> Sequence[str]:
        """Who is ignored."""
        ...

    def notify(self, target: str) -> Notify | Literal[""]:
        """Return what of a conversation calls the person, "" if it is as the setting `notify` says."""
        ...

    def set_notify(self, target: str, what: Notify | Literal[""]) -> None:
        """Say what of a conversation calls the person; "" is what the setting says. Remembered."""
        ...

    @property
    def settings(self) -> Sequence[Setting]:
        """All settings, sorted by name."""
        ...

    def set(self, name: str, value: str) -> None:
        """Change a setting, and remember it. Raises KeyError, and ValueError, which says what would be right."""
        ...

    def remember(self, what: str, words: Sequence[str]) -> None:
        """Keep words that an answer had ("devices", "bans #room", "mutes #room"): they complete arguments."""
        ...

    def remembered(self, what: str) -> Sequence[str]:
        """Return the words that were kept last under this heading."""
        ...

    def link(self, made: InviteMade) -> str:
        """Return the link to send to a newcomer: where the server is, its key, the invite. "" if there is no server."""
        ...

    def reconnect_as(self, name: str) -> None:
        """Leave, and come back under another name, into the same rooms. Raises `Refused`: then all is as before."""
        ...

    def clear(self) -> None:
        """Have an empty screen."""
        ...

    def quit(self, reason: str = "") -> None:
        """Leave the chat and end."""
        ...
