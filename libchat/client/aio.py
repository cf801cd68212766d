"""The asyncio client: the same link, driven by one task of the program's own loop."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from types import TracebackType
from typing import Self, Unpack

from libchat import messages as m
from libchat._version import __version__
from libchat.client.address import format_address
from libchat.client.aio_participant import AsyncParticipant
from libchat.client.credentials import Credentials, ask_password
from libchat.client.device import new_device
from libchat.client.link import Link, State
from libchat.client.memory import Memory
from libchat.client.settings import Options, Settings
from libchat.errors import (
    ChatError,
    Closed,
    Code,
    Disconnected,
    ProtocolError,
    StoreError,
    TrustError,
    reason_of,
)
from libchat.limits import RECEIVE_BYTES

_log = logging.getLogger("libchat.client")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class AsyncClient(AsyncParticipant):
    """A participant over the network, for asyncio. `connect` makes one; it is an async context manager that exits.

    It behaves as `libchat.Client` does, with coroutines for its methods; `send` returns the receipt when it has come.
    All of it belongs to one event loop, and it enters its block once. When the inbox is full, the server is made to
    wait.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, inbox=settings.inbox)
        self.invite_room = ""
        """Where the invite leads to by which one came in, "" if to no room."""
        self._settings = settings
        self._route = settings.make_route()
        self._timeout = settings.timeout
        self._patience = settings.patience
        self._memory = Memory()
        self._link = Link(name, new_device())  # until its own device is known
        self._credentials = Credentials()
        self._pin = ""
        """The pin of the key that the server has shown on this connection."""
        self._greeted_by = 0.0
        """Until when the server may take to give the name, by the clock of the loop."""
        self._to_send = asyncio.Event()
        self._started = asyncio.Event()
        self._failure: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """The server's address: of several, the one that worked last."""
        return self._route.address

    async def __aenter__(self) -> Self:
        """Connect, and return when the name is ours. Raises what `libchat.connect` raises."""
        if self._task is not None or self._leaving.is_set():
            raise Closed(f"{self.name} was in the chat before; connect once more")
        self._memory = self._settings.open_memory(self.name)
        try:
            agent, begun = f"libchat/{__version__}", time.time_ns() // 1_000_000
            self._credentials = self._settings.open_credentials()
            self._link = Link(
                self.name,
                self._memory.device,
                agent=agent,
                memory=self._memory,
                begun=begun,
                credentials=self._credentials,
            )
        except BaseException:
            self._memory.close()
            raise
        self._task = asyncio.create_task(self._run(), name="libchat-client")
        self._is_begun = True
        try:
            await self._until_started()
        except BaseException:
            await _end(self._task)
            self._close_memory()
            raise
        return self

    async def _until_started(self) -> None:
        """Return when the name is ours. If the server wants a password, the program is asked for it, in a thread."""
        while not self._link.has_registered and self._failure is None:
            await self._started.wait()
            self._started.clear()
            question = self._link.question
            if question is not None and self._failure is None:
                self._link.give_password(await asyncio.to_thread(ask_password, self._credentials, question))
                self._greeted_by = asyncio.get_running_loop().time() + self._timeout
                self._to_send.set()
        if self._failure is not None:
            raise self._failure

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the chat."""
        await self.close()

    # --- leaving ----------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Leave the chat; a guest's name is free again. Harmless when called twice.

        What waits is sent before, if there is a connection.
        """
        self._link.leave()
        self._leaving.set()
        self._to_send.set()
        self._changed.set()
        if self._task is not None:
            try:
                if self._link.state is not State.OFFLINE and self._link.end is None:
                    await asyncio.wait((self._task,), timeout=self._patience.linger)
            finally:
                await _end(self._task)
                self._close_memory()
        self._abandon(lambda: Closed(f"{self.name} has left the chat"))

    def _close_memory(self) -> None:
        try:
            self._memory.close()
        except StoreError:
            _log.exception("%s left the chat, and not all of its state could be kept", self.name)

    # --- what a participant asks for --------------------------------------------------------------------------------

    def _submit(self, command: m.Command) -> None:
        self._check_open()
        self._link.submit(command)
        self._memory.save()
        self._to_send.set()

    def _consumed(self, event: m.Event) -> None:
        if isinstance(event, m.Entry):
            if self._link.consumed(event):
                self._to_send.set()
            self._memory.save()

    # --- the task ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._serve()
        except Exception as error:  # noqa: BLE001  # the outermost frame of a task
            _log.critical("the client of %s has failed", self.name, exc_info=True)
            self._fail(error)
        finally:
            if not self._link.has_registered:
                self._failure = self._failure or Closed(f"{self.name} has left before the name was given")
                self._started.set()
            self._is_ended = True
            self._changed.set()

    async def _serve(self) -> None:
        now = asyncio.get_running_loop().time
        delays = self._patience.delays()
        while True:
            begun = now()
            error = await self._attend()
            if self._is_final(error):
                self._fail(self._link.end or error)
                return
            if now() - begun >= self._patience.steady:
                delays = self._patience.delays()
            await self._hand_over(self._link.lost(reason_of(error)))
            try:
                async with asyncio.timeout(next(delays)):
                    await self._leaving.wait()
            except TimeoutError:
                continue
            return

    async def _attend(self) -> Exception:
        """Connect, serve until the connection ends, and return why it did."""
        try:
            reader, writer = await self._find()
        except (OSError, ChatError) as error:
            return error
        try:
            await self._converse(reader, writer)
        except (OSError, ChatError) as error:
            return error
        finally:
            await _close(writer)
        return Disconnected("the server has closed the connection")

    async def _find(self) -> Streams:
        """Return a connection to the first of the server's hosts where the right server answers."""
        errors: list[Exception] = []
        for host, seconds in self._route.tries(self._timeout, asyncio.get_running_loop().time):
            try:
                streams = await self._open(host, seconds)
            except ssl.SSLError as error:
                reason = (error.reason or str(error)).lower().replace("_", " ")
                errors.append(ProtocolError(Code.BAD_LINE, f"TLS failed: {reason}"))
            except (OSError, ProtocolError, TrustError) as error:
                errors.append(error)
            else:
                self._route.worked(host)
                return streams
        raise self._route.why(errors)

    async def _open(self, host: str, seconds: float) -> Streams:
        """Connect to a host, do the handshake, and check that it is the right server."""
        context, address = None, format_address(host, self._route.port)
        if self._settings.trust is not None:
            from libchat.security.tls import client_context

            context = client_context()
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(host, self._route.port, ssl=context)
        except TimeoutError as error:
            raise TimeoutError(f"{address} does not answer") from error
        try:
            await self._check_trust(writer, address)
        except BaseException:
            await _close(writer)
            raise
        return reader, writer

    async def _check_trust(self, writer: asyncio.StreamWriter, address: str) -> None:
        """Check that it is the right server. In a thread: it may read a file, and ask a person."""
        if self._settings.trust is not None:
            certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            self._pin = await asyncio.to_thread(self._settings.trust.check, address, certificate)
            if self._settings.is_pinned:
                self._memory.server_is(self._pin)

    async def _note_successor(self) -> None:
        """Take note of the next key that the server has announced. In a thread: it may write a file."""
        successor, self._link.successor = self._link.successor, None
        if successor is not None and self._settings.trust is not None:
            announced = await asyncio.to_thread(self._settings.trust.note, self.address, successor)
            if announced is not None and self._settings.is_pinned:
                self._memory.announced(self._pin, announced)
                self._memory.save()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry commands and events until the server closes the connection, or is waited for in vain."""
        self._link.connected(self._pin)
        self._to_send.set()
        self._greeted_by = asyncio.get_running_loop().time() + self._timeout
        sender = asyncio.create_task(self._write(writer), name="libchat-client-writes")
        try:
            while self._link.end is None and (data := await self._read(reader)):
                events = self._link.receive_data(data)
                self._memory.save()
                self._to_send.set()
                if self._link.question is not None:
                    self._started.set()
                await self._hand_over(events)
                if self._link.error is not None:
                    raise self._link.error
                await self._note_successor()
        finally:
            await _end(sender)

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """Return what comes next, b"" at the end. Raises TimeoutError if the server is waited for in vain."""
        now = asyncio.get_running_loop().time
        while True:
            is_live = self._link.state is State.LIVE
            try:
                async with asyncio.timeout_at(now() + self._patience.ping if is_live else self._greeted_by):
                    return await reader.read(RECEIVE_BYTES)
            except TimeoutError:
                if self._link.question is not None:
                    self._greeted_by = now() + self._timeout  # the server waits for the program
                if not is_live and now() < self._greeted_by:
                    continue
                if not is_live or self._link.quiet():
                    raise TimeoutError(f"{self.address} does not answer") from None
                self._to_send.set()

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        """Send what the link has, whenever it has something. The connection ends with it."""
        try:
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                data = self._link.data_to_send()
                self._memory.save()
                writer.write(data)
                await writer.drain()
        finally:
            writer.transport.abort()

    # --- handing over -----------------------------------------------------------------------------------------------

    async def _hand_over(self, events: list[m.Event]) -> None:
        for event in events:
            if isinstance(event, m.Registered):
                self.name = event.name
                self.invite_room = event.room or self.invite_room
                self._started.set()
            else:
                await self._deliver(event)

    # --- the end ----------------------------------------------------------------------------------------------------

    def _is_final(self, error: Exception) -> bool:
        """Return whether trying again is of no use, or not wanted."""
        return self._leaving.is_set() or not (self._settings.reconnect and self._link.may_return(error))

    def _fail(self, error: Exception) -> None:
        if not self._link.has_registered:
            self._failure = error
        else:
            self._disconnect(reason_of(error), None if isinstance(error, Disconnected) else error)


def connect(address: str, name: str, **options: Unpack[Options]) -> AsyncClient:
    """Return a participant that connects when its `async with` block begins. The arguments are `libchat.connect`'s.

    `accept_new` and `password` are called in another thread, so that they may ask a person and hold nobody up. `state`
    is opened when the block begins, and written in the loop: a write takes some ten microseconds, and does not wait for
    the disk.
    """
    return AsyncClient(name, Settings(address, options))


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task, and return when it has ended. What it raised is its own affair."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close a connection on which nothing is owed any more, without waiting for the other side."""
    writer.transport.abort()
    try:
        await writer.wait_closed()
    except OSError:
        pass  # it was lost, which is why it is closed
