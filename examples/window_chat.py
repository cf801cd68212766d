"""What `window.py` shows, and the threads that wait for the network: no widget, so that it runs where no screen is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import libchat

HOME = "this chat"  # no name has a space
ERRORS = (libchat.ChatError, OSError, ValueError)
GOODBYE_SECONDS, LINES = 5, 300


@dataclass
class Line:
    """What is shown of one message, or, without a sender, of something that happened."""

    sender: str
    text: str
    time: float = field(default_factory=time.time)
    mark: str = ""
    seq: int = 0
    is_error: bool = False


@dataclass
class Talk:
    """A room, or what is said with one person."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES))
    members: set[str] = field(default_factory=set)
    topic: str = ""
    unread: int = 0


class Chat:
    """What the window shows, without a window and without a network: events in, conversations out."""

    def __init__(self, me: str) -> None:
        self.me, self.active, self.state = me, HOME, "connecting ..."
        self.talks = {HOME: Talk()}
        self.people, self.rooms = list[str](), list[str]()
        self.is_changed = True

    def talk(self, target: str) -> Talk:
        """Return a conversation, which begins here if there is none."""
        self.is_changed = True
        return self.talks.setdefault(target, Talk())

    def show(self, target: str) -> None:
        self.talk(target).unread = 0
        self.active = target

    def can_show(self, target: str) -> bool:
        return target in self.talks or target in self.people

    def known(self, name: str) -> str:
        """Return a name as others write it."""
        return next((each for each in [*self.talks, *self.people] if each.casefold() == name.casefold()), name)

    def tell(self, text: str, *, is_error: bool = False, target: str = "") -> None:
        """Show a line of our own, in a conversation or in the one that is shown."""
        self.talk(target or self.active).lines.append(Line("", text, is_error=is_error))

    def say(self, target: str, text: str) -> Line:
        """Show an own message, which is on its way."""
        self.talk(target).lines.append(line := Line(self.me, text, mark=" …"))
        return line

    def settle(self, line: Line, seq: int, problem: str = "") -> None:
        """Show what became of an own message."""
        line.seq, line.mark, line.is_error = seq, problem and f" (not sent: {problem})", bool(problem)
        self.is_changed = True

    def be(self, state: str) -> None:
        self.state, self.is_changed = state, True

    def listed(self) -> list[tuple[str, str]]:
        """Return what stands on the left: targets, each with its words. A heading has no target."""
        known = sorted({*self.talks, *self.rooms, *self.people} - {self.me, HOME}, key=str.casefold)
        titled = [(target, self._titled(target, self.talks.get(target))) for target in known]
        rooms = [each for each in titled if each[0][0] == "#"]
        return [(HOME, HOME), ("", "Rooms"), *rooms, ("", "People"), *(each for each in titled if each not in rooms)]

    def _titled(self, target: str, talk: Talk | None) -> str:
        note = ("" if talk else " +") if target[0] == "#" else "" if target in self.people else " (away)"
        return f"{target}{note}  ({talk.unread})" if talk and talk.unread else target + note

    def step(self, by: int, *, is_unread: bool = False) -> None:
        """Show the conversation that many places below, or the next with something unread."""
        known = [target for target, _ in self.listed() if self.can_show(target)]
        at = known.index(self.active)
        order = known[at + 1 :] + known[: at + 1]
        fresh = [each for each in order if each in self.talks and self.talks[each].unread]
        self.show((fresh or [self.active])[0] if is_unread else known[(at + by) % len(known)])

    def complete(self, text: str, commands: list[str]) -> list[str]:
        """Return what the line may become: a command, or a name or room, those who spoke last first."""
        head, space, word = text.rpartition(" ")
        if not space and word.startswith("/"):
            return [f"{each} " for each in commands if each.startswith(word)]
        talk = self.talks[self.active]
        spoken = [line.sender for line in reversed(talk.lines) if line.sender]
        names = [*spoken, *sorted(talk.members), *(target for target, _ in self.listed() if target not in ("", HOME))]
        fits = [
            each for each in dict.fromkeys(names) if each.casefold().startswith(word.casefold()) and each != self.me
        ]
        return [f"{head} {each} " if space else f"{each}: " for each in fits]

    def enter(self, entered: libchat.Entered) -> None:
        self.show(entered.room)
        talk = self.talk(entered.room)
        talk.members, talk.topic = set(entered.members), entered.topic
        self.tell(f"you are in {entered.room} with {', '.join(sorted(talk.members - {self.me})) or 'nobody yet'}")

    def refresh(self, answer: tuple[tuple[libchat.Present, ...], tuple[libchat.RoomInfo, ...]]) -> None:
        people, rooms = [each.name for each in answer[0]], [each.room for each in answer[1]]
        self.is_changed |= (people, rooms) != (self.people, self.rooms)
        self.people, self.rooms = people, rooms

    def leave(self, room: str, why: str) -> None:
        self.talks.pop(room, None)
        self.show(HOME if self.active == room else self.active)
        self.tell(why)

    def hear(self, event: libchat.Event) -> None:
        """Take note of an event."""
        if isinstance(event, libchat.Entry):
            self._hear_entry(event)
        elif isinstance(event, libchat.Entered):  # another device of the account is in this room
            self.talk(event.room).members = set(event.members)
        elif isinstance(event, libchat.Joined):
            self.talk(event.room).members.add(event.name)
            self.tell(f"{event.name} came in", target=event.room)
        elif isinstance(event, (libchat.Left, libchat.messages.Kicked)) and event.name != self.me:
            self.talk(event.room).members.discard(event.name)
            self.tell(f"{event.name} left{event.reason and f': {event.reason}'}", target=event.room)
        elif isinstance(event, libchat.messages.Kicked):
            self.leave(event.room, f"{event.by} put you out of {event.room}{event.reason and f': {event.reason}'}")
        elif isinstance(event, libchat.Interrupted):
            self.be(f"connection lost ({event.reason}); trying again ...")
        elif isinstance(event, libchat.Resumed):
            self.be("connected")

    def _hear_entry(self, entry: libchat.Entry) -> None:
        target = entry.target if entry.target.startswith("#") or entry.sender == self.me else entry.sender
        talk = self.talk(target)
        if entry.kind == "message":
            talk.lines.append(Line(entry.sender, entry.text, entry.time / 1000, seq=entry.seq))
            talk.unread += target != self.active
        elif entry.kind == "topic":
            talk.topic = entry.text
        for line in talk.lines:
            if entry.kind in ("edit", "delete") and line.seq == entry.ref:
                line.text = f"{entry.text} (edited)" if entry.kind == "edit" else "(deleted)"


class Network:
    """The threads that wait: one asks, one sends, one listens. What they learn they `post`, to be called elsewhere."""

    def __init__(self, chat: Chat, connect: Callable[[], libchat.Client], post: Callable[[Callable[[], object]], None]):
        self._chat, self._post = chat, post
        self._asking, self._sending = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._client = self._asking.submit(connect)
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self._end = threading.Thread(target=self._close)

    def ask(self, request: Callable[[libchat.Client], Any], then: Callable[[Any], object] = lambda _: None) -> None:
        """Have something asked, and the answer handed to a function, in the window's thread."""
        self._asking.submit(self._ask, request, then)

    def send(self, target: str, text: str) -> None:
        """Have a message sent. It is shown at once, and differently when the log has it."""
        self._sending.submit(self._send, target, self._chat.say(target, text))

    def is_closed(self) -> bool:
        """Have everything come to an end, and return whether it has."""
        if not self._end.ident:
            self._end.start()
        return not self._end.is_alive()

    def _ask(self, request: Callable[[libchat.Client], Any], then: Callable[[Any], object]) -> None:
        try:
            answer = request(self._client.result())
            self._post(partial(then, answer))
        except ERRORS as error:
            self._post(partial(self._chat.tell, str(error), is_error=True))

    def _send(self, target: str, line: Line) -> None:
        try:
            seq = self._client.result().send(target, line.text).accepted(timeout=None).seq
            self._post(partial(self._chat.settle, line, seq))
        except ERRORS as error:
            self._post(partial(self._chat.settle, line, 0, str(error)))

    def _listen(self) -> None:
        try:
            client = self._client.result()
            self._post(partial(self._chat.be, "connected"))
            for event in client.events():
                self._post(partial(self._chat.hear, event))
        except ERRORS as error:
            self._post(partial(self._chat.be, f"not connected: {error}"))

    def _close(self) -> None:
        wait([self._sending.submit(lambda: None)], GOODBYE_SECONDS)
        if not self._client.exception():
            self._client.result().close()
        self._asking.shutdown()
        self._sending.shutdown()
        self._listener.join()
