"""What became of something that was sent: accepted by the log, delivered to the other's device, read by the other."""

from __future__ import annotations

import time
from typing import Protocol, TypeVar

from libchat import messages as m
from libchat.errors import ChatError, Code, ProtocolError, refusal
from libchat.limits import ANSWER_SECONDS

E = TypeVar("E", bound=m.Event)


class Marks:
    """How far the other one of a private conversation has come, as the receipts of this conversation know it.

    `age` counts the connections that were lost before: what happened meanwhile was told to nobody.
    """

    __slots__ = ("__weakref__", "age", "delivered", "read", "target")

    def __init__(self, target: str, age: int) -> None:
        self.target = target
        self.age = age
        self.delivered = 0
        self.read = 0

    def reach(self, seq: int, *, is_read: bool) -> bool:
        """Return whether an entry was delivered, or, if that is asked, read."""
        return seq <= (self.read if is_read else self.delivered)

    def raise_to(self, delivered: int, read: int) -> None:
        """Notice numbers; what is read was delivered. Numbers only grow."""
        self.read = max(self.read, read)
        self.delivered = max(self.delivered, delivered, self.read)


class Waiter(Protocol):
    """Who waits for the sake of a receipt."""

    def _await_answer(self, receipt: Receipt, timeout: float | None) -> m.Event | ChatError: ...

    def _await_mark(self, marks: Marks, seq: int, deadline: float | None, *, is_read: bool) -> None: ...


class Receipt:
    """What became of something that was sent."""

    def __init__(self, participant: Waiter, command: m.Command, cid: str, marks: Marks | None = None) -> None:
        self.cid = cid
        self._participant = participant
        self._command = command
        self._marks = marks
        self._answer: m.Event | ChatError | None = None

    def accepted(self, timeout: float | None = ANSWER_SECONDS) -> m.Accepted:
        """Wait until the log has the entry, and return its number and time.

        `timeout` is in seconds, None waits for ever. Raises `Refused` if the chat refused it, `Disconnected` or
        `Closed` if the connection ended or the participant left before that is known, and `TimeoutError`; the entry may
        still be accepted after the last.
        """
        return expected(m.Accepted, self._wait(timeout))

    def delivered(self, timeout: float | None = None) -> None:
        """Wait until a device of the other has the entry. For what was said to a name: ValueError for a room.

        Otherwise as `accepted`; it may take days. Whoever wants to be told without waiting listens to `Delivered`.
        """
        self._await_mark(timeout, is_read=False)

    def read(self, timeout: float | None = None) -> None:
        """Wait until the other has read the entry, or something after it. As `delivered`; the event is `IsRead`."""
        self._await_mark(timeout, is_read=True)

    @property
    def is_answered(self) -> bool:
        """Whether `accepted` returns, or raises, at once."""
        return self._answer is not None

    def _wait(self, timeout: float | None) -> m.Event:
        answer = self._answer or self._participant._await_answer(self, timeout)
        if isinstance(answer, ChatError):
            raise answer
        return answer

    def _await_mark(self, timeout: float | None, *, is_read: bool) -> None:
        if self._marks is None:
            raise ValueError("a room has no receipts but `accepted`: nobody is told who has read what there")
        deadline = None if timeout is None else time.monotonic() + timeout
        seq = self.accepted(timeout).seq
        self._participant._await_mark(self._marks, seq, deadline, is_read=is_read)


def expected(kind: type[E], answer: m.Event) -> E:
    """Return an answer that is of the right type. Raises `Refused` for an error, and `ProtocolError` for nonsense."""
    if isinstance(answer, m.Failed):
        raise refusal(answer.code, answer.text, answer.subject)
    if not isinstance(answer, kind):
        raise ProtocolError(Code.BAD_VALUE, f"the answer to {kind.__name__} was {type(answer).__name__}")
    return answer
