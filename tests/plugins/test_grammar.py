"""The grammar of commands: signatures in, arguments and completions out."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.errors import UsageError
from libchat.plugins import Arg, Context, Member, Ref, Room, Text
from libchat.plugins.grammar import Grammar, quote
from libchat.plugins.scope import Scope
from libchat.plugins.types import Candidate
from support.places import Place

PLACE = Place()


class Colour(enum.Enum):
    LIGHT_RED = 1
    BLUE = 2


class Span:
    """A kind of one's own."""

    placeholder = "DURATION"

    def parse(self, word: str, scope: Scope) -> object:
        if not word.endswith("s"):
            raise ValueError("write seconds as 5s")
        return int(word[:-1])

    def complete(self, prefix: str, scope: Scope) -> Iterable[Candidate]:
        return [Candidate("5s", "five")]


def _ban(ctx: Context, name: Member, *reason: str, minutes: int = 0) -> None: ...
def _tell(ctx: Context, name: Member, text: Text, *, quiet: bool = False, room: Room | None = None) -> None: ...
def _many(
    a: int,
    b: float = 1.5,
    c: Literal["on", "off"] = "on",
    d: Colour = Colour.BLUE,
    e: Path | None = None,
    *,
    ref: Ref,
    loud: bool = True,
    for_: Annotated[int, Span()] = 0,
) -> None: ...


class Whole(Span):
    """A kind for a whole text, that gets all of it."""

    placeholder = "[N] TEXT"

    def parse(self, word: str, scope: Scope) -> object:
        return word.split(" ", 1)


def _edit(text: Annotated[Text, Whole(), Arg(help="what")], *, loud: bool = False) -> None: ...
def _words(*words: str) -> None: ...
def _word(word: str = "") -> None: ...
def _tree(tree: Annotated[str, Arg(complete=lambda prefix: [prefix + "k", "elm"], help="a tree")]) -> None: ...


BAN, TELL, MANY = Grammar.of(_ban), Grammar.of(_tell), Grammar.of(_many)


def parse(grammar: Grammar, line: str) -> tuple[list[object], dict[str, object]]:
    """Return the arguments in a line."""
    return grammar.parse(line, PLACE, "/it")


@pytest.mark.parametrize(
    ("grammar", "usage"),
    [
        (BAN, "/it NAME [REASON ...] [--minutes N]"),
        (TELL, "/it NAME [--quiet] [--room #ROOM] TEXT"),
        (
            MANY,
            "/it A [B] [on|off] [light-red|blue] [E] --ref NUMBER [--no-loud] [--for DURATION]",
        ),
        (Grammar.of(_words), "/it [WORDS ...]"),
        (Grammar.of(_edit), "/it [--loud] [N] TEXT"),
    ],
)
def test_usage_is_the_signature(grammar: Grammar, usage: str) -> None:
    """What stands in a signature can be read in the usage line."""
    assert grammar.usage("/it") == usage


@pytest.mark.parametrize(
    ("grammar", "line", "arguments", "options"),
    [
        (BAN, "bo", ["bo"], {}),
        (BAN, "@BO spam  again --minutes 5", ["bo", "spam", "again"], {"minutes": 5}),
        (BAN, "--minutes=5 bo 'too much' don't", ["bo", "too much", "don't"], {"minutes": 5}),
        (BAN, "bo -- --minutes 5", ["bo", "--minutes", "5"], {}),
        (BAN, 'bo "--minutes"', ["bo", "--minutes"], {}),
        (TELL, 'bo  say "it"  as -- typed ', ["bo", 'say "it"  as -- typed'], {"quiet": False}),
        (TELL, "--quiet bo --room team it's --quiet", ["bo", "it's --quiet"], {"quiet": True, "room": "#team"}),
        (TELL, 'bo "open', ["bo", '"open'], {"quiet": False}),
        (TELL, "bo --unknown", ["bo", "--unknown"], {"quiet": False}),
        (MANY, "1 --ref 12", [1], {"ref": 12, "loud": True}),
        (
            MANY,
            "1 2 OFF Light-Red x/y --no-loud --for 7s --ref #3",
            [1, 2.0, "off", Colour.LIGHT_RED, Path("/home/ana/x/y")],
            {"ref": 3, "loud": False, "for_": 7},
        ),
        (Grammar.of(_words), r"C:\new\table \"x a\ b", ["C:\\new\\table", '"x', "a b"], {}),
        (Grammar.of(_words), "--not an --option", ["--not", "an", "--option"], {}),
        (Grammar.of(_words), "", [], {}),
        (Grammar.of(_edit), "--loud 5 it's so", [["5", "it's so"]], {"loud": True}),
    ],
)
def test_lines_become_arguments(
    grammar: Grammar, line: str, arguments: list[object], options: dict[str, object]
) -> None:
    """Words, options and texts come to their parameters."""
    assert parse(grammar, line) == (arguments, options)


def test_names_are_canonical() -> None:
    """A name is what is shown of the one who has it, and of the type that the author wrote."""
    (name,), _ = parse(BAN, "CARLA")
    assert name == "Carla"
    assert isinstance(name, Member)


@pytest.mark.parametrize(
    ("grammar", "line", "reason"),
    [
        (BAN, "", "NAME is missing"),
        (BAN, "b:o", "NAME: 'b:o' cannot be a name"),
        (BAN, "bo --minutes", "--minutes: its value is missing"),
        (BAN, "bo --minutes x", "--minutes: 'x' is not a whole number"),
        (BAN, "bo --minute 5", "there is no option --minute; did you mean --minutes?"),
        (BAN, "bo --minutes 5 --minutes 6", "--minutes is there twice"),
        (BAN, "bo 'tis", "REASON: the quote before 'tis' is not closed"),
        (TELL, "bo", "TEXT is missing"),
        (MANY, "1", "--ref is missing"),
        (MANY, "one --ref 1", "A: 'one' is not a whole number"),
        (MANY, "1 nan --ref 1", "B: 'nan' is no number"),
        (MANY, "1 1 of --ref 1", "C: 'of' is not one of on, off; did you mean 'off'?"),
        (MANY, "1 --ref 0", "--ref: '0' is not the number of a message"),
        (MANY, "1 --ref 1 --for 5", "--for: write seconds as 5s"),
        (MANY, "1 --ref 1 --no-loud=on", "there is no option --no-loud"),
        (MANY, "1 1 on blue x y --ref 1", "'y' is one word too many"),
        (Grammar.of(_word), "a b", "'b' is one word too many; put words that belong together in quotes"),
    ],
)
def test_usage_errors_name_the_argument(grammar: Grammar, line: str, reason: str) -> None:
    """What was wrong is said of the argument that it was in, and how the command is written."""
    with pytest.raises(UsageError) as caught:
        parse(grammar, line)
    assert caught.value.reason.startswith(reason)
    assert caught.value.usage == grammar.usage("/it")


@given(st.lists(st.text()))
def test_quoted_words_come_back(given_words: list[str]) -> None:
    """Whatever the words are: quoted, they are read as they were."""
    line = " ".join(map(quote, given_words))
    assert parse(Grammar.of(_words), line) == (given_words, {})


@given(st.text(min_size=1), st.integers(), st.booleans(), st.lists(st.text()))
def test_quoted_arguments_come_back(reason: str, number: int, flag: bool, more: list[str]) -> None:
    """Options and words come back, in whatever order they are written."""

    def function(first: str, *rest: str, number: int = 0, flag: bool = False, reason: str = "") -> None: ...

    grammar = Grammar.of(function)
    options = [f"--number {number}", f"--reason={quote(reason)}", *(["--flag"] if flag else [])]
    line = " ".join([quote(reason), *options, *map(quote, more)])
    assert parse(grammar, line) == ([reason, *more], {"number": number, "flag": flag, "reason": reason})


@given(st.text())
def test_any_line_is_read_or_refused(line: str) -> None:
    """No line does anything but be read, or be refused by a usage error; nor does it hinder completion."""
    for grammar in (BAN, TELL, MANY):
        try:
            parse(grammar, line)
        except UsageError:
            pass
        for cursor in range(len(line) + 1):
            slot = grammar.slot(line, cursor)
            assert slot is None or 0 <= slot.start <= cursor


@pytest.mark.parametrize(
    ("grammar", "line", "start", "prefix", "words"),
    [
        (BAN, "", 0, "", ["bo", "Carla", "ana"]),
        (BAN, "c", 0, "c", ["Carla"]),
        (BAN, "@B", 0, "@B", ["bo"]),
        (BAN, "bo --m", 3, "--m", ["--minutes"]),
        (BAN, "bo --minutes ", 13, "", []),
        (TELL, "bo --room r", 10, "r", ["#random"]),
        (TELL, "bo --room=#t", 10, "#t", ["#team"]),
        (TELL, "--", 0, "--", ["--quiet", "--room"]),
        (TELL, "--quiet --", 8, "--", ["--room"]),
        (TELL, "bo some 'te", 8, "'te", []),
        (MANY, "1 2 o", 4, "o", ["on", "off"]),
        (MANY, "1 2 on ", 7, "", ["light-red", "blue"]),
        (MANY, "1 --ref 1", 8, "1", ["12", "11"]),
        (MANY, "1 --for ", 8, "", ["5s"]),
        (MANY, "1 --no", 2, "--no", ["--no-loud"]),
        (MANY, "1 2 on blue x ", 14, "", ["--ref", "--no-loud", "--for"]),
        (Grammar.of(_edit), "--loud 5 it's s", 7, "5 it's s", ["5s"]),
        (Grammar.of(_edit), "5", 0, "5", ["5s"]),
        (Grammar.of(_tree), '"oa', 0, "oa", ["oak", "elm"]),
    ],
)
def test_words_are_completed(grammar: Grammar, line: str, start: int, prefix: str, words: list[str]) -> None:
    """At the cursor, the parameter whose word it is says what the word may become."""
    slot = grammar.slot(line, len(line))
    assert slot is not None
    assert (slot.start, slot.prefix) == (start, prefix)
    assert [each.text for each in slot.kind.complete(slot.prefix, PLACE)] == words


def test_the_cursor_may_be_inside() -> None:
    """What stands behind the cursor does not matter."""
    slot = BAN.slot("ca spam", 2)
    assert slot is not None
    assert slot.prefix == "ca"


def test_messages_are_shown_beside_their_numbers() -> None:
    """Nobody knows numbers by heart: sender and text stand beside them, on one line."""
    slot = MANY.slot("1 --ref ", 8)
    assert slot is not None
    assert [each.note for each in slot.kind.complete("", PLACE)] == ["bo: hello you", "Carla: hi"]


def test_files_are_completed(tmp_path: Path) -> None:
    """Paths are completed from their folder; folders go on, hidden files have to be asked for."""

    def export(path: Path) -> None: ...

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one two.md").touch()
    (tmp_path / ".hidden").touch()
    place = Place(cwd=tmp_path)
    kind = Grammar.of(export).parameters[0].kind
    assert [each.text for each in kind.complete("", place)] == ["docs/"]
    assert [each.text for each in kind.complete("docs/o", place)] == ["docs/one two.md"]
    assert [each.text for each in kind.complete("none/", place)] == []


def test_help_of_a_parameter_is_kept() -> None:
    """What `Arg` says stands by the parameter."""
    assert Grammar.of(_tree).parameters[0].help == "a tree"


def _bad_type(x: dict[str, int]) -> None: ...
def _union(x: int | str) -> None: ...
def _text_first(x: Text, y: str) -> None: ...
def _text_option(*, x: Text) -> None: ...
def _keywords(**x: str) -> None: ...
def _late(x: str, ctx: Context) -> None: ...
def _unknown(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_bad_type, r"parameter 'x': dict\[str, int\] is no type of a parameter; take str, int"),
        (_union, "parameter 'x': int | str is no type"),
        (_text_first, "parameter 'x': Text takes the rest of the line"),
        (_text_option, "parameter 'x': Text is for the last positional"),
        (_keywords, "'\\*\\*x' cannot be typed"),
        (_late, "'ctx' has to be the first"),
        (_unknown, "annotations of _unknown cannot be read: name 'Nowhere' is not defined"),
    ],
)
def test_signatures_that_no_line_can_fill_are_refused(function: object, reason: str) -> None:
    """A mistake in a signature is said when the plugin is loaded, with the parameter."""
    assert callable(function)
    with pytest.raises(TypeError, match=reason):
        Grammar.of(function)
