"""The original two programs, at each other and at other clients."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libchat
from support.examples import Example

SECONDS = 20


@contextmanager
def serving(home: Path, port: str = "0") -> Iterator[str]:
    """Give the port of a server. It ends by Ctrl-C, with a goodbye."""
    with Example("final_server", "--host", "127.0.0.1", "--port", port, home=home) as server:
        port = server.line().rpartition(":")[2]
        assert server.line().startswith("server: my key is ")
        yield port
        server.interrupt()
        assert (server.end(), server.complaints) == (0, "")
        assert server.rest == ["server: bye"]


def client(home: Path, port: str, *lines: str) -> Example:
    """Start a client, and type lines."""
    example = Example("final_client", "--port", port, home=home)
    example.write(*lines)
    return example


def read(example: Example, count: int) -> list[str]:
    """Return the next lines."""
    return [example.line() for _ in range(count)]


def test_two_people_talk(tmp_path: Path) -> None:
    """The words of the original, and what is seen of them."""
    with serving(tmp_path) as port, client(tmp_path, port, "Alice") as alice, client(tmp_path, port) as bob:
        assert alice.line() == "server: welcome Alice"
        bob.write("Alice", "Bob", "who", "server:who", "Alice:Hello Alice!", "message", "Alice", "And again.")
        assert read(bob, 4) == [
            "server: Alice is taken, choose another name",
            "server: welcome Bob",
            "server: online (2): Alice, Bob",
            "server: online (2): Alice, Bob",
        ]
        assert read(alice, 2) == ["Bob: Hello Alice!", "Bob: And again."]
        alice.write("join teamchat")
        assert alice.line() == "server: joined teamchat"
        bob.write("server:join teamchat", "Hello team!", "who", "exit", "leave", "leave", "server:leave")
        assert read(bob, 2) == ["server: joined teamchat", "server: left teamchat"]
        assert read(alice, 5) == [
            "server: Bob joined teamchat",
            "Bob (in teamchat): Hello team!",
            "Bob (in teamchat): who",
            "Bob (in teamchat): exit",
            "server: Bob left teamchat",
        ]
        bob.write("exit")
        assert bob.line() == "server: bye"
        assert bob.end() == 0
        alice.write("leave", "Bob:Are you there?", "exit")
        assert read(alice, 3) == ["server: left teamchat", "server: Bob is away, your message is queued", "server: bye"]
        assert alice.end() == 0
        with client(tmp_path, port, "Bob") as again:
            assert again.line() == "server: welcome Bob"
            waited = again.line()
            assert waited.startswith("Alice (sent 20")
            assert waited.endswith("): Are you there?")
            again.write("server:exit")
            assert again.end() == 0


def test_the_server_is_known_again(tmp_path: Path) -> None:
    """A server that is started again has the same key, so that clients which know it come in."""
    for _ in range(2):
        with serving(tmp_path) as port, client(tmp_path, port, "Alice", "exit") as alice:
            assert read(alice, 2) == ["server: welcome Alice", "server: bye"]
            assert alice.end() == 0


def test_lines_typed_by_hand_meet_the_client(tmp_path: Path) -> None:
    """A TLS socket and the original's lines are enough, as with `openssl s_client`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with serving(tmp_path) as port, client(tmp_path, port, "Alice") as alice:
        assert alice.line() == "server: welcome Alice"
        plain = socket.create_connection(("127.0.0.1", int(port)), SECONDS)
        with context.wrap_socket(plain) as sock, sock.makefile("rwb", buffering=0) as lines:
            lines.write(b"server:register Bob\nAlice:Hello Alice!\n")
            assert lines.readline() == b"server: welcome Bob\n"
            assert alice.line() == "Bob: Hello Alice!"
            alice.write("Bob:Hello Bob!", "exit")
            assert lines.readline() == b"Alice: Hello Bob!\n"
            assert alice.end() == 0


def test_two_servers_at_one_port(tmp_path: Path) -> None:
    """A server that cannot listen says where and why, in one line."""
    with libchat.serve(port=0) as first:
        port = str(first.port)
        with Example("final_server", "--port", port, home=tmp_path) as second:
            assert second.end() == 1
            assert second.complaints.startswith(f"server: cannot serve at 127.0.0.1:{port}: ")
            assert second.complaints.count("\n") == 1


def test_a_wrong_port_is_told(tmp_path: Path) -> None:
    """A port that is none ends both programs with a line that says so."""
    for name in ("final_server", "final_client"):
        with Example(name, "--port", "99999", home=tmp_path) as example:
            example.write("Alice")
            assert example.end() != 0
            assert "99999" in example.complaints
            assert "Traceback" not in example.complaints
