"""A program that writes a log and is killed: `python -m support.crashing PATH`.

It closes the log once in the middle, so that a part of it stands in the file and the rest in the write-ahead log.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from contracts.log_tools import delete, edit, react, say, store
from libchat.records import Cursor, Known, Mark, Member, Record
from libchat.store.sqlite import SqliteLog

APPENDS = 80
PEOPLE = ("ana", "bo", "cy")
CONVERSATIONS = ("#red", "ana bo", "bo cy", "#blue")


def appends() -> list[list[Record]]:
    """Return what it appends, one transaction after the other: always the same, every kind of record."""
    dice = random.Random(7)
    made: list[list[Record]] = [
        [Known(name, name.title(), number, f"d{name}", number > 0)] for number, name in enumerate(PEOPLE)
    ]
    for number in range(APPENDS):
        made.append([_record(dice, number * 10 + index) for index in range(dice.randrange(1, 6))])
    return made


def _record(dice: random.Random, number: int) -> Record:
    sender, ref = dice.choice(PEOPLE), dice.randrange(1, 12)
    conversation = dice.choice([key for key in CONVERSATIONS if key.startswith("#") or sender in key.split()])
    kind = dice.choice(("say", "say", "say", "say", "topic", "edit", "delete", "react", "unreact", "cursor", "member"))
    text = f"text {number} " + "word " * dice.randrange(120)
    match kind:
        case "topic":
            return say(text, "#red", sender, kind="topic")
        case "edit":
            return edit(ref, text, sender, conversation)
        case "delete":
            return delete(ref, sender, conversation)
        case "react" | "unreact":
            return react(ref, dice.choice(("+1", "ha")), sender, kind)
        case "cursor":
            return dice.choice((Cursor(sender, f"d{sender}", conversation, 1), Mark(sender, conversation, 1)))
        case "member":
            return Member("#red", "#Red", sender, dice.choice(("", "owner")), dice.random() < 0.7)
        case _:
            return say(text, conversation, sender, device=f"d{sender}", cid=f"c{number}", time=number)


def write(path: Path, batches: Sequence[Sequence[Record]]) -> SqliteLog:
    """Append, each as a transaction of its own, and return the log, still open."""
    log = SqliteLog(path)
    log.load()
    for batch in batches:
        store(log, *batch)
    return log


def main() -> None:
    """Write everything, say so, and wait for the end."""
    path, batches = Path(sys.argv[1]), appends()
    write(path, batches[: len(batches) // 2]).close()
    write(path, batches[len(batches) // 2 :])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
