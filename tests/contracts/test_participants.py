from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

import pytest

import libchat
from contracts.participant_contract import SECONDS, Chat, ParticipantContract
from libchat import aio
from libchat import messages as m
from libchat.limits import SEARCH_ENTRIES
from support.signing import quick_accounts

T = TypeVar("T")


class HubChat:
    """A chat in process."""

    def __init__(self) -> None:
        self.hub = libchat.Hub(accounts=quick_accounts())

    def enter(self, name: str, *, inbox: int = 10_000) -> libchat.Participant:
        """Return a new participant."""
        return self.hub.connect(name, inbox=inbox)

    def end(self) -> None:
        """End the chat."""
        self.hub.close()


class ServedChat:
    """A chat behind a server, for blocking clients."""

    def __init__(self) -> None:
        self.server = libchat.serve(port=0, accounts=quick_accounts())
        self.server.start()
        self.clients: list[libchat.Client] = []

    def enter(self, name: str, *, inbox: int = 10_000) -> libchat.Client:
        """Return a new participant."""
        client = libchat.connect(self.server.address, name, pin=self.server.pin, reconnect=False, inbox=inbox)
        self.clients.append(client)
        return client

    def end(self) -> None:
        """End the chat."""
        self.server.stop()


class AwaitedReceipt:
    """A send that is under way in a loop."""

    def __init__(self, answer: Future[m.Accepted]) -> None:
        self._answer = answer

    def accepted(self, timeout: float | None = SECONDS) -> m.Accepted:
        """Wait for the answer."""
        return self._answer.result(timeout)


class Awaited:
    """An `AsyncClient`, so that a test can use it as it uses the others."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: aio.AsyncClient) -> None:
        self._loop = loop
        self._client = client
        self._run(client.__aenter__())

    @property
    def name(self) -> str:
        """The name."""
        return self._client.name

    @name.setter
    def name(self, name: str) -> None:
        raise AttributeError

    def _begin(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._begin(coroutine).result(SECONDS)

    def send(self, target: str, text: str, *, reply_to: int | None = None, cid: str | None = None) -> AwaitedReceipt:
        """Say something."""
        return AwaitedReceipt(self._begin(self._client.send(target, text, reply_to=reply_to, cid=cid)))

    def edit(self, target: str, seq: int, text: str) -> AwaitedReceipt:
        """Replace a text."""
        return AwaitedReceipt(self._begin(self._client.edit(target, seq, text)))

    def delete(self, target: str, seq: int) -> AwaitedReceipt:
        """Take a message away."""
        return AwaitedReceipt(self._begin(self._client.delete(target, seq)))

    def react(self, target: str, seq: int, text: str) -> AwaitedReceipt:
        """Answer without words."""
        return AwaitedReceipt(self._begin(self._client.react(target, seq, text)))

    def unreact(self, target: str, seq: int, text: str) -> AwaitedReceipt:
        """Take a reaction back."""
        return AwaitedReceipt(self._begin(self._client.unreact(target, seq, text)))

    def read(self, target: str, seq: int) -> None:
        """Have read."""
        self._run(self._client.read(target, seq))

    def join(self, room: str, *, password: str = "") -> m.Entered:
        """Enter a room."""
        return self._run(self._client.join(room, password=password))

    def leave(self, room: str) -> None:
        """Leave a room."""
        self._run(self._client.leave(room))

    def topic(self, room: str) -> str:
        """Return a topic."""
        return self._run(self._client.topic(room))

    def set_topic(self, room: str, text: str) -> AwaitedReceipt:
        """Set a topic."""
        return AwaitedReceipt(self._begin(self._client.set_topic(room, text)))

    def kick(self, room: str, name: str, reason: str = "") -> None:
        """Put somebody out."""
        self._run(self._client.kick(room, name, reason))

    def ban(self, room: str, mask: str, seconds: int = 0, reason: str = "", *, by_address: bool = False) -> None:
        """Keep somebody out."""
        self._run(self._client.ban(room, mask, seconds, reason, by_address=by_address))

    def unban(self, room: str, mask: str) -> None:
        """Take a ban back."""
        self._run(self._client.unban(room, mask))

    def bans(self, room: str) -> m.BanList:
        """Return bans and mutes."""
        return self._run(self._client.bans(room))

    def mute(self, room: str, name: str, seconds: int = 0, reason: str = "") -> None:
        """Have somebody not speak."""
        self._run(self._client.mute(room, name, seconds, reason))

    def unmute(self, room: str, name: str) -> None:
        """Have somebody speak."""
        self._run(self._client.unmute(room, name))

    def grant(self, room: str, name: str, role: str) -> None:
        """Give a role."""
        self._run(self._client.grant(room, name, role))

    def set_room(
        self,
        room: str,
        *,
        invite_only: bool | None = None,
        password: str | None = None,
        moderated: bool | None = None,
        secret: bool | None = None,
        open_topic: bool | None = None,
    ) -> None:
        """Set how a room is."""
        self._run(
            self._client.set_room(
                room,
                invite_only=invite_only,
                password=password,
                moderated=moderated,
                secret=secret,
                open_topic=open_topic,
            )
        )

    def room_settings(self, room: str) -> m.RoomIs:
        """Return how a room is."""
        return self._run(self._client.room_settings(room))

    def invite_to(self, room: str, name: str) -> None:
        """Invite somebody."""
        self._run(self._client.invite_to(room, name))

    def who(self, room: str = "") -> tuple[m.Present, ...]:
        """Return who is there."""
        return self._run(self._client.who(room))

    def rooms(self) -> tuple[m.RoomInfo, ...]:
        """Return the rooms."""
        return self._run(self._client.rooms())

    def away(self, text: str = "") -> None:
        """Be away."""
        self._run(self._client.away(text))

    def typing(self, target: str) -> None:
        """Be typing."""
        self._run(self._client.typing(target))

    def history(
        self,
        target: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> m.Page:
        """Return a page."""
        return self._run(self._client.history(target, before=before, after=after, around=around, limit=limit))

    def search(self, text: str, *, target: str = "", before: int | None = None, limit: int = SEARCH_ENTRIES) -> m.Found:
        """Return messages with words."""
        return self._run(self._client.search(text, target=target, before=before, limit=limit))

    def set_password(self, new: str, old: str = "") -> None:
        """Set a password."""
        self._run(self._client.set_password(new, old))

    def devices(self) -> tuple[m.DeviceInfo, ...]:
        """Return the devices."""
        return self._run(self._client.devices())

    def revoke(self, device: str) -> None:
        """Sign a device out."""
        self._run(self._client.revoke(device))

    def make_invite(self, room: str = "", uses: int = 1, seconds: int = 24 * 3600) -> m.InviteMade:
        """Make an invite."""
        return self._run(self._client.make_invite(room, uses, seconds))

    def ping(self) -> None:
        """Return when the chat has answered."""
        self._run(self._client.ping())

    def receive(self, timeout: float | None = None) -> m.Entry:
        """Return the next message."""
        return self._run(self._within(timeout, self._client.receive))

    def receive_event(self, timeout: float | None = None) -> m.Event:
        """Return the next event."""
        return self._run(self._within(timeout, self._client.receive_event))

    def __iter__(self) -> Iterator[m.Entry]:
        """Yield messages."""
        messages = self._client.__aiter__()
        try:
            while True:
                yield self._run(anext(messages))  # type: ignore[arg-type]  # it is a coroutine here
        except StopAsyncIteration:
            return

    def close(self) -> None:
        """Leave the chat."""
        self._run(self._client.close())

    async def _within(self, seconds: float | None, receive: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async with asyncio.timeout(seconds):
            return await receive()


class AsyncChat(ServedChat):
    """A chat behind a server, for clients in a loop of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.set_debug(True)
        self.thread = threading.Thread(target=self.loop.run_forever, name="test-loop")
        self.thread.start()
        self.awaited: list[Awaited] = []

    def enter(self, name: str, *, inbox: int = 10_000) -> Awaited:  # type: ignore[override]  # another client
        """Return a new participant."""
        client = aio.connect(self.server.address, name, pin=self.server.pin, reconnect=False, inbox=inbox)
        awaited = Awaited(self.loop, client)
        self.awaited.append(awaited)
        return awaited

    def close(self) -> None:
        """End the loop."""
        asyncio.run_coroutine_threadsafe(self.loop.shutdown_default_executor(), self.loop).result(SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(SECONDS)
        self.loop.close()


class Waiters(Protocol):
    """A chat of blocking participants."""

    def enter(self, name: str, *, inbox: int = 10_000) -> libchat.Participant:
        """Return a new participant."""


class ReceiptContract:
    """What the receipts of blocking participants promise beyond `accepted`."""

    def test_receipts_wait_for_delivery_and_reading(self, chat: Waiters) -> None:
        """A receipt knows when the other has the message, and when the other has read it; not before."""
        ana, bo = chat.enter("ana"), chat.enter("bo")
        first, second = ana.send("Bo", "one"), ana.send("bo", "two")
        second.accepted(SECONDS)
        with pytest.raises(TimeoutError):
            first.delivered(0)
        bo.receive(SECONDS)
        first.delivered(SECONDS)
        seq = bo.receive(SECONDS).seq
        second.delivered(SECONDS)
        with pytest.raises(TimeoutError):
            first.read(0)
        bo.read("ana", seq - 1)
        first.read(SECONDS)
        bo.read("ana", seq)
        second.read(SECONDS)

    def test_room_has_no_such_receipts(self, chat: Waiters) -> None:
        """In a room nobody is told who has what."""
        ana = chat.enter("ana")
        ana.join("#x")
        with pytest.raises(ValueError, match="room"):
            ana.send("#x", "hi").delivered(SECONDS)


class TestInProcess(ParticipantContract, ReceiptContract):
    @pytest.fixture
    def chat(self) -> Iterator[Chat]:
        """Return a hub."""
        chat = HubChat()
        yield chat
        chat.hub.close()


class TestClient(ParticipantContract, ReceiptContract):
    @pytest.fixture
    def chat(self) -> Iterator[Chat]:
        """Return a server, with blocking clients."""
        chat = ServedChat()
        yield chat
        for client in chat.clients:
            client.close()
        chat.server.stop()


class TestAsyncClient(ParticipantContract):
    @pytest.fixture
    def chat(self) -> Iterator[Chat]:
        """Return a server, with asyncio clients."""
        chat = AsyncChat()
        yield chat
        for awaited in chat.awaited:
            awaited.close()
        chat.close()
        chat.server.stop()
