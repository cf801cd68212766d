"""Measure how long a key takes in a room of 5,000: `python tests/bench/completion.py`.

Each figure is the median and the slowest of many calls, of the suggestions alone, and with the picture of the room that
the shell makes when somebody has spoken meanwhile. It is the processor's time of this thread, whatever else the
machine does.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "shell"), str(ROOT / "plugins"), str(ROOT / "tests")]

from libchat import messages as m  # noqa: E402
from libchat.plugins.declare import Command  # noqa: E402
from libchat.plugins.grammar import Grammar  # noqa: E402
from libchat.plugins.types import Member  # noqa: E402
from libchat_shell.completion import Known, suggest  # noqa: E402
from support.places import Place  # noqa: E402  # the path comes first
from support.screens import NOON, model, said  # noqa: E402

PEOPLE = 5_000
CALLS = 200
LIMIT_MS = 5.0

TYPED = ("u", "user1", "user4999", "us49", "zzz", "hello user12", "@u9", "/kick u", "/kick us49", "/kick zzz", "/k")


def kick(name: Member) -> None:
    """Put somebody out."""


def main() -> int:
    """Print the figures, and return 1 if one is over the limit."""
    made = model()
    names = tuple(f"user{number}" for number in range(PEOPLE))
    made.take(m.Entered("#team", ("ana", *names)), NOON)
    made.switch("#team", NOON)
    for seq in range(1, 500):
        made.take(said(seq, names[seq * 7 % PEOPLE], "hello"), NOON)
    commands = {"kick": Command("kick", kick, Grammar.of(kick), "Put somebody out.")}

    def known() -> Known:
        return Known(Place(people=made.members("#team"), known_rooms=made.rooms()), commands)

    picture = known()
    slowest = 0.0
    print(f"{PEOPLE} names, {CALLS} calls each, milliseconds\n\n{'typed':16} {'median':>8} {'slowest':>8}")
    for text in TYPED:
        slowest = max(slowest, report(repr(text), lambda text=text: suggest(text, len(text), picture)))  # type: ignore[misc]
    slowest = max(slowest, report("with a picture", lambda: suggest("us49", 4, known())))
    report("after a join", lambda: [made.take(m.Joined("#team", "somebody"), NOON), made.members("#team")])
    print(f"\nslowest median {slowest:.2f} ms, limit {LIMIT_MS} ms")
    return int(slowest > LIMIT_MS)


def report(name: str, function: Callable[[], object]) -> float:
    """Print how long a function takes, and return the median."""
    taken = []
    for _ in range(CALLS):
        begin = time.thread_time()
        function()
        taken.append((time.thread_time() - begin) * 1000)
    print(f"{name:16} {statistics.median(taken):8.3f} {max(taken):8.3f}")
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
