"""What the report names is there: modules, tests, evidence, commands of the program, targets of make."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from libchat.cli import make_program
from libchat.cli.parser import parse

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REPORT = (DOCS / "report.md").read_text(encoding="utf-8")
ROWS = [line for line in REPORT.splitlines() if line.startswith("| ") and line.count("|") == 6 and "`" in line]
"""The rows of the two tables in which each requirement has where it lives, how to run it, and what shows it."""

WORDS = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", REPORT, flags=re.DOTALL | re.MULTILINE))
LINKS = re.findall(r"\]\(([^)#:]+)[^)]*\)", REPORT)
PATHS = sorted(
    {word for word in WORDS if re.fullmatch(r"(libchat|shell|plugins|examples|tests|docs)(/[\w./-]+)?", word)}
    | {word.split()[1] for word in WORDS if word.startswith("python ")}
)
EVIDENCE = sorted({word for word in [*WORDS, *LINKS] if re.fullmatch(r"evidence/[\w-]+\.\w+", word)})
COMMANDS = sorted({word for word in WORDS if word.startswith("libchat ")})
TARGETS = sorted({word.split()[1] for word in WORDS if word.startswith("make ")})


@pytest.mark.parametrize("path", PATHS)
def test_what_it_names_is_there(path: str) -> None:
    """A module, a test, an example or a folder is where the report says."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", [link for link in LINKS if link not in EVIDENCE])
def test_where_it_leads_is_there(link: str) -> None:
    """A page or a picture that the report links to exists."""
    assert (DOCS / link).exists()


@pytest.mark.parametrize("name", EVIDENCE)
def test_the_evidence_is_there(name: str) -> None:
    """A picture, transcript or capture that the report refers to is among the evidence."""
    if not (DOCS / "evidence" / "index.md").exists():
        pytest.skip("there is no evidence here: `make evidence` makes it")
    assert (DOCS / name).exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_can_be_given(command: str) -> None:
    """The program takes each command line that the report shows."""
    _, *words = shlex.split(command)
    parser, commands = make_program()
    assert parse(parser, commands, words).command == words[0]  # wrong usage ends with SystemExit


@pytest.mark.parametrize("target", TARGETS)
def test_its_targets_are_there(target: str) -> None:
    """`make` knows each target that the report shows."""
    if target == "evidence" and not (DOCS / "evidence" / "index.md").exists():
        pytest.skip("there is no evidence here")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_complete(row: str) -> None:
    """Each requirement, asked or optional, has a reason, a place in the code, a command, and what shows it."""
    _, what, why, where, how, shown, _ = (cell.strip() for cell in row.split("|"))
    assert len(what.split()) >= 1
    assert len(why.split()) >= 5
    assert all("`" in cell for cell in (where, how))
    assert "`" in shown or "](" in shown


def test_the_search_finds_what_there_is_to_find() -> None:
    """The report names about as many things as it has requirements."""
    counts = [len(each) for each in (PATHS, LINKS, EVIDENCE, COMMANDS, TARGETS, ROWS)]
    assert all(count >= least for count, least in zip(counts, (60, 12, 12, 8, 5, 24)))
