"""What a program does in a chat: one blocking API, in process (`Hub.connect`) and over the network (`libchat.connect`).

How it works. A method makes a command with a fresh `cid`, has it submitted, and waits for the event that answers it.
Every other event goes to its callback if there is one, otherwise into the inbox, from which `receive`, iteration and
`events` take it. Callbacks are called one at a time and in order, never under a lock; so a callback may send, but must
not wait for an answer.

The inbox is bounded. As long as nobody has ever read it, it keeps the newest events: a program that only sends needs no
inbox. Once it is read, nothing is dropped from it: `_deliver` returns False when it is full, and who carries the events
holds them back.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from types import TracebackType
from typing import Self, TypeVar

from libchat import messages as m
from libchat.errors import ChatError, Closed, Disconnected, refusal
from libchat.limits import ANSWER_SECONDS, INBOX_EVENTS
from libchat.locks import OUTBOX, tiered_lock

E = TypeVar("E", bound=m.Event)
OnError = Callable[[BaseException], None]

_log = logging.getLogger("libchat")


class Receipt:
    """What became of something that was sent."""

    def __init__(self, condition: threading.Condition, cid: str) -> None:
        self.cid = cid
        self._condition = condition
        self._answer: m.Event | ChatError | None = None

    def accepted(self, timeout: float | None = ANSWER_SECONDS) -> m.Accepted:
        """Wait until the log has the entry, and return its number and time.

        `timeout` is in seconds, None waits for ever. Raises `Refused` if the chat refused it, `Disconnected` if the
        connection ended before that is known, and `TimeoutError`; the entry may still be accepted after the last.
        """
        answer = self._wait(timeout)
        assert isinstance(answer, m.Accepted)
        return answer

    @property
    def is_answered(self) -> bool:
        """Whether `accepted` returns, or raises, at once."""
        return self._answer is not None

    def _wait(self, timeout: float | None) -> m.Event:
        with self._condition:
            if not self._condition.wait_for(lambda: self._answer is not None, timeout):
                raise TimeoutError(f"no answer within {timeout} seconds")
            answer = self._answer
        if isinstance(answer, m.Failed):
            raise refusal(answer.code, answer.text, answer.subject)
        if isinstance(answer, ChatError):
            raise answer
        assert answer is not None
        return answer


class Participant(ABC):
    """Somebody in the chat. All methods may be called from any thread; it is a context manager that exits."""

    def __init__(self, name: str, *, inbox: int = INBOX_EVENTS, on_error: OnError | None = None) -> None:
        self.name = name
        self._condition = threading.Condition(tiered_lock(OUTBOX))  # type: ignore[arg-type]  # all of Lock that it uses
        self._inbox: deque[m.Event] = deque()
        self._limit = inbox
        self._is_read = False
        self._callbacks: dict[type[m.Event], Callable[..., None]] = {}
        self._called: deque[m.Event] = deque()
        self._is_calling = False
        self._on_error = on_error
        self._receipts: dict[str, Receipt] = {}
        self._cids = count(1)
        self._end: Disconnected | None = None
        self._is_closed = False

    # --- talking ----------------------------------------------------------------------------------------------------

    def send(self, target: str, text: str, *, cid: str | None = None) -> Receipt:
        """Say something to a name or a `#room`, and return at once.

        `cid` makes sending twice harmless, also after a restart: pass your own, unique for this device. Raises `Closed`
        and `Disconnected`; whatever the chat says against it is raised by `Receipt.accepted`.
        """
        return self._request(lambda own: m.Send(target, text, own), cid)

    def join(self, room: str) -> m.Entered:
        """Enter a room, and return its members and topic."""
        return self._answer(m.Entered, lambda cid: m.Join(room, cid))

    def leave(self, room: str) -> None:
        """Leave a room."""
        self._answer(m.Exited, lambda cid: m.Leave(room, cid))

    def topic(self, room: str) -> str:
        """Return the topic of a room that one is in."""
        return self._answer(m.TopicIs, lambda cid: m.Topic(room, None, cid)).text

    def set_topic(self, room: str, text: str) -> Receipt:
        """Set the topic of a room that one is in; an empty one clears it."""
        return self._request(lambda cid: m.Topic(room, text, cid))

    def who(self, room: str = "") -> tuple[m.Present, ...]:
        """Return who is online, or who is in a room, sorted by name."""
        return self._answer(m.Online, lambda cid: m.Who(room, cid)).people

    def rooms(self) -> tuple[m.RoomInfo, ...]:
        """Return which rooms there are, sorted by name."""
        return self._answer(m.RoomList, m.Rooms).rooms

    def away(self, text: str = "") -> None:
        """Tell the others that one is away, and why. Without a text: that one is back."""
        self._answer(m.Done, lambda cid: m.Away(text, cid))

    def typing(self, target: str) -> None:
        """Tell a name or a room that one is typing."""
        self._check_open()
        self._submit(m.Typing(target))

    def history(self, target: str, *, before: int | None = None, limit: int = 50) -> m.Page:
        """Return the newest entries of a conversation, or the newest ones before the number `before`."""
        return self._answer(m.Page, lambda cid: m.History(target, before, limit, cid))

    def ping(self) -> None:
        """Return when the chat has answered."""
        self._answer(m.Pong, m.Ping)

    # --- listening --------------------------------------------------------------------------------------------------

    def receive(self, timeout: float | None = None) -> m.Entry:
        """Return the next message, and drop the other events before it.

        `timeout` is in seconds, None waits for ever. Raises `TimeoutError`, `Disconnected` when the connection is gone
        for good and everything that came before was received, and `Closed` after `close`.
        """
        while True:
            event = self.receive_event(timeout)
            if isinstance(event, m.Entry) and event.kind == "message":
                return event

    def receive_event(self, timeout: float | None = None) -> m.Event:
        """Return the next event of any type for which there is no callback. Raises as `receive` does."""
        with self._condition:
            self._is_read = True
            if not self._condition.wait_for(lambda: self._inbox or self._is_ended, timeout):
                raise TimeoutError(f"nothing was received within {timeout} seconds")
            if not self._inbox:
                raise self._end or Closed(f"{self.name} has left the chat")
            event = self._inbox.popleft()
            self._condition.notify_all()
        self._consumed(event)
        return event

    def __iter__(self) -> Iterator[m.Entry]:
        """Yield messages until `close`. Raises `Disconnected` when the connection is gone for good."""
        try:
            while True:
                yield self.receive()
        except Closed:
            return

    def events(self) -> Iterator[m.Event]:
        """Yield events of every type until `close`. Raises `Disconnected` when the connection is gone for good."""
        try:
            while True:
                yield self.receive_event()
        except Closed:
            return

    def on(self, kind: type[E], callback: Callable[[E], None]) -> None:
        """Have every event of a type go to a callback, instead of into the inbox.

        What a callback raises is logged and handed to `on_error`.
        """
        with self._condition:
            self._callbacks[kind] = callback

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the chat; a guest's name is free again. Harmless when called twice."""
        with self._condition:
            if self._is_closed:
                return
            self._is_closed = True
            self._condition.notify_all()
        self._leave_chat()
        self._abandon(Closed(f"{self.name} has left the chat"))

    def __enter__(self) -> Self:
        """Return the participant itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the chat."""
        self.close()

    # --- for those who carry commands and events --------------------------------------------------------------------

    @abstractmethod
    def _submit(self, command: m.Command) -> None:
        """Hand a command to the chat. Must not be called under a lock."""

    @abstractmethod
    def _leave_chat(self) -> None:
        """Exit, and release everything."""

    @abstractmethod
    def _consumed(self, event: m.Event) -> None:
        """Notice that the program has taken an event. Called without a lock."""

    @property
    def _is_ended(self) -> bool:
        return self._is_closed or self._end is not None

    def _check_open(self) -> None:
        if self._is_closed:
            raise Closed(f"{self.name} has left the chat")
        if self._end is not None:
            raise self._end

    def _request(self, command: Callable[[str], m.Command], cid: str | None = None) -> Receipt:
        self._check_open()
        receipt = Receipt(self._condition, cid if cid is not None else str(next(self._cids)))
        with self._condition:
            self._receipts[receipt.cid] = receipt
        self._submit(command(receipt.cid))
        return receipt

    def _answer(self, kind: type[E], command: Callable[[str], m.Command]) -> E:
        receipt = self._request(command)
        try:
            answer = receipt._wait(ANSWER_SECONDS)
        finally:
            with self._condition:
                self._receipts.pop(receipt.cid, None)
        assert isinstance(answer, kind)
        return answer

    def _deliver(self, event: m.Event) -> bool:
        """Take an event, and return True; or False, with nothing done, if the inbox is full."""
        with self._condition:
            receipt = self._receipts.pop(getattr(event, "cid", ""), None)
            if receipt is not None:
                receipt._answer = event
            elif type(event) in self._callbacks:
                if len(self._called) >= self._limit:
                    return False
                self._called.append(event)
            elif len(self._inbox) < self._limit:
                self._inbox.append(event)
            elif self._is_read:
                return False
            else:
                self._inbox.popleft()
                self._inbox.append(event)
            self._condition.notify_all()
        return True

    def _call_back(self) -> None:
        """Call the callbacks of what was delivered. Must not be called under a lock."""
        while (event := self._next_call()) is not None:
            try:
                self._callbacks[type(event)](event)
            except Exception as error:  # noqa: BLE001  # the program's own code: it must not stop the chat
                _log.exception("a callback of %s raised", self.name)
                if self._on_error is not None:
                    self._on_error(error)
            self._consumed(event)
            with self._condition:
                self._is_calling = False

    def _next_call(self) -> m.Event | None:
        with self._condition:
            if self._is_calling or not self._called:
                return None
            self._is_calling = True
            return self._called.popleft()

    def _disconnect(self, reason: str) -> None:
        """End for good: what was received stays, whoever waits for more is told."""
        end = Disconnected(reason)
        with self._condition:
            if self._end is None:
                self._end = end
            self._condition.notify_all()
        self._abandon(end)

    def _abandon(self, error: ChatError) -> None:
        with self._condition:
            for receipt in self._receipts.values():
                receipt._answer = error
            self._receipts.clear()
            self._condition.notify_all()
