"""Searching: `AskSearch` in the contract of logs."""

from __future__ import annotations

from typing import Final

import pytest
from msgspec.structs import replace

from contracts.log_tools import LogSuite, delete, edit, find_texts, say, search, store
from libchat.messages import Entry
from libchat.records import AskSearch
from libchat.store.base import Log

WORDS: Final = [
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
]
"""A text, what is looked for, and whether it is found."""

MANY: Final = tuple(f"#room{number}" for number in range(130))
"""More rooms than a log may care to look into one by one."""


def found(log: Log, question: AskSearch) -> list[str]:
    """Return the texts that are found."""
    return [entry.text for entry in search(log, question).entries]


def found_in_pages(log: Log, question: AskSearch) -> list[str]:
    """Return the texts that are found when one asks until nothing is left."""
    answer = search(log, question)
    every = [entry.text for entry in answer.entries]
    while answer.next is not None:
        answer = search(log, replace(question, before=answer.next))
        every += [entry.text for entry in answer.entries]
    return every


class LogSearch(LogSuite):
    """What a person finds."""

    @pytest.mark.parametrize(("text", "words", "is_found"), WORDS)
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

    # --- in many rooms

    @pytest.mark.parametrize(("text", "words", "is_found"), WORDS)
    def test_words_are_found_in_many_rooms(self, log: Log, text: str, words: tuple[str, ...], is_found: bool) -> None:
        """It does not matter in how many rooms the asker is."""
        store(log, *(say("none", room) for room in MANY), say(text, MANY[-1]), say(text, "#else"))
        assert find_texts(log, *words, rooms=MANY) == ([text] if is_found else [])

    @pytest.mark.parametrize("elsewhere", [0, 1_034, 1_035, 1_036, 1_300])
    @pytest.mark.parametrize("limit", [7, 50, 1_000])
    def test_many_rooms_give_everything_once(self, log: Log, elsewhere: int, limit: int) -> None:
        """What others have said meanwhile, however much, is not found, and hides nothing of what is."""
        old = [say(f"word old {room}", room) for room in (*MANY, "ana bo", "bo cy")]
        new = [say(f"word new {room}", room) for room in (*MANY[::30], "ana cy")]
        others = [say("word of others", "#else" if number % 2 else "bo cy") for number in range(elsewhere)]
        store(log, *old, *others, *new, say("none", MANY[0]))
        expected = [draft.text for draft in reversed(old + new) if draft.conversation != "bo cy"]
        assert found_in_pages(log, AskSearch(("word",), MANY, "ana", limit=limit)) == expected
        assert found_in_pages(log, AskSearch(("w*",), MANY, "ana", limit=limit)) == expected
        assert found(log, AskSearch(("new",), MANY, "", limit=limit)) == [draft.text for draft in reversed(new[:-1])]

    def test_a_word_that_stands_elsewhere_only(self, log: Log) -> None:
        """A word that everybody else uses, and nobody where the asker is, is not found; nor is one that nobody uses."""
        store(log, *(say("mine", room) for room in MANY), *(say("theirs", "#else") for _ in range(1_100)))
        assert find_texts(log, "theirs", rooms=MANY, name="ana") == []
        assert find_texts(log, "theirs", "mine", rooms=MANY, name="ana") == []
        assert find_texts(log, "nobodys", rooms=MANY, name="ana") == []
        assert found(log, AskSearch(("theirs",), MANY, "ana", only=MANY[0])) == []
        assert len(found(log, AskSearch(("mine",), MANY, "ana", limit=200))) == len(MANY)

    def test_many_rooms_and_a_time(self, log: Log) -> None:
        """Messages that are too old are left out, wherever they stand in the order."""
        store(log, *(say(f"word {room}", room, time=number % 2) for number, room in enumerate(MANY)))
        store(log, *(say("word", "#else", time=1) for _ in range(1_100)))
        expected = [f"word {room}" for room in reversed(MANY[1::2])]
        assert found_in_pages(log, AskSearch(("word",), MANY, "", since=1)) == expected

    def test_a_conversation_that_is_named_twice(self, log: Log) -> None:
        """A private conversation of the asker that is also among the rooms is looked through once."""
        store(log, *(say(f"word {room}", room) for room in (*MANY, "ana bo")))
        assert found(log, AskSearch(("word",), ("ana bo", "ana bo"), "ana")) == ["word ana bo"]
        store(log, *(say("word", "#else") for _ in range(1_100)))
        for limit in (2, 300):
            twice = found(log, AskSearch(("word",), (*MANY, *MANY, "ana bo"), "ana", limit=limit))
            assert twice == [f"word {room}" for room in ("ana bo", *reversed(MANY))][:limit]
