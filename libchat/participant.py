"""What a program does in a chat: one blocking API, in process (`Hub.connect`) and over the network (`libchat.connect`).

How it works. A method makes a command with a fresh `cid`, has it submitted, and waits for the event that answers it.
Every other event goes to its callback if there is one, otherwise into the inbox, from which `receive`, iteration and
`events` take it. Callbacks are called one at a time and in order, never under a lock. A callback may send. Whether it
may wait for an answer depends on which thread calls it: it may where that is a thread of its own (`libchat.connect`);
in process it is the thread that carries the events, which does not get on meanwhile.

The inbox is bounded (`libchat.inbox`). When it has no room, `_deliver` returns False, and who carries the events holds
them back. Only while somebody waits for an answer it takes more (`ANSWER_EVENTS`), because over a network the
answer comes behind what is held back, and who waits for it may be the one who reads.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from types import TracebackType
from typing import Self, TypeVar

from msgspec.structs import replace

from libchat import messages as m
from libchat.errors import ChatError, Closed, Code, Disconnected, ProtocolError, Refused, refusal
from libchat.inbox import Inbox
from libchat.limits import ANSWER_EVENTS, ANSWER_SECONDS, CID_BYTES, INBOX_EVENTS
from libchat.locks import OUTBOX, tiered_lock

E = TypeVar("E", bound=m.Event)
OnError = Callable[[BaseException], None]

_log = logging.getLogger("libchat")


class Receipt:
    """What became of something that was sent."""

    def __init__(self, participant: Participant, command: m.Command, cid: str) -> None:
        self.cid = cid
        self._participant = participant
        self._command = command
        self._answer: m.Event | ChatError | None = None

    def accepted(self, timeout: float | None = ANSWER_SECONDS) -> m.Accepted:
        """Wait until the log has the entry, and return its number and time.

        `timeout` is in seconds, None waits for ever. Raises `Refused` if the chat refused it, `Disconnected` or
        `Closed` if the connection ended or the participant left before that is known, and `TimeoutError`; the entry may
        still be accepted after the last.
        """
        return expected(m.Accepted, self._wait(timeout))

    @property
    def is_answered(self) -> bool:
        """Whether `accepted` returns, or raises, at once."""
        return self._answer is not None

    def _wait(self, timeout: float | None) -> m.Event:
        answer = self._answer or self._participant._await_answer(self, timeout)
        if isinstance(answer, ChatError):
            raise answer
        return answer


class Participant(ABC):
    """Somebody in the chat. All methods may be called from any thread; it is a context manager that exits."""

    def __init__(self, name: str, *, inbox: int = INBOX_EVENTS, on_error: OnError | None = None) -> None:
        self.name = name
        self._condition = threading.Condition(tiered_lock(OUTBOX))  # type: ignore[arg-type]  # all of Lock that it uses
        self._inbox = Inbox(inbox)
        self._limit = inbox
        self._is_full = False
        """Whether the last event was not taken, so that there is one to be delivered again when there is room."""
        self._waiting = 0
        """How many threads wait for an answer."""
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

        `cid` makes sending twice harmless: pass your own, unique for this participant's device; it begins with a letter
        or digit, and has `CID_BYTES` characters at most (ValueError otherwise). Raises `Closed` and `Disconnected`;
        whatever the chat says against it is raised by `Receipt.accepted`.
        """
        if cid is not None:
            check_cid(cid)
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

    def submit(self, command: m.Command) -> str:
        """Hand over any command, and return its `cid`: the answer is an event like all others, and repeats it.

        A command without a `cid` is given a fresh one; one that knows none, and is never answered, returns "". Raises
        `Closed` and `Disconnected`, ValueError for a `cid` that a program may not choose, and `Refused` for a command
        that cannot even be submitted.
        """
        self._check_open()
        cid = getattr(command, "cid", None)
        if cid == "":
            with self._condition:
                cid = f"+{next(self._cids)}"  # neither one that a program may choose, nor one that `is_own`
            command = replace(command, cid=cid)
        elif cid is not None:
            check_cid(cid)
        self._submit(command)
        return cid or ""

    # --- listening --------------------------------------------------------------------------------------------------

    def receive(self, timeout: float | None = None) -> m.Entry:
        """Return the next message, and drop the other events before it.

        `timeout` is in seconds, None waits for ever. Raises `TimeoutError`, `Disconnected` when the connection is gone
        for good and everything that came before was received, and `Closed` after `close`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            event = self.receive_event(None if deadline is None else max(deadline - time.monotonic(), 0.0))
            if isinstance(event, m.Entry) and event.kind == "message":
                return event
            if timeout and deadline is not None and time.monotonic() > deadline:
                raise TimeoutError("no message was received in time")

    def receive_event(self, timeout: float | None = None) -> m.Event:
        """Return the next event of any type for which there is no callback. Raises as `receive` does."""
        with self._condition:
            self._inbox.is_read = True
            if not self._condition.wait_for(lambda: self._inbox or self._is_ended, timeout):
                raise TimeoutError("nothing was received in time")
            if self._is_closed or not self._inbox:
                self._check_open()
            event = self._inbox.take()
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
        """Have every event of a type go to a callback, instead of into the inbox; also those that lie in the inbox.

        What a callback raises is logged and handed to `on_error`. After `close`, none is called any more.
        """
        with self._condition:
            self._callbacks[kind] = callback
            self._called.extend(self._inbox.remove(kind))
            self._condition.notify_all()
        self._room_made()

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

    def _room_made(self) -> None:
        """Notice that there may be room again for an event that was not taken. Called without a lock."""
        return

    @property
    def _is_ended(self) -> bool:
        return self._is_closed or self._end is not None

    def _check_open(self) -> None:
        """Raise the reason if nothing can be sent or received any more."""
        if self._is_closed:
            raise Closed(f"{self.name} has left the chat")
        if self._end is not None:
            # A new one each time: several threads may raise it.
            raise Disconnected(self._end.reason) from self._end.__cause__

    def _request(self, command: Callable[[str], m.Command], cid: str | None = None) -> Receipt:
        with self._condition:
            self._check_open()
            if cid is None:
                cid = f"-{next(self._cids)}"
            receipt = Receipt(self, command(cid), cid)
            pending = self._receipts.setdefault(cid, receipt)
        if pending is receipt:
            self._try(receipt)
        elif pending._command != receipt._command:
            receipt._answer = Refused(Code.CID_REUSED, "this cid belongs to another message; nothing was sent")
        else:
            return pending
        return receipt

    def _try(self, receipt: Receipt) -> None:
        """Submit a command. If it cannot even be submitted, its receipt says why."""
        try:
            self._submit(receipt._command)
        except Refused as refused:
            self._withdraw(receipt)
            receipt._answer = refused
        except BaseException:
            self._withdraw(receipt)
            raise

    def _withdraw(self, receipt: Receipt) -> None:
        with self._condition:
            self._receipts.pop(receipt.cid, None)

    def _answer(self, kind: type[E], command: Callable[[str], m.Command]) -> E:
        receipt = self._request(command)
        try:
            return expected(kind, receipt._wait(ANSWER_SECONDS))
        finally:
            self._withdraw(receipt)

    def _await_answer(self, receipt: Receipt, timeout: float | None) -> m.Event | ChatError:
        """Return the answer when it is there. Raises TimeoutError."""
        with self._condition:
            self._waiting += 1
            self._condition.notify_all()
        try:
            self._room_made()
            with self._condition:
                self._condition.wait_for(lambda: receipt._answer is not None, timeout)
        finally:
            with self._condition:
                self._waiting -= 1
        if receipt._answer is None:
            raise TimeoutError(f"no answer within {timeout} seconds")
        return receipt._answer

    def _deliver(self, event: m.Event) -> bool:
        """Take an event, and return True; or False, with nothing done, if there is no room for it."""
        cid: str = getattr(event, "cid", "")
        with self._condition:
            receipt = self._receipts.pop(cid, None)
            if receipt is not None:
                receipt._answer = event
            elif not self._has_room(event):
                self._is_full = True
                return False
            elif not (self._is_closed or is_own(cid)):
                self._put(event)
            self._is_full = False
            self._condition.notify_all()
        return True

    def _has_room(self, event: m.Event) -> bool:
        """Return whether an event would be taken. Called under the lock."""
        beyond = ANSWER_EVENTS if self._waiting else 0
        if self._is_closed or getattr(event, "cid", "") in self._receipts:
            return True
        if type(event) in self._callbacks:
            return len(self._called) < self._limit + beyond
        return self._inbox.has_room(beyond)

    def _put(self, event: m.Event) -> None:
        if type(event) in self._callbacks:
            self._called.append(event)
            return
        self._inbox.put(event)

    def _call_back(self) -> None:
        """Call the callbacks of what was delivered. Must not be called under a lock."""
        while (event := self._next_call()) is not None:
            try:
                self._call(event)
                self._consumed(event)
            finally:
                with self._condition:
                    self._is_calling = False

    def _call(self, event: m.Event) -> None:
        try:
            self._callbacks[type(event)](event)
        except Exception as error:  # noqa: BLE001  # the program's own code: it must not stop the chat
            _log.exception("a callback of %s raised", self.name)
            self._report(error)

    def _report(self, error: Exception) -> None:
        """Hand an error to the program, whose own code this is, too."""
        if self._on_error is not None:
            try:
                self._on_error(error)
            except Exception:  # noqa: BLE001  # what handles errors has failed: the log is all that is left
                _log.exception("on_error of %s raised", self.name)

    def _next_call(self) -> m.Event | None:
        with self._condition:
            if self._is_calling or self._is_closed or not self._called:
                return None
            self._is_calling = True
            return self._called.popleft()

    def _disconnect(self, reason: str, cause: Exception | None = None) -> None:
        """End for good: what was received stays, whoever waits for more is told."""
        end = Disconnected(reason)
        end.__cause__ = cause
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


def check_cid(cid: str) -> None:
    """Raise ValueError for a `cid` that a program may not choose: it is none, or one that the library makes itself."""
    if not (0 < len(cid) <= CID_BYTES and cid[0].isalnum() and cid.isprintable()):
        raise ValueError(f"{cid!r} is no cid: it has 1 to {CID_BYTES} characters, and begins with a letter or a digit")


def is_own(cid: str) -> bool:
    """Return whether a `cid` was made by the library for a command of the program, and not chosen by the program."""
    return cid.startswith("-")


def expected(kind: type[E], answer: m.Event) -> E:
    """Return an answer that is of the right type. Raises `Refused` for an error, and `ProtocolError` for nonsense."""
    if isinstance(answer, m.Failed):
        raise refusal(answer.code, answer.text, answer.subject)
    if not isinstance(answer, kind):
        raise ProtocolError(Code.BAD_VALUE, f"the answer to {kind.__name__} was {type(answer).__name__}")
    return answer
