"""`libchat plugins`: lists, explanations, and new ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest

Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a good plugin, a broken one, and files that are none."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "good.py").write_text('"""Does \x1b[2J good.\n\nMore."""\n__version__ = "1.2"\nraise SystemExit\n')
    (folder / "bad.py").write_text("def")
    (folder / "test_good.py").write_text("")
    return folder


def test_plugins_are_listed_without_importing_them(libchat: Run, folder: Path) -> None:
    """A pipe gets lines with name, version, state and what it is, or what is wrong with it."""
    done = libchat("plugins", "--folder", str(folder))
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["bad", "broken", "it", "cannot", "be", "read:", "line", "1:", "invalid", "syntax"] in lines
    assert ["good", "1.2", "off", "Does", "[2J", "good."] in lines
    assert not any("test_good" in line for line in lines)


def test_plugins_are_listed_for_programs(libchat: Run, folder: Path) -> None:
    """With --json each is an object."""
    done = libchat("plugins", "list", "--json", "--folder", str(folder))
    found = {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert found["good"] == {
        "name": "good",
        "state": "off",
        "version": "1.2",
        "summary": "Does [2J good.",
        "origin": str(folder / "good.py"),
        "problem": "",
    }


def test_one_plugin_is_explained(libchat: Run, folder: Path) -> None:
    """`info` tells where it is from; a wrong name gets a suggestion."""
    done = libchat("plugins", "info", "good", "--folder", str(folder))
    assert done.stdout.startswith("good: Does [2J good.\n  state    off\n  version  1.2\n")
    done = libchat("plugins", "info", "goood", "--folder", str(folder))
    assert (done.returncode, done.stderr) == (1, "libchat: there is no plugin 'goood'; did you mean 'good'?\n")


def test_a_new_plugin_passes_its_test(libchat: Run, tmp_path: Path) -> None:
    """What `new` writes works, and is neither overwritten nor written under a wrong name."""
    folder = tmp_path / "new"
    done = libchat("plugins", "new", "my_first", "--folder", str(folder))
    assert done.returncode == 0
    plugin, test = done.stdout.splitlines()
    assert (plugin, test) == (str(folder / "my_first.py"), str(folder / "test_my_first.py"))
    tests = run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "--rootdir", str(folder), test],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert "3 passed" in tests.stdout, tests.stdout + tests.stderr
    done = libchat("plugins", "new", "my_first", "--folder", str(folder))
    assert (done.returncode, "is there already" in done.stderr) == (1, True)
    done = libchat("plugins", "new", "../evil", "--folder", str(folder))
    assert (done.returncode, "no name for a plugin" in done.stderr) == (1, True)
    assert not list(tmp_path.glob("evil*"))


@pytest.mark.parametrize("arguments", [("new",), ("info",), ("list", "x"), ("info", "x", "y")])
def test_names_are_counted(libchat: Run, arguments: tuple[str, ...]) -> None:
    """An action gets as many names as it takes."""
    done = libchat("plugins", *arguments)
    assert done.returncode == 2
    assert f"'plugins {arguments[0]}' takes" in done.stderr
