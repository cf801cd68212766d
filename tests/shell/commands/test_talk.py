"""Commands that say something, or change what was said."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from libchat import Entry
from libchat.hub import Hub
from libchat.messages import Reaction
from libchat.vetting import Allowed, Judgement, Said
from support.desk import heard
from support.typist import Enter, Typist
from support.vetting import DROPPED


def test_msg(ana: Typist, bo: Typist) -> None:
    """A text goes to somebody, as it was typed, without going there."""
    ana.says('/msg bo  say "hi"  to   cy')
    assert bo.texts() == ['say "hi"  to   cy']
    assert ana.desk.active == "#red"
    ana.says("/msg #red hello")
    assert bo.texts() == ["hello"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/msg", "NAME is missing"),
        ("/msg bo", "TEXT is missing"),
        ("/msg b*o hi", "'*' is not allowed"),
        ("/msg nobody hi", "nobody here was ever called nobody"),
        ("/msg ana hi", "you cannot send to yourself"),
        ("/msg #blue hi", "you are not in #blue; join it first. /join #blue enters it."),
    ],
)
def test_msg_to_nobody(ana: Typist, line: str, words: str) -> None:
    """What is missing, or who cannot be reached, is told."""
    assert words in ana.fails(line)


def test_query(ana: Typist, bo: Typist) -> None:
    """A conversation comes to the screen, and a text is said there."""
    ana.says("/query bo")
    assert ana.desk.active == "bo"
    ana.says("/q #red hello")
    assert (ana.desk.active, bo.texts()) == ("#red", ["hello"])
    assert "is not allowed" in ana.fails("/query b*o")


def test_me(ana: Typist, bo: Typist, enter: Enter) -> None:
    """What one does is said with its word; outside conversations there is nobody to see it."""
    ana.says("/me waves")
    assert bo.texts() == ["/me waves"]
    assert "TEXT is missing" in ana.fails("/me")
    assert "go to one with /join ROOM" in enter("cy").fails("/me waves")


def test_reply(ana: Typist, bo: Typist) -> None:
    """One answers the last message, the last one of somebody, or one by its number."""
    for line in ("/me one", "/me two"):
        ana.says(line)
    for line in ("/reply to two", "/reply ana to two again", "/reply 1 to one", "/reply #1 to one again"):
        bo.says(line)
    said = [(entry.text, entry.ref) for entry in bo.chat.history("#red").entries[2:]]
    assert said == [("to two", 2), ("to two again", 2), ("to one", 1), ("to one again", 1)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/reply", "TEXT is missing"),
        ("/reply bo", "there is nothing to say"),
        ("/reply hello", "nobody else has said anything here of late"),
        ("/reply bo hello", "bo has said nothing here of late"),
        ("/reply 99 hello", "there is no message 99"),
    ],
)
def test_reply_to_nothing(ana: Typist, bo: Typist, line: str, words: str) -> None:
    """What is missing, or was not said, is told."""
    ana.says("/me is alone")
    assert words in ana.fails(line)


def test_edit(ana: Typist, bo: Typist) -> None:
    """The last own message is changed, or one by its number; the shell hears of it."""
    for line in ("/me one", "/me two"):
        ana.says(line)
    bo.says("/me three")
    ana.says("/edit 2 beers,  please")
    ana.says("/edit 1 cake")
    assert "there is nothing to say" in ana.fails("/edit 1")
    ana.says("/edit the last one")
    texts = [entry.text for entry in ana.chat.history("#red").entries if entry.kind == "message"]
    assert texts == ["cake", "the last one", "/me three"]
    first, *_ = heard(ana.desk, Entry)
    assert (first.kind, first.sender, first.target, first.ref, first.text) == (
        "edit",
        "ana",
        "#red",
        2,
        "beers,  please",
    )


@pytest.mark.parametrize("line", ["/edit hello", "/delete"])
def test_nothing_of_ones_own(bo: Typist, line: str) -> None:
    """Without an own message there is nothing to change."""
    assert "you have said nothing here of late; give the number" in bo.fails(line)


@pytest.mark.parametrize("line", ["/edit 1 hello", "/delete 1"])
def test_messages_of_others(ana: Typist, bo: Typist, line: str) -> None:
    """What others have said is theirs."""
    ana.says("/me one")
    assert ("yours" in bo.fails(line)) or ("own" in bo.fails(line))


def test_delete(ana: Typist, bo: Typist) -> None:
    """The last own message is taken away, or one by its number; an operator may take away anybody's."""
    bo.says("/me one")
    bo.says("/me two")
    bo.says("/delete")
    ana.says("/del 1")
    assert [entry.is_deleted for entry in ana.chat.history("#red").entries if entry.kind == "message"] == [True, True]
    assert [entry.ref for entry in heard(ana.desk, Entry)] == [1]
    assert "'x' is not the number of a message" in ana.fails("/delete x")


def test_react(ana: Typist, bo: Typist) -> None:
    """A shortcode is its emoji; it goes to the last message of the others, or to one by its number."""
    ana.says("/me one")
    ana.says("/me two")
    bo.says("/react :+1:")
    bo.says("/react 🎉 1")
    bo.says("/react :tada: 2")
    bo.says("/unreact :tada: 2")
    one, two = ana.chat.history("#red").entries[:2]
    assert one.reactions == (Reaction("🎉", ("bo",)),)
    assert two.reactions == (Reaction("👍", ("bo",)),)
    assert [entry.kind for entry in heard(bo.desk, Entry)] == ["react", "react", "react", "unreact"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/react", "EMOJI is missing"),
        ("/react :blorp:", "there is no emoji :blorp:"),
        ("/react :+1:", "nobody else has said anything here of late"),
        ("/react :+1: 99", "there is no message 99"),
        (f"/react {'x' * 40} 1", "a reaction has 32 characters at most"),
        ("/unreact", "EMOJI is missing"),
    ],
)
def test_reactions_to_nothing(ana: Typist, line: str, words: str) -> None:
    """What is no emoji, or has no message, is told."""
    ana.says("/me one")
    assert words in ana.fails(line)


def test_away(ana: Typist, bo: Typist) -> None:
    """The others see that one is away, and why, until one is back."""
    assert "lunch" in ana.says("/away lunch, back at one")
    assert "away: lunch, back at one" in bo.says("/who")
    ana.says("/back")
    assert "away" not in bo.says("/who")
    ana.says("/away")
    assert "away: away" in bo.says("/who")
    assert "one word too many" in ana.fails("/back now")


class Shouting:
    """A vetter that has everything said aloud, and nothing said of tea."""

    def ask(self, said: Sequence[Said], judged: Callable[[Sequence[Judgement]], None]) -> None:
        judged([DROPPED if "tea" in each.text else Allowed(each.text.upper()) for each in said])


def test_what_plugins_of_the_server_make_of_it(ana: Typist, hub: Hub) -> None:
    """An edit is shown as the others see it; what a plugin drops is told with its reason."""
    ana.says("/msg #red one")
    hub.vet_with(Shouting())
    ana.says("/edit two")
    assert [entry.text for entry in heard(ana.desk, Entry)] == ["TWO"]
    assert ana.fails("/edit tea") == "mind your words"
