"""The filter of words: what is found, what is not, and what is made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.plugins import Drop, PluginError
from libchat.testing.stage import MakeStage, Stage
from libchat_plugins.word_filter import Config, Hit, WordList, fold, mask, reason_for
from support.coming import plugin

LIST = WordList(("idiot", "Dummkopf", "stup*", "piece of cake", "cop", "fail", "bum", "сволочь"))


def found(text: str) -> list[str]:
    """Return which words of the list are in a text."""
    return [hit.word for hit in LIST.hits(text)]


@pytest.mark.parametrize(
    "text",
    [
        "you idiot",
        "IDIOT!",
        "idiot's",
        "'idiot'",
        "what an (idiot)",
        "ıdiot is another word, but іdiot is not",  # a Cyrillic і
        "ｉｄｉｏｔ",  # fullwidth
        "𝐢𝐝𝐢𝐨𝐭",  # mathematical bold
        "id\u200biot",
        "i\u00addiot",
        "i̷d̷i̷o̷t̷",
        "1d10t",
        "!d!ot",
        "|diot",
        "1d1ot!!!",
        "i d i o t",
        "i.d.i.o.t",
        "I-D-I-O-T",
        "idiοt",  # a Greek omicron
    ],
)
def test_a_word_is_found_in_disguise(text: str) -> None:
    """Capital letters, look-alikes, digits, marks, invisible characters and spaces hide nothing."""
    assert "idiot" in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "idiotic",
        "anidiot",
        "an audit",
        "fall, filler, burn",  # fail and bum look like them to a careless eye, and are other words
        "scoop, copper, co-op",
        "a b c i",
        "101, 1!",
        "piece of a cake",
        "",
    ],
)
def test_other_words_are_let_be(text: str) -> None:
    """Words are found whole: what is part of another word, or merely near it, is none."""
    assert found(text) == []


def test_beginnings_and_phrases_are_found() -> None:
    """A star stands for any ending, and several words for a phrase over any spaces and signs."""
    assert found("how stupid, stupendous, and STUPÍD") == ["stup*", "stup*", "stup*"]
    assert found("a Piece, of\n CAKE!") == ["piece of cake"]
    assert found("сволочь СВОЛОЧЬ dummkopf") == ["сволочь", "сволочь", "Dummkopf"]


def test_what_is_masked_is_what_was_found() -> None:
    """Stars cover each found word as it was written, and nothing else."""
    text = "the i d i o t is STUPID, a piece  of cake"
    assert mask(text, LIST.hits(text)) == "the ********* is ******, a **************"
    assert LIST.hits("an idiot") == [Hit("idiot", 3, 8)]
    assert WordList(("big", "big cake")).hits("a big cake") == [Hit("big cake", 2, 10)]


def test_a_word_may_have_a_reason_of_its_own() -> None:
    """The sender is told why, with the word if the reason names it."""
    config = Config(words=("a",), reasons={"cop": "say 'officer', not {word}"}, reason="no")
    assert reason_for("a", config) == "no"
    assert reason_for("cop", config) == "say 'officer', not cop"


@pytest.mark.parametrize("word", ["", "*", "!", "\u200b"])
def test_a_list_without_letters_is_refused(word: str) -> None:
    """A word that would be found everywhere, or nowhere, is a mistake of who wrote the list."""
    with pytest.raises(ValueError, match="take it off the list"):
        Config(words=(word,))


@given(st.text())
def test_folding_is_done_once(text: str) -> None:
    """A folded text folds to itself, so that list and message are compared alike."""
    assert fold(fold(text)) == fold(text)


@given(st.text(st.sampled_from("idiot IDOT1!.\u200bаі*"), max_size=30))
def test_hits_never_overlap(text: str) -> None:
    """Hits are in order, inside the text, and no two are at one place, so that masking keeps its length."""
    hits = LIST.hits(text)
    ends = [0, *(hit.end for hit in hits)]
    assert all(end <= hit.start < hit.end <= len(text) for end, hit in zip(ends, hits))
    assert len(mask(text, hits)) == len(text)


@pytest.fixture
def server(make_stage: MakeStage) -> Stage:
    """Give a server's stage, on which ana owns the room."""
    return make_stage("server")


def test_a_message_is_refused_with_its_reason(server: Stage) -> None:
    """The sender is told why; others pass."""
    server.load(plugin("word_filter"), words=("idiot",), reasons={"cop": "say officer"}, reason="not '{word}', please")
    assert server.play("you 1d1ot") == Drop("not 'idiot', please")
    assert server.play("a cop!") == Drop("say officer")
    assert server.play("hello") == "hello"


def test_words_may_be_masked(server: Stage) -> None:
    """The message goes through without them."""
    server.load(plugin("word_filter"), words=["idiot"], action="mask")
    assert server.play("you idiot, you") == "you *****, you"


def test_moderators_are_let_be(server: Stage) -> None:
    """An owner of the room says what they want there, and nowhere else; unless they are filtered, too."""
    server.load(plugin("word_filter"), words=["idiot"])
    assert server.play("idiot", sender="ana") == "idiot"
    assert isinstance(server.play("idiot", sender="ana", target="bo"), Drop)
    assert isinstance(server.play("idiot", sender="bo"), Drop)
    assert isinstance(server.play("idiot", sender="ana", target="#elsewhere"), Drop)


def test_moderators_may_be_filtered(server: Stage) -> None:
    """Who wants no exceptions has none."""
    server.load(plugin("word_filter"), words=["idiot"], exempt_moderators=False)
    assert isinstance(server.play("idiot", sender="ana"), Drop)


def test_names_and_rooms_may_be_exempt(server: Stage) -> None:
    """Those of the list are not looked at, however they are spelt."""
    server.load(plugin("word_filter"), words=["idiot"], exempt=["BO", "#Free"])
    assert server.play("idiot", sender="bo") == "idiot"
    assert server.play("idiot", sender="cy", target="#free") == "idiot"


def test_a_text_can_be_tried(stage: Stage) -> None:
    """Who keeps the list sees what it does."""
    stage.load(plugin("word_filter"), words=["idiot"], action="mask")
    assert stage.run("words") == ["1 words are on the list; a message with one of them is masked"]
    assert stage.run("words an idiot") == ["idiot: a word of it is not wanted here"]
    assert stage.run("words an audit") == ["nothing is found in it"]


def test_a_list_without_words_says_how_to_fill_it(stage: Stage) -> None:
    """Nothing is found before there is something to find."""
    stage.load(plugin("word_filter"))
    assert stage.play("idiot") == "idiot"
    assert "[plugins.word_filter]" in stage.run("words")[0]


def test_a_bad_list_is_told_at_once(stage: Stage) -> None:
    """A mistake in the settings is one when the plugin is loaded."""
    with pytest.raises(PluginError, match="take it off the list"):
        stage.load(plugin("word_filter"), words=["!"])
    with pytest.raises(PluginError, match="words"):
        stage.load(plugin("word_filter"), word=["idiot"])
