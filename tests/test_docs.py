"""What is documented is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import generate_settings
import libchat
from libchat.messages import Command, Event, Limits
from libchat.wire.native import AnyCommand, AnyEvent

ROOT = Path(__file__).parent.parent
PAGES = [
    *(Path(name) for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in path.parts),
]
WIRE = (ROOT / "docs" / "reference" / "wire.md").read_text(encoding="utf-8")


def section(part: str, tag: str) -> str:
    """Return the text under the heading of a type, among the commands or the events."""
    _, _, of_part = WIRE.partition(f"\n### {part}\n")
    of_part = re.split(r"\n##+ [^`]", of_part)[0]
    _, found, rest = of_part.partition(f"\n#### `{tag}`\n")
    assert found, f"wire.md does not describe {tag!r} among the {part}"
    return rest.partition("\n#### ")[0]


def documented(part: str, tag: str) -> set[str]:
    """Return the fields in the table of a type."""
    return set(re.findall(r"^\| `(\w+)` \|", section(part, tag), re.MULTILINE))


@pytest.mark.parametrize("kind", AnyCommand.__args__)
def test_every_field_of_a_command_is_documented(kind: type[Command]) -> None:
    """The table of a command names its fields, and no others."""
    fields = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert documented("Commands", str(kind.__struct_config__.tag)) == fields


@pytest.mark.parametrize("kind", AnyEvent.__args__)
def test_every_field_of_an_event_is_documented(kind: type[Event]) -> None:
    """The table of an event names its fields, and no others."""
    fields = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert documented("Events", str(kind.__struct_config__.tag)) == fields


def test_every_limit_is_documented() -> None:
    """The limits of a welcome are all named."""
    text = section("Events", "welcome")
    assert all(f"`{field.name}`" in text for field in msgspec.structs.fields(Limits))


def test_every_setting_is_documented() -> None:
    """The page of settings is what the table says; `python tests/generate_settings.py` writes it anew."""
    assert generate_settings.PAGE.read_text(encoding="utf-8") == generate_settings.page()


def test_the_links_of_the_readme_lead_somewhere() -> None:
    """Each link that stays in the repository names a file that is there, and a heading in it if it names one."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 20
    for path, heading in links:
        assert (ROOT / path).exists(), path
        if heading:
            headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}, path


@pytest.mark.parametrize("name", ["docs/howto/lan.md", "docs/deploy/libchat.service"])
def test_the_wheel_has_the_name_that_examples_give_it(name: str) -> None:
    """Who types what is shown installs this version."""
    wheels = re.findall(r"libchat-([\w.]+)-py3-none-any\.whl", (ROOT / name).read_text(encoding="utf-8"))
    assert set(wheels) == {libchat.__version__}


def test_the_figures_of_the_readme_are_those_of_the_page() -> None:
    """What `make bench` measured is in two tables, row by row the same."""
    page = (ROOT / "docs" / "topics" / "performance.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("| | libchat |")[2].partition("\n\n")[0]
    measured = re.findall(r"^\| `[\w-]+` \|.*\| ([\d,]+)[^|]*\|$", page, re.MULTILINE)
    told = re.findall(r"^\| [^|]+ \| ([\d,]+)[^|]*\|", readme, re.MULTILINE)
    assert sorted(measured) == sorted(told)
    assert len(measured) == len(set(re.findall(r"^\| (`[\w-]+`) \|", page, re.MULTILINE)))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_lines_of_prose_fit(page: Path) -> None:
    """No line of a page has more than 120 characters, but those of tables and of what is shown."""
    is_shown = False
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("```"):
            is_shown = not is_shown
        if not is_shown and not line.startswith(("|", "    ")):
            assert len(line) <= 120, f"{page}:{number}"
