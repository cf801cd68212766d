"""The original client, in what the two programs together do not show (`test_final_server`)."""

from __future__ import annotations

from pathlib import Path

import libchat
from support.examples import Example

SECONDS = 20


def open_client(server: libchat.Server, home: Path, *lines: str) -> Example:
    """Start a client, and type lines."""
    example = Example("final_client", "--host", server.host, "--port", str(server.port), home=home)
    example.write(*lines)
    return example


def test_mistakes_are_explained(tmp_path: Path) -> None:
    """A bad name, an unknown word and an unknown person are told, and the client goes on."""
    with libchat.serve(port=0) as server, open_client(server, tmp_path, "no name", "Alice") as alice:
        assert alice.line().startswith("server: error bad-name: ")
        assert alice.line() == "server: welcome Alice"
        alice.write("joni teamchat", "nobody:hi", "join", "", "exit")
        assert alice.line().startswith("server: error unknown-command: write NAME:TEXT")
        assert alice.line().startswith("server: error no-such-name: ")
        assert alice.line().startswith("server: error unknown-command: ")
        assert alice.line() == "server: bye"
        assert alice.end() == 0


def test_another_room_is_entered_from_within_one(tmp_path: Path) -> None:
    """One is in one room at a time; a room that cannot be entered does not cost the one that one is in."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "Bob", pin=server.pin) as bob,
        open_client(server, tmp_path, "Alice", "join one", "server:join two") as alice,
    ):
        bob.join("#shut")
        bob.set_room("#shut", password="secret")
        assert [alice.line() for _ in range(3)] == ["server: welcome Alice", "server: joined one", "server: joined two"]
        bob.join("#two")
        assert alice.line() == "server: Bob joined two"
        alice.write("server:join shut", "still here")
        assert alice.line().startswith("server: error room-password: ")
        assert bob.receive(timeout=SECONDS).text == "still here"
        assert [room.room for room in bob.rooms()] == ["#shut", "#two"]


def test_who_is_put_out_is_out(tmp_path: Path) -> None:
    """After a kick the next line is refused, and the one after it is a command again."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "Bob", pin=server.pin) as bob,
    ):
        bob.join("#tea")
        with open_client(server, tmp_path, "Alice", "join tea") as alice:
            assert [alice.line() for _ in range(2)] == ["server: welcome Alice", "server: joined tea"]
            bob.kick("#tea", "Alice")
            alice.write("hello?", "who", "exit")
            assert alice.line().startswith("server: error not-in-room: ")
            assert alice.line() == "server: online (2): Alice, Bob"
            assert alice.line() == "server: bye"
            assert alice.end() == 0


def test_a_lost_connection_is_told(tmp_path: Path) -> None:
    """When the server goes away, the client says so and waits for it, and Ctrl-C still ends it."""
    with libchat.serve(port=0) as server, open_client(server, tmp_path, "Alice") as alice:
        assert alice.line() == "server: welcome Alice"
        server.stop("it is late")
        assert alice.line() == "server: the connection is lost, trying again; what you write waits"
        alice.interrupt()
        assert (alice.end(), "Traceback" in alice.complaints) == (0, False)


def test_the_end_of_the_chat_ends_the_client(tmp_path: Path) -> None:
    """When another server answers at the address, the client ends, though nobody types anything."""
    with libchat.serve(port=0) as server, open_client(server, tmp_path, "Alice") as alice:
        assert alice.line() == "server: welcome Alice"
        server.stop()
        with libchat.serve(port=server.port):
            while not (line := alice.line()).startswith("server: bye ("):
                pass
            assert "shows the key" in line
            assert alice.wait() == 0
