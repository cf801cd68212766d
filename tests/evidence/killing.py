"""A server that is killed again and again while people talk: each kill, and what came of what was said.

The run is that of `make soak`, with servers that are each started by a new interpreter. What was said and shown is
counted, and given to the checkers of `libchat.testing`. Then mistakes are planted in a copy of it, and in a copy of the
file: a check that does not find them would prove nothing.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from libchat.testing import History, Sent, Shown, assert_consistent
from support.program import environment
from support.soak import NAMES, ROOM, WINDOW, Count, Report, count, soak

KILLS: Final = 20
SEED: Final = 1
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"

Mistake = Callable[[list[Sent | Shown], int], None]
"""Changes what happened, at the place of something that was shown."""


def make(folder: Path, kills: int = KILLS) -> None:
    """Write kill.txt. Raises AssertionError if anything was lost, doubled or out of order, or a mistake is missed."""
    with tempfile.TemporaryDirectory() as scratch:
        report = soak(Path(scratch), kills, seed=SEED, is_cold=True)
        lines = [
            *_opening(kills),
            *_kills(report),
            *_verdict(count(report.history)),
            *_file(Path(scratch)),
            *_mistakes(report.history),
            *_changed_file(Path(scratch)),
        ]
    (folder / "kill.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _opening(kills: int) -> list[str]:
    others = len(NAMES) - 1
    return [
        f"A server that is killed {kills} times while {len(NAMES)} people talk",
        "",
        "  $ libchat serve --host 127.0.0.1 --data data --message-rate 0 --registrations 0",
        "  $ kill -KILL PID, and the same command again, with the same port and folder",
        "",
        f"Everybody talks in one room and in private with each of the {others} others, with up to {WINDOW} messages",
        "that are not answered yet. They come back by themselves, and send again what was not answered.",
        "",
    ]


def _kills(report: Report) -> list[str]:
    rows = [
        f"{number:>5} {kill.at:>9.0f} {kill.accepted:>10,} {kill.waiting:>10} {kill.restart:>11.0f}"
        for number, kill in enumerate(report.kills, 1)
    ]
    return [
        " kill     at ms   accepted    waiting  restart ms",
        *rows,
        "",
        "at: since the beginning; accepted: messages in all, so far; waiting: sent and not answered yet;",
        "restart: from the signal until the new server listens.",
        "",
    ]


def _verdict(counted: Count) -> list[str]:
    assert counted.delivered == counted.owed, f"not everything came, or too much: {counted}"
    assert (counted.lost, counted.doubled, counted.misplaced) == (0, 0, 0), f"something is wrong: {counted}"
    return [
        "What came of it",
        "",
        f"  sent          {counted.sent:>9,}",
        f"  accepted      {counted.accepted:>9,}",
        f"  to deliver    {counted.owed:>9,}   one for each reader of each message",
        f"  delivered     {counted.delivered:>9,}",
        f"  lost          {counted.lost:>9,}",
        f"  doubled       {counted.doubled:>9,}",
        f"  out of order  {counted.misplaced:>9,}",
        "",
        "  the checkers of libchat.testing find nothing; the file holds what was accepted, and nothing else",
        "",
    ]


def _file(home: Path) -> list[str]:
    code, said = verify(home, "chat.db")
    assert code == 0, said
    return ["  $ libchat verify chat.db", *(f"  {line}" for line in said), ""]


def verify(home: Path, file: str) -> tuple[int, list[str]]:
    """Return the exit code of `libchat verify` for a file in the folder `data`, and what it says."""
    command = [sys.executable, "-m", "libchat", "verify", file]
    ended = subprocess.run(
        command, cwd=home / "data", env=environment(home), capture_output=True, text=True, check=False, timeout=60
    )
    return ended.returncode, [*ended.stdout.splitlines(), *ended.stderr.splitlines()]


# --- mistakes that are planted --------------------------------------------------------------------------------------


def _lose(events: list[Sent | Shown], place: int) -> None:
    del events[place]


def _double(events: list[Sent | Shown], place: int) -> None:
    events.insert(place + 1, events[place])


def _swap(events: list[Sent | Shown], place: int) -> None:
    """Exchange something that was shown with what the same reader was shown before in that conversation."""
    shown = events[place]
    assert isinstance(shown, Shown)
    for before in range(place - 1, -1, -1):
        other = events[before]
        if (
            isinstance(other, Shown)
            and (other.reader, other.conversation) == (shown.reader, shown.conversation)
        ):  # fmt: skip
            events[place], events[before] = other, shown
            return
    raise AssertionError("nothing was shown before")


def _alter(events: list[Sent | Shown], place: int) -> None:
    shown = events[place]
    assert isinstance(shown, Shown)
    events[place] = Shown(shown.reader, shown.conversation, shown.seq, shown.sender, f"{shown.text}!")


MISTAKES: Final[dict[str, Mistake]] = {
    "one delivery taken away": _lose,
    "one delivery doubled": _double,
    "two deliveries exchanged": _swap,
    "one text altered": _alter,
}


def plant(history: History, mistake: Mistake) -> History:
    """Return a history with a mistake in it, at what the last reader of the room was shown in its middle."""
    events = list(history.events)
    in_room = [
        place
        for place, event in enumerate(events)
        if isinstance(event, Shown) and (event.reader, event.conversation) == (NAMES[-1], ROOM)
    ]
    mistake(events, in_room[len(in_room) // 2])
    return History(events, audience={ROOM: NAMES})


def finding(history: History) -> str:
    """Return what the checkers find first in a history, in one line. Raises AssertionError if they find nothing."""
    try:
        assert_consistent(history)
    except AssertionError as fault:
        return str(fault).partition("\n")[0]
    raise AssertionError("the checkers find nothing")


def _mistakes(history: History) -> list[str]:
    lines = ["Would a mistake be found? The same run, with a mistake planted in what was shown:", ""]
    for name, mistake in MISTAKES.items():
        planted = plant(history, mistake)
        counted = count(planted)
        faults = f"lost {counted.lost}, doubled {counted.doubled}, out of order {counted.misplaced}"
        lines += [f"  {name}: {faults}", f"      {finding(planted)}"]
    return [*lines, ""]


def _changed_file(home: Path) -> list[str]:
    (home / "data" / "changed.db").write_bytes((home / "data" / "chat.db").read_bytes())
    change_a_letter(home / "data" / "changed.db")
    code, said = verify(home, "changed.db")
    assert code == 1, f"a changed letter was not found: {said}"
    return [
        "And the same file, with one letter of one message changed:",
        "",
        "  $ libchat verify changed.db",
        *(f"  {line}" for line in said),
    ]


def change_a_letter(path: Path) -> None:
    """Change one letter of a message in the middle of the room, as whoever has the file could."""
    with closing(sqlite3.connect(path)) as connection, connection:
        in_room = "conversation = (SELECT id FROM conversations WHERE key = ?) AND text != '' ORDER BY seq"
        rows = connection.execute(f"SELECT rowid, text FROM entries WHERE {in_room}", (ROOM,)).fetchall()
        row, text = rows[len(rows) // 2]
        letter = random.Random(SEED).choice(LETTERS.replace(text[0], ""))
        connection.execute("UPDATE entries SET text = ? WHERE rowid = ?", (letter + text[1:], row))
