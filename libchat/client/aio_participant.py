"""A participant for asyncio: what it hears, and the answers that it waits for. As in `libchat.participant`."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable

from libchat import messages as m
from libchat.cids import Cids, is_own
from libchat.client.aio_speaker import AsyncSpeaker
from libchat.errors import ChatError, Closed, Code, Disconnected, Refused
from libchat.inbox import Inbox
from libchat.limits import ANSWER_EVENTS, ANSWER_SECONDS
from libchat.receipt import E, expected


class AsyncParticipant(AsyncSpeaker):
    """Somebody in a chat. A subclass carries the commands, brings the events, and says when it is over."""

    def __init__(self, name: str, *, inbox: int) -> None:
        self.name = name
        self._cids = Cids()
        self._answers: dict[str, asyncio.Future[m.Event]] = {}
        self._inbox = Inbox(inbox)
        self._changed = asyncio.Event()
        """Set when there is something new to be received, or room for it, and at the end."""
        self._leaving = asyncio.Event()
        self._end: Disconnected | None = None
        self._is_begun = self._is_ended = False

    @abstractmethod
    def _consumed(self, event: m.Event) -> None:
        """Notice that the program has taken an event."""

    # --- listening --------------------------------------------------------------------------------------------------

    async def receive(self) -> m.Entry:
        """Return the next message, and drop the other events before it. Raises `Disconnected`, and `Closed`."""
        while True:
            event = await self.receive_event()
            if isinstance(event, m.Entry) and event.kind == "message":
                return event

    async def receive_event(self) -> m.Event:
        """Return the next event of any type. Raises as `receive` does."""
        self._inbox.is_read = True
        await self._until(lambda: bool(self._inbox) or self._is_over)
        if self._leaving.is_set() or not self._inbox:
            self._check_open()
        event = self._inbox.take()
        self._changed.set()
        self._consumed(event)
        return event

    async def __aiter__(self) -> AsyncIterator[m.Entry]:
        """Yield messages until `close`. Raises `Disconnected` when the connection is gone for good."""
        try:
            while True:
                yield await self.receive()
        except Closed:
            return

    async def events(self) -> AsyncIterator[m.Event]:
        """Yield events of every type until `close`. Raises `Disconnected` when the connection is gone for good."""
        try:
            while True:
                yield await self.receive_event()
        except Closed:
            return

    # --- answers ----------------------------------------------------------------------------------------------------

    async def _answer(self, kind: type[E], command: Callable[[str], m.Command], cid: str | None = None) -> E:
        if cid is None:
            cid = self._cids.for_call()
        elif cid in self._answers:
            raise Refused(
                Code.CID_REUSED, "the answer to another message with this cid is waited for; nothing was sent"
            )
        self._submit(command(cid))
        answer = self._answers[cid] = asyncio.get_running_loop().create_future()
        self._changed.set()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return expected(kind, await answer)
        finally:
            del self._answers[cid]

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Return when a condition on the inbox holds."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    # --- for subclasses ---------------------------------------------------------------------------------------------

    async def _deliver(self, event: m.Event) -> None:
        """Hand an event to who waits for it, or put it into the inbox, as soon as that has room."""
        cid: str = getattr(event, "cid", "")
        answer = self._answers.get(cid)
        if answer is not None:
            if not answer.done():
                answer.set_result(event)
        elif not is_own(cid):
            await self._until(self._has_room)
            self._put(event)

    def _has_room(self) -> bool:
        """Return whether the inbox takes an event. As in `libchat.participant`."""
        return self._leaving.is_set() or self._inbox.has_room(ANSWER_EVENTS if self._answers else 0)

    def _put(self, event: m.Event) -> None:
        if self._leaving.is_set():
            return
        self._inbox.put(event)
        self._changed.set()

    @property
    def _is_over(self) -> bool:
        return self._leaving.is_set() or self._is_ended

    def _check_open(self) -> None:
        """Raise the reason if nothing can be sent or received any more."""
        if self._end is not None and not self._leaving.is_set():
            raise Disconnected(self._end.reason) from self._end.__cause__
        if not self._is_begun or self._is_over:
            raise Closed(f"{self.name} is not in the chat")

    def _disconnect(self, reason: str, cause: BaseException | None) -> None:
        """End for good, unless the program has."""
        if not self._leaving.is_set():
            self._end = Disconnected(reason)
            self._end.__cause__ = cause
            self._abandon(lambda: Disconnected(reason))

    def _abandon(self, error: Callable[[], ChatError]) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(error())
