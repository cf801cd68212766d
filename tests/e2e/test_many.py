"""Many people at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice

from libchat.server.server import Server
from support.bounds import UNLIMITED
from support.wire import Wire, open_tls

Connect = Callable[[], Wire]
Arrive = Callable[[str], Wire]

PEOPLE = 200
SPEAKERS = 10
LINES = 50


def test_everybody_in_a_busy_room_sees_every_line_once_and_in_order(arrive: Arrive) -> None:
    """Of 200 people in a room, 10 speak at once: each hears all the others, each line once, each speaker in order."""
    people = [arrive(f"p{number}") for number in range(PEOPLE)]
    for person in people:
        person.send("join pub")
        person.expect("server: joined pub")
    for number, person in enumerate(people):
        person.expect(*(f"server: p{later} joined pub" for later in range(number + 1, PEOPLE)))
    speakers = people[::20]
    assert len(speakers) == SPEAKERS
    orders = set()
    with ThreadPoolExecutor(SPEAKERS) as pool:
        for speaker in speakers:
            pool.submit(speaker.send, *(f"line {line}" for line in range(LINES)))
        for number, person in enumerate(people):
            others = [other for other in range(0, PEOPLE, 20) if other != number]
            heard = person.lines(len(others) * LINES)
            for other in others:
                said = [line for line in heard if line.startswith(f"p{other} (")]
                assert said == [f"p{other} (in pub): line {line}" for line in range(LINES)]
            if person not in speakers:
                orders.add(tuple(heard))
    assert len(orders) == 1  # and all those who only listen in the same order
    for person in people:
        person.send("server:exit")
    for number, person in enumerate(people):
        left = person.rest()
        assert left.pop() == "server: bye"
        assert set(left) <= {f"server: p{other} left pub" for other in range(PEOPLE) if other != number}


def test_classic_and_native_readers_get_the_same_in_pairs(arrive: Arrive, arrive_native: Arrive) -> None:
    """Fifty pairs talk privately at once, each of a person and a program: nothing gets into another conversation."""
    pairs = [(arrive(f"p{number}"), arrive_native(f"a{number}")) for number in range(50)]
    with ThreadPoolExecutor(8) as pool:
        for number, (person, _) in enumerate(pairs):
            pool.submit(person.send, *(f"a{number}:to a{number}, {line}" for line in range(20)))
        for number, (_, app) in enumerate(pairs):
            for line in range(20):
                app.hear("entry", sender=f"p{number}", seq=line + 1, text=f"to a{number}, {line}")


def test_people_who_come_and_go_leave_nothing_behind(server: Server, arrive: Arrive) -> None:
    """200 times somebody connects, takes a name, joins and leaves, eight at a time; then all names are free again."""
    watcher = arrive("Watcher")
    watcher.send("join pub")
    watcher.expect("server: joined pub")

    def visit(number: int) -> None:
        with open_tls(server) as guest:
            guest.send(f"server:register g{number}", "join pub", f"I am {number}")
            guest.expect(f"server: welcome g{number}", "server: joined pub")
            if number % 4 == 0:
                guest.send("server:exit")
                guest.rest()
            elif number % 4 == 1:
                guest.finish()
                guest.rest()
            elif number % 4 == 2:
                guest.reset()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(PEOPLE)))
    seen: dict[str, list[str]] = {}
    while len(seen) < PEOPLE or any(events[-1] != "left" for events in seen.values()):
        match = re.fullmatch(r"(?:server: )?g(\d+)(?: \(in pub\): I am \1| (joined|left) pub)", watcher.line())
        assert match is not None
        seen.setdefault(match[1], []).append(match[2] or "spoke")
    allowed = (["joined", "spoke", "left"], ["joined", "left"])  # the latter if it was reset before it was heard
    assert all(events in allowed for events in seen.values())
    assert sum(events == allowed[0] for events in seen.values()) >= PEOPLE * 3 / 4
    watcher.send("server:who")
    watcher.expect("server: online (1): Watcher")
    for number in islice(range(PEOPLE), 0, None, 10):
        arrive(f"g{number}")


def test_many_commands_in_one_piece_are_all_answered(arrive: Arrive) -> None:
    """10,000 commands that come at once are all carried out, in order, and do not hold up the others meanwhile."""
    eager, other = arrive("Eager"), arrive("Other")
    eager.send(*["who"] * 10_000, "Nobody:hi")
    other.send("who")
    other.expect("server: online (2): Eager, Other")
    eager.expect(*["server: online (2): Eager, Other"] * 10_000)
    assert eager.line().startswith("server: error no-such-name: ")


def test_many_at_once_across_two_pollers() -> None:
    """With two threads that own sockets, a room holds people of both, and everybody hears everybody in order."""
    with Server(port=0, pollers=2, bounds=replace(UNLIMITED, stop_seconds=10.0)) as server, ExitStack() as opened:
        people = [opened.enter_context(open_tls(server)) for _ in range(20)]
        for number, person in enumerate(people):
            person.send(f"server:register p{number}", "join pub")
            person.expect(f"server: welcome p{number}", "server: joined pub")
        for number, person in enumerate(people):
            person.expect(*(f"server: p{later} joined pub" for later in range(number + 1, 20)))
            person.send(*(f"{number} says {line}" for line in range(20)))
        for number, person in enumerate(people):
            heard = person.lines(19 * 20)
            for other in range(20):
                said = [line for line in heard if line.startswith(f"p{other} (")]
                assert said == [f"p{other} (in pub): {other} says {line}" for line in range(20) if other != number]
