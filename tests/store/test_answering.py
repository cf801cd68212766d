"""What is looked up for too long is given up: by a clock that moves when it is looked at, and when the log closes."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from contracts.log_tools import Answers, say, store
from libchat.records import (
    Answer,
    AskPage,
    AskSearch,
    AskWaiting,
    PageFound,
    Question,
    SearchFound,
    Span,
    Unanswered,
    WaitingFound,
)
from libchat.store.answering import Reader
from libchat.store.sqlite import SqliteLog

ENTRIES = 2_000
"""So many that to look at all of them takes longer than what is never given up."""

TOO_LONG = Unanswered("the search took too long; look for rarer words, or in one conversation")
TOO_LONG_PAGE = Unanswered("the page took too long; ask for a shorter one, or again later")
CLOSED = Unanswered("the log is closed")

ROOMS = tuple(f"#room{number}" for number in range(500))
PAGE = AskPage("#red", limit=ENTRIES)
WAITING = AskWaiting((Span("#red", 0, ENTRIES),), "bo", "", ENTRIES)
SEARCHES = {
    "one room": AskSearch(("word",), ("#red",), "", limit=ENTRIES),
    "many rooms": AskSearch(("word",), (*ROOMS, "#red"), "", limit=ENTRIES),
    "others say it": AskSearch(("word",), ROOMS, ""),
    "it is too old": AskSearch(("word",), ("#red",), "", since=2_000),
    "a beginning": AskSearch(("w*",), ("#red",), "", limit=ENTRIES),
}


class Clock:
    """A clock that goes on by `step` seconds whenever it is read."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now += self.step
        return self.now


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a log that is closed."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    log = SqliteLog(path)
    store(log, *(say(f"word number{number}") for number in range(ENTRIES)), *(say("none", room) for room in ROOMS))
    log.close()
    return path


@pytest.mark.parametrize("question", SEARCHES.values(), ids=SEARCHES)
def test_a_search_is_given_up(path: Path, question: AskSearch) -> None:
    """A search whose time is over is answered with what may help; the next one has its own time."""
    clock = Clock()
    reader = Reader(path, 1.0, lambda: False, clock)
    clock.step = 1.0
    assert reader.answer(question) == TOO_LONG
    clock.step = 0.0
    assert isinstance(reader.answer(question), SearchFound)
    reader.close()


def test_a_page_is_given_up(path: Path) -> None:
    """A page whose time is over is answered with what may help."""
    clock = Clock()
    reader = Reader(path, 1.0, lambda: False, clock)
    clock.step = 1.0
    assert reader.answer(PAGE) == TOO_LONG_PAGE
    clock.step = 0.0
    assert isinstance(reader.answer(PAGE), PageFound)
    reader.close()


def test_what_waits_is_read_to_its_end(path: Path) -> None:
    """What waits for somebody takes as long as it takes."""
    clock = Clock()
    clock.step = 1_000.0
    reader = Reader(path, 0.0, lambda: False, clock)
    answer = reader.answer(WAITING)
    assert isinstance(answer, WaitingFound)
    assert len(answer.entries) == ENTRIES
    reader.close()


@pytest.mark.parametrize("question", [PAGE, SEARCHES["a beginning"], WAITING])
def test_all_is_given_up_when_the_log_closes(path: Path, question: Question) -> None:
    """Whatever takes longer than a moment is not finished by a log that closes."""
    reader = Reader(path, inf, lambda: True)
    assert reader.answer(question) == CLOSED
    reader.close()


def test_a_log_gives_up(path: Path) -> None:
    """A log gives each question as long as it was told."""
    log, answers = SqliteLog(path, question_seconds=0.0), Answers[Answer]()
    log.ask(SEARCHES["one room"], answers.take)
    assert answers.wait(1) == [TOO_LONG]
    log.close()


def test_closing_does_not_wait_for_readers(path: Path) -> None:
    """Everything that was asked is answered when the log is closed, but what is begun late is not finished."""
    log, answers = SqliteLog(path, question_seconds=inf), Answers[Answer]()
    for _ in range(100):
        log.ask(WAITING, answers.take)
    log.close()
    assert len(answers.all) == 100
    assert CLOSED in answers.all
