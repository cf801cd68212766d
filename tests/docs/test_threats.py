"""The page of threats names tests that there are."""

from __future__ import annotations

import re

import pytest

from support.named import is_test
from support.pages import read, rows, section, words

PAGE = read("topics/threats.md")
HEADINGS = [heading for heading in re.findall(r"^## .+$", PAGE, re.MULTILINE) if "worth something" not in heading]
THREATS = [(heading, row) for heading in HEADINGS for row in rows(section(PAGE, heading))]


def test_there_are_threats() -> None:
    """The tables are found, each below who attacks."""
    assert len(THREATS) > 50
    assert {heading for heading, _ in THREATS} == {each for each in HEADINGS if each != "## Not protected against"}


@pytest.mark.parametrize(("heading", "row"), THREATS, ids=[row[0] for _, row in THREATS])
def test_each_threat_has_a_test(heading: str, row: list[str]) -> None:
    """What is done, what remains, and a test of that name in that file, which asserts something."""
    threat, done, remains, test = row
    assert threat, heading
    assert done
    assert remains
    (named,) = words(test)
    assert is_test(named)


def test_no_threat_stands_twice() -> None:
    """Each row has a test that shows it and nothing else."""
    named = [row[3] for _, row in THREATS]
    assert len(named) == len(set(named))


def test_what_is_not_protected_is_told() -> None:
    """The list is there, and names the owner of the server and plugins."""
    told = re.findall(r"^- \*\*(.+?)\*\*", section(PAGE, "## Not protected against"), re.MULTILINE)
    assert len(told) >= 8
    assert any("owner" in each for each in told)
    assert any("plugin" in each for each in told)
