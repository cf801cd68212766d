"""The page of errors is what the code raises."""

from __future__ import annotations

import re

import pytest

import libchat
from libchat import ChatError, Code, PinMismatch, PluginError, Refused
from libchat.cli.exits import explain
from libchat.client.link import PASSING
from libchat.errors import LineTooLong, ProtocolError, refusal
from libchat.limits import LINE_BYTES
from support.pages import read, rows, section, words

PAGE = read("reference/errors.md")
CODES = {words(row[0])[0]: row[1:] for row in rows(section(PAGE, "## Codes"))}
EXCEPTIONS = {words(row[0])[0]: row[1:] for row in rows(section(PAGE, "## Exceptions").partition("Three builtin")[0])}
KINDS = {name: kind for name, kind in vars(libchat).items() if isinstance(kind, type) and issubclass(kind, ChatError)}


def test_every_code_is_documented() -> None:
    """The table has each code once, in order, with what to do, and whether it helps to send the same again."""
    assert list(CODES) == sorted(Code)
    for happened, remedy, again, _ in CODES.values():
        assert happened
        assert remedy
        assert again in ("no", "then", "later")
    assert f"{LINE_BYTES:,} bytes" in CODES["line-too-long"][0]


def test_the_wire_has_no_list_of_its_own() -> None:
    """Codes are described in one place."""
    page = section(read("reference/wire.md"), "## Error codes")
    assert rows(page) == []
    assert "(errors.md)" in page


def test_what_a_client_waits_out_helps_later() -> None:
    """The codes after which a client tries again by itself are those of which the page says so."""
    assert {CODES[code][2] for code in PASSING} == {"later"}
    _, _, told = section(PAGE, "## Codes").partition("When it comes back after a lost connection")
    assert {word for word in words(told) if word in set(Code)} == set(PASSING)


@pytest.mark.parametrize("code", sorted(Code))
def test_every_code_has_its_exception(code: Code) -> None:
    """A refusal is of the type that the table names, and ends the program with the exit code that the page says."""
    error = LineTooLong(9) if code == Code.LINE_TOO_LONG else refusal(code, "no")
    assert words(CODES[code][3]) == ([] if type(error) is Refused else [type(error).__name__])
    assert explain(error).code == (3 if code == Code.LINE_TOO_LONG else 1)


def test_every_exception_is_documented() -> None:
    """The table is the tree of the exceptions that `libchat` exports."""
    assert set(EXCEPTIONS) == set(KINDS)
    for name, (bases, _, _) in EXCEPTIONS.items():
        assert words(bases) == [base.__name__ for base in KINDS[name].__bases__]
    assert {words(row[0])[0] for row in rows(PAGE)} - set(EXCEPTIONS) - set(CODES) == {
        "TimeoutError",
        "OSError",
        "ValueError",
    }


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_every_exception_has_its_exit_code(name: str) -> None:
    """The program ends with the exit code of the table."""
    assert explain(_made(KINDS[name])).code == int(EXCEPTIONS[name][2])


def test_a_deadline_has_its_exit_code() -> None:
    """A timeout is a lost connection for the program."""
    assert explain(TimeoutError("too late")).code == 3


def _made(kind: type[ChatError]) -> ChatError:
    """Return an exception of a type, made with texts for what it needs."""
    if kind is LineTooLong:
        return LineTooLong(9)
    if kind is PinMismatch:
        return PinMismatch("here", "sha256:0", "sha256:1")
    if kind in (ProtocolError, libchat.InvalidMessage) or issubclass(kind, Refused):
        return kind(Code.BAD_LINE, "no")
    return kind("x", "no") if kind in (libchat.InvalidName, PluginError) else kind("no")


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_the_fields_that_are_told_are_there(name: str) -> None:
    """What the table names behind a colon are attributes of the exception."""
    _, _, fields = EXCEPTIONS[name][1].partition(":")
    told = [word for word in words(fields) if re.fullmatch(r"[a-z_]+", word)]
    assert [word for word in told if not hasattr(_made(KINDS[name]), word)] == []


def test_the_tree_in_the_code_is_the_tree() -> None:
    """The outline at the top of `libchat.errors` has every exception, below its base."""
    outline = re.findall(r"^( *[│├└─ ]*)(\w+) {2,}", libchat.errors.__doc__ or "", re.MULTILINE)
    names = [name for _, name in outline]
    assert set(names) == set(KINDS)
    parents: list[tuple[int, str]] = []
    for indent, name in outline:
        parents = [each for each in parents if each[0] < len(indent)]
        assert not parents or KINDS[name].__bases__[0].__name__ == parents[-1][1]
        parents.append((len(indent), name))
