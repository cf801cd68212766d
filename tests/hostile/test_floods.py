"""Those who send without a pause: everything that there is to send, and things that nobody should."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from support.crowd import Crowd, for_seconds
from support.siege import addresses, besieged

FLOODERS = 20
SECONDS = 2.0

REGISTER: Final = b'{"type":"register","name":"flood%d"}\n{"type":"join","room":"#flood"}\n'

FLOODS: Final = {
    "messages": b'{"type":"send","target":"#flood","text":"buy this"}\n' * 500,
    "joins": b"".join(b'{"type":"join","room":"#r%d"}\n{"type":"leave","room":"#r%d"}\n' % (n, n) for n in range(250)),
    "who": b'{"type":"who"}\n{"type":"rooms"}\n' * 500,
    "history": b'{"type":"history","target":"#flood","limit":200}\n' * 500,
    "search": b'{"type":"search","text":"buy* this"}\n' * 500,
    "typing": b'{"type":"typing","target":"#flood"}\n{"type":"ping"}\n' * 500,
    "garbage": bytes(range(256)) * 200,
    "nothing": b"\n" * 60_000,
    "half objects": b'{"type":"send","target":"#flood","text":"\\ud800' * 500 + b"\n",
}


@pytest.mark.parametrize("what", FLOODS)
def test_a_flood(what: str, tmp_path: Path) -> None:
    """Twenty who send as fast as they can hurt nobody but themselves."""
    with besieged(tmp_path, what=f"a flood of {what}") as server, Crowd(server.address) as crowd:
        for number, member in enumerate(crowd.come(FLOODERS, addresses(4))):
            member.say(REGISTER % number)
        crowd.run(for_seconds(SECONDS), repeat=FLOODS[what])


def test_a_line_without_end(tmp_path: Path) -> None:
    """Whoever sends one endless line is told so, and closed."""
    with besieged(tmp_path, what="endless lines") as server, Crowd(server.address) as crowd:
        crowd.come(FLOODERS, addresses(4))
        crowd.run(lambda: all(member.is_over for member in crowd.members), repeat=b"x" * 65_536)
        assert all(b"server: error line-too-long" in member.heard for member in crowd.members)


def test_slow_lines(tmp_path: Path) -> None:
    """Two hundred whose lines come a byte at a time, each in a record of its own, are served like everybody else."""
    with besieged(tmp_path, what="slow lines") as server, Crowd(server.address) as crowd:
        lines = {
            member: b"server:register slow%d\nserver:who\nserver:exit\n" % number
            for number, member in enumerate(crowd.come(200, addresses(4)))
        }
        for place in range(max(map(len, lines.values()))):
            for member, line in lines.items():
                member.say(line[place : place + 1])
            crowd.run(lambda: all(member.send() for member in lines))
        crowd.run(lambda: all(member.is_over for member in lines))
        assert all(member.heard.endswith(b"server: bye\n") for member in lines)


def test_new_connections_without_end(tmp_path: Path) -> None:
    """Those who connect, take a name and go, over and over, leave nothing behind."""
    with besieged(tmp_path, what="coming and going") as server:
        for visit in range(10):
            with Crowd(server.address) as crowd:
                for number, member in enumerate(crowd.come(50, addresses(4))):
                    member.say(b"server:register churn%d-%d\n" % (visit, number))
                crowd.run(lambda crowd=crowd: all(member.heard for member in crowd.members))  # type: ignore[misc]
                assert all(b"server: welcome" in member.heard for member in crowd.members)


def test_a_hundred_who_want_the_same_name(tmp_path: Path) -> None:
    """Of a hundred who ask for one name in the same moment exactly one gets it; the others are told so."""
    with besieged(tmp_path, what="a name race") as server, Crowd(server.address) as crowd:
        for member in crowd.come(100, addresses(4)):
            member.say(b"server:register Prize\n")
        crowd.run(lambda: all(member.heard for member in crowd.members))
        answers = sorted(member.heard for member in crowd.members)
        taken = b"server: Prize is taken, choose another name\n"
        assert answers == [taken] * 99 + [b"server: welcome Prize\n"]
