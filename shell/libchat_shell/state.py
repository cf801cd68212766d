"""What everything that hears and shows events shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from libchat.names import target_key
from libchat_shell.conversations import BACKLOG, Conversation, Conversations
from libchat_shell.folding import Fold
from libchat_shell.lines import Line
from libchat_shell.notifications import Notification
from libchat_shell.order import Order
from libchat_shell.receipts import Receipts
from libchat_shell.rendering import Renderer
from libchat_shell.status import Connection

Later = Callable[[], Sequence[Line]]
"""Makes lines when they are to be shown: the screen may be wider by then, and a message edited."""


class State:
    """All that the shell knows."""

    def __init__(self, render: Renderer, ignored: Iterable[str], notify: str) -> None:
        self.render = render
        self.notify = notify
        self.ignored = {target_key(name): name for name in ignored}
        self.levels: dict[str, str] = {}
        """For what of a conversation the person wants to be called, by canonical name, where it is not `notify`."""
        self.conversations = Conversations()
        self.receipts = Receipts()
        self.order = Order(self.receipts)
        self.connection = Connection()
        self.wanted: list[Notification] = []
        self.rooms: dict[str, str] = {}
        """Rooms that were heard of, by canonical name."""
        self.fold = Fold()
        self._day = 0
        """The day of what was printed last, counted from the year 1; 0 if nothing was."""

    def is_me(self, name: str) -> bool:
        """Return whether a name is one's own."""
        return self.render.is_me(name)

    def is_ignored(self, name: str) -> bool:
        """Return whether nothing is shown of somebody."""
        return bool(self.ignored) and target_key(name) in self.ignored and not self.is_me(name)

    def is_shown(self, conversation: Conversation) -> bool:
        """Return whether what is said there is printed at once; at home, one sees what is said in private."""
        active = self.conversations.active
        return conversation is active or (conversation.is_private and active is self.conversations.home)

    def show(self, conversation: Conversation, later: Later, now: int) -> list[Line]:
        """Return lines if their conversation is shown, else keep them for when it is."""
        if self.is_shown(conversation):
            return self.dated(later(), now)
        conversation.missed += len(conversation.backlog) == BACKLOG
        conversation.backlog.append(later)
        return []

    def dated(self, lines: Sequence[Line], now: int, *, is_past: bool = False) -> list[Line]:
        """Return lines with the day before the first of each.

        Live lines only go forward: the clocks of this machine and of the server differ, and not by a day.
        """
        dated: list[Line] = []
        self._day = self._day or self.render.day(now)
        for line in lines:
            day = self.render.day(line.time)
            if day and (day > self._day or (is_past and day != self._day)):
                self._day = day
                dated.append(self.render.date_rule(line.time))
            dated.append(line)
        return dated
