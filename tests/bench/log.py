"""Measure the SQLite log: appending, opening and searching a large file.

    python tests/bench/log.py --entries 1000000 --folder /var/tmp

The file is made in a new folder inside of `--folder`, on whose disk the figures depend, and removed in the end. CPU is
that of the whole process, in microseconds for each entry; `--parts` also measures the hash chain, and what an entry
costs without the index of texts.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from libchat.records import Answer, AskPage, AskSearch, AskUnread, AskWaiting, Draft, Outcome, Question, Span
from libchat.store.chain import digest_of, link
from libchat.store.sqlite import SqliteLog

T = TypeVar("T")

BATCH = 100
IN_FLIGHT = 8
"""Appends that wait at most: a server's log sees about as many when it is busy."""

CUTS: dict[str, tuple[str, ...]] = {
    "all": (),
    "without the index of texts": (
        "DROP TABLE search",
        "CREATE VIEW search AS SELECT 0 AS rowid, '' AS text, '' AS readers WHERE 0",
        "CREATE TRIGGER unwritten INSTEAD OF INSERT ON search BEGIN SELECT 1; END",
    ),
    "without the index of edits": ("DROP INDEX edits",),
}
"""Statements that take something out of a file."""

WORDS = [f"word{number}" for number in range(20_000)]


def drafts(count: int, start: int, conversations: int = 2_000) -> list[Draft]:
    """Return drafts as people write them: nine words, mostly frequent ones; half in rooms, half private."""
    dice = random.Random(start)
    made = []
    for number in range(start, start + count):
        words = " ".join(WORDS[min(int(dice.paretovariate(0.6)), len(WORDS)) - 1] for _ in range(8))
        room = dice.randrange(conversations)
        conversation = f"#room{room}" if room < conversations // 2 else f"ana{room} bo"
        target = conversation if room < conversations // 2 else "bo"
        text = f"everywhere {words}" + (" needle" if number % 100_000 == 777 else "")
        text += " elsewhere" if target == "bo" else ""
        made.append(Draft(conversation, target, f"ana{room}", number, text, device="d" * 32, cid=f"c{number}"))
    return made


def append(log: SqliteLog, count: int, start: int, conversations: int = 2_000) -> tuple[float, float]:
    """Append so many entries, and return how long it took and how much CPU, in seconds."""
    slots = threading.Semaphore(IN_FLIGHT)

    def committed(outcomes: list[Outcome]) -> None:
        slots.release()

    wall = cpu = 0.0
    for block in range(start, start + count, 20_000):
        made = drafts(min(20_000, start + count - block), block, conversations)
        began, used = time.perf_counter(), time.process_time()
        for index in range(0, len(made), BATCH):
            slots.acquire()
            log.append(made[index : index + BATCH], committed)
        for _ in range(IN_FLIGHT):
            slots.acquire()
        wall += time.perf_counter() - began
        cpu += time.process_time() - used
        slots.release(IN_FLIGHT)
    return wall, cpu


def ask(log: SqliteLog, question: Question) -> Answer:
    """Return the answer to a question."""
    done = threading.Event()
    answers: list[Answer] = []

    def answered(answer: Answer) -> None:
        answers.append(answer)
        done.set()

    log.ask(question, answered)
    done.wait()
    return answers[0]


def measure_questions(log: SqliteLog) -> None:
    """Print how long each kind of question takes, the first time and the best of five."""
    rooms = tuple(f"#room{number}" for number in range(50))
    many = tuple(f"#room{number}" for number in range(1_000))
    spans = tuple(Span(f"#room{number}", 100, 300) for number in range(20))
    questions: dict[str, Question] = {
        "search, rare word": AskSearch(("needle",), rooms, "bo"),
        "search, common word, one conversation": AskSearch(("everywhere",), (), "ana1500"),
        "search, common word, fifty rooms": AskSearch(("everywhere",), rooms, "nobody"),
        "search, common word, half of everything": AskSearch(("everywhere",), (), "bo"),
        "search, common word, 1,000 rooms": AskSearch(("everywhere",), many, "nobody"),
        "search, rare word, 1,000 rooms": AskSearch(("needle",), many, "nobody"),
        "search, common word, elsewhere only": AskSearch(("elsewhere",), rooms, "nobody"),
        "search, the same, 1,000 rooms": AskSearch(("elsewhere",), many, "nobody"),
        "search, the same, with a rare word": AskSearch(("elsewhere", "word19000"), many, "nobody"),
        "search, two common words": AskSearch(("everywhere", "word1"), rooms, "nobody"),
        "search, a beginning": AskSearch(("word12*",), rooms, "nobody"),
        "search, a beginning, 1,000 rooms": AskSearch(("word12*",), many, "nobody"),
        "search, a beginning of everything": AskSearch(("w*",), rooms, "nobody"),
        "search, no such word": AskSearch(("absent",), rooms, "nobody"),
        "page of 50": AskPage("#room7"),
        "page of 50, around": AskPage("#room7", 200, "around"),
        "256 waiting in 20 rooms": AskWaiting(spans, "zoe", "x", 256),
        "unread of a name with 1,000 pairs": AskUnread("bo", "x"),
    }
    for what, question in questions.items():
        times = []
        for _ in range(6):
            began = time.perf_counter()
            ask(log, question)
            times.append((time.perf_counter() - began) * 1_000)
        print(f"{what:45} first {times[0]:8.2f} ms   best {min(times[1:]):8.2f} ms")


def measure_parts(folder: Path) -> None:
    """Print what an entry costs when parts of the file are missing."""
    made = drafts(2_000, 0)
    began = time.process_time()
    for draft in made:
        link(bytes(32), draft.conversation, 1, "", "", 0, "", 0, "", "", "", digest_of(bytes(16), draft.text))
    print(f"{'hash chain':45} {(time.process_time() - began) / len(made) * 1e6:8.2f} us")
    for conversations in (20, 200, 20_000):
        report(f"in {conversations:,} conversations", folder / f"{conversations}.db", 40_000, conversations)
    for what, statements in CUTS.items():
        path = folder / f"{what}.db"
        SqliteLog(path).close()
        connection = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()
        report(what, path, 40_000)


def report(what: str, path: Path, count: int, conversations: int = 2_000) -> None:
    """Print what appending costs."""
    log = SqliteLog(path)
    wall, cpu = append(log, count, 0, conversations)
    log.close()
    print(f"{what:45} {cpu / count * 1e6:8.2f} us CPU   {count / wall:10,.0f} entries/s")


def timed(what: str, work: Callable[[], T]) -> T:
    """Print how long something takes, and return what it returns."""
    began = time.perf_counter()
    result = work()
    print(f"{what:45} {(time.perf_counter() - began) * 1_000:8.2f} ms")
    return result


def memory() -> float:
    """Return how much memory the process has used at most, in MB (on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--parts", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        if asked.parts:
            measure_parts(folder)
        path = folder / "log.db"
        log = SqliteLog(path)
        for start in range(0, asked.entries, 100_000):
            count = min(100_000, asked.entries - start)
            wall, cpu = append(log, count, start)
            figures = f"{cpu / count * 1e6:8.2f} us CPU   {count / wall:10,.0f} entries/s   {memory():6.0f} MB"
            print(f"{f'entries {start:,} and on':45} {figures}")
        log.close()
        print(f"{'size of the file':45} {path.stat().st_size / asked.entries:8.0f} bytes an entry")
        log = timed("opening", lambda: SqliteLog(path))
        timed("loading", log.load)
        measure_questions(log)
        timed("closing", log.close)


if __name__ == "__main__":
    main()
