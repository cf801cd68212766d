"""What pyproject.toml says about the project is so."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import libchat
from support.installed import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OURS = ("libchat", "libchat_shell", "libchat_plugins")
COME_ALONG = {
    "pytest": "who loads the fixtures has pytest",
    "wcwidth": "prompt_toolkit measures with it, too",
    "ifaddr": "zeroconf looks for interfaces with it, too",
}
"""What is imported and not declared, and why that is right."""


def plain(requirement: str) -> str:
    """Return the name of a requirement, as registries compare it."""
    return re.split(r"[\s\[<>=!~;]", requirement)[0].lower().replace("_", "-")


def sources() -> Iterator[Path]:
    """Yield the files of the packages."""
    for folder in ("libchat", "shell", "plugins"):
        yield from (ROOT / folder).rglob("*.py")


def imported() -> set[str]:
    """Return the packages of others that the code imports, anywhere in it."""
    found: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - set(OURS)


def test_the_version_is_written_once() -> None:
    """No other file that is run or built holds the version; the page of the wire protocol shows it in a transcript."""
    others = [ROOT / name for name in ("pyproject.toml", "Makefile", "README.md", "docs/conf.py", ".ci/run")]
    holding = [path for path in (*sources(), *others) if f'"{libchat.__version__}"' in path.read_text("utf-8")]
    assert holding == [ROOT / "libchat" / "_version.py"]
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]


def test_what_is_imported_is_declared() -> None:
    """What the code imports is a dependency, or comes with an extra; and nothing is declared in vain."""
    distributions = packages_distributions()
    needed = {plain(distributions[name][0]) for name in imported() - set(COME_ALONG)}
    extras = {plain(each) for name in ("lan", "qr") for each in EXTRAS[name]}
    assert needed == {plain(each) for each in PROJECT["dependencies"]} | extras


def test_the_extras() -> None:
    """`lan` and `qr` bring one package each, `all` brings what they bring, and `dev` what all of it needs.

    What draws the plots of `make evidence` is by itself: who develops seldom needs it, and it is larger than the rest.
    """
    assert set(EXTRAS) == {"lan", "qr", "all", "dev", "evidence"}
    assert [plain(each) for each in EXTRAS["evidence"]] == ["matplotlib"]
    assert [plain(each) for each in EXTRAS["lan"]] == ["zeroconf"]
    assert [plain(each) for each in EXTRAS["qr"]] == ["segno"]
    assert EXTRAS["all"] == ["libchat[lan,qr]"]
    assert "libchat[all]" in EXTRAS["dev"]
    assert {"build", "hatchling"} <= {plain(each) for each in EXTRAS["dev"]}


def test_every_dependency_has_a_bound_and_a_reason() -> None:
    """Each line names the oldest version that does, and says what the package is for."""
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    begin = lines.index("dependencies = [") + 1
    declared = lines[begin : lines.index("]", begin)]
    assert len(declared) == len(PROJECT["dependencies"])
    assert [line for line in declared if not re.search(r'>=[\d.]+",\s+# \w', line)] == []
