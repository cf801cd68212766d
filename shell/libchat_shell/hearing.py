"""What events do: to the conversations, and on the screen.

Messages, what refers to them, and receipts are in `libchat_shell.speech`; here are rooms, people and the connection.
"""

from __future__ import annotations

from typing import Final

from libchat import messages as m
from libchat.errors import Code
from libchat.names import target_key
from libchat_shell import notifications, wording
from libchat_shell.conversations import TYPING_MS, Conversation
from libchat_shell.lines import Line
from libchat_shell.rendering import Renderer
from libchat_shell.sanitise import shown
from libchat_shell.speech import Speech
from libchat_shell.state import State
from libchat_shell.status import Connection

_SHUT: Final = frozenset((Code.BANNED, Code.INVITE_ONLY, Code.ROOM_PASSWORD, Code.NOT_IN_ROOM, Code.TOO_MANY))
"""Refusals after which one is not in the room that they are about."""

SLOWED_MS: Final = 10_000
"""How long it is not told again that the server takes messages slowly."""


class Hearing:
    """Takes events."""

    def __init__(self, state: State, speech: Speech) -> None:
        self._state = state
        self._speech = speech
        self._slowed_at = -SLOWED_MS

    def take(self, event: m.Event, now: int) -> list[Line]:
        """Take an event, and return what is printed of it, after what was held back and is due."""
        lines = [*self._take(event, now), *self._state.order.due(now)]
        if self._state.fold and self._must_unfold(event):
            return [*self.unfold(now), *lines]
        return [*self.flush(now), *lines]

    def flush(self, now: int) -> list[Line]:
        """Return what was held back long enough."""
        lines = self._state.order.due(now)
        return [*lines, *self.unfold(now)] if self._state.fold.is_due(now) else lines

    def unfold(self, now: int) -> list[Line]:
        """Return what is held back."""
        state = self._state
        return state.dated(state.render.note(state.fold.take(), now, kind="members"), now) if state.fold else []

    def _must_unfold(self, event: m.Event) -> bool:
        """Return whether an event makes no sense before what is held back is told."""
        if isinstance(event, m.Entry):
            return self._state.fold.holds(event.sender)
        return isinstance(event, (m.Kicked, m.Granted, m.Muted, m.Unmuted, m.Interrupted, m.Bye))

    def _take(self, event: m.Event, now: int) -> list[Line]:
        match event:
            case m.Entry():
                return self._speech.entry(event, now)
            case m.Accepted() | m.Delivered() | m.IsRead():
                return self._speech.receipt(event, now)
            case m.Failed():
                lines = self._speech.failed(event, now)
                return self._failed(event, now) if lines is None else lines
            case m.Entered() | m.Exited() | m.Joined() | m.Left():
                return self._presence(event, now)
            case m.Kicked() | m.Granted() | m.Muted() | m.Unmuted() | m.RoomIs():
                return self._order(event, now)
            case m.Interrupted() | m.Resumed() | m.Bye() | m.Slowed() | m.Registered():
                return self._connection(event, now)
            case _:
                return self._aside(event, now)

    # --- who comes and goes

    def _presence(self, event: m.Entered | m.Exited | m.Joined | m.Left, now: int) -> list[Line]:
        if isinstance(event, m.Entered):
            return self._entered(event, now)
        room = self._state.conversations.find(event.room)
        if room is None:
            return []
        if isinstance(event, m.Exited):
            room.exit()
            return self._state.show(room, lambda: self._note(f"you have left {shown(event.room)}", now), now)
        if isinstance(event, m.Joined):
            room.add(event.name)
        else:
            room.remove(event.name)
        if room is self._state.conversations.active and not self._state.is_ignored(event.name):
            self._fold(event, now)
        return []

    def _fold(self, event: m.Joined | m.Left, now: int) -> None:
        if isinstance(event, m.Joined):
            self._state.fold.joined(event.name, now)
        else:
            self._state.fold.left(event.name, event.reason, now)

    def _entered(self, event: m.Entered, now: int) -> list[Line]:
        """Take the members of a room. It is told if one was not in it already, as after a lost connection."""
        room = self._state.conversations.open(event.room)
        was_joined, room.is_joined = room.is_joined, True
        room.enter(event.members)
        room.topic, room.role = event.topic, event.role
        self._state.rooms[room.key] = event.room
        if was_joined or room is not self._state.conversations.active:
            return []
        words = wording.entered(event, self._state.render.me)
        topic = self._note(wording.topic(event.topic), now) if event.topic else []
        return self._state.dated([*self._note(words, now), *topic], now)

    # --- order in rooms

    def _order(self, event: m.Kicked | m.Granted | m.Muted | m.Unmuted | m.RoomIs, now: int) -> list[Line]:
        room = self._state.conversations.find(event.room)
        me = self._state.render.me
        is_mine = not isinstance(event, m.RoomIs) and self._state.is_me(event.name)
        words = self._words(event, room, me)
        if room is not None:
            self._settle(room, event, is_mine=is_mine)
        if not words:
            return []
        kind = type(event).__name__.lower()
        if room is not None and self._state.is_shown(room):
            style = "info" if is_mine else "dim"
            return self._state.dated(self._state.render.note(words, now, style=style, kind=kind), now)
        if is_mine or room is None:
            place = "" if isinstance(event, m.Kicked) else f"{shown(event.room)}: "
            return self._state.dated(self._state.render.note(place + words, now, style="info", kind=kind), now)
        return self._state.show(room, lambda: self._note(words, now, kind), now)

    def _words(
        self, event: m.Kicked | m.Granted | m.Muted | m.Unmuted | m.RoomIs, room: Conversation | None, me: str
    ) -> str:
        match event:
            case m.Kicked():
                return wording.kicked(event, me)
            case m.Granted():
                return wording.granted(event, me)
            case m.Muted():
                return wording.muted(event, me, self._state.render.look.local)
            case m.Unmuted():
                return wording.unmuted(event, me)
            case m.RoomIs():
                return wording.room_is(event, room.settings if room else None, me)

    def _settle(
        self, room: Conversation, event: m.Kicked | m.Granted | m.Muted | m.Unmuted | m.RoomIs, *, is_mine: bool
    ) -> None:
        """Have the conversation know what an event tells."""
        if isinstance(event, m.RoomIs):
            room.settings = event
        elif isinstance(event, m.Kicked):
            if is_mine:
                room.exit()
            else:
                room.remove(event.name)
        elif isinstance(event, m.Granted):
            room.roles[target_key(event.name)] = event.role
            if is_mine:
                room.role = event.role

    # --- the connection

    def _connection(self, event: m.Interrupted | m.Resumed | m.Bye | m.Slowed | m.Registered, now: int) -> list[Line]:
        state = self._state
        match event:
            case m.Interrupted():
                return self._interrupted(event, now)
            case m.Resumed():
                state.connection = Connection()
                return self._told("connected again", now)
            case m.Bye():
                state.connection = Connection(is_up=False, reason=event.reason, is_over=event.is_final)
                reason = shown(event.reason)
                return self._told(f"the server has closed the connection{f': {reason}' if reason else ''}", now)
            case m.Slowed():
                return self._slowed(event, now)
            case m.Registered():
                return self._registered(event, now)

    def _interrupted(self, event: m.Interrupted, now: int) -> list[Line]:
        was_up = self._state.connection.is_up
        self._state.connection = Connection(is_up=False, reason=event.reason)
        for each in self._state.conversations:
            each.typing.clear()
        if not was_up:
            return []
        reason = shown(event.reason)
        words = (
            f"connection lost{f' ({reason})' if reason else ''}; trying again. What you write meanwhile goes out then"
        )
        return self._told(words, now)

    def _slowed(self, event: m.Slowed, now: int) -> list[Line]:
        if 0 <= now - self._slowed_at < SLOWED_MS:
            return []
        self._slowed_at = now
        seconds = f"{event.seconds} second{'' if event.seconds == 1 else 's'}"
        return self._told(f"you write faster than the server takes it: it goes out in {seconds}; nothing is lost", now)

    def _registered(self, event: m.Registered, now: int) -> list[Line]:
        is_new = not self._state.is_me(event.name)
        self._state.render = Renderer(event.name, self._state.render.look)
        self._state.connection = Connection()
        if not event.cid and not is_new and event.is_account:
            return self._told(f"{shown(event.name)} is an account", now)
        return self._told(f"you are {shown(event.name)} now", now) if is_new else []

    # --- all the rest

    def _aside(self, event: m.Event, now: int) -> list[Line]:
        match event:
            case m.Skipped():
                return self._skipped(event, now)
            case m.Invited():
                return self._invited(event, now)
            case m.IsTyping():
                self._typing(event, now)
            case m.TopicIs():
                room = self._state.conversations.find(event.room)
                if room is not None:
                    room.topic = event.text
            case m.RoomList():
                self._state.rooms.update((target_key(each.room), each.room) for each in event.rooms)
            case m.Online():
                self._online(event)
            case m.Done() if event.text:
                return self._told(shown(event.text), now)
            case _:
                pass
        return []

    def _skipped(self, event: m.Skipped, now: int) -> list[Line]:
        conversation = self._state.conversations.open(event.target)
        conversation.note_newest(event.seq)
        words = "what was said here before waited too long for you, and did not come; /history may have it"
        return self._state.show(conversation, lambda: self._note(words, now, "gap"), now)

    def _invited(self, event: m.Invited, now: int) -> list[Line]:
        self._state.rooms.setdefault(target_key(event.room), event.room)
        if self._state.is_ignored(event.name):
            return []
        call = notifications.invited(event.room, event.name, level=self._state.notify)
        self._state.wanted += [call] if call else []
        room = shown(event.room)
        return self._told(f"{shown(event.name)} invites you to {room}; to enter it: /join {room}", now)

    def _typing(self, event: m.IsTyping, now: int) -> None:
        is_room = event.target.startswith("#")
        found = self._state.conversations.find(event.target if is_room else event.name)
        if found is not None and not (self._state.is_ignored(event.name) or self._state.is_me(event.name)):
            found.typing[target_key(event.name)] = (event.name, now + TYPING_MS)

    def _online(self, event: m.Online) -> None:
        room = self._state.conversations.find(event.room) if event.room else None
        if room is not None and room.is_joined:
            room.enter(each.name for each in event.people)
            room.roles = {target_key(each.name): each.role for each in event.people if each.role}

    def _failed(self, event: m.Failed, now: int) -> list[Line]:
        """Tell a refusal. If it is about a room, one may be in it no longer."""
        room = self._state.conversations.find(event.subject) if event.subject.startswith("#") else None
        if room is not None and event.code in _SHUT:
            room.exit()
        render = self._state.render
        return self._state.dated(
            render.note(shown(event.text) or shown(event.code), now, style="error", kind="error"), now
        )

    def _note(self, words: str, now: int, kind: str = "info") -> list[Line]:
        return self._state.render.note(words, now, kind=kind)

    def _told(self, words: str, now: int) -> list[Line]:
        """Return what is told wherever one is."""
        return self._state.dated(self._state.render.note(words, now, style="info"), now)
