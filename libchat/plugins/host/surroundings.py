"""What a program knows about its conversations from what it has heard: enough to complete and to read arguments."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from libchat import messages as m
from libchat.locks import PLUGINS, tiered_lock

RECENT: Final = 50
"""Messages of a conversation that are remembered: those that people still refer to."""

CONVERSATIONS: Final = 1000
"""Conversations that are remembered; who was silent longest is forgotten."""


@dataclass(frozen=True, slots=True)
class Place:
    """One conversation at one time (`libchat.plugins.scope.Scope`)."""

    me: str
    target: str
    people: Sequence[str] = ()
    known_rooms: Sequence[str] = ()
    recent: Sequence[tuple[int, str, str]] = ()
    cwd: Path = field(default_factory=Path)

    def members(self) -> Sequence[str]:
        return self.people

    def rooms(self) -> Sequence[str]:
        return self.known_rooms

    def messages(self) -> Sequence[tuple[int, str, str]]:
        return self.recent


class _Conversation:
    """Who is in it, who spoke last at the end, and what was said."""

    def __init__(self) -> None:
        self.people: OrderedDict[str, None] = OrderedDict()
        self.recent: deque[tuple[int, str, str]] = deque(maxlen=RECENT)


class Surroundings:
    """All conversations of one participant. Thread-safe."""

    def __init__(self) -> None:
        self._lock = tiered_lock(PLUGINS)
        self._conversations: OrderedDict[str, _Conversation] = OrderedDict()
        self._rooms: dict[str, None] = {}

    def take(self, event: m.Event, me: str) -> None:
        """Notice what was heard."""
        with self._lock:
            if isinstance(event, m.Entered):
                self._rooms[event.room] = None
                self._at(event.room).people = OrderedDict.fromkeys(event.members)
            elif isinstance(event, m.Joined):
                self._at(event.room).people[event.name] = None
            elif isinstance(event, (m.Left, m.Kicked)):
                self._at(event.room).people.pop(event.name, None)
            elif isinstance(event, m.Entry) and event.kind == "message":
                self._take_message(event, me)
            gone = _left(event, me)
            if gone:
                self._rooms.pop(gone, None)
                self._conversations.pop(gone, None)

    def scope(self, target: str, me: str) -> Place:
        """Return what is known of a conversation now."""
        with self._lock:
            conversation = self._conversations.get(target) or _Conversation()
            people = [name for name in reversed(conversation.people) if name != me]
            recent = tuple(reversed(conversation.recent))
            return Place(me, target, (*people, me), tuple(self._rooms), recent)

    def _take_message(self, entry: m.Entry, me: str) -> None:
        target = entry.target if entry.target.startswith("#") or entry.sender == me else entry.sender
        conversation = self._at(target)
        conversation.people[entry.sender] = None
        conversation.people.move_to_end(entry.sender)
        conversation.recent.append((entry.seq, entry.sender, entry.text))

    def _at(self, target: str) -> _Conversation:
        conversation = self._conversations.setdefault(target, _Conversation())
        self._conversations.move_to_end(target)
        if len(self._conversations) > CONVERSATIONS:
            self._conversations.popitem(last=False)
        return conversation


def _left(event: m.Event, me: str) -> str:
    """Return the room that one is not in any more."""
    if isinstance(event, m.Exited) or (isinstance(event, m.Kicked) and event.name == me):
        return event.room
    return ""
