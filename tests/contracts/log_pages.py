"""Pages of a conversation: `AskPage` in the contract of logs."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.log_model import LogModel
from contracts.log_tools import LogSuite, page, say, store
from libchat.records import AskPage, Cursor, Mark, PageFound
from libchat.store.base import Log


def seqs(found: PageFound) -> tuple[list[int], bool, bool]:
    """Return the numbers of a page, and whether there are older and newer ones."""
    return [entry.seq for entry in found.entries], found.has_older, found.has_newer


class LogPages(LogSuite):
    """What a person reads of a conversation."""

    def test_nothing_is_read_of_an_unknown_conversation(self, log: Log) -> None:
        """A conversation that never was is empty."""
        for where in ("before", "after", "around"):
            assert page(log, AskPage("#red", 1, where)) == PageFound(())
        assert page(log, AskPage("#red", other="ana")) == PageFound(())

    @pytest.mark.parametrize(
        ("at", "where", "limit", "expected"),
        [
            (None, "before", 50, ([1, 2, 3, 4, 5, 6, 7, 8, 9], False, False)),
            (None, "before", 3, ([7, 8, 9], True, False)),
            (4, "before", 2, ([2, 3], True, True)),
            (3, "before", 2, ([1, 2], False, True)),
            (1, "before", 2, ([], False, True)),
            (99, "before", 2, ([8, 9], True, False)),
            (4, "after", 2, ([5, 6], True, True)),
            (0, "after", 2, ([1, 2], False, True)),
            (7, "after", 2, ([8, 9], True, False)),
            (9, "after", 2, ([], True, False)),
            (5, "around", 4, ([3, 4, 5, 6], True, True)),
            (5, "around", 5, ([3, 4, 5, 6, 7], True, True)),
            (5, "around", 1, ([5], True, True)),
            (1, "around", 4, ([1, 2, 3, 4], False, True)),
            (2, "around", 4, ([1, 2, 3, 4], False, True)),
            (9, "around", 4, ([7, 8, 9], True, False)),
            (5, "around", 50, ([1, 2, 3, 4, 5, 6, 7, 8, 9], False, False)),
        ],
    )
    def test_a_page_is_the_right_one(
        self,
        log: Log,
        at: int | None,
        where: Literal["before", "after", "around"],
        limit: int,
        expected: tuple[list[int], bool, bool],
    ) -> None:
        """Of nine entries, a page holds those that were asked for, and says what lies on either side."""
        store(log, *(say(str(number)) for number in range(1, 10)), *(say("x", "#blue") for _ in range(20)))
        assert seqs(page(log, AskPage("#red", at, where, limit))) == expected

    def test_what_is_too_old_is_not_there(self, log: Log) -> None:
        """Nothing older than asked is on a page, counted as older, or made room for."""
        store(log, *(say(str(number), time=number * 10) for number in range(1, 10)))
        assert seqs(page(log, AskPage("#red", since=80))) == ([8, 9], False, False)
        assert seqs(page(log, AskPage("#red", since=81))) == ([9], False, False)
        assert seqs(page(log, AskPage("#red", 1, "after", 2, since=50))) == ([5, 6], False, True)
        assert seqs(page(log, AskPage("#red", 8, "around", 10, since=70))) == ([7, 8, 9], False, False)
        assert seqs(page(log, AskPage("#red", since=1_000))) == ([], False, False)

    def test_receipts_are_those_of_the_other(self, log: Log) -> None:
        """With somebody's name, a page tells what they have and what they have read; of nobody else."""
        store(log, *(say(str(number), "ana bo") for number in range(9)))
        store(log, Cursor("bo", "b1", "ana bo", 5), Cursor("bo", "b2", "ana bo", 3), Mark("bo", "ana bo", 2))
        store(log, Cursor("ana", "a", "ana bo", 7), Cursor("bo", "b1", "bo cy", 8), Mark("bo", "bo cy", 8))
        found = page(log, AskPage("ana bo", other="bo"))
        assert (found.delivered, found.read) == (5, 2)
        found = page(log, AskPage("ana bo", other="ana"))
        assert (found.delivered, found.read) == (7, 0)
        found = page(log, AskPage("ana bo"))
        assert (found.delivered, found.read) == (0, 0)

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # each subclass of the suite is one
    @given(
        times=st.lists(st.integers(0, 5), max_size=12).map(sorted),
        at=st.none() | st.integers(0, 14),
        where=st.sampled_from(("before", "after", "around")),
        limit=st.integers(1, 14),
        since=st.integers(0, 6),
    )
    def test_pages_are_those_of_the_model(
        self,
        times: list[int],
        at: int | None,
        where: Literal["before", "after", "around"],
        limit: int,
        since: int,
    ) -> None:
        """Every page of every conversation is the one that plain lists give."""
        log, model = self.open(), LogModel()
        log.load()
        drafts = [say(str(time), time=time) for time in times]
        question = AskPage("#red", 1 if at is None and where != "before" else at, where, limit, since)
        assert store(log, *drafts) == store(model, *drafts)
        assert page(log, question) == page(model, question)
        log.close()
