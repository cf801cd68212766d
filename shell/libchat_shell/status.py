"""The line above the input: where one is, what waits elsewhere, the connection, receipts, who is typing.

What does not fit is left out, the least important first: the topic is clipped, then typing goes, then receipts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from libchat_shell.conversations import Conversation, Conversations
from libchat_shell.folding import listed
from libchat_shell.lines import Fragment
from libchat_shell.receipts import Receipts, Stage
from libchat_shell.rendering import Renderer
from libchat_shell.sanitise import clip, isolate, safe_line, shown, width

ELSEWHERE: Final = 6
"""Conversations with something unread that are listed; there may be more."""

TOPIC_COLUMNS: Final = 8
"""A topic that has less room than this is not shown."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How it stands. `reason` is why it is lost; `is_over`: it does not come back by itself."""

    is_up: bool = True
    reason: str = ""
    is_over: bool = False


class StatusLine:
    """Makes the status line of what there is to tell."""

    def __init__(self, conversations: Conversations, receipts: Receipts) -> None:
        self._conversations = conversations
        self._receipts = receipts

    def fragments(self, render: Renderer, connection: Connection, now: int) -> list[Fragment]:
        """Return the line, in as many columns as the screen has."""
        active = self._conversations.active
        parts = [
            self._connection(connection),
            self._place(active, render),
            self._elsewhere(render),
            self._receipt(active, render, connection, now),
            self._typing(active, now),
        ]
        columns = (render.look.width or 80) - 1
        separator = " · " if render.look.is_unicode else " | "
        line = _joined([part for part in parts if part], separator, columns)
        return [*line, *_topic(active, separator, columns - _width(line), render)]

    def _place(self, active: Conversation, render: Renderer) -> list[Fragment]:
        """Return the conversation on the screen, how many are in it, and one's role."""
        if active is self._conversations.home:
            return [("place", shown(render.me)), ("status", ": in no room")]
        number = self._conversations.number(active)
        place: list[Fragment] = [("status", f"{number}:"), ("place", shown(active.target))]
        if active.is_room and not active.is_joined:
            place.append(("urgent", " (not in it)"))
        elif active.is_room:
            role = f", {safe_line(active.role)}" if active.role else ""
            place.append(("status", f" ({len(active.members)}{role})"))
        return place

    def _elsewhere(self, render: Renderer) -> list[Fragment]:
        """Return what is unread, by number; where the person is waited for comes first."""
        unread = [each for each in self._conversations if each.unread and each is not self._conversations.active]
        unread.sort(key=lambda each: not each.is_urgent)
        fragments: list[Fragment] = []
        for each in unread[:ELSEWHERE]:
            number = self._conversations.number(each)
            count = f"{each.unread}!" if each.is_urgent else str(each.unread)
            text = (
                f"{number}:{isolate(clip(safe_line(each.target), 16, '…' if render.look.is_unicode else '~'))}({count})"
            )
            fragments += [("status", " ")] * bool(fragments) + [("urgent" if each.is_urgent else "unread", text)]
        if len(unread) > ELSEWHERE:
            fragments.append(("unread", f" +{len(unread) - ELSEWHERE}"))
        return fragments

    def _receipt(self, active: Conversation, render: Renderer, connection: Connection, now: int) -> list[Fragment]:
        """Return how many own messages are pending, else what became of the newest of this conversation."""
        waiting = self._receipts.waiting(now, is_connected=connection.is_up)
        if waiting:
            return [("pending", f"{'…' if render.look.is_unicode else '~'} {waiting} pending")]
        stage = self._receipts.stage(active.key, active.delivered, active.read)
        return [] if stage is None else [_STAGES[stage](active, render)]

    def _typing(self, active: Conversation, now: int) -> list[Fragment]:
        names = active.typists(now)
        if not names:
            return []
        return [("status", f"{listed(names, 3)} {'is' if len(names) == 1 else 'are'} typing")]

    def _connection(self, connection: Connection) -> list[Fragment]:
        if connection.is_up:
            return []
        return [("urgent", "the chat has ended" if connection.is_over else "not connected, trying again")]


def _accepted(active: Conversation, render: Renderer) -> Fragment:
    return ("accepted", "✓ accepted" if render.look.is_unicode else "accepted")


def _queued(active: Conversation, render: Renderer) -> Fragment:
    return ("accepted", f"{'✓ ' if render.look.is_unicode else ''}waits for {shown(active.target)}")


def _delivered(active: Conversation, render: Renderer) -> Fragment:
    return ("delivered", "✓✓ delivered" if render.look.is_unicode else "delivered")


def _read(active: Conversation, render: Renderer) -> Fragment:
    ticks = "✓✓ " if render.look.is_unicode else ""
    when = f" {render.clock(active.read_at)}" if active.read_at else ""
    return ("read", f"{ticks}read by {shown(active.target)}{when}")


_STAGES: Final = {
    Stage.ACCEPTED: _accepted,
    Stage.QUEUED: _queued,
    Stage.DELIVERED: _delivered,
    Stage.READ: _read,
}


def _joined(parts: Sequence[Sequence[Fragment]], separator: str, columns: int) -> list[Fragment]:
    """Return as many of the parts as fit, in order; the first always."""
    line: list[Fragment] = []
    for part in parts:
        longer = [*line, *([("status", separator)] if line else []), *part]
        if line and _width(longer) > columns:
            break
        line = longer
    return line


def _topic(active: Conversation, separator: str, columns: int, render: Renderer) -> list[Fragment]:
    room = columns - len(separator)
    text = safe_line(active.topic)
    if not text or room < TOPIC_COLUMNS:
        return []
    return [("status", separator + isolate(clip(text, room, "…" if render.look.is_unicode else "~")))]


def _width(line: Sequence[Fragment]) -> int:
    return sum(width(text) for _, text in line)
