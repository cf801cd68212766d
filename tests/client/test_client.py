from __future__ import annotations

import contextlib
import itertools
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import libchat
from libchat import messages as m
from libchat.client.patience import Patience
from libchat.security.identity import load_identity
from libchat.security.tls import server_context
from libchat.transport.tls import TlsPump
from support.proxy import Proxy
from support.scripted import Caller, ScriptedServer

Connect = Callable[..., libchat.Client]

SECONDS = 20
"""How long anything may take on a slow machine."""


def texts(chat: libchat.Participant, count: int) -> list[str]:
    """Return the texts of the next messages."""
    return [chat.receive(SECONDS).text for _ in range(count)]


def wait_for(chat: libchat.Participant, kind: type[m.Event]) -> m.Event:
    """Return the next event of a type, and drop the others before it."""
    while not isinstance(event := chat.receive_event(SECONDS), kind):
        pass
    return event


def unused_address() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


# --- connecting -----------------------------------------------------------------------------------------------------


def test_name_and_address_are_the_servers(connect: Connect, server: libchat.Server) -> None:
    """A client knows what it is called and where its server is."""
    chat = connect("Ana")
    assert (chat.name, chat.address) == ("Ana", server.address)


def test_nobody_listens() -> None:
    """A port where nobody listens is an OSError at once, not a series of tries."""
    begun = time.monotonic()
    with pytest.raises(ConnectionRefusedError):
        libchat.connect(unused_address(), "ana")
    assert time.monotonic() - begun < 10


def test_host_that_does_not_exist() -> None:
    """A name that no resolver knows is an OSError."""
    with pytest.raises(OSError, match=r".+"):
        libchat.connect("no-such-host.invalid:80", "ana")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.9\r\n"])
def test_server_that_is_none(answer: bytes) -> None:
    """A server that speaks something else is found out by its first answer."""

    def script(caller: Caller) -> None:
        caller.socket.recv(65_536)
        caller.socket.sendall(answer)

    with (
        ScriptedServer(script) as server,
        pytest.raises(libchat.ProtocolError if answer else ConnectionError),
    ):
        libchat.connect(server.address, "ana")


def test_tls_where_there_is_none() -> None:
    """A client that wants TLS gives up on a server without it, and the other way round it is told."""
    with libchat.serve(port=0, plaintext=True) as server, pytest.raises((libchat.ProtocolError, ConnectionError)):
        libchat.connect(server.address, "ana")
    with libchat.serve(port=0) as server, pytest.raises(libchat.ProtocolError):
        libchat.connect(server.address, "ana", plaintext=True)


def test_without_tls() -> None:
    """A server without TLS is talked to when the program says so."""
    with (
        libchat.serve(port=0, plaintext=True) as server,
        libchat.connect(server.address, "ana", plaintext=True) as chat,
    ):
        assert chat.who() == (m.Present("ana"),)


def test_server_that_never_shakes_hands() -> None:
    """A server that accepts and says nothing is given up."""
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimeoutError, match="does not answer"):
        libchat.connect(f"127.0.0.1:{listener.getsockname()[1]}", "ana", timeout=0.1)


def test_server_that_never_gives_the_name() -> None:
    """A server that takes everything and answers nothing is given up, however it dribbles."""

    def script(caller: Caller) -> None:
        caller.write('{"type":"welcome","server":"test/1","log":"log-1","cid":"~"}')
        with contextlib.suppress(ConnectionError):  # it did not read everything
            while line := caller.read_line():
                assert b'"ping"' not in line  # a greeting is its own question

    with ScriptedServer(script) as server, pytest.raises(TimeoutError, match="does not answer"):
        libchat.connect(server.address, "ana", plaintext=True, timeout=0.1)


def test_wrong_key_gets_nothing() -> None:
    """A server with another key than the pinned one gets a first handshake message, and not one byte more."""
    pump = TlsPump(server_context(load_identity(None, datetime.now(UTC))), is_server=True)
    received: list[bytes] = []

    def script(caller: Caller) -> None:
        with contextlib.suppress(ConnectionError):  # it did not wait for the end of ours
            while data := caller.socket.recv(65_536):
                received.append(data)
                assert not pump.handshake(data)
                caller.socket.sendall(pump.data_to_send())

    with ScriptedServer(script) as server, pytest.raises(libchat.PinMismatch) as mismatch:
        libchat.connect(server.address, "ana", pin="sha256:" + "0" * 64)
    assert mismatch.value.address == server.address
    data = b"".join(received)
    assert data[0] == 22  # a handshake record (RFC 8446, section 5.1) ...
    assert len(data) == 5 + int.from_bytes(data[3:5])  # ... and only that


def test_server_that_the_program_does_not_accept(server: libchat.Server, tmp_path: Path) -> None:
    """The program is asked about a new server, and its no is final."""
    asked: list[tuple[str, str]] = []

    def accept(address: str, pin: str) -> bool:
        asked.append((address, pin))
        return False

    with pytest.raises(libchat.TrustError):
        libchat.connect(server.address, "ana", known_servers=tmp_path / "known", accept_new=accept)
    assert asked == [(server.address, server.pin)]


def test_known_server_with_a_new_key(tmp_path: Path) -> None:
    """A server is remembered by its key, and another key at its address is refused."""
    known = tmp_path / "known"
    with libchat.serve(port=0) as server:
        for _ in range(2):
            libchat.connect(server.address, "ana", known_servers=known).close()
        port = server.port
    with libchat.serve(port=port) as server, pytest.raises(libchat.PinMismatch):
        libchat.connect(server.address, "ana", known_servers=known)


def test_what_the_program_says_about_a_server_may_fail(
    server: libchat.Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of `accept_new` is raised by `connect`."""

    def accept(address: str, pin: str) -> bool:
        raise LookupError(address)

    with pytest.raises(LookupError), caplog.at_level(logging.CRITICAL + 1):
        libchat.connect(server.address, "ana", known_servers=tmp_path / "known", accept_new=accept)


@pytest.mark.parametrize("options", [{"address": "a b"}, {"pin": "sha256:12"}, {"device": "x" * 65}])
def test_mistakes_of_the_caller(connect: Connect, options: dict[str, str]) -> None:
    """What cannot be meant is a ValueError before anything is connected."""
    with pytest.raises(ValueError, match=r"."):
        connect("ana", **options)


# --- callbacks ------------------------------------------------------------------------------------------------------


def test_callback_may_do_everything(connect: Connect) -> None:
    """A callback gets its events in order, may ask and send, and what it gets is not in the inbox."""
    ana, bo = connect("ana"), connect("bo")
    seen: list[tuple[str, int]] = []

    def answer(entry: m.Entry) -> None:
        seen.append((entry.text, len(bo.who())))
        bo.send("ana", f"got {entry.text}").accepted()

    bo.on(libchat.Entry, answer)
    for number in range(10):
        ana.send("bo", str(number))
    assert texts(ana, 10) == [f"got {number}" for number in range(10)]
    assert seen == [(str(number), 2) for number in range(10)]
    with pytest.raises(TimeoutError):
        bo.receive(0)


def test_error_of_a_callback_is_reported(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """What a callback raises is logged with its traceback and handed over, and the next event is called with."""
    errors: list[BaseException] = []

    def report(error: BaseException) -> None:
        errors.append(error)
        raise ZeroDivisionError  # even that stops nothing

    ana, bo = connect("ana"), connect("bo", on_error=report)
    called: list[str] = []

    def fail(entry: m.Entry) -> None:
        called.append(entry.text)
        bo.send("ana", "called")
        raise LookupError(entry.text)

    bo.on(libchat.Entry, fail)
    for text in ("one", "two"):
        ana.send("bo", text)
    texts(ana, 2)
    bo.close()
    assert called == ["one", "two"]
    assert [error.args for error in errors] == [("one",), ("two",)]
    assert "LookupError: one" in caplog.text
    assert "on_error of bo raised" in caplog.text


def test_leaving_from_within_a_callback(connect: Connect) -> None:
    """A callback may leave the chat: it is the last one that is called."""
    ana, bo = connect("ana"), connect("bo")
    called: list[str] = []
    is_over = threading.Event()

    def leave(entry: m.Entry) -> None:
        called.append(entry.text)
        bo.close()
        is_over.set()

    bo.on(libchat.Entry, leave)
    for text in ("one", "two"):
        ana.send("bo", text)
    assert is_over.wait(SECONDS)
    assert ana.who() == (m.Present("ana"),)
    bo.close()
    assert called == ["one"]
    assert ana.send("bo", "three").accepted(SECONDS).is_queued


def test_leaving_does_not_wait_for_ever_for_a_callback(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A callback that does not return holds up nobody who leaves; the log tells of it."""
    ana, bo = connect("ana"), connect("bo", patience=Patience(linger=0.1))
    is_called, may_return = threading.Event(), threading.Event()

    def hang(entry: m.Entry) -> None:
        is_called.set()
        may_return.wait(SECONDS)

    bo.on(libchat.Entry, hang)
    ana.send("bo", "hi")
    assert is_called.wait(SECONDS)
    bo.close()
    assert not may_return.is_set()
    assert "libchat-callbacks does not end" in caplog.text
    may_return.set()


def test_callbacks_after_leaving(connect: Connect) -> None:
    """A callback that is set too late does nothing."""
    chat = connect("ana")
    chat.close()
    chat.on(libchat.Entry, print)


# --- connecting again -----------------------------------------------------------------------------------------------


def test_connection_comes_back(connect: Connect, proxy: Proxy) -> None:
    """A lost connection is told, and made again under the same name; what is said meanwhile goes out then, once."""
    ana, bo = connect("ana", address=proxy.address), connect("bo")
    ana.join("#x")
    bo.join("#x")
    proxy.refuse()
    assert isinstance(wait_for(ana, m.Interrupted), m.Interrupted)
    receipts = [ana.send("bo", str(number)) for number in range(50)]
    receipts.append(ana.send("#x", "to all"))
    proxy.admit()
    wait_for(ana, m.Resumed)
    assert [receipt.accepted(SECONDS).seq for receipt in receipts[:50]] == list(range(1, 51))
    assert texts(bo, 51) == [*map(str, range(50)), "to all"]
    assert ana.who("#x") == (m.Present("ana"), m.Present("bo"))
    bo.send("#x", "welcome back").accepted(SECONDS)
    assert texts(ana, 1) == ["welcome back"]


def test_name_is_taken_over_from_the_lost_connection(connect: Connect, proxy: Proxy) -> None:
    """A server that has not noticed the loss gives the name to the new connection of the same client at once."""
    ana, bo = connect("ana", address=proxy.address), connect("bo")
    ana.join("#x")
    bo.join("#x")
    proxy.abandon()
    wait_for(ana, m.Resumed)
    assert ana.send("#x", "still me").accepted(SECONDS).seq == 1
    assert bo.receive_event(SECONDS).text == "still me"  # type: ignore[attr-defined]  # and nobody has left or joined


def test_nothing_is_lost_or_doubled(connect: Connect, proxy: Proxy) -> None:
    """However often both connections are cut, each message is read once and in order, and each receipt comes."""
    ana, bo = connect("ana", address=proxy.address), connect("bo", address=proxy.address)
    receipts: list[libchat.Receipt] = []
    got: list[str] = []
    for round_number in range(8):
        for number in range(25):
            receipts.append(ana.send("bo", f"{round_number} {number}"))
            if number % 10 == round_number:
                (proxy.cut if round_number % 2 else proxy.abandon)()
        got += texts(bo, 20)
    got += texts(bo, 40)
    assert got == [f"{round_number} {number}" for round_number in range(8) for number in range(25)]
    assert [receipt.accepted(SECONDS).seq for receipt in receipts] == list(range(1, 201))
    with pytest.raises(TimeoutError):
        bo.receive(0)


def test_client_that_does_not_connect_again(connect: Connect, proxy: Proxy) -> None:
    """Without `reconnect`, the first loss is the end, also for what waits for an answer."""
    chat = connect("ana", address=proxy.address, reconnect=False)
    proxy.stall()
    receipt = chat.send("bo", "hi")
    proxy.cut()
    with pytest.raises(libchat.Disconnected):
        receipt.accepted(SECONDS)
    with pytest.raises(libchat.Disconnected):
        chat.receive(SECONDS)


def test_name_that_was_taken_meanwhile(connect: Connect, proxy: Proxy) -> None:
    """Somebody else has the name now: then it is over, with the reason."""
    chat = connect("ana", address=proxy.address)
    proxy.refuse()
    wait_for(chat, m.Interrupted)
    while True:
        try:
            connect("ana")
            break
        except libchat.NameTaken:  # the server has not noticed yet
            continue
    proxy.admit()
    with pytest.raises(libchat.Disconnected, match="taken"):
        list(chat.events())


def test_two_clients_with_one_device(connect: Connect) -> None:
    """A client with the device of another one takes the name over, and that one does not fight back."""
    first = connect("ana", device="my secret")
    second = connect("ana", device="my secret")
    with pytest.raises(libchat.Disconnected, match="taken over"):
        first.receive(SECONDS)
    second.ping()


def test_cid_counts_for_the_device(connect: Connect) -> None:
    """A program that says something again after a restart, with its device and cid, says it once."""
    bo = connect("bo")
    for _ in range(2):
        ana = connect("ana", device="my secret")
        assert ana.send("bo", "once", cid="1").accepted(SECONDS).seq == 1
        ana.close()
    connect("ana").send("bo", "end").accepted(SECONDS)
    assert texts(bo, 2) == ["once", "end"]


def test_server_that_stays_away(server: libchat.Server, connect: Connect) -> None:
    """While the server is away the client keeps trying; leaving then takes no time, and what waits is given up."""
    patience = Patience(delays=lambda: itertools.chain([0.0, 0.0, 0.0], itertools.repeat(1000.0)))
    chat = connect("ana", patience=patience)
    server.stop()
    assert wait_for(chat, m.Bye) == m.Bye("the server is stopping")
    wait_for(chat, m.Interrupted)
    receipt = chat.send("bo", "hi")
    begun = time.monotonic()
    chat.close()
    assert time.monotonic() - begun < 10
    with pytest.raises(libchat.Closed):
        receipt.accepted(SECONDS)


def test_leaving_while_connecting(proxy: Proxy, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A client that leaves in the middle of a handshake does not wait for its end."""
    chat = connect("ana", address=proxy.address, timeout=1000)
    proxy.stall()
    proxy.cut()
    wait_for(chat, m.Interrupted)
    begun = time.monotonic()
    chat.close()
    assert time.monotonic() - begun < 10
    assert "does not end" not in caplog.text


def test_another_key_is_the_end(tmp_path: Path) -> None:
    """A server that comes back with another key is not talked to."""
    with libchat.serve(port=0) as server:
        port = server.port
        patience = Patience(delays=lambda: itertools.repeat(0.01))
        chat = libchat.connect(server.address, "ana", pin=server.pin, patience=patience)
    with chat, libchat.serve(port=port), pytest.raises(libchat.Disconnected, match="nothing was sent"):
        list(chat.events())


def test_restarted_server(tmp_path: Path) -> None:
    """A server that comes back over its folder has its clients back, with their names, rooms and numbers."""
    with libchat.serve(port=0, data=tmp_path) as server:
        port = server.port
        patience = Patience(delays=lambda: itertools.repeat(0.01))
        chats = [libchat.connect(server.address, name, pin=server.pin, patience=patience) for name in ("ana", "bo")]
        ana, bo = chats
        ana.join("#x")
        bo.join("#x")
        ana.send("bo", "old 1")
        ana.send("bo", "old 2").accepted(SECONDS)
        assert texts(bo, 1) == ["old 1"]
    with libchat.serve(port=port, data=tmp_path), ana, bo:
        wait_for(ana, m.Resumed)
        assert texts(bo, 1) == ["old 2"]  # it waited in the inbox
        wait_for(bo, m.Resumed)
        assert ana.send("bo", "new").accepted(SECONDS).seq == 3
        assert texts(bo, 1) == ["new"]
        assert {person.name for person in ana.who("#x")} == {"ana", "bo"}  # who came back first made the room again


def test_silence_of_the_server(proxy: Proxy, connect: Connect) -> None:
    """A server that is silently gone is noticed, also by a program that talks all the time."""
    patience = Patience(ping=0.1, delays=lambda: itertools.repeat(0.01))
    chat = connect("ana", address=proxy.address, patience=patience)
    proxy.stall()
    begun = time.monotonic()
    while time.monotonic() - begun < SECONDS:
        chat.typing("bo")
        try:
            event = chat.receive_event(0.01)
        except TimeoutError:
            continue
        assert isinstance(event, m.Interrupted)
        assert "does not answer" in event.reason
        break
    else:
        pytest.fail("the silence was never noticed")
    proxy.flow()
    wait_for(chat, m.Resumed)


def test_server_with_nothing_to_say() -> None:
    """A server that answers pings may be silent as long as it likes."""

    def script(caller: Caller) -> None:
        caller.register("ana")
        for _ in range(3):
            caller.read_until(b'"ping"')
            caller.write('{"type":"pong","cid":"~"}')
        caller.write('{"type":"bye","reason":"enough","final":true}')

    with (
        ScriptedServer(script) as server,
        libchat.connect(server.address, "ana", plaintext=True, patience=Patience(ping=0.5)) as chat,
    ):
        assert chat.receive_event(SECONDS) == m.Bye("enough", is_final=True)


def test_server_that_breaks_the_rules() -> None:
    """A line that is no event is a reason to connect again; what came before it is not lost."""

    def break_it(caller: Caller) -> None:
        caller.register("ana")
        caller.write('{"type":"entry","target":"ana","seq":1,"sender":"bo","time":1,"text":"hi"}', "garbage")

    def mend_it(caller: Caller) -> None:
        caller.register("ana")
        caller.wait_for_end()

    with ScriptedServer(break_it, mend_it) as server:
        patience = Patience(linger=0.1, delays=lambda: itertools.repeat(0.01))
        with libchat.connect(server.address, "ana", plaintext=True, patience=patience) as chat:
            assert [type(chat.receive_event(SECONDS)) for _ in range(3)] == [m.Entry, m.Interrupted, m.Resumed]


def test_answer_that_makes_no_sense() -> None:
    """An answer of the wrong type is the server's fault, and said to be."""

    def script(caller: Caller) -> None:
        caller.register("ana")
        who = json.loads(caller.read_until(b'"who"'))
        caller.write(json.dumps({"type": "pong", "cid": who["cid"]}))
        caller.wait_for_end()

    with (
        ScriptedServer(script) as server,
        libchat.connect(server.address, "ana", plaintext=True, patience=Patience(linger=0.1)) as chat,
        pytest.raises(libchat.ProtocolError, match="Online was Pong"),
    ):
        chat.who()


# --- the inbox ------------------------------------------------------------------------------------------------------


def test_full_inbox_holds_the_server_back(connect: Connect) -> None:
    """A program that reads slowly gets everything in order, however much more there is than fits."""
    ana, bo = connect("ana"), connect("bo", inbox=5)
    ana.send("bo", "first").accepted(SECONDS)
    assert texts(bo, 1) == ["first"]
    receipts = [ana.send("bo", f"{number} {'x' * 4000}") for number in range(500)]
    for receipt in receipts:
        receipt.accepted(SECONDS)
    assert len(bo._inbox) <= 5
    assert [text.split()[0] for text in texts(bo, 500)] == [str(number) for number in range(500)]


def test_full_inbox_is_the_end_of_reading() -> None:
    """While nothing fits into the inbox, the client reads nothing: its memory does not grow, and the server waits."""
    entry = '{{"type":"entry","target":"#x","seq":{},"sender":"bo","time":1,"text":"{}"}}'
    is_held_back = threading.Event()

    def script(caller: Caller) -> None:
        caller.register("ana")
        caller.write('{"type":"entry","target":"ana","seq":1,"sender":"bo","time":1,"text":"first"}')
        caller.read_until(b'"ack"')
        caller.socket.settimeout(2)
        for seq in range(1, 20_000):
            try:
                caller.write(entry.format(seq, "x" * 4000))
            except TimeoutError:
                is_held_back.set()
                return

    with (
        ScriptedServer(script) as server,
        libchat.connect(server.address, "ana", plaintext=True, inbox=5, patience=Patience(linger=0.1)) as chat,
    ):
        assert texts(chat, 1) == ["first"]
        assert is_held_back.wait(SECONDS)


def test_full_inbox_is_filled_up_again(connect: Connect) -> None:
    """Whenever the program takes something, what was held back comes after it, whatever it is."""
    ana, bo = connect("ana"), connect("bo", inbox=2)
    ana.join("#x")
    bo.join("#x")
    ana.send("#x", "first").accepted(SECONDS)
    assert texts(bo, 1) == ["first"]
    for number in range(50):
        ana.send("#x", str(number)).accepted(SECONDS)
    assert texts(bo, 50) == [str(number) for number in range(50)]


def test_answer_comes_past_what_is_held_back(connect: Connect) -> None:
    """Whoever begins to wait for an answer gets it, although nothing fits into the inbox."""
    ana, bo = connect("ana"), connect("bo", inbox=1)
    ana.send("bo", "first").accepted(SECONDS)
    texts(bo, 1)
    for number in range(5):
        ana.send("bo", str(number)).accepted(SECONDS)
    receipt = bo.send("ana", "I am busy")
    assert texts(ana, 1) == ["I am busy"]
    assert receipt.accepted(SECONDS).seq == 7
    assert texts(bo, 5) == [str(number) for number in range(5)]


def test_callback_takes_what_is_held_back(connect: Connect) -> None:
    """A callback that is set while the inbox is full gets what waits for room."""
    ana, bo = connect("ana"), connect("bo", inbox=1)
    bo.join("#x")
    ana.send("bo", "first").accepted(SECONDS)
    texts(bo, 1)
    ana.send("bo", "fills the inbox").accepted(SECONDS)
    ana.join("#x")
    bo.typing("ana")
    wait_for(ana, m.IsTyping)
    is_called = threading.Event()
    bo.on(libchat.Joined, lambda event: is_called.set())
    assert is_called.wait(SECONDS)


def test_reading_slowly_is_not_silence(connect: Connect) -> None:
    """A server that is held back cannot be heard, and is not taken for gone."""
    ana, bo = connect("ana"), connect("bo", inbox=1, patience=Patience(ping=1, delays=lambda: itertools.repeat(0.01)))
    ana.send("bo", "first").accepted(SECONDS)
    texts(bo, 1)
    for _ in range(5):
        ana.send("bo", "more").accepted(SECONDS)
    begun = time.monotonic()
    while time.monotonic() - begun < 2.5:
        ana.ping()
    assert [type(bo.receive_event(SECONDS)) for _ in range(5)] == [m.Entry] * 5
    bo.ping()
    with pytest.raises(TimeoutError):
        bo.receive_event(0)


def test_full_inbox_does_not_keep_the_program_from_talking(connect: Connect) -> None:
    """What a program says leaves while nothing more fits into its inbox."""
    ana, bo = connect("ana"), connect("bo", inbox=2)
    ana.send("bo", "first").accepted(SECONDS)
    texts(bo, 1)
    for _ in range(5):
        ana.send("bo", "more").accepted(SECONDS)
    bo.send("ana", "I am busy")
    assert texts(ana, 1) == ["I am busy"]


def test_slow_callback_holds_the_server_back(connect: Connect) -> None:
    """Events for a slow callback wait like those of the inbox, and neither is in the other's way."""
    ana, bo = connect("ana"), connect("bo", inbox=2)
    called: list[str] = []
    may_go_on, is_done = threading.Event(), threading.Event()

    def slow(entry: m.Entry) -> None:
        may_go_on.wait(SECONDS)
        called.append(entry.text)
        if entry.text == "9":
            is_done.set()

    bo.on(libchat.Entry, slow)
    for number in range(10):
        ana.typing("bo")  # nobody reads these
        ana.send("bo", str(number)).accepted(SECONDS)
    may_go_on.set()
    assert is_done.wait(SECONDS)
    assert called == [str(number) for number in range(10)]


def test_end_waits_for_room_in_the_inbox() -> None:
    """What came before the end is received before the end, also if it does not fit into the inbox at first."""

    def script(caller: Caller) -> None:
        caller.register("ana")
        for seq in range(1, 6):
            if seq == 2:
                caller.read_until(b'"ack"')  # from then on, nothing is dropped
            caller.write(f'{{"type":"entry","target":"ana","seq":{seq},"sender":"bo","time":1,"text":"{seq}"}}')
        caller.write('{"type":"bye","reason":"enough","final":true}')
        caller.wait_for_end()  # a server that closes with acknowledgements unread takes its last lines down with it

    with (
        ScriptedServer(script) as server,
        libchat.connect(server.address, "ana", plaintext=True, inbox=1) as chat,
    ):
        assert texts(chat, 5) == ["1", "2", "3", "4", "5"]
        assert chat.receive_event(SECONDS) == m.Bye("enough", is_final=True)
        with pytest.raises(libchat.Disconnected, match="enough"):
            chat.receive(SECONDS)


def test_leaving_with_a_full_inbox(connect: Connect, server: libchat.Server) -> None:
    """A client whose program does not read any more can leave, connected or not."""
    for is_stopped in (False, True):
        ana, bo = connect(f"ana{is_stopped}"), connect("bo", inbox=1)
        ana.send("bo", "first").accepted(SECONDS)
        texts(bo, 1)
        for _ in range(5):
            ana.send("bo", "more").accepted(SECONDS)
        if is_stopped:
            server.stop()
        begun = time.monotonic()
        bo.close()
        assert time.monotonic() - begun < 10


# --- many threads, and leaving --------------------------------------------------------------------------------------


def test_many_threads(connect: Connect) -> None:
    """Eight threads talk and ask at once: everything is answered, and each one's messages keep their order."""
    ana, bo = connect("ana"), connect("bo")
    failures: list[BaseException] = []

    def talk(thread_number: int) -> None:
        try:
            for number in range(50):
                ana.send("bo", f"{thread_number} {number}").accepted(SECONDS)
                assert len(ana.who()) == 2
        except BaseException as failure:  # noqa: BLE001  # raised where the test looks
            failures.append(failure)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    got = [text.split() for text in texts(bo, 400)]
    for thread in threads:
        thread.join(SECONDS)
    assert not failures
    for thread_number in range(8):
        assert [number for who, number in got if who == str(thread_number)] == list(map(str, range(50)))


def test_many_readers_share_an_inbox(connect: Connect) -> None:
    """Each message goes to one of the threads that read."""
    ana, bo = connect("ana"), connect("bo")
    got: list[list[str]] = [[] for _ in range(4)]

    def read(mine: list[str]) -> None:
        for entry in bo:
            mine.append(entry.text)

    threads = [threading.Thread(target=read, args=(mine,)) for mine in got]
    for thread in threads:
        thread.start()
    for number in range(200):
        ana.send("bo", str(number))
    while sum(map(len, got)) < 200:
        bo.ping()
    bo.close()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert sorted(itertools.chain(*got), key=int) == [str(number) for number in range(200)]
    assert all(mine == sorted(mine, key=int) for mine in got)


def test_leaving_sends_what_waits(connect: Connect) -> None:
    """What was said right before leaving is said, and its receipts know it."""
    ana, bo = connect("ana"), connect("bo")
    receipts = [ana.send("bo", str(number)) for number in range(500)]
    ana.close()
    assert texts(bo, 500) == [str(number) for number in range(500)]
    assert [receipt.accepted(0).seq for receipt in receipts] == list(range(1, 501))


def test_leaving_wakes_whoever_waits(connect: Connect, proxy: Proxy) -> None:
    """Threads that wait for messages, answers and receipts are told when their participant leaves."""
    chat = connect("ana", address=proxy.address, patience=Patience(linger=0.1))
    proxy.stall()
    raised: list[type[BaseException]] = []
    receipt = chat.send("bo", "hi")

    def expect(call: Callable[[], object]) -> None:
        try:
            call()
        except libchat.ChatError as error:
            raised.append(type(error))

    calls: list[Callable[[], object]] = [chat.receive, chat.who, lambda: receipt.accepted(None), lambda: list(chat)]
    threads = [threading.Thread(target=expect, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    chat.close()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert set(raised) <= {libchat.Closed}
    assert len(raised) == 3  # iteration just ends


# --- accounts -------------------------------------------------------------------------------------------------------


def test_server_waits_while_a_person_types() -> None:
    """The program is asked in its own thread; what a person takes does not count for the server, which has its own."""
    released = threading.Event()
    threads: list[threading.Thread] = []

    def script(caller: Caller) -> None:
        caller.welcome(nonce="nonce")
        caller.read_until(b'"register"')
        caller.write('{"type":"error","code":"password-needed","text":"it is an account","cid":"~"}')
        assert b"hush" in caller.read_until(b'"register"')
        caller.wait_for_end()

    def ask(reason: str) -> str:
        threads.append(threading.current_thread())
        assert not released.wait(1.0)
        return "hush"

    begun = time.monotonic()
    with ScriptedServer(script) as server, pytest.raises(TimeoutError):
        libchat.connect(server.address, "ana", plaintext=True, timeout=0.3, password=ask)
    assert time.monotonic() - begun >= 1.3
    assert threads == [threading.current_thread()]


def test_connection_that_is_lost_while_a_person_types() -> None:
    """The answer comes too late: why the connection was lost is raised."""
    lost = threading.Event()

    def script(caller: Caller) -> None:
        caller.welcome(nonce="nonce")
        caller.read_until(b'"register"')
        caller.write('{"type":"error","code":"password-needed","text":"it is an account","cid":"~"}')
        lost.set()

    def ask(reason: str) -> str:
        lost.wait(SECONDS)
        return "hush"

    with ScriptedServer(script) as server, pytest.raises((ConnectionError, libchat.Disconnected)):
        libchat.connect(server.address, "ana", plaintext=True, password=ask)
