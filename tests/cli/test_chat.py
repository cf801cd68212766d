"""`libchat chat` through pipes."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from support.program import PATIENCE, Program, Serving

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
Chat = Callable[[str], Program]

pytestmark = pytest.mark.usefixtures("server")


def test_answers_come_before_the_end(libchat: Run) -> None:
    """At the end of the input everything is answered, then the program ends with exit code 0."""
    done = libchat("chat", "--name", "ana", given="who\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["server: welcome ana", "server: online (1): ana"]


def test_a_last_line_without_its_end(libchat: Run) -> None:
    """A last line counts also without a newline behind it."""
    done = libchat("chat", "--name", "ana", given="who")
    assert done.stdout.splitlines()[-1] == "server: online (1): ana"


def test_every_word(libchat: Run) -> None:
    """The original words work, inside and outside of a room, and mean what the lines before them made of them."""
    typed = ["who", "join team", "who", "server:who", "leave", "leave", "join #Other", "join it", "server:exit", "who"]
    done = libchat("chat", "--name", "ana", given="\n".join(typed))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "server: welcome ana",
        "server: online (1): ana",
        "server: joined team",
        "server: online (1): ana",
        "server: left team",
        "server: joined Other",
        "server: bye",
    ]


def test_message_asks_for_recipient_and_text(chat: Chat) -> None:
    """`message` takes its recipient and its text from the next two lines."""
    ana, bo = chat("ana"), chat("bo")
    ana.write("message", "bo", "Hello: Bo!")
    bo.expect("ana: Hello: Bo!")


def test_in_a_room_message_is_chat(chat: Chat) -> None:
    """In a room, `message` and `exit` are said to the room."""
    ana, bo = chat("ana"), chat("bo")
    for person in (ana, bo):
        person.write("join team")
        person.expect("server: joined team")
    ana.write("message", "exit", "server:exit")
    bo.expect("ana (in team): message")
    bo.expect("ana (in team): exit")
    bo.expect("server: ana left team")
    assert ana.end() == 0


def test_after_another_room_the_first_one_is_left(chat: Chat) -> None:
    """`server:join` in a room leaves it: one is in one room at a time."""
    ana, bo = chat("ana"), chat("bo")
    bo.write("join one")
    bo.expect("server: joined one")
    ana.write("join one", "server:join two", "hello", "leave", "who")
    bo.expect("server: ana joined one")
    bo.expect("server: ana left one")
    ana.expect("server: left two")
    ana.expect("server: online (2): ana, bo")


def test_refusals_are_errors(libchat: Run) -> None:
    """What was not accepted is told on standard error, and makes the exit code of a pipe 1."""
    done = libchat("chat", "--name", "ana", given="nobody: hi\nxyzzy\nwho\n")
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["server: welcome ana", "server: online (1): ana"]
    assert [line[:28] for line in done.stderr.splitlines()] == [
        "server: error no-such-name: ",
        "server: error unknown-comman",
    ]


def test_what_cannot_be_sent(libchat: Run) -> None:
    """Lines that are too long or no UTF-8 are refused one by one; the others get through."""
    given = b"join " + b"x" * 20_000 + b"\n\xff\xfe\njoin team\n" + b"x" * 5_000 + b"\nserver:who\n"
    done = libchat("chat", "--name", "ana", given=given)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == ["server: joined team", "server: online (1): ana"]
    assert done.stderr.count("error text-too-long") == 2
    assert done.stderr.count("error bad-line") == 1


def test_somebody_who_is_away(libchat: Run, chat: Chat) -> None:
    """A message to somebody who has left is queued, and comes with its time when they are back."""
    bo = chat("bo")
    bo.close_input()
    assert bo.end() == 0
    done = libchat("chat", "--name", "ana", given="bo: later\n")
    assert done.stdout.splitlines()[1:] == ["server: bo is away, your message is queued"]
    line = libchat("chat", "--name", "bo", given="").stdout.splitlines()[1]
    assert line.startswith("ana (sent ")
    assert line.endswith("): later")


def test_the_name_is_asked_for(libchat: Run) -> None:
    """Without --name, the first line is the name; the question is no part of the output."""
    done = libchat("chat", given="ana\nwho\n")
    assert (done.returncode, done.stderr) == (0, "name: \n")
    assert done.stdout.splitlines() == ["server: welcome ana", "server: online (1): ana"]


def test_the_name_is_asked_for_again(libchat: Run, chat: Chat) -> None:
    """A name that is taken or cannot be one is asked for again."""
    chat("ana")
    done = libchat("chat", given="ana\nserver\na b\nbo\nwho\n")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["server: welcome bo", "server: online (2): ana, bo"]
    assert "server: ana is taken, choose another name\n" in done.stderr
    assert done.stderr.splitlines().count("name: ") == 4


def test_no_name_at_all(libchat: Run) -> None:
    """When the input ends before there is a name, that is an error."""
    done = libchat("chat", given="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--name NAME" in done.stderr


@pytest.mark.parametrize("name", ["ana", "ANA", "server", "a b"])
def test_a_name_that_cannot_be_had(libchat: Run, chat: Chat, name: str) -> None:
    """--name is not asked for again where there is nobody to ask."""
    chat("ana")
    done = libchat("chat", "--name", name, given="who\n")
    assert (done.returncode, done.stdout) == (1, "")
    expected = f"{name} is taken, choose another name" if name.lower() == "ana" else "cannot be a name"
    assert expected in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(chat: Chat, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C leave the chat, and the others see it."""
    ana, bo = chat("ana"), chat("bo")
    for person in (bo, ana):
        person.write("join team")
        person.expect("server: joined team")
    bo.expect("server: ana joined team")
    ana.signal(number)
    assert ana.end() == 0
    assert ana.errors == ""
    bo.expect("server: ana left team")


def test_the_server_comes_back(env: dict[str, str], server: Serving, start: Start) -> None:
    """A lost connection is told and made again, and what is typed meanwhile goes out then."""
    server.signal(signal.SIGTERM)
    server.end()
    with Serving("--port", "0", env=env) as first:
        env |= {"LIBCHAT_PORT": str(first.port), "LIBCHAT_PIN": first.pin}
        ana = start("chat", "--name", "ana")
        ana.expect("server: welcome ana")
        first.signal(signal.SIGTERM)
        first.end()
    ana.expect("server: bye (the server is stopping)")
    ana.write("who")
    with Serving("--port", str(first.port), env=env):
        ana.expect("server: online (1): ana")
        ana.close_input()
        assert ana.end() == 0
    assert "connection lost (the server has closed the connection); trying again" in ana.errors
    assert "connected again" in ana.errors


def test_nobody_listens(libchat: Run) -> None:
    """A server that is not there is exit code 3, with a line that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = libchat("chat", "--name", "ana", "--port", str(port))
    assert (done.returncode, done.stdout) == (3, "")
    assert f"nothing listens at 127.0.0.1:{port}" in done.stderr


def test_an_unknown_host(libchat: Run) -> None:
    """A host that nobody knows is exit code 3, too."""
    done = libchat("chat", "--name", "ana", "--host", "no-such-host.invalid")
    assert done.returncode == 3
    assert "check how it is written" in done.stderr


def test_tls_on_one_side_only(libchat: Run) -> None:
    """--plaintext to a server with TLS is exit code 3, without a traceback."""
    done = libchat("chat", "--name", "ana", "--plaintext")
    assert done.returncode == 3
    assert "--plaintext" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_reader_of_its_output_goes_away(libchat: Run) -> None:
    """What cannot be printed any more ends the program, with one line at most."""
    with open("/dev/full", "wb") as full:
        done = libchat("chat", "--name", "ana", given="who\n", output=full.fileno())
    assert done.returncode == 1
    assert done.stderr == "libchat: the output cannot be written: No space left on device\n"


def test_a_hostile_server(start: Start) -> None:
    """Whatever a server sends, no control character gets to the terminal, and no text begins a line of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said = threading.Thread(target=_be_hostile, args=(listener,))
        said.start()
        ana = start("chat", "--name", "ana", "--plaintext", "--port", str(listener.getsockname()[1]))
        ana.expect("server: welcome ana")
        assert ana.line() == "bo: red[31m"
        assert ana.line() == "bo: server: bye"
        assert ana.line() == "bo: one server: two"
        ana.close_input()
        ana.end()
        said.join(PATIENCE)


def _be_hostile(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(
            b'{"type":"welcome","server":"x","log":"y","version":1,"cid":"~"}\n'
            b'{"type":"registered","name":"ana","cid":"~"}\n'
            b'{"type":"entry","target":"ana","seq":1,"sender":"bo","time":1,"text":"\\u001bred[31m\\nserver: bye"}\n'
            b'{"type":"entry","target":"ana","seq":2,"sender":"bo","time":1,"text":"one\\rserver: two"}\n'
        )
        connection.recv(65536)
        connection.sendall(b'{"type":"bye","reason":"enough","final":true}\n')
