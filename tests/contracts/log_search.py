"""Searching: `AskSearch` in the contract of logs."""

from __future__ import annotations

import pytest

from contracts.log_tools import LogSuite, delete, edit, find_texts, say, search, store
from libchat.messages import Entry
from libchat.records import AskSearch
from libchat.store.base import Log


def found(log: Log, question: AskSearch) -> list[str]:
    """Return the texts that are found."""
    return [entry.text for entry in search(log, question).entries]


class LogSearch(LogSuite):
    """What a person finds."""

    @pytest.mark.parametrize(
        ("text", "words", "is_found"),
        [
            ("hello world", ("hello",), True),
            ("hello world", ("world", "hello"), True),
            ("hello world", ("hello", "bo"), False),
            ("hello world", ("hell",), False),
            ("hello world", ("ello",), False),
            ("hello world", ("HELLO",), True),
            ("Hello, world!", ("hello",), True),
            ("(hello)world", ("world",), True),
            ("caf\u00e9 na\u00efve", ("cafe", "naive"), True),
            ("cafe", ("CAF\u00c9",), True),
            ("cafe\u0301s", ("caf\u00e9s",), True),
            ("\u1ec7t", ("et",), True),
            ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf", ("\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf",), True),
            ("\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", ("\u041c\u0418\u0420",), True),
            ("version 42", ("42",), True),
            ("version 42", ("4",), False),
            # beginnings
            ("hello world", ("hell*",), True),
            ("hello world", ("hello*",), True),
            ("hello world", ("ello*",), False),
            ("hello world", ("h*", "w*"), True),
            ("hello world", ("h*o",), False),
            ("hello world", ("*hello",), True),
            # words next to each other
            ("hello big world", ("hello big",), True),
            ("hello big world", ("hello world",), False),
            ("hello big world", ("big hello",), False),
            ("hello, BIG... world", ("hello big",), True),
            ("hello big world", ("hello bi*",), True),
            ("hello big world", ("hel* big",), False),
            ("hello big world", ("  hello   big  ",), True),
            ("don't panic", ("don't",), True),
            ("t don", ("don't",), False),
            # nothing of what is typed is a language of its own
            ("hello world", ("hello OR bo",), False),
            ("hello or bo", ("hello OR bo",), True),
            ("hello world", ('"hello"',), True),
            ("hello world", ('he"llo',), False),
            ("hello world", ("text:hello",), False),
            ("hello world", ("hello AND world",), False),
            ("hello world", ("NOT", "bo"), False),
            ("hello world", ("NEAR(hello world)",), False),
            ("hello world", ("-bo",), False),
            ("hello world", ("^hello",), True),
            ("hello world", ("(hello",), True),
            ("hello world", ("hello; DROP TABLE entries",), False),
            ("100% sure", ("1_0", "100%"), False),
            # words without a letter
            ("hello! world", ("!",), False),
            ("hello! world", ("hello", "!"), False),
            ("hello * world", ("*",), False),
            ("hello world", ("",), False),
            ("hello world", (" ",), False),
            ("hello world", ('"',), False),
            ("hello world", ("\x00",), False),
            ("hello world", (), False),
        ],
    )
    def test_words_are_found(self, log: Log, text: str, words: tuple[str, ...], is_found: bool) -> None:
        """A message is found by its words, and by nothing else."""
        store(log, say(text))
        assert find_texts(log, *words) == ([text] if is_found else [])

    def test_the_newest_come_first(self, log: Log) -> None:
        """What is found stands in the order of appending, newest first, over all conversations."""
        store(log, say("word a"), say("word b", "#blue", time=5), say("none"), say("word c", "ana bo"))
        store(log, say("word d", time=1))
        question = AskSearch(("word",), ("#red", "#blue"), "bo")
        assert found(log, question) == ["word d", "word c", "word b", "word a"]

    def test_entries_are_found_whole(self, log: Log) -> None:
        """What is found has all fields of the entry, as they are now."""
        store(log, say("first", time=77), say("word", sender="Bo", time=78, ref=1), edit(2, "new word", "Bo"))
        (entry,) = search(log, AskSearch(("word",), ("#red",), "")).entries
        assert entry == Entry("#red", 2, "Bo", 78, "new word", "message", 1, is_edited=True)

    def test_nothing_of_others_is_found(self, log: Log) -> None:
        """Looked through are the rooms that are named, and private conversations of the asker: nothing else, ever."""
        conversations = ["#red", "#blue", "ana bo", "ana cy", "bo cy", "anabo cy", "bo bobo"]
        store(log, *(say(f"word {key}", key, key.split()[0] if " " in key else "ana") for key in conversations))

        def heard(rooms: tuple[str, ...], name: str, only: str = "") -> set[str]:
            return {text.removeprefix("word ") for text in found(log, AskSearch(("word",), rooms, name, only=only))}

        assert heard(("#red",), "ana") == {"#red", "ana bo", "ana cy"}
        assert heard((), "bo") == {"ana bo", "bo cy", "bo bobo"}
        assert heard((), "bobo") == {"bo bobo"}
        assert heard(("#blue",), "") == {"#blue"}
        assert heard(("#none",), "b") == set()
        assert heard((), "#red") == set()
        assert heard((), "ana bo") == set()
        # with `only`
        assert heard(("#red", "#blue"), "ana", "#blue") == {"#blue"}
        assert heard(("#red",), "ana", "ana cy") == {"ana cy"}
        assert heard(("#red",), "ana", "#blue") == set()
        assert heard(("#red",), "ana", "bo cy") == set()
        assert heard(("#red",), "ana", "#none") == set()

    def test_what_is_too_old_is_not_found(self, log: Log) -> None:
        """Messages before the time that is asked for are left out."""
        store(log, say("word a", time=10), say("word b", time=20), say("word c", time=30))
        assert found(log, AskSearch(("word",), ("#red",), "", since=20)) == ["word c", "word b"]
        assert found(log, AskSearch(("word",), ("#red",), "", since=31)) == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8])
    def test_a_search_goes_on_until_nothing_is_left(self, log: Log, limit: int) -> None:
        """Page by page everything is found once, newest first; only the last page says that there is no other."""
        for number in range(7):
            store(log, say(f"word {number}"), say("none"), say("word", "#blue"))
        every: list[str] = []
        pages, before = 0, None
        while True:
            page = search(log, AskSearch(("word",), ("#red",), "", before=before, limit=limit))
            every += [entry.text for entry in page.entries]
            pages, before = pages + 1, page.next
            store(log, say("word, but later"))
            if before is None:
                break
            assert len(page.entries) == limit
        assert every == [f"word {number}" for number in reversed(range(7))]
        assert pages == -(-7 // limit)

    def test_a_further_page_skips_what_was_deleted(self, log: Log) -> None:
        """What `next` says holds, whatever happens to the entries around it."""
        store(log, *(say(f"word {number}") for number in range(1, 6)))
        first = search(log, AskSearch(("word",), ("#red",), "", limit=2))
        store(log, delete(4), delete(3), edit(2, "another word"))
        second = search(log, AskSearch(("word",), ("#red",), "", before=first.next, limit=2))
        assert [entry.text for entry in second.entries] == ["another word", "word 1"]
        assert second.next is None
