"""The asyncio client: the same link, driven by one task of the program's own loop."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from libchat import messages as m
from libchat._version import __version__
from libchat.client.address import format_address, parse_address
from libchat.client.link import Link, State
from libchat.client.trust import AcceptNew, Trust
from libchat.errors import ChatError, Closed, Disconnected, ProtocolError, refusal
from libchat.limits import ANSWER_SECONDS, CONNECT_SECONDS, INBOX_EVENTS, LINGER_SECONDS, PING_SECONDS, RECEIVE_BYTES
from libchat.participant import E
from libchat.transport.backoff import backoff

_log = logging.getLogger("libchat.client")


class AsyncClient:
    """A participant over the network, for asyncio. `connect` makes one; it is an async context manager that exits.

    It behaves as `libchat.Client` does, with coroutines for its methods; `send` returns the receipt when it has come.
    All of it belongs to one event loop. When the inbox is full, the server is made to wait.
    """

    def __init__(self, address: str, name: str, trust: Trust | None, *, reconnect: bool, inbox: int) -> None:
        self.name = name
        self._host, self._port = parse_address(address)
        self._trust = trust
        self._reconnect = reconnect
        self._link = Link(name, secrets.token_hex(16), agent=f"libchat/{__version__}")
        self._cids = count(1)
        self._answers: dict[str, asyncio.Future[m.Event]] = {}
        self._inbox: deque[m.Event] = deque()
        self._limit = inbox
        self._changed = asyncio.Event()
        """Set when the inbox has got or lost an event, and at the end."""
        self._to_send = asyncio.Event()
        self._leaving = asyncio.Event()
        self._started = asyncio.Event()
        self._failure: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        self._end: ChatError | None = None
        self._is_ended = False

    async def __aenter__(self) -> Self:
        """Connect, and return when the name is ours. Raises what `libchat.connect` raises."""
        self._task = asyncio.create_task(self._run(), name="libchat-client")
        try:
            await self._started.wait()
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        if self._failure is not None:
            raise self._failure
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the chat."""
        await self.close()

    # --- talking ----------------------------------------------------------------------------------------------------

    async def send(self, target: str, text: str, *, cid: str | None = None) -> m.Accepted:
        """Say something to a name or a `#room`, and return when the log has it."""
        return await self._answer(m.Accepted, lambda own: m.Send(target, text, own), cid)

    async def join(self, room: str) -> m.Entered:
        """Enter a room, and return its members and topic."""
        return await self._answer(m.Entered, lambda cid: m.Join(room, cid))

    async def leave(self, room: str) -> None:
        """Leave a room."""
        await self._answer(m.Exited, lambda cid: m.Leave(room, cid))

    async def topic(self, room: str) -> str:
        """Return the topic of a room that one is in."""
        return (await self._answer(m.TopicIs, lambda cid: m.Topic(room, None, cid))).text

    async def set_topic(self, room: str, text: str) -> m.Accepted:
        """Set the topic of a room that one is in; an empty one clears it."""
        return await self._answer(m.Accepted, lambda cid: m.Topic(room, text, cid))

    async def who(self, room: str = "") -> tuple[m.Present, ...]:
        """Return who is online, or who is in a room, sorted by name."""
        return (await self._answer(m.Online, lambda cid: m.Who(room, cid))).people

    async def rooms(self) -> tuple[m.RoomInfo, ...]:
        """Return which rooms there are, sorted by name."""
        return (await self._answer(m.RoomList, m.Rooms)).rooms

    async def away(self, text: str = "") -> None:
        """Tell the others that one is away, and why. Without a text: that one is back."""
        await self._answer(m.Done, lambda cid: m.Away(text, cid))

    async def typing(self, target: str) -> None:
        """Tell a name or a room that one is typing."""
        self._submit(m.Typing(target))

    async def history(self, target: str, *, before: int | None = None, limit: int = 50) -> m.Page:
        """Return the newest entries of a conversation, or the newest ones before the number `before`."""
        return await self._answer(m.Page, lambda cid: m.History(target, before, limit, cid))

    async def ping(self) -> None:
        """Return when the chat has answered."""
        await self._answer(m.Pong, m.Ping)

    # --- listening --------------------------------------------------------------------------------------------------

    async def receive(self) -> m.Entry:
        """Return the next message, and drop the other events before it. Raises `Disconnected`, and `Closed`."""
        while True:
            event = await self.receive_event()
            if isinstance(event, m.Entry) and event.kind == "message":
                return event

    async def receive_event(self) -> m.Event:
        """Return the next event of any type. Raises as `receive` does."""
        await self._until(lambda: bool(self._inbox) or self._is_ended)
        if not self._inbox:
            raise self._end or Closed(f"{self.name} has left the chat")
        event = self._inbox.popleft()
        self._changed.set()
        if isinstance(event, m.Entry):
            self._link.consumed(event)
            self._to_send.set()
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

    async def close(self) -> None:
        """Leave the chat; a guest's name is free again. Harmless when called twice."""
        if self._task is None:
            return
        if not self._leaving.is_set():
            self._link.submit(m.Exit())
            self._leaving.set()
            self._to_send.set()
        self._changed.set()
        await asyncio.wait((self._task,), timeout=LINGER_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._abandon(Closed(f"{self.name} has left the chat"))

    # --- commands and answers ---------------------------------------------------------------------------------------

    def _submit(self, command: m.Command) -> None:
        if self._end is not None:
            raise self._end
        if self._leaving.is_set() or self._task is None:
            raise Closed(f"{self.name} is not in the chat")
        self._link.submit(command)
        self._to_send.set()

    async def _answer(self, kind: type[E], command: Callable[[str], m.Command], cid: str | None = None) -> E:
        cid = cid if cid is not None else str(next(self._cids))
        answer: asyncio.Future[m.Event] = asyncio.get_running_loop().create_future()
        self._submit(command(cid))
        self._answers[cid] = answer
        try:
            event = await asyncio.wait_for(answer, ANSWER_SECONDS)
        finally:
            self._answers.pop(cid, None)
        if isinstance(event, m.Failed):
            raise refusal(event.code, event.text, event.subject)
        assert isinstance(event, kind)
        return event

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Return when a condition on the inbox holds."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    # --- the task ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._serve()
        except Exception as error:  # noqa: BLE001  # the outermost frame of a task
            _log.critical("the client of %s has failed", self.name, exc_info=True)
            self._fail(error)
        finally:
            self._is_ended = True
            self._changed.set()

    async def _serve(self) -> None:
        delays = backoff(random.random)
        while True:
            error = await self._attend()
            if self._link.state is State.LIVE:
                delays = backoff(random.random)
            if self._is_final(error):
                self._fail(self._link.end or error)
                return
            await self._hand_over(self._link.lost(str(error)))
            try:
                await asyncio.wait_for(self._leaving.wait(), next(delays))
            except TimeoutError:
                continue
            return

    async def _attend(self) -> Exception:
        """Connect, serve until the connection ends, and return why it did."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self._open()
        except (OSError, ChatError) as error:
            return error
        try:
            await self._converse(reader, writer)
        except (OSError, ChatError) as error:
            return error
        finally:
            await _close(writer)
        return Disconnected("the server has closed the connection")

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, and check that it is the right server."""
        if self._trust is None:
            return await asyncio.open_connection(self._host, self._port)
        from libchat.security.identity import client_context

        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=client_context())
        try:
            self._trust.check(
                format_address(self._host, self._port),
                writer.get_extra_info("ssl_object").getpeercert(binary_form=True),
            )
        except BaseException:
            await _close(writer)
            raise
        return reader, writer

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry commands and events until the server closes the connection, or is waited for in vain."""
        self._link.connected()
        self._to_send.set()
        sender = asyncio.create_task(self._write(writer))
        try:
            while self._link.end is None and (data := await self._read(reader)):
                await self._hand_over(self._link.receive_data(data))
                self._to_send.set()
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """Return what comes next, b"" at the end. Raises TimeoutError if the server does not answer any more."""
        while True:
            try:
                return await asyncio.wait_for(reader.read(RECEIVE_BYTES), PING_SECONDS)
            except TimeoutError:
                if self._link.quiet():
                    raise TimeoutError("the server does not answer") from None
                self._to_send.set()

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        """Send what the link has, whenever it has something."""
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            writer.write(self._link.data_to_send())
            await writer.drain()

    async def _hand_over(self, events: list[m.Event]) -> None:
        for event in events:
            answer = self._answers.get(getattr(event, "cid", ""))
            if isinstance(event, m.Registered):
                self.name = event.name
                self._started.set()
            elif answer is not None:
                if not answer.done():
                    answer.set_result(event)
            else:
                await self._until(lambda: len(self._inbox) < self._limit or self._leaving.is_set())
                self._inbox.append(event)
                self._changed.set()

    def _is_final(self, error: Exception) -> bool:
        """Return whether trying again is of no use, or not wanted."""
        may_pass = isinstance(error, (OSError, ProtocolError, Disconnected))
        return (
            self._link.end is not None
            or not (may_pass and self._reconnect and self._link.has_registered)
            or self._leaving.is_set()
        )

    def _fail(self, error: Exception) -> None:
        if not self._link.has_registered:
            self._failure = error
            self._started.set()
        elif not self._leaving.is_set():
            self._end = error if isinstance(error, Disconnected) else Disconnected(str(error))
            self._abandon(self._end)

    def _abandon(self, error: ChatError) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(error)


def connect(
    address: str,
    name: str,
    *,
    pin: str | None = None,
    known_servers: Path | None = None,
    accept_new: AcceptNew | None = None,
    plaintext: bool = False,
    reconnect: bool = True,
    inbox: int = INBOX_EVENTS,
) -> AsyncClient:
    """Return a participant that connects when its `async with` block begins. The arguments are `libchat.connect`'s."""
    trust = None if plaintext else Trust(pin, known_servers, accept_new)
    return AsyncClient(address, name, trust, reconnect=reconnect, inbox=inbox)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close a connection on which nothing is owed any more, without waiting for the other side."""
    writer.transport.abort()
    try:
        await writer.wait_closed()
    except OSError:
        pass  # it was lost, which is why it is closed
