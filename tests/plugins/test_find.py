"""Finding plugins: what is one, what it says about itself, and that none is imported for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from libchat.plugins.sources.find import SOURCE_BYTES, find_files, find_installed, find_plugins, look_at
from libchat.testing import Stage


def write(folder: Path, name: str, text: str = "") -> Path:
    """Write a file."""
    path = folder / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def install(folder: Path, name: str, module: str) -> None:
    """Have an entry point in a folder, as an installed package has."""
    information = folder / f"pkg_{name}-2.5.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pkg-{name}\nVersion: 2.5\n")
    (information / "entry_points.txt").write_text(f"[libchat.plugins]\n{name} = {module}\n")


def test_metadata_is_read_without_importing(tmp_path: Path) -> None:
    """Docstring, version and API are taken from the source, of which nothing runs."""
    path = write(
        tmp_path, "dice", '"""\nRoll dice.\n\nMore."""\n__version__ = "1.2"\nLIBCHAT_API = 1\nraise SystemExit\n'
    )
    found = look_at(path)
    assert (found.name, found.version, found.summary, found.problem) == ("dice", "1.2", "Roll dice.", "")


def test_a_folder_is_searched(tmp_path: Path) -> None:
    """Python files are plugins, but for those that begin with `_`, `.` or `test_`; other files are none."""
    for name in ("b", "a", "_c", "test_a", ".d"):
        write(tmp_path, name)
    (tmp_path / "note.txt").touch()
    (tmp_path / "pkg").mkdir()
    assert [each.name for each in find_files(tmp_path)] == ["a", "b"]
    assert list(find_files(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("Bad-Name", "", "no name for a plugin"),
        ("x", "def", "line 1: invalid syntax"),
        ("x", "\0", "null bytes"),
        ("x", "(" * 5000, "it cannot be read"),
        ("x", "#" * (SOURCE_BYTES + 1), "more than"),
        ("x", "LIBCHAT_API = 7", "version 7 of the API"),
        ("x", "LIBCHAT_API = 'one'", "version one of the API"),
    ],
)
def test_what_cannot_be_loaded_is_listed_with_the_reason(tmp_path: Path, name: str, text: str, problem: str) -> None:
    """A file with a mistake does not hide: its author looks for it."""
    assert problem in look_at(write(tmp_path, name, text)).problem


@pytest.mark.skipif(os.name != "posix", reason="links and modes as POSIX has them")
def test_files_that_others_may_change_are_refused(tmp_path: Path) -> None:
    """Neither links nor what everybody can write to is loaded as the user's own."""
    folder = tmp_path / "plugins"
    path = write(folder, "x")
    (folder / "link.py").symlink_to(path)
    assert "it is a link" in look_at(folder / "link.py").problem
    (folder / "sub.py").mkdir()
    assert "it is no file" in look_at(folder / "sub.py").problem
    path.chmod(0o666)
    assert "everybody can write" in look_at(path).problem
    path.chmod(0o600)
    folder.chmod(0o777)
    assert "everybody can write" in look_at(path).problem
    folder.chmod(0o700)
    assert look_at(path).problem == ""


def test_installed_plugins_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point is followed to the source of its module, without importing that or its package."""
    write(tmp_path, "pkg/__init__", "raise SystemExit")
    write(tmp_path, "pkg/dice", '"""Roll."""\nraise SystemExit')
    install(tmp_path, "dice", "pkg.dice")
    install(tmp_path, "gone", "pkg.gone")
    install(tmp_path, "attr", "pkg.dice:roll")
    monkeypatch.syspath_prepend(tmp_path)
    found = {each.name: each for each in find_installed() if each.version == "2.5"}
    assert (found["dice"].summary, found["dice"].module, found["dice"].problem) == ("Roll.", "pkg.dice", "")
    assert "no module pkg.gone" in found["gone"].problem
    assert "names no module" in found["attr"].problem
    assert "pkg" not in sys.modules


def test_nothing_comes_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where Python looks into the current folder for modules, plugins are not looked for there."""
    write(tmp_path, "evil", "raise SystemExit")
    install(tmp_path, "evil", "evil")
    monkeypatch.chdir(tmp_path)
    for entry in ("", str(tmp_path), "."):
        monkeypatch.setattr(sys, "path", [entry, *sys.path])
        assert "evil" not in {each.name for each in find_installed()}


def test_an_own_file_goes_before_an_installed_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who puts a changed copy into the own folder gets that."""
    write(tmp_path / "site", "dice", '"""Theirs."""')
    install(tmp_path / "site", "dice", "dice")
    write(tmp_path / "own", "dice", '"""Mine."""')
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert find_plugins(tmp_path / "own")["dice"].summary == "Mine."
    assert find_plugins(tmp_path / "none")["dice"].summary == "Theirs."


def test_installed_plugins_are_loaded_and_unloaded(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with relative imports works; two hosts have a module each, and neither stays."""
    write(tmp_path, "pkgs/__init__")
    write(tmp_path, "pkgs/_words", 'WORD = "six"')
    write(
        tmp_path,
        "pkgs/cube",
        "from libchat.plugins import command\nfrom pkgs._words import WORD\nfrom . import _words\n"
        "COUNT = []\n@command\ndef cube() -> str:\n    COUNT.append(1)\n    return f'{WORD} {len(COUNT)}'\n",
    )
    install(tmp_path, "cube", "pkgs.cube")
    monkeypatch.syspath_prepend(tmp_path)
    with Stage() as other:
        other.load("cube")
        stage.load("cube")
        assert stage.run("cube") == ["six 1"]
        assert other.run("cube") == ["six 1"]
        assert stage.run("cube") == ["six 2"]
    stage.host.unload("cube")
    assert "pkgs.cube" not in sys.modules
    monkeypatch.delitem(sys.modules, "pkgs")
    monkeypatch.delitem(sys.modules, "pkgs._words")
