"""Cleaning of text that a peer wrote."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libchat.errors import Code, InvalidMessage
from libchat.text import check_text, clean_line, clean_text, split_text

BIDI_CONTROLS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
HARMFUL = {
    *(chr(code) for code in range(0x20) if chr(code) not in "\t\n\r"),
    *(chr(code) for code in range(0x7F, 0xA0)),
    *(chr(code) for code in range(0xD800, 0xE000)),
    *BIDI_CONTROLS,
}

any_text = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from(["\r", "\n", "\t", " ", "\x1b", "\x00", "\u2028"]))
)


def test_each_harmful_character_is_taken_out() -> None:
    """Each control, bidi control and lone surrogate disappears, also where nothing else needs cleaning."""
    assert {char for char in HARMFUL if clean_text(f"a{char}b") != "ab"} == set()


def test_every_other_character_stays() -> None:
    """No character that is not on the list of harmful ones or line ends is changed."""
    changed = HARMFUL | set("\r\u2028\u2029")
    kept = (chr(code) for code in range(0x110000) if chr(code) not in changed)
    assert [char for char in kept if clean_text(f"a{char}b") != f"a{char}b"] == []


@given(any_text)
def test_no_control_survives(text: str) -> None:
    """Cleaned text holds nothing that a terminal obeys, and only newlines as line ends."""
    cleaned = clean_text(text)
    assert not HARMFUL & set(cleaned)
    assert {char for char in cleaned if unicodedata.category(char) in {"Cc", "Zl", "Zp"}} <= {"\n", "\t"}


@given(any_text)
@example("\r\x00\n")
@example("\n\x00\n a")
def test_cleaning_is_idempotent(text: str) -> None:
    """What is clean stays as it is, for texts and for lines."""
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_line(clean_line(text)) == clean_line(text)


def test_printable_text_is_the_same_object() -> None:
    """A text that needs no cleaning is not copied."""
    text = "".join(["Grüße ", "an alle"])
    assert clean_text(text) is text
    assert clean_line(text) is text
    assert check_text(text, 100) is text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b2J\x07bell", "2Jbell"),
        ("one\r\ntwo\rthree\u2028four\u2029five", "one\ntwo\nthree\nfour\nfive"),
        ("a\r\x00\nb", "a\nb"),
        ("\n\n  code\n\n  more\n\n", "  code\n\n  more"),
        ("\tindented", "\tindented"),
        ("safe\u202egpj.exe", "safegpj.exe"),
        ("\ud83d half of a pair", " half of a pair"),
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", "family \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("\u05d0\u200e(1)\u200f", "\u05d0\u200e(1)\u200f"),
        ("", ""),
    ],
)
def test_examples_of_texts(text: str, cleaned: str) -> None:
    """Escapes lose their ESC only, line ends are one kind, marks and joiners that people need stay."""
    assert clean_text(text) == cleaned


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  lunch  ", "lunch"),
        ("one\ntwo", "one two"),
        ("one\r\n\t\ntwo", "one two"),
        ("\tat\tthe\tdoor\n", "at the door"),
        ("two  spaces stay", "two  spaces stay"),
        ("\n\x1b\n", ""),
    ],
)
def test_examples_of_lines(text: str, line: str) -> None:
    """A line has single spaces for its breaks and no white space around it."""
    assert clean_line(text) == line


@given(any_text)
def test_lines_are_lines(text: str) -> None:
    """No line holds a break of any kind."""
    assert len(clean_line(text).splitlines()) <= 1
    assert "\t" not in clean_line(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\t\n", "\x00\x1b", "\u200b", "\u200d\ufe0f", "\u3164", "\u2800", "\u202e", "\ud800", "\u3000\u00a0"],
)
def test_text_without_anything_to_see_is_refused(text: str) -> None:
    """White space, joiners, fillers and what cleaning takes out are no message."""
    with pytest.raises(InvalidMessage) as caught:
        check_text(text, 100)
    assert caught.value.code is Code.EMPTY_TEXT


@pytest.mark.parametrize("text", [".", " .", "\u200b.", "\ue000", "\U0001fae9", "\u0378"])
def test_text_with_something_to_see_is_taken(text: str) -> None:
    """One character is enough, also a private one or one that is newer than this Python's Unicode."""
    assert check_text(text, 100) == text


@pytest.mark.parametrize("char", ["a", "\u00e4", "\u20ac", "\U0001f600"])
def test_the_limit_counts_bytes_of_utf8(char: str) -> None:
    """A text of exactly the limit passes and one of a byte more does not, whatever its characters take."""
    text = char * 25
    size = len(text.encode())
    assert check_text(text, size) == text
    with pytest.raises(InvalidMessage, match=f"has {size} bytes, and {size - 1} are allowed") as caught:
        check_text(text, size - 1)
    assert caught.value.code is Code.TEXT_TOO_LONG


def test_the_limit_counts_what_is_left_after_cleaning() -> None:
    """What cleaning takes out does not make a text too long."""
    assert check_text("abc" + "\x1b" * 100, 3) == "abc"


def test_long_texts_are_said_in_parts() -> None:
    """They are cut at the ends of lines, and within a line where it is too long; nothing of it is lost."""
    assert split_text("a\nbb\ncc", 4) == ["a\nbb", "cc"]
    assert split_text("ääää", 5) == ["ää", "ää"]
    assert split_text("x\nääää\ny", 5) == ["x", "ää", "ää", "y"]
    assert split_text("\n \n") == []
