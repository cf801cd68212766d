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
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from libchat import messages as m
from libchat.cids import Cids, is_own
from libchat.errors import ChatError, Closed, Code, Disconnected, Refused
from libchat.inbox import Inbox
from libchat.limits import ANSWER_EVENTS, ANSWER_SECONDS, INBOX_EVENTS
from libchat.locks import OUTBOX, tiered_lock
from libchat.names import target_key
from libchat.receipt import E, Marks, Receipt, expected
from libchat.speaker import Speaker

OnError = Callable[[BaseException], None]

__all__ = ["E", "OnError", "Participant"]

_log = logging.getLogger("libchat")


class Participant(Speaker):
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
        self._marks: WeakValueDictionary[str, Marks] = WeakValueDictionary()
        """How far the others have come, by canonical name, as long as a receipt wants to know."""
        self._age = 0
        """How many connections were lost, and made anew."""
        self._cids = Cids()
        self._end: Disconnected | None = None
        self._is_closed = False

    # --- listening --------------------------------------------------------------------------------------------------

    def receive(self, timeout: float | None = None) -> m.Entry:
        """Return the next message, and drop the other events before it.

        `timeout` is in seconds, None waits for ever. Raises `TimeoutError`, `Disconnected` when the connection is gone
        for good and everything that came before was received, and `Closed` after `close`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            event = self.receive_event(_left(deadline))
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

    def _request(self, command: Callable[[str], m.Command], cid: str | None = None, *, target: str = "") -> Receipt:
        with self._condition:
            self._check_open()
            if cid is None:
                cid = self._cids.for_call()
            receipt = Receipt(self, command(cid), cid, self._marks_of(target))
            pending = self._receipts.setdefault(cid, receipt)
        if pending is receipt:
            self._try(receipt)
        elif pending._command != receipt._command:
            receipt._answer = Refused(Code.CID_REUSED, "this cid belongs to another message; nothing was sent")
        else:
            return pending
        return receipt

    def _fresh_cid(self) -> str:
        with self._condition:
            return self._cids.for_program()

    def _marks_of(self, target: str) -> Marks | None:
        """Return how far a name has come; a room has no such marks. Called under the lock."""
        if not target or target.startswith("#"):
            return None
        return self._marks.setdefault(target_key(target), Marks(target, self._age))

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

    def _answer(self, kind: type[E], command: Callable[[str], m.Command], timeout: float | None = ANSWER_SECONDS) -> E:
        receipt = self._request(command)
        try:
            return expected(kind, receipt._wait(timeout))
        finally:
            self._withdraw(receipt)

    # --- waiting ----------------------------------------------------------------------------------------------------

    def _await_answer(self, receipt: Receipt, timeout: float | None) -> m.Event | ChatError:
        """Return the answer when it is there. Raises TimeoutError."""
        self._await(lambda: receipt._answer is not None, timeout)
        if receipt._answer is None:
            raise TimeoutError(f"no answer within {timeout} seconds")
        return receipt._answer

    def _await_mark(self, marks: Marks, seq: int, deadline: float | None, *, is_read: bool) -> None:
        """Return when an entry was delivered, or read. Raises TimeoutError, `Disconnected` and `Closed`."""
        while not marks.reach(seq, is_read=is_read):
            self._check_open()
            if self._is_late(marks):
                self._look_up(marks, _left(deadline))
            elif not self._await(
                lambda: marks.reach(seq, is_read=is_read) or self._is_late(marks) or self._is_ended, _left(deadline)
            ):
                raise TimeoutError("it was not so in time")

    def _is_late(self, marks: Marks) -> bool:
        """Return whether something may have happened meanwhile that nobody was told."""
        return marks.age != self._age

    def _look_up(self, marks: Marks, timeout: float | None) -> None:
        """Ask how far the other one has come."""
        age = self._age
        page = self._answer(m.Page, lambda cid: m.History(marks.target, limit=1, cid=cid), timeout)
        with self._condition:
            marks.raise_to(page.delivered, page.read)
            marks.age = age

    def _await(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until a condition holds, and return whether it does. Meanwhile a full inbox takes more."""
        with self._condition:
            self._waiting += 1
            self._condition.notify_all()
        try:
            self._room_made()
            with self._condition:
                return self._condition.wait_for(condition, timeout)
        finally:
            with self._condition:
                self._waiting -= 1

    # --- taking and handing over ------------------------------------------------------------------------------------

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
            self._mark(event)
            self._is_full = False
            self._condition.notify_all()
        return True

    def _mark(self, event: m.Event) -> None:
        """Have the receipts know what an event tells. Called under the lock."""
        if isinstance(event, m.Resumed):
            self._age += 1
        elif isinstance(event, (m.Delivered, m.IsRead)):
            marks = self._marks.get(target_key(event.name))
            if marks is not None and not (isinstance(event, m.IsRead) and event.target.startswith("#")):
                marks.raise_to(event.seq, event.seq if isinstance(event, m.IsRead) else 0)

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


def _left(deadline: float | None) -> float | None:
    """Return the seconds that are left, none when it is over."""
    return None if deadline is None else max(deadline - time.monotonic(), 0.0)
