"""The page of threats names tests that there are."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from support.pages import ROOT, read, rows, section, words

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
    path, _, name = named.partition("::")
    assert name in named_in(path)


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file that pytest would run: functions of the module, or methods of a class."""
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert path.rpartition("/")[2].startswith("test_")
    found = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in found if node.name.startswith("test_") and not is_skipped(node))


def is_skipped(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a test never runs."""
    return any(re.search(r"\.(skip|xfail)\b(?!if)", ast.unparse(each)) for each in function.decorator_list)


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
