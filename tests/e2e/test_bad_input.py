"""What peers send that they should not. Each gets an answer, if one can reach it; nobody else notices."""

from __future__ import annotations

import json
import logging
import os
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libchat.limits import LINE_BYTES, TEXT_BYTES
from libchat.server.bounds import Bounds
from libchat.server.server import Server
from support.bounds import UNLIMITED
from support.wire import Wire, client_hello, open_plain, open_tls

Connect = Callable[[], Wire]
Arrive = Callable[[str], Wire]

TOO_LONG = f"server: error line-too-long: a line may have {LINE_BYTES} bytes at most"
BYE_TOO_LONG = "server: bye"
SPEAK_TLS = "this port speaks TLS; by hand: openssl s_client -quiet -connect HOST:PORT"


@pytest.fixture
def plain_server() -> Iterator[Server]:
    """Serve a chat on loopback without TLS."""
    with Server(port=0, plaintext=True, bounds=UNLIMITED) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody_notices(arrive: Arrive, connect: Connect, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check at the end that two people who were here before still chat, others can come, and nothing has failed."""
    wilma, walter = arrive("Wilma"), arrive("Walter")
    for person in (wilma, walter):
        person.send("join witnesses")
        person.expect("server: joined witnesses")
    wilma.expect("server: Walter joined witnesses")
    yield
    wilma.send("still here?")
    walter.expect("Wilma (in witnesses): still here?")
    walter.send("yes")
    wilma.expect("Walter (in witnesses): yes")
    latecomer = arrive("Latecomer")
    latecomer.send("Wilma:me too", "server:exit")
    latecomer.expect("server: bye")
    latecomer.expect_end()
    wilma.expect("Latecomer: me too")
    assert "libchat-poller" in {thread.name for thread in threading.enumerate()}
    records = [*caplog.get_records("setup"), *caplog.get_records("call"), *caplog.get_records("teardown")]
    assert not [record for record in records if record.levelno >= logging.ERROR]


# --- lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("excess", [1, 2, 3 * LINE_BYTES])
def test_a_line_over_the_limit_ends_the_connection_behind_the_lines_before_it(connect: Connect, excess: int) -> None:
    """What came before the line is carried out and answered, then the reason, then the end; what follows is nothing."""
    mallory = connect()
    mallory.send("server:register Mallory", "Wilma:" + "x" * (LINE_BYTES + excess - 6), "server:who")
    mallory.expect("server: welcome Mallory", TOO_LONG, BYE_TOO_LONG)
    mallory.expect_end()


def test_a_line_at_the_limit_is_read(arrive: Arrive) -> None:
    """A line of exactly the limit, with either end, is a line: what is wrong with it is another matter."""
    bob = arrive("Bob")
    line = "Wilma:" + "x" * (LINE_BYTES - 6)
    refused = f"server: error text-too-long: this text has {LINE_BYTES - 6} bytes, and {TEXT_BYTES} are allowed"
    bob.send_bytes(f"{line}\n{line}\r\nserver:who\n".encode())
    for answer in bob.lines(2):
        assert answer.startswith(refused)
    assert bob.line() == "server: online (3): Bob, Walter, Wilma"


def test_a_native_line_over_the_limit_is_answered_in_its_dialect(connect: Connect) -> None:
    """A program gets an error with a code, and a bye; what it said before has reached the others and is confirmed."""
    app = connect()
    app.send(
        json.dumps({"type": "register", "name": "App", "cid": "1"}),
        json.dumps({"type": "send", "target": "Nobody", "text": "x", "cid": "2"}),
        json.dumps({"type": "send", "target": "Wilma", "text": "x" * LINE_BYTES, "cid": "3"}),
    )
    app.hear("registered", cid="1")
    app.hear("error", code="no-such-name", cid="2")
    app.hear("error", code="line-too-long")
    app.hear("bye", final=True)
    app.expect_end()


def test_a_peer_that_never_ends_its_line_is_not_held_in_memory() -> None:
    """Of a line without end the server holds no more than the limit, however much is sent; the reason arrives."""
    with Server(port=0, bounds=Bounds(linger_seconds=60.0)) as server, open_tls(server) as mallory:
        mallory.send("server:register Mallory")
        mallory.expect("server: welcome Mallory")
        flood = b"x" * 65_536
        tracemalloc.start()
        try:
            for _ in range(256):
                mallory.send_bytes(flood)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1_048_576  # of 16 MiB; each side holds what it encrypts or decrypts at once
        mallory.expect(TOO_LONG, BYE_TOO_LONG)
        mallory.expect_end()


@pytest.mark.parametrize("line", ["server:register Slow", '{"type":"register","name":"Slow","cid":"c"}'])
def test_one_byte_at_a_time(connect: Connect, line: str) -> None:
    """A connection whose bytes come one by one, each in a record of its own, is served as any other."""
    slow = connect()
    for byte in line.encode() + b"\r\n":
        slow.send_bytes(bytes([byte]))
    if line.startswith("{"):
        slow.hear("registered", name="Slow", cid="c")
    else:
        slow.expect("server: welcome Slow")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"\x1b[2J\x1b]0;owned\x07boo\n", "[2J]0;ownedboo"),
        (b"a\x00b\x08c\x7fd\x9be\n", None),  # a lone 0x9b is not UTF-8
        (b"a\x00b\x08c\x7fd\xc2\x9be\n", "abcde"),
        ("\u202egnp.exe\u2066\n".encode(), "gnp.exe"),
        (b"one\rserver: bye\n", ("one", "server: bye")),
        ("one\u2028two\n".encode(), ("one", "two")),
        (b"caf\xe9\n", None),
        (b"\xff\xfe\n", None),
        (b"\xed\xa0\x80\n", None),  # a surrogate
        (b"\xc0\x8a\n", None),  # an overlong newline
        (b" \x1b\x07 \n", ""),
        ("e\u0301\u200d\U0001f468\n".encode(), "e\u0301\u200d\U0001f468"),
    ],
)
def test_no_terminal_obeys_what_others_say(arrive: Arrive, sent: bytes, shown: str | tuple[str, ...] | None) -> None:
    """Control characters of a text do not arrive; lines that are not UTF-8, or show nothing, are refused."""
    mallory, victim = arrive("Mallory"), arrive("Victim")
    for person in (mallory, victim):
        person.send("join pub")
        person.expect("server: joined pub")
    mallory.expect("server: Victim joined pub")
    mallory.send_bytes(sent + b"end\n")
    if shown is None:
        mallory.expect("server: error bad-line: the line is not UTF-8")
    elif not shown:
        mallory.expect("server: error empty-text: nothing of this text can be seen; write something")
    else:
        victim.expect(*(f"Mallory (in pub): {line}" for line in ([shown] if isinstance(shown, str) else shown)))
    victim.expect("Mallory (in pub): end")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "bad-line"),
        (b"{}", "unknown-command"),
        (b"[]", "bad-line"),
        (b"null", "bad-line"),
        (b'{"type":"ping"', "bad-line"),
        (b'{"type":"ping"}}', "bad-line"),
        (b'{"type":7}', "unknown-command"),
        (b'{"type":"ping","cid":7}', "bad-value"),
        (b'{"type":"ping","cid":"' + b"x" * 65 + b'"}', "bad-value"),
        (b'{"type":"ping","cid":"\\ud800"}', "bad-line"),
        (b'{"type":"ping","cid":"\xff"}', "bad-line"),
        (b'{"type":"ping","cid":"\x00"}', "bad-line"),
        (b'{"type":"\\u001b[2J"}', "unknown-command"),
        (b'{"type":"ack","target":"Wilma","seq":1e999}', "bad-value"),
        (b'{"type":"ack","target":"Wilma","seq":-1}', "bad-value"),
        (b'{"type":"ack","target":"Wilma","seq":9007199254740993}', "bad-value"),
        (b'{"type":"ack","target":"Wilma","seq":1.5}', "bad-value"),
        (b'{"type":"send","target":["Wilma"],"text":{}}', "bad-value"),
        (b'{"type":"send","target":"Wilma","text":null}', "bad-value"),
        (b'{"type":"history","target":"Wilma","limit":100000}', "bad-value"),
        (b"[" * 8_000, "bad-line"),
        (b'{"x":' * 3_000, None),
    ],
)
def test_json_that_is_no_command_is_answered(connect: Connect, line: bytes, code: str | None) -> None:
    """Whatever a line holds, the connection lives on, and the next line is answered as always."""
    app = connect()
    app.tell("register", name="App")
    app.hear("registered")
    app.send_bytes(line + b"\n")
    error = app.hear("error")
    assert code is None or error["code"] == code
    app.tell("ping", cid="next")
    assert app.event() == {"type": "pong", "cid": "next"}


def test_json_nested_as_deeply_as_a_line_allows(connect: Connect) -> None:
    """How deep a field that is not known may be nested is Python's affair; either answer leaves all in order."""
    app = connect()
    app.send_bytes(b'{"type":"ping","x":' + b"[" * 8_000 + b"]" * 8_000 + b"}\n")
    assert app.event()["type"] in ("pong", "error")
    app.tell("ping", cid="next")
    assert app.event() == {"type": "pong", "cid": "next"}


def test_json_nested_deeper_than_a_line_may_be_long(connect: Connect) -> None:
    """100,000 brackets are a line over the limit, whatever they mean."""
    app = connect()
    app.ask("ping", answer="pong")
    app.send_bytes(b'{"type":"ping","x":' + b"[" * 100_000)
    app.hear("error", code="line-too-long")
    app.hear("bye")
    app.expect_end()


# --- commands that make no sense ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("server:who", "server: error not-registered: register a name first"),
        ("Wilma:hi", "server: error not-registered: register a name first"),
        ("join pub", "server: error not-registered: register a name first"),
        ("leave", None),
        ("", None),
        ("\t", None),
    ],
)
def test_commands_before_registering(connect: Connect, line: str, answer: str | None) -> None:
    """Without a name nothing is done, and it is said how to get one; what means nothing gets no answer."""
    nobody = connect()
    nobody.send(line, "server:exit")
    nobody.expect(*([answer] if answer else []), "server: bye")
    nobody.expect_end()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("join", "server: error bad-name: write which room: `join ROOM`"),
        ("join #", "server: error bad-name: '#' cannot be a name: it is empty; type at least one letter or digit"),
        ("join a,b", "server: error bad-name: 'a,b' cannot be a name: "),
        ("Wilm:hi", "server: error no-such-name: nobody here was ever called Wilm; did you mean Wilma?"),
        ("Nobody:hi", "server: error no-such-name: nobody here was ever called Nobody; `who` lists who is online"),
        ("Bob:hi", "server: error to-yourself: you cannot send to yourself"),
        ("bob:hi", "server: error to-yourself: you cannot send to yourself"),
        ("#witnesses:hi", "server: error not-in-room: to write to a room, join it: `join witnesses`"),
        ("server:topic x", "server: error not-in-room: the topic is a room's; join one first: `join ROOM`"),
        ("Wilma:", "server: error empty-text: nothing of this text can be seen; write something"),
        (":hi", "server: error bad-name: '' cannot be a name: it is empty; type at least one letter or digit"),
        ("server:dance", "server: error unknown-command: there are server:away, server:ban, "),
        ("hello", "server: error unknown-command: write NAME:TEXT, `who`, `join ROOM` or `exit`"),
        ("server:register Bob2", "server: error already-registered: you are Bob already"),
        ("server:register Bob secret", "server: error already-registered: you are Bob already"),
        ("server:password my new secret", "server: error bad-value: write `server:password NEW`"),
        ("server:who nowhere", "server: error no-such-name: there is no room #nowhere; `join` makes one"),
        ("server:leave", None),
    ],
)
def test_commands_that_cannot_be_done(arrive: Arrive, line: str, answer: str | None) -> None:
    """Each gets one line that says why and what to do instead; then the next command is carried out."""
    bob = arrive("Bob")
    bob.send(line, "who")
    if answer is not None:
        assert bob.line().startswith(answer)
    bob.expect("server: online (3): Bob, Walter, Wilma")


@pytest.mark.parametrize(
    "name", ["", "server", "Admin", "a b", "x" * 33, "#pub", "a:b", "\u202eboB", "-x", "\u0301x", "\x1b[31m", "{"]
)
def test_names_that_nobody_may_have(connect: Connect, name: str) -> None:
    """A bad name is refused on one line, without what a terminal would obey, and another one may be tried."""
    bob = connect()
    bob.send(f"server:register {name}", "server:register Bob")
    refused = bob.line()
    assert refused.startswith("server: error bad-")
    assert refused.isprintable()
    bob.expect("server: welcome Bob")


# --- what is no chat at all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    [
        b"server:register Alice\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"NICK alice\r\nUSER alice 0 * :Alice\r\n",
        b"who\n",  # shorter than the header of a TLS record
        b"\x00",
        b"\x80\x2e\x01\x00\x02",  # how SSL 2 began
        b"{" + b"x" * 300_000,  # more than is read at once: the answer arrives all the same
    ],
)
def test_who_does_not_speak_tls_is_told_so(server: Server, start: bytes) -> None:
    """A peer without TLS gets one line in plain text, from which a person sees what to do, and a proper end."""
    with open_plain(server) as plain:
        plain.send_bytes(start)
        assert plain.rest() == [f"server: error bad-line: {SPEAK_TLS}\r"]
        for _ in range(2):
            plain.send("who")  # nobody listens, but it is no error: on many systems that would eat the answer


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_a_browser_without_tls_is_told_so(server: Server, method: str) -> None:
    """A browser that was pointed here shows why that does not work."""
    with open_plain(server) as browser:
        browser.send_bytes(f"{method} / HTTP/1.1\r\nHost: chat\r\n\r\n".encode())
        answer = browser.rest()
        assert answer[0] == "HTTP/1.1 400 Bad Request\r"
        assert answer[-1] == f"{SPEAK_TLS}\r"
        length = next(line for line in answer if line.startswith("Content-Length: "))
        assert int(length[16:]) == len(SPEAK_TLS) + 2


def test_a_browser_with_tls_is_told_so(connect: Connect) -> None:
    """HTTP inside TLS is no command: it is refused before a header of it could be said to anybody."""
    browser = connect()
    browser.send_bytes(b"GET / HTTP/1.1\r\nHost: Wilma:80\r\nWilma: hi\r\n\r\n")
    reason = "this is a libchat server, it does not speak HTTP"
    browser.expect(f"server: error bad-line: {reason}", f"server: bye ({reason})")
    browser.expect_end()


def test_a_client_of_tls_1_2_is_refused(server: Server) -> None:
    """A client that cannot do TLS 1.3 gets the alert `protocol_version`, and not a word in the clear."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        open_tls(server, context=context)


def test_tls_to_a_plaintext_port_fails_at_once(plain_server: Server) -> None:
    """A client that speaks TLS to a server without it is not left waiting."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        open_tls(plain_server)
    with open_plain(plain_server) as bob:
        bob.send("server:register Bob")
        bob.expect("server: welcome Bob")


def test_bytes_that_look_like_tls_are_chat_once_chat_has_begun(plain_server: Server) -> None:
    """Without TLS, only the first bytes of a connection can be a handshake; later the same bytes are a bad line."""
    with open_plain(plain_server) as bob:
        bob.send("server:register Bob")
        bob.expect("server: welcome Bob")
        bob.send_bytes(b"\x16\x03\x01\n")
        assert bob.line().startswith("server: error unknown-command: ")
        bob.send("who")
        bob.expect("server: online (1): Bob")


def test_garbage_inside_tls_ends_the_connection(arrive: Arrive) -> None:
    """A record that does not decrypt is answered with an alert; the others see its sender leave."""
    mallory, bob = arrive("Mallory"), arrive("Bob")
    for person in (bob, mallory):
        person.send("join pub")
        person.expect("server: joined pub")
    bob.expect("server: Mallory joined pub")
    os.write(mallory.socket.fileno(), b"\x17\x03\x03\x00\x20" + b"garbage!" * 4)
    with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
        mallory.line()
    bob.expect("server: Mallory left pub")


def test_plain_text_inside_tls_ends_the_connection(arrive: Arrive) -> None:
    """Bytes that are no record at all are answered with an alert too."""
    mallory = arrive("Mallory")
    os.write(mallory.socket.fileno(), b"server:who\n" * 3)
    with pytest.raises(ssl.SSLError):
        mallory.line()


# --- connections that end oddly -------------------------------------------------------------------------------------


def test_a_handshake_that_never_ends_is_ended() -> None:
    """Whoever connects and says nothing, or half a handshake, is disconnected after a while, and holds up nobody."""
    with Server(port=0, bounds=Bounds(handshake_seconds=0.2)) as server, open_plain(server) as silent:
        with open_plain(server) as half:
            half.send_bytes(b"\x16\x03\x01\x02\x00\x01\x00")
            half.expect_end()
        silent.expect_end()
        with open_tls(server) as bob:
            bob.send("server:register Bob")
            bob.expect("server: welcome Bob")


def test_with_too_many_handshakes_under_way_the_oldest_gives_way() -> None:
    """However many connections begin a handshake and leave it, who means it gets in, at once."""
    with Server(port=0, bounds=Bounds(handshakes=2)) as server, ExitStack() as opened:
        waiting = [opened.enter_context(open_plain(server)) for _ in range(10)]
        for half in waiting[:-2]:
            half.expect_end()
        for number in range(4):
            bob = opened.enter_context(open_tls(server))
            bob.send(f"server:register Bob{number}")
            bob.expect(f"server: welcome Bob{number}")
        for half in waiting[-2:]:
            half.expect_end()


def test_handshakes_of_one_address_give_way_to_each_other_alone() -> None:
    """Who leaves handshakes unfinished in masses gets the own ones closed, and not those of another address."""
    bounds = Bounds(handshakes_by_address=2, limit_loopback=True)
    with Server(port=0, bounds=bounds) as server, ExitStack() as opened:
        other = opened.enter_context(open_plain(server, source="127.0.0.9"))
        waiting = [opened.enter_context(open_plain(server)) for _ in range(10)]
        for half in waiting[:-2]:
            half.expect_end()
        other.send("no TLS")
        assert other.rest()


def test_who_does_not_register_is_sent_away(caplog: pytest.LogCaptureFixture) -> None:
    """A connection without a name is told why it ends, after a while; one with a name stays."""
    with Server(port=0, bounds=Bounds(register_seconds=0.3)) as server, open_tls(server) as bob:
        bob.send("server:register Bob")
        bob.expect("server: welcome Bob")
        with open_tls(server) as nobody:
            nobody.expect("server: bye (no name was registered within 0 seconds)")
            nobody.expect_end()
        bob.send("who")
        bob.expect("server: online (1): Bob")


@pytest.mark.parametrize("encrypted", [True, False])
def test_who_stops_to_send_gets_the_answers_to_what_was_sent(
    server: Server, plain_server: Server, encrypted: bool
) -> None:
    """A half-closed connection is answered to its last line, then told that it is over, and closed."""
    with open_tls(server) if encrypted else open_plain(plain_server) as bob:
        bob.send("server:register Bob", "server:join pub", "hello?", "server:leave", "server:leave")
        bob.finish()
        assert bob.rest() == ["server: welcome Bob", "server: joined pub", "server: left pub", "server: bye"]
    with open_tls(server) if encrypted else open_plain(plain_server) as again:
        again.send("server:register Bob")
        again.expect("server: welcome Bob")


def test_who_stops_to_send_gets_even_an_answer_that_the_socket_does_not_take_at_once(plain_server: Server) -> None:
    """A large answer reaches a half-closed connection whole, although it fits into no buffer on its way."""
    with open_plain(plain_server, receive_buffer=4096) as app:
        app.tell("register", name="App")
        app.tell("join", room="#tea")
        app.lines(2)
        for number in range(200):
            app.ask("send", target="#tea", text=f"{number:03}" + "x" * 4000, answer="accepted")
        for _ in range(20):
            app.tell("history", target="#tea", limit=200)
        app.finish()
        *pages, bye = map(json.loads, app.rest())
        assert [page["entries"][-1]["seq"] for page in pages] == [200] * 20
        assert bye["type"] == "bye"


def test_the_end_of_tls_is_answered_with_the_same(connect: Connect) -> None:
    """A client that says `close_notify` and waits for the same, as Python's `unwrap` does, gets it."""
    quiet = connect()
    quiet.say_close_notify()
    quiet.expect("server: bye")
    quiet.expect_end()


def test_a_reset_connection_is_gone(arrive: Arrive, connect: Connect) -> None:
    """Connections that are reset, in the middle of anything, leave nothing behind."""
    bob = arrive("Bob")
    bob.send("join pub")
    bob.expect("server: joined pub")
    for number in range(20):
        mallory = arrive(f"Mallory{number}")
        mallory.send("join pub")
        mallory.expect("server: joined pub")
        bob.expect(f"server: Mallory{number} joined pub")
        mallory.send("Bob:a", "Nobody:b", *["server:who"] * (10 * number))
        mallory.reset()
        said = bob.line()
        if said == f"Mallory{number} (in pub): Bob:a":
            bob.expect(f"Mallory{number} (in pub): Nobody:b")
            said = bob.line()
        assert said == f"server: Mallory{number} left pub"
    for _ in range(20):
        connect().reset()
    bob.send("server:who")
    bob.expect("server: online (3): Bob, Walter, Wilma")


def test_a_connection_reset_during_its_handshake_is_gone(server: Server) -> None:
    """Connections that are reset before or in their handshake leave nothing behind."""
    hello = client_hello()
    for length in (0, 1, 5, 100, len(hello)):
        plain = open_plain(server)
        plain.send_bytes(hello[:length])
        plain.reset()


# --- readers --------------------------------------------------------------------------------------------------------


def test_a_reader_that_never_reads_is_closed_and_loses_nothing() -> None:
    """Once its outbox is full it is sent away with a reason, others notice nothing, and what it missed waits for it."""
    with (
        Server(port=0, bounds=Bounds(message_rate=0, outbox_bytes=4_000_000, linger_seconds=60.0)) as server,
        ExitStack() as opened,
    ):
        slow, bob, eve, fred = (opened.enter_context(open_tls(server, receive_buffer=4096)) for _ in range(4))
        for wire, name in ((slow, "Slow"), (bob, "Bob"), (eve, "Eve"), (fred, "Fred")):
            wire.send(f"server:register {name}")
            wire.expect(f"server: welcome {name}")
        for wire in (slow, bob, eve):
            wire.send("server:join pub")
            wire.expect("server: joined pub")
        bob.expect("server: Eve joined pub")
        secrets = 0
        while "server: Slow left pub" not in (heard := _speak(eve, bob, secrets)):
            fred.send(f"Slow:secret {secrets}", "who")
            while not fred.line().startswith("server: online"):
                pass
            secrets += 1
        assert secrets
        assert len(heard) == LINES + 1
        assert _speak(eve, bob, secrets) == [f"Eve (in pub): {secrets} {line} {'x' * 4000}" for line in range(LINES)]
        *read, bye = slow.rest()
        assert bye == "server: bye (you read too slowly)"
        slow = opened.enter_context(open_tls(server))
        slow.send("server:register Slow", "server:exit")
        read += slow.rest()
        missing = {str(number) for number in range(secrets)}
        missing -= {line.rpartition("secret ")[2] for line in read if line.startswith("Fred")}
        assert not missing


LINES = 32
"""Lines that are said at once to the reader who does not read: enough that the outbox is full soon."""


def _speak(speaker: Wire, listener: Wire, round_number: int) -> list[str]:
    """Have somebody say some long lines to the room, and return what somebody else hears until the last of them."""
    lines = [f"{round_number} {line} {'x' * 4000}" for line in range(LINES)]
    speaker.send(*lines)
    heard = [listener.line()]
    while heard[-1] != f"Eve (in pub): {lines[-1]}":
        heard.append(listener.line())
    return heard


# --- anything -------------------------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.binary(max_size=64),
    st.sampled_from(
        [
            *(b"server:register Al\n", b"server:join pub\n", b"join pub", b"\nleave\n", b"Al:x\n", b"who\r\n"),
            *(b'{"type":"register","name":"Al","device":"d"}\n', b'{"type":"send","target":"#pub","text":"x"}\n'),
            *(b'{"type":"join","room":"pub"}\n', b'{"type":"who"}\n', b'{"type":"history","target":"#pub"}\n'),
            *(b"{", b"}\n", b"exit\n", b"GET / HTTP/1.1\r\n", b"\n", b"\r", b"\0", b"\xff", b"\x16\x03", b"x" * 20_000),
        ]
    ),
)
"""What a peer may send: noise, and pieces of what it should."""


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_server_survives_whatever_is_sent(server: Server, plain_server: Server, *, encrypted: bool) -> None:
    """Any bytes, cut anywhere, with any end of the connection, end in whole lines of answers or in silence."""

    @settings(max_examples=50)
    @given(pieces=st.lists(PIECES, max_size=8), end=st.sampled_from([Wire.finish, Wire.close, Wire.reset]))
    def survive(pieces: list[bytes], end: Callable[[Wire], None]) -> None:
        with open_tls(server) if encrypted else open_plain(plain_server) as wire:
            for piece in pieces:
                wire.send_bytes(piece)
            end(wire)
            if end is Wire.finish:
                wire.rest()

    survive()
