"""What could stand at the cursor."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.plugins.declare import Command
from libchat.plugins.grammar import Grammar, Slot
from libchat.plugins.types import Arg, Candidate, Member, Ref, Room, Text
from libchat_shell.completion import LIMIT, Known, Suggestion, best, fuzzy, suggest
from support.hostile_texts import hostile, obeyed
from support.places import Place


def kick(name: Member, reason: Text = Text(""), *, room: Room | None = None) -> None:  # noqa: B008  # a constant
    """Put somebody out."""


def join(room: Room) -> None:
    """Enter a room."""


def notify(level: Literal["all", "mentions", "none"]) -> None:
    """Set what calls you."""


def react(emoji: str, number: Ref) -> None:
    """Answer without words."""


def load(what: Annotated[str, Arg(complete=lambda begun: ["never called"])]) -> None:
    """Load something."""


def rooms() -> None:
    """List the rooms."""


class Spaced:
    """A kind of which a word has two words."""

    placeholder = "X"

    def parse(self, word: str, scope: object) -> object:
        return word

    def complete(self, prefix: str, scope: object) -> Iterable[Candidate]:
        return [Candidate("two words", "a note")]


def pick(what: Annotated[str, Spaced()]) -> None:
    """Pick something."""


def made(*functions: Callable[..., object]) -> dict[str, Command]:
    """Return commands by name, as a host has them."""
    commands = {}
    for function in functions:
        summary = (function.__doc__ or "").split("\n")[0]
        commands[function.__name__] = Command(function.__name__, function, Grammar.of(function), summary)
    return commands


COMMANDS = made(kick, join, notify, react, load, rooms)
COMMANDS["j"] = COMMANDS["join"]


def known(place: Place | None = None, target: str = "#team") -> Known:
    """Return what is known in a room with bo, Carla and ana, who is oneself."""
    return Known(place or Place(target=target), COMMANDS)


def offered(text: str, *, where: str = "#team", is_live: bool = False) -> list[str]:
    """Return what the text would become, with each suggestion."""
    found = suggest(text, len(text), known(target=where), is_live=is_live)
    return [text[: each.start] + each.text for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/", ["/join ", "/kick ", "/load ", "/notify ", "/react ", "/rooms"]),
        ("/r", ["/react ", "/rooms"]),
        ("/R", ["/react ", "/rooms"]),
        ("/kc", ["/kick "]),
        ("/j", ["/j ", "/join "]),
        ("/zzz", []),
        ("//r", []),
        ("/kick ", ["/kick bo ", "/kick Carla ", "/kick ana "]),
        ("/kick c", ["/kick Carla "]),
        ("/kick @c", ["/kick Carla "]),
        ("/kick rl", ["/kick Carla "]),
        ("/KICK c", ["/KICK Carla "]),
        ("/kick --", ["/kick --room "]),
        ("/kick --room r", ["/kick --room #random "]),
        ("/kick bo --room=", ["/kick bo --room=#team ", "/kick bo --room=#random "]),
        ("/kick bo for Ca", ["/kick bo for Carla "]),
        ("/join ", ["/join #team ", "/join #random "]),
        ("/join r", ["/join #random "]),
        ("/join tm", ["/join #team "]),
        ("/notify m", ["/notify mentions "]),
        ("/notify oe", ["/notify none "]),
        ("/react x ", ["/react x 12 ", "/react x 11 "]),
        ("/load ", []),
        ("/rooms ", []),
        ("/nothing x", []),
    ],
)
def test_commands(text: str, expected: list[str]) -> None:
    """Commands are completed by name, and their words by what they mean: what begins so, else what is like it."""
    assert offered(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c", ["Carla: "]),
        ("b", ["bo: "]),
        ("@b", ["@bo: "]),
        ("@", ["@bo: ", "@Carla: ", "@ana: "]),
        ("hello b", ["hello bo "]),
        ("hello, @c", ["hello, @Carla "]),
        ("(bo", ["(bo "]),
        ("crl", ["Carla: "]),
        ("a", ["ana: "]),
        ("see #r", ["see #random "]),
        ("see #", ["see #team ", "see #random "]),
        ("", []),
        ("hello ", []),
        ("zzz", []),
    ],
)
def test_messages(text: str, expected: list[str]) -> None:
    """In a message names are completed, with a colon at its beginning and a space elsewhere, and rooms."""
    assert offered(text) == expected


def test_own_name_is_last() -> None:
    """Whoever spoke last comes first, oneself last: the order is that of the scope."""
    place = Place(me="bea", people=("bo", "Beth", "ben", "bea"))
    found = suggest("b", 1, known(place))
    assert [each.display for each in found] == ["bo", "Beth", "ben", "bea"]


def test_words_at_home() -> None:
    """Outside of rooms the words that are understood there come first, and names make a private message."""
    assert offered("j", where="") == ["join "]
    assert offered("m", where="") == ["message"]
    assert offered("c", where="") == ["Carla: "]
    assert offered("say j", where="") == []


def test_live_menu_is_not_in_the_way() -> None:
    """A menu that opens by itself waits for two letters, and offers no name that is only like a word."""
    assert offered("c", is_live=True) == []
    assert offered("ca", is_live=True) == ["Carla: "]
    assert offered("crl", is_live=True) == []
    assert offered("@c", is_live=True) == ["@Carla: "]
    assert offered("/kc", is_live=True) == ["/kick "]


def test_cursor_in_the_text() -> None:
    """Only what stands before the cursor counts, and only that is replaced."""
    assert suggest("hello c you", 7, known()) == [Suggestion("Carla ", 6, "Carla")]


def test_second_line() -> None:
    """A name is spoken to at the beginning of the text only."""
    assert offered("hello\nb") == ["hello\nbo "]


def test_words_with_spaces_are_quoted() -> None:
    """What would fall apart is put in quotes."""
    found = suggest("/pick t", 7, Known(Place(), made(pick)))
    assert found == [Suggestion('"two words" ', 6, "two words", "a note")]


def test_slow_kinds_are_not_called() -> None:
    """What may wait is asked of whoever asks it elsewhere, and more of it may be typed."""
    asked: list[Slot] = []

    def slow(slot: Slot, command: Command) -> Iterable[Candidate]:
        asked.append(slot)
        return [Candidate("/tmp/")]

    found = suggest("/load /t", 8, Known(Place(), COMMANDS, slow))
    assert [each.text for each in found] == ["/tmp/"]
    assert asked[0].prefix == "/t"


def test_limit() -> None:
    """There are never more than so many."""
    place = Place(people=tuple(f"user{number}" for number in range(5000)))
    assert len(suggest("user", 4, known(place))) == LIMIT
    assert len(suggest("ur9", 3, known(place), limit=7)) == 7


def test_fuzzy_takes_no_time_to_fail() -> None:
    """Letters that a long name has many times over are not tried in every way that there is."""
    assert fuzzy(["a" * 32] * 100, "a" * 16 + "b", 9) == []


@given(
    st.lists(st.text(alphabet="abcAB^]\\-\n", max_size=6), max_size=8),
    st.text(alphabet="abc^]\\-", min_size=1, max_size=4),
)
def test_fuzzy_finds_what_has_the_letters(words: list[str], letters: str) -> None:
    """Exactly the words are found that have the letters in their order."""

    def has(word: str) -> bool:
        rest = iter(word.casefold())
        return all(letter in rest for letter in letters)

    assert sorted(fuzzy(words, letters, 99)) == sorted(word for word in words if has(word.replace("\n", " ")))


def test_fuzzy_order() -> None:
    """Of words that are like what was typed those come first in which its letters are closest together."""
    assert fuzzy(["cxaxt", "xcat", "caxt", "dog", "tac"], "cat", 9) == ["xcat", "caxt", "cxaxt"]
    assert best(["xbo", "bob"], "bo", 9) == ["bob"]


@given(hostile, st.sampled_from(["/kick ", "/", "", "hello ", "@", "#", "/react ", "/kick --room="]))
def test_whatever_is_typed(text: str, before: str) -> None:
    """Nothing that is typed is an error."""
    suggest(before + text, len(before + text), known())


@given(hostile)
def test_hostile_candidates(text: str) -> None:
    """What the menu shows of names and messages of others is clean."""
    place = Place(people=(f"bo{text}",), recent=((1, f"bo{text}", text),))
    shown = [
        *suggest("@b", 2, known(place)),
        *suggest("/react x ", 9, known(place)),
        *suggest("/kick b", 7, known(place)),
    ]
    assert not any(obeyed(each.display) or obeyed(each.note) for each in shown)


@pytest.mark.parametrize("text", ["user4999", "zzz", "u", "hello us49", "/kick u", "/kick zz", "/kick --room x us"])
def test_work_for_many_names(text: str) -> None:
    """A key costs a few calls for each of 5,000 names at most: no sorting, no matching twice, nothing quadratic."""
    place = Place(people=tuple(f"user{number}" for number in range(5000)))
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        suggest(text, len(text), known(place))
    finally:
        sys.setprofile(None)
    assert calls < 6 * 5000
