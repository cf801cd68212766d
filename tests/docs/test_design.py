"""The page of the design is about this tree."""

from __future__ import annotations

import re
import tomllib

from support.pages import ROOT, read, section

PAGE = read("topics/design.md")


def block(heading: str) -> list[str]:
    """Return the lines of the first block below a heading."""
    found = re.search(r"^```text\n(.*?)^```", section(PAGE, heading), re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1].splitlines()


def test_folders_are_those_of_the_tree() -> None:
    """Each folder of the library is told, and no other; and so is each at the top."""
    folders = [line.split()[0] for line in block("## Where things are")]
    inner = {line.split()[0] for line in block("## Where things are") if line.startswith("  ")}
    assert inner == {f"{path.parent.name}/" for path in (ROOT / "libchat").glob("*/__init__.py")}
    outer = [folder for folder in folders if folder not in inner]
    assert [folder for folder in outer if not (ROOT / folder).is_dir()] == []
    assert {"libchat/", "shell/libchat_shell/", "plugins/libchat_plugins/", "examples/", "tests/", "docs/"} == set(
        outer
    )


def test_floors_are_those_that_are_held() -> None:
    """What stands on a floor of the page stands on one of `pyproject.toml`, in the same order; all folders do."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = [set(re.findall(r"\w+", each)) for each in project["tool"]["importlinter"]["contracts"][0]["layers"]]
    floors = [re.findall(r"\w+", re.split(r" {3,}", line)[0]) for line in block("## Floors") if line[0] != " "]
    assert len(floors) > 10
    at = [{number for number, layer in enumerate(layers) if name in layer} for floor in floors for name in floor]
    assert all(len(each) == 1 for each in at)
    assert all(
        len({number for name in floor for number, layer in enumerate(layers) if name in layer}) == 1 for floor in floors
    )
    assert [min(each) for each in at] == sorted(min(each) for each in at)
    told = {name for floor in floors for name in floor}
    assert {path.parent.name for path in (ROOT / "libchat").glob("*/__init__.py")} <= told


def test_files_that_are_named_are_there() -> None:
    """The nouns of the core, and the parts of the shell, have files of their names."""
    _, _, core = PAGE.partition("In `core`, each noun has a file")
    nouns = re.findall(r"`(\w+)`", core.partition("\n\n")[0])
    assert len(nouns) > 10
    assert [noun for noun in nouns if not (ROOT / "libchat" / "core" / f"{noun}.py").is_file()] == []
    shell = [re.split(r" {3,}", line)[0] for line in block("## The shell")]
    parts = [part for line in shell for part in line.split(", ")]
    assert len(parts) > 10
    assert [each for each in parts if not list((ROOT / "shell" / "libchat_shell").glob(f"{each}*"))] == []
