"""What the suites of logs share: ways to make drafts, and to wait for what a log answers."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

import pytest

from libchat.locks import HUB, tiered_lock
from libchat.messages import Entry
from libchat.records import (
    Answer,
    AskPage,
    AskSearch,
    AskUnread,
    AskWaiting,
    Draft,
    Outcome,
    PageFound,
    Question,
    Record,
    SearchFound,
    Span,
    UnreadFound,
    WaitingFound,
)
from libchat.store.base import Log

SECONDS = 10.0
"""How long a log may take for anything that is done here."""

T = TypeVar("T")


class Answers(Generic[T]):
    """Takes what a log answers later."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.all: list[T] = []

    def take(self, answer: T) -> None:
        """Take one answer. Takes a lock of the highest floor, so it must be called without any."""
        with tiered_lock(HUB), self._condition:
            self.all.append(answer)
            self._condition.notify_all()

    def wait(self, count: int) -> list[T]:
        """Return the answers when there are as many."""
        with self._condition:
            assert self._condition.wait_for(lambda: len(self.all) >= count, SECONDS), "the log does not answer"
            return self.all


def store(log: Log, *records: Record) -> list[Outcome]:
    """Append records at once, and return the outcomes when they are there."""
    answers = Answers[list[Outcome]]()
    outcomes = log.append(records, answers.take)
    return answers.wait(1)[0] if outcomes is None else outcomes


def store_entry(log: Log, record: Draft) -> Entry:
    """Append a draft that becomes an entry, and return it."""
    (outcome,) = store(log, record)
    assert isinstance(outcome, Entry), outcome
    return outcome


def look_up(log: Log, question: Question) -> Answer:
    """Ask, and return the answer when it is there."""
    answers = Answers[Answer]()
    answer = log.ask(question, answers.take)
    return answers.wait(1)[0] if answer is None else answer


def page(log: Log, question: AskPage) -> PageFound:
    """Return a page of a conversation."""
    found = look_up(log, question)
    assert isinstance(found, PageFound), found
    return found


def entries(log: Log, conversation: str) -> list[Entry]:
    """Return all entries of a conversation."""
    return list(page(log, AskPage(conversation, limit=10_000)).entries)


def texts(log: Log, conversation: str) -> list[str]:
    """Return the texts of all entries of a conversation."""
    return [entry.text for entry in entries(log, conversation)]


def waiting(log: Log, *spans: Span, name: str = "", device: str = "", limit: int = 10_000) -> WaitingFound:
    """Return what some spans hold for somebody."""
    found = look_up(log, AskWaiting(spans, name, device, limit))
    assert isinstance(found, WaitingFound), found
    return found


def unread(log: Log, name: str, device: str = "") -> set[tuple[str, int, int]]:
    """Return what a device has not acknowledged: conversation, the number after which, and the number up to which."""
    found = look_up(log, AskUnread(name, device))
    assert isinstance(found, UnreadFound), found
    spans = [(span.conversation, span.after, span.until) for span in found.spans]
    assert len({conversation for conversation, _, _ in spans}) == len(spans), spans
    return set(spans)


def search(log: Log, question: AskSearch) -> SearchFound:
    """Return what is found."""
    found = look_up(log, question)
    assert isinstance(found, SearchFound), found
    return found


def find_texts(log: Log, *words: str, rooms: tuple[str, ...] = ("#red",), name: str = "") -> list[str]:
    """Return the texts in which all words stand, newest first."""
    return [entry.text for entry in search(log, AskSearch(words, rooms, name)).entries]


def say(
    text: str = "hi",
    conversation: str = "#red",
    sender: str = "ana",
    *,
    time: int = 1_000,
    kind: str = "message",
    device: str = "",
    cid: str = "",
    ref: int = 0,
    owner: str | None = None,
    is_operator: bool = False,
) -> Draft:
    """Return a draft of somebody (who owns what they say) in a room or to the other of a pair."""
    one, _, other = conversation.partition(" ")
    target = other if sender.casefold() == one else one
    owner = f"owner of {sender.casefold()}" if owner is None else owner
    return Draft(conversation, target, sender, time, text, kind, device, cid, ref, owner, is_operator)


def edit(ref: int, text: str, sender: str = "ana", conversation: str = "#red") -> Draft:
    """Return a draft that gives a message another text."""
    return say(text, conversation, sender, kind="edit", ref=ref)


def delete(ref: int, sender: str = "ana", conversation: str = "#red") -> Draft:
    """Return a draft that takes a message away."""
    return say("", conversation, sender, kind="delete", ref=ref)


def react(ref: int, text: str, sender: str, kind: str = "react") -> Draft:
    """Return a draft of a reaction to a message in #red, or of taking one back."""
    return say(text, "#red", sender, kind=kind, ref=ref)


class LogSuite(ABC):
    """What every part of the suite needs: new logs."""

    @abstractmethod
    def open(self) -> Log:
        """Return a new, empty log that keeps at least 1,000 entries of each conversation, and loads nothing."""

    @pytest.fixture
    def log(self) -> Iterator[Log]:
        """Return a log that is loaded, and close it in the end."""
        log = self.open()
        log.load()
        yield log
        log.close()
