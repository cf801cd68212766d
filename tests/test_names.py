"""Names: what may be one, which ones are the same, and which ones look the same."""

from __future__ import annotations

import contextlib
import copy
import pickle
import string
import subprocess
import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from precis_i18n import get_profile

from libchat._confusables import TABLE
from libchat.errors import InvalidName
from libchat.limits import NAME_CHARACTERS
from libchat.names import RESERVED, Name, RoomName, look_of, parse_name, parse_room, parse_target, skeleton

ASCII_ALLOWED = set(string.ascii_letters + string.digits + "_-.")
CONFUSABLE_PAIRS = 1300
"""Pairs of the table whose two sides can both stand in a name: 1,399 by Unicode 14, and more by later ones."""

letters = st.characters(categories=("L", "M", "N"))
ascii_text = st.text(st.sampled_from(sorted(ASCII_ALLOWED) + list(" #:,@\x00\x7f")), max_size=NAME_CHARACTERS + 2)
word_text = st.text(
    st.one_of(letters, st.sampled_from([*sorted(ASCII_ALLOWED), "\u0130", "\u03a3", "\u0301", "\u200c"]))
)
any_text = st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from("#aA1_")))


def parsed(text: str) -> RoomName:
    """Return the room name, or leave the example out: rooms have the same rules as names, and no reserved words."""
    try:
        return parse_room(text)
    except InvalidName:
        assume(False)
        raise


def refusal(text: str) -> InvalidName:
    """Return why the text is no name."""
    with pytest.raises(InvalidName) as caught:
        parse_name(text)
    return caught.value


def full_look(text: str) -> str:
    """Return the skeleton that the way for all scripts gives an ASCII name: behind a letter that keeps to itself."""
    return skeleton(parse_room("\u0436" + text)).removeprefix("\u0436")


# --- values ---------------------------------------------------------------------------------------------------------


def test_a_name_is_shown_as_typed_and_equal_in_any_case() -> None:
    """`Alice` and `alice` are one name with two displays, and one place in a dict."""
    name = parse_name("Alice")
    assert (name.display, name.key, str(name)) == ("Alice", "alice", "Alice")
    assert name == parse_name("aLICE") != parse_name("Alicia")
    assert {name: 1}[parse_name("ALICE")] == 1


def test_a_room_is_written_behind_a_number_sign() -> None:
    """A room has the same forms as a name, and shows itself behind a `#`."""
    room = parse_room("#TeamChat")
    assert (room.display, room.key, room.target, str(room)) == ("TeamChat", "teamchat", "#TeamChat", "#TeamChat")
    assert room == parse_room("teamchat")


def test_a_name_is_never_a_room() -> None:
    """A person and a room of one key are different, and no name equals its text."""
    assert parse_name("team") != parse_room("team")
    assert len({parse_name("team"), parse_room("team")}) == 2
    assert parse_name("team") != "team"


def test_names_do_not_change() -> None:
    """No field can be set, and no other one added."""
    name = parse_name("ana")
    for field in ("display", "key", "other"):
        with pytest.raises(AttributeError):
            setattr(name, field, "bo")


@pytest.mark.parametrize("target", [parse_name("Ana"), parse_room("Team")])
def test_names_can_be_copied_and_pickled(target: Name | RoomName) -> None:
    """A copy is equal and shows the same."""
    for again in (copy.deepcopy(target), pickle.loads(pickle.dumps(target))):
        assert (again, str(again)) == (target, str(target))


def test_a_target_is_a_room_or_a_name() -> None:
    """`#x` is a room, everything else is a name."""
    assert parse_target("#x") == parse_room("x")
    assert parse_target("x") == parse_name("x")


# --- rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("a", "7", "_x", "x_-.", "a" * NAME_CHARACTERS, "root", "all", "Ali", "Bill"),
        *("J\u00fcrgen", "\u0410\u043d\u043d\u0430", "\u5f20\u4f1f", "\ud55c\uad6d", "\u05d3\u05d5\u05d3"),
        *("\u0645\u0631\u064a\u0645", "\u0905\u092e\u093f\u0924", "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc"),
        "\u0443\u0447\u0438\u0442\u0435\u043b\u044c.2-\u0430",
        "_\u00e4",
    ],
)
def test_names_of_many_scripts(text: str) -> None:
    """Letters and digits of any script, the three signs, and reserved words' harmless neighbours are names."""
    assert parse_name(text).display == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("a b", "a space is not allowed; use letters"),
        ("a:b", "':' is not allowed"),
        ("#team", "'#' is not allowed"),
        ("a,b", "',' is not allowed"),
        ("-x", "begins with '-'; begin with a letter"),
        (".x", r"begins with '\.'"),
        ("\u0301x", r"begins with U\+0301 COMBINING ACUTE ACCENT"),
        ("a" * (NAME_CHARACTERS + 1), "33 characters, and 32 are allowed; choose a shorter"),
        ("\u00e4" * (NAME_CHARACTERS + 1), "33 characters"),
        ("e\u0301" * 20, "40 characters"),  # counted before normalisation, ...
        ("\u0958" * 11 + "J\u030c" * 10, "42 characters"),  # ... after it: each of the first becomes two, ...
        ("\u0130" * NAME_CHARACTERS, "64 characters"),  # ... and in small letters
        ("a\x00b", r"U\+0000 is not allowed"),
        ("a\nb", r"U\+000A is not allowed"),
        ("a\x1bb", r"U\+001B is not allowed"),
        ("a\x9bb", r"U\+009B is not allowed"),
        ("\ud800", r"U\+D800 is not allowed"),
        ("a\u202eb", r"U\+202E RIGHT-TO-LEFT OVERRIDE is not allowed"),
        ("a\u200bb", r"U\+200B ZERO WIDTH SPACE is not allowed"),
        ("a\u200db", r"U\+200D ZERO WIDTH JOINER is not allowed"),
        ("a\u00a0b", r"U\+00A0 NO-BREAK SPACE is not allowed"),
        ("\uff1aa", "':' is not allowed"),
        ("\uff03a", "'#' is not allowed"),
        ("l\u00b7l", r"U\+00B7 MIDDLE DOT is not allowed"),
        ("\U0001f600", r"U\+1F600 GRINNING FACE is not allowed"),
        ("\ufb01x", r"U\+FB01 LATIN SMALL LIGATURE FI is not allowed"),
        ("\u05d0\u05d1a", "mixes left-to-right and right-to-left"),
    ],
)
def test_what_is_no_name_and_why(text: str, reason: str) -> None:
    """Each rule refuses with its own reason, and the exception holds what was typed."""
    error = refusal(text)
    assert error.name == text
    with pytest.raises(InvalidName, match=reason):
        raise error


@pytest.mark.parametrize("text", ["#", "##x", "# x", "#-x", "\uff03x"])
def test_a_room_loses_one_number_sign_only(text: str) -> None:
    """Behind one `#` the rules of names begin, and the exception holds what was typed."""
    with pytest.raises(InvalidName) as caught:
        parse_room(text)
    assert caught.value.name == text


def test_a_room_may_be_as_long_as_a_name() -> None:
    """The `#` does not count."""
    assert parse_room("#" + "a" * NAME_CHARACTERS).key == "a" * NAME_CHARACTERS


@pytest.mark.parametrize("char", ["a", "\u00e4", "\u0301", "\x00"])
def test_a_very_long_text_is_refused_for_its_length(char: str) -> None:
    """Length is looked at before anything else, and the exception does not carry a megabyte along."""
    error = refusal(char * 1_000_000)
    assert "1000000 characters" in error.reason
    assert len(str(error)) < 1000


@pytest.mark.parametrize("parse", [parse_name, parse_room, parse_target])
@given(text=any_text)
def test_a_text_is_a_name_or_invalid(parse: Callable[[str], Name | RoomName], text: str) -> None:
    """No text whatever makes any other exception than `InvalidName`."""
    with contextlib.suppress(InvalidName):
        assert parse(text).key


@given(word_text)
@example("\u0130x")
@example("\u0391\u03a3")
@example("e\u0301\uff21")
def test_parsing_is_idempotent(text: str) -> None:
    """The display of a name parses to the same name, and so does its key."""
    room = parsed(text)
    again = parse_room(room.display)
    assert (again.display, again.key) == (room.display, room.key)
    small = parse_room(room.key)
    assert (small.display, small.key) == (room.key, room.key)


@given(word_text)
def test_accepted_names_keep_the_rules(text: str) -> None:
    """What is accepted is short in all forms, composed, without spaces and signs, and begins with a letter or digit."""
    room = parsed(text)
    for form in (room.display, room.key):
        assert 1 <= len(form) <= NAME_CHARACTERS
        assert unicodedata.is_normalized("NFC", form)
        assert form[0] == "_" or unicodedata.category(form[0]) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl"}
        assert not {unicodedata.category(char)[0] for char in form} & set("ZS")
        assert {char for char in form if char.isascii()} <= ASCII_ALLOWED


@given(ascii_text)
@example("I1l0Om")
def test_ascii_names_are_what_precis_makes_of_them(text: str) -> None:
    """The fast way for ASCII accepts by our rules, and gives the forms that PRECIS and the whole table give."""
    body = text.removeprefix("#")
    allowed = set(body) <= ASCII_ALLOWED and body[:1] not in "-." and len(body) <= NAME_CHARACTERS
    try:
        room = parse_room(text)
    except InvalidName:
        assert not allowed
        return
    assert allowed
    assert room.display == get_profile("UsernameCasePreserved").enforce(body)
    assert room.key == get_profile("UsernameCaseMapped").enforce(body)
    if len(body) < NAME_CHARACTERS:
        assert skeleton(room) == full_look(body)


def test_each_ascii_character_has_the_skeleton_of_the_table() -> None:
    """The small table for ASCII says what the whole one says."""
    signs = sorted(ASCII_ALLOWED)
    assert [skeleton(parse_room("x" + sign)) for sign in signs] == [full_look("x" + sign) for sign in signs]


def test_importing_names_is_cheap() -> None:
    """Neither the import nor ASCII names, good or bad, load PRECIS and the table; the first other name does."""
    program = """
import sys
from libchat.names import InvalidName, parse_name, skeleton
skeleton(parse_name("Alice"))
for bad in ("a b", "", "-", "admin"):
    try:
        parse_name(bad)
    except InvalidName:
        pass
heavy = {"precis_i18n", "libchat._confusables"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
parse_name("\\u00c4nne")
assert heavy <= set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# --- reserved words and skeletons -----------------------------------------------------------------------------------


def spellings(word: str) -> list[str]:
    """Return the word as people write it who should not have it."""
    cyrillic = str.maketrans("aeiopcyxsSAEIOPCTMHK", "\u0430\u0435\u0456\u043e\u0440\u0441\u0443\u0445\u0455\u0405"
                             "\u0410\u0415\u0406\u041e\u0420\u0421\u0422\u041c\u041d\u041a")  # fmt: skip
    fullwidth = {code: code - 0x20 + 0xFF00 for code in range(0x21, 0x7F)}
    numerals = str.maketrans("iIoO", "l100")
    cases = [word, word.upper(), word.title(), word.swapcase(), word[:-2] + word[-2:].upper()]
    changed = [case.translate(table) for case in cases for table in (cyrillic, fullwidth, numerals)]
    return cases + changed + [case.replace("m", "rn").replace("M", "rn") for case in cases]


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_reserved_words_are_refused_in_any_spelling(word: str) -> None:
    """Case, fullwidth, Cyrillic and look-alikes do not help: the word is reserved, and the reason says so."""
    for spelling in spellings(word):
        assert "reserved" in refusal(spelling).reason, spelling
        assert "choose another" in refusal(spelling).reason


def test_the_small_letters_of_a_reserved_word_count_too() -> None:
    """A Greek capital Nu looks like N, but its small letter looks like v, and names are kept in small letters."""
    assert skeleton(parse_room("ser\u039der")) != skeleton(parse_room("server"))
    assert "reserved" in refusal("ser\u039der").reason


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_rooms_may_have_reserved_words(word: str) -> None:
    """A room called like a reserved word misleads nobody."""
    assert parse_room(word).key == word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bill", "BiIl"),
        ("Bill", "Bi1l"),
        ("B0b", "Bob"),
        ("rnax", "max"),
        ("rnax", "Max"),
        ("alice", "\u0430lice"),
        ("ana", "\u0430n\u0430"),
        ("scope", "\u0455\u0441\u043e\u0440\u0435"),
        ("ova", "\u03bfva"),
        ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc", "\u0646\u0627\u0645\u0647\u0627\u06cc"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    """Two names with different keys that are hard to tell apart share their skeleton."""
    assert parse_name(one) != parse_name(other)
    assert skeleton(parse_name(one)) == skeleton(parse_name(other))


@pytest.mark.parametrize(
    ("one", "other"), [("ana", "ano"), ("ali", "all"), ("nina", "vina"), ("e", "\u00e9"), ("a1", "a2")]
)
def test_names_that_look_different_have_different_skeletons(one: str, other: str) -> None:
    """A skeleton does not take names away that nobody would mix up."""
    assert skeleton(parse_name(one)) != skeleton(parse_name(other))


def test_skeletons_are_of_the_display() -> None:
    """One key shown in two ways looks like different other names: `BILL` like `BlLL`, `bill` not."""
    assert skeleton(parse_name("BILL")) == skeleton(parse_name("BlLL")) != skeleton(parse_name("bill"))


def test_any_text_has_a_look() -> None:
    """What can be no name looks like something, too; and a name looks as its skeleton says."""
    assert look_of("\u0430 b!") == "a b!"
    assert look_of("BILL") == skeleton(parse_name("BILL"))


def test_a_room_and_a_person_have_comparable_skeletons() -> None:
    """The `#` is no part of a skeleton."""
    assert skeleton(parse_room("#B0b")) == skeleton(parse_name("Bob"))


def test_each_line_of_the_table_counts() -> None:
    """Each character of Unicode's table has the skeleton of its prototype, wherever both can stand in a name."""
    compared = 0
    for line in TABLE.splitlines():
        prototype, _, sources = line.partition(": ")
        text = "".join(chr(int(code, 16)) for code in prototype.split("+"))
        for code in sources.split():
            try:
                names = parse_room("a" + chr(int(code, 16))), parse_room("a" + text)
            except InvalidName:
                continue
            assert skeleton(names[0]) == skeleton(names[1]), line
            compared += 1
    assert compared > CONFUSABLE_PAIRS
