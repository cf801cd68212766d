"""The asyncio client. What it has in common with the others is in `tests/contracts/test_participants.py`."""

from __future__ import annotations

import asyncio
import gc
import itertools
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

import libchat
from libchat import aio
from libchat import messages as m
from libchat.client.patience import Patience
from libchat.security.device_keys import new_device_key
from support.proxy import Proxy
from support.scripted import Caller, ScriptedServer
from support.signing import PASSWORD, quick_accounts

Enter = Callable[..., aio.AsyncClient]

SECONDS = 20
"""How long anything may take on a slow machine."""


def run(main: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a coroutine in debug mode, and see that it leaves nothing behind."""
    reports: list[str] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reports.append(str(context)))
        async with asyncio.timeout(SECONDS):
            await main()
        await turns(1)  # what is done is taken off the loop
        assert asyncio.all_tasks() == {asyncio.current_task()}
        gc.collect()

    asyncio.run(watched(), debug=True)
    gc.collect()  # transports and sockets that nobody closed warn now
    assert reports == []


async def turns(count: int) -> None:
    """Let the event loop go round so many times: as far as other tasks come without anybody waiting for a clock."""
    for _ in range(count):
        await asyncio.sleep(0)


async def texts(chat: aio.AsyncClient, count: int) -> list[str]:
    """Return the texts of the next messages."""
    return [(await chat.receive()).text for _ in range(count)]


async def wait_for(chat: aio.AsyncClient, kind: type[m.Event]) -> m.Event:
    """Return the next event of a type, and drop the others before it."""
    while not isinstance(event := await chat.receive_event(), kind):
        pass
    return event


@pytest.fixture
def enter(server: libchat.Server, quick: Patience) -> Enter:
    """Return a function that makes a client of the server."""

    def enter(name: str, **options: object) -> aio.AsyncClient:
        options.setdefault("address", server.address)
        options.setdefault("pin", server.pin)
        options.setdefault("patience", quick)
        return aio.connect(name=name, **options)  # type: ignore[arg-type]  # whatever the test says

    return enter


# --- connecting -----------------------------------------------------------------------------------------------------


def test_two_iterators_share_the_messages(enter: Enter) -> None:
    """Each message goes to one of the tasks that iterate, and both end when the client leaves."""

    async def main() -> None:
        async with enter("ana") as ana, enter("bo") as bo:
            got: list[list[str]] = [[], []]
            is_all = asyncio.Event()

            async def read(mine: list[str]) -> None:
                async for entry in bo:
                    mine.append(entry.text)
                    if sum(map(len, got)) == 50:
                        is_all.set()

            readers = [asyncio.create_task(read(mine)) for mine in got]
            await asyncio.gather(*(ana.send("bo", str(number)) for number in range(50)))
            await is_all.wait()
            await bo.close()
            await asyncio.gather(*readers)
            assert sorted(itertools.chain(*got), key=int) == [str(number) for number in range(50)]

    run(main)


def test_events_and_messages(enter: Enter) -> None:
    """`events` yields everything, iteration messages only; breaking off an iteration loses nothing."""

    async def main() -> None:
        async with enter("ana") as ana, enter("bo") as bo:
            await ana.typing("bo")
            await ana.send("bo", "one")
            await ana.send("bo", "two")
            async for event in bo.events():
                assert event == m.IsTyping("ana", "bo")
                break
            async for entry in bo:
                assert entry.text == "one"
                break
            assert await texts(bo, 1) == ["two"]

    run(main)


def test_address_and_name(enter: Enter, server: libchat.Server) -> None:
    """A client knows where its server is and what it is called."""

    async def main() -> None:
        async with enter("Ana") as ana:
            assert (ana.name, ana.address) == ("Ana", server.address)

    run(main)


def test_nothing_goes_before_the_block(enter: Enter) -> None:
    """A client that has not connected cannot be used, and one that has left does not connect again."""

    async def main() -> None:
        chat = enter("ana")
        with pytest.raises(libchat.Closed):
            await chat.send("bo", "hi")
        await chat.close()
        with pytest.raises(libchat.Closed):
            async with chat:
                pass
        chat = enter("ana")
        async with chat:
            pass
        with pytest.raises(libchat.Closed):
            async with chat:
                pass

    run(main)


def test_what_goes_wrong_when_connecting(enter: Enter, tmp_path: Path) -> None:
    """Each failure is raised by the block, as `libchat.connect` raises it, and leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        unused = f"127.0.0.1:{listener.getsockname()[1]}"

    def talk_http(caller: Caller) -> None:
        caller.socket.recv(65_536)
        caller.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def hang_up(caller: Caller) -> None:
        caller.socket.recv(65_536)

    async def expect(error: type[Exception], chat: aio.AsyncClient) -> None:
        with pytest.raises(error):
            async with chat:
                pass

    async def main() -> None:
        await expect(ConnectionRefusedError, enter("ana", address=unused))
        await expect(libchat.Refused, enter("no good"))
        await expect(libchat.PinMismatch, enter("ana", pin="sha256:" + "0" * 64))
        new = {"pin": None, "known_servers": tmp_path / "known"}
        await expect(libchat.TrustError, enter("ana", accept_new=lambda address, pin: False, **new))
        async with enter("ana", **new):
            await expect(libchat.NameTaken, enter("ana"))
        with ScriptedServer(talk_http, hang_up) as server:
            await expect(libchat.ProtocolError, enter("ana", address=server.address))
            await expect(ConnectionError, enter("ana", address=server.address))

    run(main)


def test_wrong_key_hears_no_word(enter: Enter) -> None:
    """A server with another key than the pinned one gets a handshake and no word of the chat."""
    with libchat.serve(port=0) as other:

        async def main() -> None:
            with pytest.raises(libchat.PinMismatch):
                async with enter("ana", address=other.address):
                    pass

        run(main)
        with other.hub.connect("bo") as bo:
            assert bo.who() == (m.Present("bo"),)


def test_program_is_asked_in_another_thread(enter: Enter, tmp_path: Path) -> None:
    """While a person looks at the new server's key, the loop goes on."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def accept(address: str, pin: str) -> bool:
        is_asked.set()
        return may_answer.wait(SECONDS)

    async def main() -> None:
        async def answer() -> None:
            await asyncio.to_thread(is_asked.wait, SECONDS)
            may_answer.set()

        answering = asyncio.create_task(answer())
        async with enter("ana", pin=None, known_servers=tmp_path / "known", accept_new=accept):
            await answering

    run(main)


@pytest.mark.parametrize("plaintext", [True, False])
def test_servers_that_do_not_answer(plaintext: bool) -> None:
    """A server that accepts and then says nothing, or never gives the name, is given up."""

    def script(caller: Caller) -> None:
        if plaintext:
            caller.write('{"type":"welcome","server":"test/1","log":"log-1","cid":"~"}')
        caller.wait_for_end()

    with ScriptedServer(script) as server:

        async def main() -> None:
            with pytest.raises(TimeoutError, match="does not answer"):
                async with aio.connect(server.address, "ana", plaintext=plaintext, timeout=0.1):
                    pass

        run(main)


# --- being cancelled ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [*range(12), 100, 1000, 3000])
def test_cancelled_while_connecting(enter: Enter, steps: int) -> None:
    """However far connecting has come, cancelling it leaves nothing behind, and the name is free."""

    async def main() -> None:
        async def connect() -> None:
            async with enter("ana"):
                await asyncio.Event().wait()

        task = asyncio.create_task(connect())
        await turns(steps)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while True:
            try:
                async with enter("ana"):
                    return
            except libchat.NameTaken:  # the server has not noticed yet
                continue

    run(main)


def test_cancelled_while_receiving(enter: Enter) -> None:
    """A task that is cancelled while it waits for a message takes none with it."""

    async def main() -> None:
        async with enter("ana") as ana, enter("bo") as bo:
            got: list[str] = []
            for number in range(30):
                send = asyncio.create_task(ana.send("bo", str(number)))
                receive = asyncio.create_task(bo.receive())
                await turns(number * number)  # from before it waits to after the message has come
                receive.cancel()
                await asyncio.wait((send, receive))
                got += [] if receive.cancelled() else [receive.result().text]
            got += await texts(bo, 30 - len(got))
            assert got == [str(number) for number in range(30)]

    run(main)


def test_cancelled_while_sending(enter: Enter) -> None:
    """A send that is cancelled may be sent or not; its answer disturbs nobody."""

    async def main() -> None:
        async with enter("ana") as ana, enter("bo"):
            task = asyncio.create_task(ana.send("bo", "hi"))
            await turns(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await ana.ping()
            assert (await ana.history("bo")).entries[0].text == "hi"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await ana.receive_event()

    run(main)


def test_cancelled_while_leaving(enter: Enter, proxy: Proxy) -> None:
    """Leaving that is cancelled is leaving nevertheless."""

    async def main() -> None:
        chat = enter("ana", address=proxy.address, patience=Patience(linger=SECONDS * 2))
        await chat.__aenter__()
        proxy.stall()
        task = asyncio.create_task(chat.close())
        await turns(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(libchat.Closed):
            await chat.receive()

    run(main)


# --- connecting again -----------------------------------------------------------------------------------------------


def test_connection_comes_back(enter: Enter, proxy: Proxy) -> None:
    """A lost connection is told and made again; what is said meanwhile goes out then, once and in order."""

    async def main() -> None:
        async with enter("ana", address=proxy.address) as ana, enter("bo") as bo:
            await ana.join("#x")
            await bo.join("#x")
            await asyncio.to_thread(proxy.refuse)
            await wait_for(ana, m.Interrupted)
            sends = [asyncio.create_task(ana.send("bo", str(number))) for number in range(50)]
            sends.append(asyncio.create_task(ana.send("#x", "to all")))
            await turns(1)
            await asyncio.to_thread(proxy.admit)
            await wait_for(ana, m.Resumed)
            assert [accepted.seq for accepted in await asyncio.gather(*sends[:50])] == list(range(1, 51))
            assert await texts(bo, 51) == [*map(str, range(50)), "to all"]
            assert await ana.who("#x") == (m.Present("ana"), m.Present("bo"))
            await sends[50]

    run(main)


def test_nothing_is_lost_or_doubled(enter: Enter, proxy: Proxy) -> None:
    """However often both connections are cut, each message is read once and in order, and each receipt comes."""

    async def main() -> None:
        async with enter("ana", address=proxy.address) as ana, enter("bo", address=proxy.address) as bo:
            sends: list[asyncio.Task[m.Accepted]] = []
            for number in range(200):
                sends.append(asyncio.create_task(ana.send("bo", str(number))))
                await turns(1)
                if number % 30 == 10:
                    await asyncio.to_thread(proxy.cut if number % 60 == 10 else proxy.abandon)
            assert await texts(bo, 200) == [str(number) for number in range(200)]
            assert [accepted.seq for accepted in await asyncio.gather(*sends)] == list(range(1, 201))

    run(main)


def test_first_loss_may_be_the_end(enter: Enter, proxy: Proxy) -> None:
    """Without `reconnect`, whoever waits is told that it is over."""

    async def main() -> None:
        async with enter("ana", address=proxy.address, reconnect=False) as ana:
            proxy.stall()
            waiting = [asyncio.create_task(ana.send("bo", "hi")), asyncio.create_task(ana.receive())]
            await turns(1)
            await asyncio.to_thread(proxy.cut)
            for error in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(error, libchat.Disconnected)
            with pytest.raises(libchat.Disconnected):
                await ana.ping()

    run(main)


def test_silence_of_the_server(enter: Enter, proxy: Proxy) -> None:
    """A server that is silently gone is noticed, also by a program that talks all the time."""

    async def main() -> None:
        patience = Patience(ping=0.1, delays=lambda: itertools.repeat(0.01))
        async with enter("ana", address=proxy.address, patience=patience) as ana:

            async def type_all_the_time() -> None:
                while True:
                    await ana.typing("bo")
                    await turns(100)

            typing = asyncio.create_task(type_all_the_time())
            proxy.stall()
            interrupted = await wait_for(ana, m.Interrupted)
            assert isinstance(interrupted, m.Interrupted)
            assert "does not answer" in interrupted.reason
            proxy.flow()
            await wait_for(ana, m.Resumed)
            typing.cancel()

    run(main)


def test_leaving_while_the_server_is_away(enter: Enter, server: libchat.Server) -> None:
    """Leaving between two tries takes no time, and what waits is given up."""

    async def main() -> None:
        patience = Patience(delays=lambda: itertools.repeat(1000.0))
        async with enter("ana", patience=patience) as ana:
            await asyncio.to_thread(server.stop)
            await wait_for(ana, m.Interrupted)
            send = asyncio.create_task(ana.send("bo", "hi"))
            await turns(1)
            await ana.close()
            with pytest.raises(libchat.Closed):
                await send

    run(main)


def test_server_that_breaks_the_rules() -> None:
    """A line that is no event is a reason to connect again; what came before it is not lost."""

    def break_it(caller: Caller) -> None:
        caller.register("ana")
        caller.write('{"type":"entry","target":"ana","seq":1,"sender":"bo","time":1,"text":"hi"}', "garbage")

    def mend_it(caller: Caller) -> None:
        caller.register("ana")
        caller.write('{"type":"bye","reason":"enough","final":true}')
        caller.wait_for_end()

    async def main() -> None:
        patience = Patience(delays=lambda: itertools.repeat(0.01))
        with ScriptedServer(break_it, mend_it) as server:
            async with aio.connect(server.address, "ana", plaintext=True, patience=patience) as chat:
                kinds = [type(await chat.receive_event()) for _ in range(4)]
                assert kinds == [m.Entry, m.Interrupted, m.Resumed, m.Bye]
                with pytest.raises(libchat.Disconnected, match="enough"):
                    await chat.receive()

    run(main)


# --- the inbox ------------------------------------------------------------------------------------------------------


def test_full_inbox_holds_the_server_back(enter: Enter) -> None:
    """A program that reads slowly gets everything in order, however much more there is than fits."""

    async def main() -> None:
        async with enter("ana") as ana, enter("bo", inbox=5) as bo:
            await ana.send("bo", "first")
            assert await texts(bo, 1) == ["first"]
            await asyncio.gather(*(ana.send("bo", f"{number} {'x' * 4000}") for number in range(400)))
            assert len(bo._inbox) <= 5
            assert [text.split()[0] for text in await texts(bo, 400)] == [str(number) for number in range(400)]

    run(main)


def test_leaving_with_a_full_inbox(enter: Enter) -> None:
    """A client whose program does not read any more can leave."""

    async def main() -> None:
        async with enter("ana") as ana:
            async with enter("bo", inbox=1) as bo:
                await ana.send("bo", "first")
                await texts(bo, 1)
                for _ in range(5):
                    await ana.send("bo", "more")
            assert (await ana.send("bo", "even more")).is_queued

    run(main)


def test_cid_that_is_waited_for(enter: Enter, proxy: Proxy) -> None:
    """Two sends with one cid at once are a mistake of the caller; the first one is not disturbed."""

    async def main() -> None:
        async with enter("ana", address=proxy.address) as ana, enter("bo"):
            proxy.stall()
            first = asyncio.create_task(ana.send("bo", "one", cid="1"))
            await turns(1)
            with pytest.raises(libchat.Refused):
                await ana.send("bo", "two", cid="1")
            proxy.flow()
            assert (await first).seq == 1

    run(main)


# --- accounts -------------------------------------------------------------------------------------------------------


def test_password_is_asked_for_in_a_thread() -> None:
    """The loop goes on while a person types; a key that is signed in is never asked again."""
    key = new_device_key()
    loops: list[bool] = []

    def ask(reason: str) -> str:
        loops.append(threading.current_thread() is threading.main_thread())
        return PASSWORD if len(loops) == 2 else "wrong horse battery"

    async def main() -> None:
        with libchat.serve(port=0, accounts=quick_accounts()) as server:
            async with aio.connect(server.address, "ana", pin=server.pin, password=PASSWORD) as ana:
                assert ana.name == "ana"
            async with aio.connect(server.address, "ana", pin=server.pin, password=ask, key=key) as ana:
                (device,) = await ana.devices()
                assert device.is_current
            async with aio.connect(server.address, "ana", pin=server.pin, key=key):
                pass
            with pytest.raises(libchat.WrongPassword):
                async with aio.connect(server.address, "ana", pin=server.pin, password="wrong horse battery"):
                    pass
            with pytest.raises(libchat.PasswordNeeded):
                async with aio.connect(server.address, "ana", pin=server.pin, password=lambda why: ""):
                    pass

    run(main)
    assert loops == [False, False]


def test_who_gives_no_password_waits_for_nobody() -> None:
    """A question that is left open is told at once, however long a client stays to have its last lines arrive."""
    patience = Patience(linger=10 * SECONDS)

    async def main(server: libchat.Server) -> None:
        with pytest.raises(libchat.PasswordNeeded):
            async with aio.connect(server.address, "ana", pin=server.pin, password=lambda why: "", patience=patience):
                pass

    with libchat.serve(port=0, admit="accounts") as server:
        begun = time.monotonic()
        run(lambda: main(server))
        with pytest.raises(libchat.PasswordNeeded):
            libchat.connect(server.address, "ana", pin=server.pin, password=lambda why: "", patience=patience)
        assert time.monotonic() - begun < SECONDS


def test_server_waits_while_a_person_types() -> None:
    """The time that a person takes for a password does not count for the server, which still has its own."""
    released = threading.Event()

    def script(caller: Caller) -> None:
        caller.welcome(nonce="nonce")
        caller.read_until(b'"register"')
        caller.write('{"type":"error","code":"password-needed","text":"it is an account","cid":"~"}')
        assert b"hush" in caller.read_until(b'"register"')
        caller.wait_for_end()

    async def main() -> None:
        with ScriptedServer(script) as server:
            loop = asyncio.get_running_loop()
            loop.call_later(1.0, released.set)
            begun = loop.time()
            with pytest.raises(TimeoutError):
                async with aio.connect(
                    server.address,
                    "ana",
                    plaintext=True,
                    timeout=0.3,
                    password=lambda why: "hush" if released.wait(20) else "",
                ):
                    pass
            assert loop.time() - begun >= 1.3

    run(main)
