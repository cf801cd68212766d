"""What people did with the original system, line by line, over TLS."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta

from libchat.server.server import Server
from support.wire import SECONDS, Wire

Connect = Callable[[], Wire]
Arrive = Callable[[str], Wire]


def test_a_room_shows_what_is_said_and_who_comes_and_goes(arrive: Arrive) -> None:
    """What is typed in a room reaches the others in it, who are told of each entry and exit; the speaker is not."""
    alice, bob, eve = arrive("Alice"), arrive("Bob"), arrive("Eve")
    alice.send("server:join teamchat")
    alice.expect("server: joined teamchat")
    bob.send("join teamchat")
    bob.expect("server: joined teamchat")
    alice.expect("server: Bob joined teamchat")
    alice.send("Hello team!")
    bob.expect("Alice (in teamchat): Hello team!")
    bob.send("server:leave")
    bob.expect("server: left teamchat")
    alice.expect("server: Bob left teamchat")
    alice.send("Anybody here?")
    for outsider in (bob, eve):
        outsider.send("who")
        outsider.expect("server: online (3): Alice, Bob, Eve")


def test_commands_typed_in_a_room_are_said_to_it(arrive: Arrive) -> None:
    """In a room `exit`, `who`, `join`, and even NAME:TEXT are chat; `leave` and what begins with `server:` are not."""
    alice, bob = arrive("Alice"), arrive("Bob")
    alice.send("join teamchat")
    alice.expect("server: joined teamchat")
    bob.send("join teamchat")
    bob.expect("server: joined teamchat")
    alice.expect("server: Bob joined teamchat")
    said = ["exit", "who", "join other", "Bob:psst", "Leave", " leave", "server :who"]
    bob.send(*said)
    alice.expect(*(f"Bob (in teamchat): {line}" for line in said))
    bob.send("server:who", "leave", "leave", "who")
    bob.expect("server: online (2): Alice, Bob", "server: left teamchat", "server: online (2): Alice, Bob")
    alice.expect("server: Bob left teamchat")


def test_a_private_message_arrives_at_once(arrive: Arrive) -> None:
    """`Bob:Hello Bob!` shows Bob `Alice: Hello Bob!`, in whatever case the name is written, and nobody else a word."""
    alice, bob, eve = arrive("Alice"), arrive("Bob"), arrive("Eve")
    alice.send("Bob:Hello Bob!")
    bob.expect("Alice: Hello Bob!")
    bob.send("alice: 12:30, as always: don't be late")
    alice.expect("Bob: 12:30, as always: don't be late")
    for person in (alice, bob, eve):
        person.send("who")
        person.expect("server: online (3): Alice, Bob, Eve")


def test_a_taken_name_is_refused_and_another_may_be_tried(arrive: Arrive, connect: Connect) -> None:
    """Who asks for a name that somebody has is asked for another one, on the same connection."""
    arrive("Alice")
    late = connect()
    late.send("server:register Alice")
    late.expect("server: Alice is taken, choose another name")
    late.send("server:register ALICE")
    late.expect("server: ALICE is taken, choose another name")
    late.send("server:register A1ice")
    late.expect("server: A1ice is taken, choose another name")
    late.send("server:register Alice2")
    late.expect("server: welcome Alice2")
    late.send("who")
    late.expect("server: online (2): Alice, Alice2")


def test_messages_for_somebody_who_is_away_wait(arrive: Arrive) -> None:
    """Who writes to somebody away is told that it is queued; the other gets it on return, with when it was sent."""
    alice, bob = arrive("Alice"), arrive("Bob")
    bob.send("exit")
    bob.expect("server: bye")
    bob.expect_end()
    alice.send("Bob:Hello Bob!", "Bob:Are you there?")
    alice.expect("server: Bob is away, your message is queued", "server: Bob is away, your message is queued")
    bob = arrive("Bob")
    now = datetime.now()  # noqa: DTZ005  # the classic dialect shows the clock on the server's wall
    for text, line in zip(("Hello Bob!", "Are you there?"), bob.lines(2), strict=True):
        match = re.fullmatch(r"Alice \(sent (\d{4}-\d\d-\d\d \d\d:\d\d)\): (.*)", line)
        assert match is not None
        assert match[2] == text
        sent = datetime.strptime(match[1], "%Y-%m-%d %H:%M")  # noqa: DTZ007
        assert timedelta(seconds=-1) <= now - sent < timedelta(minutes=10)
    bob.send("who")
    bob.expect("server: online (2): Alice, Bob")
    bob.send("server:exit")
    bob.expect("server: bye")
    again = arrive("Bob")
    again.send("who")
    again.expect("server: online (2): Alice, Bob")  # nothing waits twice


def test_exit_frees_the_name_and_is_told_to_the_room(arrive: Arrive) -> None:
    """After `server:exit` the name is free at once, and those in the same room are told."""
    alice, bob = arrive("Alice"), arrive("Bob")
    for person in (alice, bob):
        person.send("join teamchat")
        person.expect("server: joined teamchat")
    alice.expect("server: Bob joined teamchat")
    bob.send("server:exit")
    bob.expect("server: bye")
    bob.expect_end()
    alice.expect("server: Bob left teamchat")
    alice.send("server:who")
    alice.expect("server: online (1): Alice")
    arrive("Bob")


def test_a_lost_connection_frees_the_name_and_is_told_to_the_room(arrive: Arrive) -> None:
    """A connection that drops, with or without a word, leaves its rooms and frees its name, as `exit` does."""
    alice = arrive("Alice")
    alice.send("join teamchat")
    alice.expect("server: joined teamchat")
    for drop in (Wire.close, Wire.reset, Wire.say_close_notify):
        bob = arrive("Bob")
        bob.send("join teamchat")
        bob.expect("server: joined teamchat")
        alice.expect("server: Bob joined teamchat")
        drop(bob)
        alice.expect("server: Bob left teamchat")


def test_who_lists_who_is_online(arrive: Arrive, connect: Connect) -> None:
    """`who` counts and lists the registered people, sorted by name; a connection without a name is nobody."""
    connect()
    zoe = arrive("zoe")
    zoe.send("server:who")
    zoe.expect("server: online (1): zoe")
    arrive("Alice")
    zoe.send("who")
    zoe.expect("server: online (2): Alice, zoe")


def test_openssl_s_client_is_a_client(arrive: Arrive, server: Server) -> None:
    """A person with nothing but `openssl s_client -quiet` can register, chat and exit, and the program then ends."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "this test needs the openssl program"
    alice = arrive("Alice")
    alice.send("join teamchat")
    alice.expect("server: joined teamchat")
    command = [openssl, "s_client", "-quiet", "-connect", server.address]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, bufsize=1) as bob:
        assert bob.stdin is not None
        assert bob.stdout is not None
        try:
            bob.stdin.write("server:register Bob\njoin teamchat\n")
            assert bob.stdout.readline() == "server: welcome Bob\n"
            assert bob.stdout.readline() == "server: joined teamchat\n"
            alice.expect("server: Bob joined teamchat")
            alice.send("Hello team!")
            assert bob.stdout.readline() == "Alice (in teamchat): Hello team!\n"
            bob.stdin.write("Hello Alice!\n")
            alice.expect("Bob (in teamchat): Hello Alice!")
            bob.stdin.write("server:exit\n")
            assert bob.stdout.readline() == "server: bye\n"
            assert bob.stdout.read() == ""
            assert bob.wait(SECONDS) == 0
        finally:
            bob.kill()
    alice.expect("server: Bob left teamchat")


def test_lines_piped_into_openssl_are_all_answered(server: Server) -> None:
    """A script that pipes its lines into `openssl s_client`, `exit` last, gets all answers and ends by itself."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "this test needs the openssl program"
    command = [openssl, "s_client", "-quiet", "-connect", server.address]
    lines = "server:register Bob\nserver:join teamchat\nserver:who\nHello?\nserver:exit\n"
    done = subprocess.run(command, check=False, input=lines, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0
    assert done.stdout.split("\n") == [
        "server: welcome Bob",
        "server: joined teamchat",
        "server: online (1): Bob",
        "server: bye",
        "",
    ]
