"""Thousands of connections that do nothing, or not enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.crowd import Crowd, Member, for_seconds
from support.siege import addresses, besieged
from support.wire import Wire, client_hello, open_tls

CONNECTIONS = 10_000
HANDSHAKES = 1_000
READERS = 1_000
SPEAKERS = 10
LINES = 80
"""Lines that each speaker says: together more than fits into an outbox and the buffers of two sockets."""
AT_ONCE = 5
"""Lines that each speaker says without a pause."""


@pytest.mark.timeout(180)
def test_ten_thousand_connections_that_are_opened_and_left(tmp_path: Path) -> None:
    """Each is established and says nothing; when they are gone, nothing is left of them."""
    with besieged(tmp_path, what="10,000 connections") as server, Crowd(server.address) as crowd:
        crowd.come(CONNECTIONS, addresses(100))
        assert not any(member.is_over for member in crowd.members)


def test_a_thousand_handshakes_that_are_never_finished(tmp_path: Path) -> None:
    """Whoever begins a handshake and leaves it, in any state, is closed after a while; others get in meanwhile."""
    hello = client_hello()
    with besieged(tmp_path, what="1,000 handshakes") as server, Crowd(server.address) as crowd:
        for part in (b"", hello[:1], hello[:100], hello[:-1], hello):
            crowd.knock(HANDSHAKES // 5, addresses(20), part)
        crowd.run(lambda: all(member.is_over for member in crowd.members))


def test_ten_thousand_connections_that_say_nothing_at_all(tmp_path: Path) -> None:
    """However many come without even a handshake, from however few addresses, the newest push out the oldest."""
    with besieged(tmp_path, what="10,000 silent ones") as server, Crowd(server.address) as crowd:
        for _ in range(10):
            crowd.knock(CONNECTIONS // 10, addresses(5), b"")
            crowd.run(for_seconds(0.1))
        crowd.run(lambda: sum(member.is_over for member in crowd.members) >= CONNECTIONS - 1_000)


@pytest.mark.timeout(180)
def test_a_thousand_readers_that_never_read(tmp_path: Path) -> None:
    """In a busy room, each is sent away when its outbox is full; those who read hear everything, in order."""
    with besieged(tmp_path, what="1,000 who do not read") as server, Crowd(server.address) as crowd:
        crowd.come(READERS, addresses(10), receive_buffer=4096)
        for number, member in enumerate(crowd.members):
            member.say(f"server:register deaf{number}\nserver:join busy\n".encode())
            member.send()
        with open_tls(server) as reader, _Speakers(server.address) as speakers:
            reader.tell("register", name="Reader")
            reader.hear("registered")
            _until_all_are_in(reader)
            reader.tell("join", room="#busy")
            speakers.enter()
            for first in range(0, LINES, AT_ONCE):
                speakers.speak(first)
                heard = _hear(reader)
                for number in range(SPEAKERS):
                    texts = [text for name, text in heard if name == f"loud{number}"]
                    assert texts == [speakers.text(line) for line in range(first, first + AT_ONCE)]
            while _members(reader) > SPEAKERS + 1:
                pass


class _Speakers(Crowd):
    """Those who talk in the busy room, from addresses of their own."""

    def enter(self) -> None:
        """Enter the room."""
        for number, member in enumerate(self.come(SPEAKERS, addresses(SPEAKERS, 2))):
            self._say(member, f"server:register loud{number}", "server:join busy")

    def speak(self, first: int) -> None:
        """Have some lines said."""
        for member in self.members:
            self._say(member, *(self.text(line) for line in range(first, first + AT_ONCE)))
        self.run(for_seconds(0.1))  # they hear each other

    def _say(self, member: Member, *lines: str) -> None:
        member.say("".join(f"{line}\n" for line in lines).encode())
        self.run(member.send)

    @staticmethod
    def text(line: int) -> str:
        """Return what is said."""
        return f"{line:03} {'x' * 4_000}"


def _members(reader: Wire) -> int:
    """Return how many are in the room."""
    reader.tell("who", room="#busy", cid="who")
    while (event := reader.event())["type"] != "online":
        pass
    people = event["people"]
    assert isinstance(people, list)
    return len(people)


def _until_all_are_in(reader: Wire) -> None:
    while True:
        reader.tell("rooms", cid="rooms")
        rooms = json.loads(reader.line())["rooms"]
        if rooms and rooms[0]["members"] == READERS:
            return


def _hear(reader: Wire) -> list[tuple[object, object]]:
    """Return who said what, up to the last line."""
    heard: list[tuple[object, object]] = []
    while len(heard) < SPEAKERS * AT_ONCE:
        event = reader.event()
        if event["type"] == "entry":
            heard.append((event["sender"], event["text"]))
    return heard
