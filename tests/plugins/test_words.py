"""The filter of words: what is found, what is not, and what is made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat_plugins.words import Config, Hit, WordList, fold, mask, reason_for

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
