"""The page of delivery names a proof for each rule, and says what the checker checks."""

from __future__ import annotations

import re

from libchat.testing import verdict
from support.named import is_test, names_of_tests
from support.pages import ROOT, read, rows, section, words

PAGE = read("topics/delivery.md")
MISTAKES = "tests/testing/test_sim_mistakes.py"


def numbered(text: str) -> dict[str, str]:
    """Return the points of a numbered list, on one line each."""
    points = re.findall(r"^(\d+)\. ((?:.|\n(?!\d+\. |\n))+)", text, re.MULTILINE)
    return {number: " ".join(point.split()) for number, point in points}


def test_every_rule_has_a_proof() -> None:
    """The table has each rule of the contract, with tests that there are."""
    table = {row[0]: words(row[1]) for row in rows(section(PAGE, "## How it is shown")) if row[0].isdigit()}
    assert list(table) == list(numbered(section(PAGE, "## The contract")))
    for named in table.values():
        assert named
        assert [each for each in named if not is_test(each)] == []


def test_what_can_be_run_is_there() -> None:
    """The commands name targets of the Makefile, and tests that there are."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"`make (\w+) ([^`]+)`", section(PAGE, "## How it is shown"))
    assert len(commands) == 6
    for target, arguments in commands:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        variable = arguments.partition("=")[0]
        assert f"$({variable})" in makefile
        assert [path for path in re.findall(r"tests/[\w./]+", arguments) if not (ROOT / path).exists()] == []


def test_what_the_checker_checks_is_what_it_says() -> None:
    """The list is that of the checker itself."""
    assert numbered(section(PAGE, "## What the checker checks")) == numbered(verdict.__doc__ or "")


def test_every_mistake_is_told() -> None:
    """The table has each mistake that the simulator is shown."""
    told = [words(row[1])[0] for row in rows(section(PAGE, "## What the checker checks"))]
    planted = names_of_tests(MISTAKES) - {"test_without_a_mistake_there_is_nothing_to_find"}
    assert sorted(told) == sorted(planted)
