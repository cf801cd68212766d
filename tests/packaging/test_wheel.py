"""The wheel and the source archive: what is in them, and that libchat runs from the wheel where nothing else is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from email import message_from_string
from email.message import Message
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

import libchat
from support.installed import ROOT, SECONDS, Built, Installed

pytestmark = pytest.mark.timeout(SECONDS + 10)  # whoever comes first builds and installs for all

PACKAGES = {"libchat": "libchat", "libchat_shell": "shell/libchat_shell", "libchat_plugins": "plugins/libchat_plugins"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

IMPORT_ALL = """
import importlib, pkgutil
for name in ("libchat", "libchat_shell", "libchat_plugins"):
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        if module.name not in ("libchat.__main__", "libchat.testing.plugin"):
            importlib.import_module(module.name)
            print(module.name)
"""
"""`libchat.testing.plugin` is loaded by pytest, which brings itself along; `__main__` is the program."""


def names(wheel: Path) -> list[str]:
    """Return the files of a wheel."""
    with ZipFile(wheel) as opened:
        return opened.namelist()


def text(wheel: Path, ending: str) -> str:
    """Return the file of a wheel whose path ends like this."""
    with ZipFile(wheel) as opened:
        (name,) = (each for each in opened.namelist() if each.endswith(ending))
        return opened.read(name).decode()


def metadata(wheel: Path) -> Message:
    """Return what the wheel says about itself."""
    return message_from_string(text(wheel, ".dist-info/METADATA"))


@contextmanager
def serving(installed: Installed) -> Iterator[tuple[str, str]]:
    """Serve a chat from the wheel. Yields its port and its pin."""
    words = installed.command("libchat", "serve", "--memory", "--host", "127.0.0.1", "--port", "0", "--json")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=installed.home, env=installed.env
    ) as server:
        try:
            assert server.stdout
            told = json.loads(server.stdout.readline())
            yield str(told["port"]), told["fingerprint"]
        finally:
            server.kill()


# --- what is in them ------------------------------------------------------------------------------------------------


def test_one_wheel_and_one_archive_of_this_version(built: Built) -> None:
    """A build makes two files, which are named by the version in the code."""
    assert built.wheel.name == f"libchat-{libchat.__version__}-py3-none-any.whl"
    assert built.archive.name == f"libchat-{libchat.__version__}.tar.gz"


def test_the_wheel_holds_the_three_packages_and_nothing_else(built: Built) -> None:
    """Every file of the packages is there, each package tells that it is typed, and no test or page came along."""
    expected = {
        PurePosixPath(package, path.relative_to(ROOT / folder).as_posix()).as_posix()
        for package, folder in PACKAGES.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"{package}/py.typed" for package in PACKAGES} <= expected
    assert {name for name in names(built.wheel) if ".dist-info/" not in name} == expected


def test_the_wheel_holds_the_licence(built: Built) -> None:
    """The licence comes along, and is named."""
    assert text(built.wheel, "/licenses/LICENSE") == (ROOT / "LICENSE").read_text("utf-8")
    assert metadata(built.wheel)["License-Expression"] == PROJECT["license"]


def test_the_wheel_shows_the_readme(built: Built) -> None:
    """Who looks at the package in an index sees what it is."""
    assert metadata(built.wheel)["Description-Content-Type"] == "text/markdown"
    assert str(metadata(built.wheel).get_payload()).strip() == (ROOT / "README.md").read_text("utf-8").strip()


def test_the_wheel_has_every_entry_point(built: Built) -> None:
    """The program, the fixtures for pytest, and each plugin that is in the folder."""
    points = ConfigParser()
    points.read_string(text(built.wheel, ".dist-info/entry_points.txt"))
    assert dict(points["console_scripts"]) == {"libchat": "libchat.cli:main"}
    assert dict(points["pytest11"]) == {"libchat": "libchat.testing.plugin"}
    plugins = {path.stem for path in (ROOT / PACKAGES["libchat_plugins"]).glob("[!_]*.py")}
    assert dict(points["libchat.plugins"]) == {name: f"libchat_plugins.{name}" for name in plugins}


def test_the_archive_makes_the_same_wheel(built: Built, tmp_path: Path) -> None:
    """The wheel of a build is made from its archive; the one made from the repository is the same, byte for byte."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / built.wheel.name).read_bytes() == built.wheel.read_bytes()


def test_the_archive_holds_what_a_packager_needs(built: Built) -> None:
    """Source, tests, documentation, examples, and the files by which they are run; nothing that was made."""
    with tarfile.open(built.archive) as opened:
        paths = [PurePosixPath(*PurePosixPath(name).parts[1:]) for name in opened.getnames()]
    for needed in ("pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile", "tests/conftest.py"):
        assert PurePosixPath(needed) in paths
    assert {"docs", "examples", "libchat", "plugins", "shell", "tests"} <= {path.parts[0] for path in paths}
    made = {"__pycache__", "_build", ".venv", ".git", "dist"}
    assert [path for path in paths if made & set(path.parts) or path.suffix == ".pyc"] == []


# --- it runs where nothing else is ----------------------------------------------------------------------------------


def test_every_module_can_be_imported(installed: Installed) -> None:
    """With what the wheel depends on and no extra, every module is imported, without a warning."""
    done = installed.run("python", "-W", "error", "-c", IMPORT_ALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"libchat.cli.serve", "libchat_shell.plain", "libchat_plugins.dice"} <= set(done.stdout.split())


def test_it_runs_from_the_wheel(installed: Installed) -> None:
    """What is imported is what was installed, not the repository."""
    done = installed.run("python", "-c", "import libchat, libchat_shell, libchat_plugins as p; print(p.__file__)")
    assert "site-packages" in done.stdout
    assert str(ROOT) not in done.stdout
    assert installed.run("libchat", "--version").stdout == f"libchat {libchat.__version__}\n"


def test_the_program_serves_and_chats(installed: Installed) -> None:
    """A server and a shell without a terminal run from the wheel, with plugins: one that came along, and a new one."""
    written = installed.run("libchat", "plugins", "new", "karma")
    assert (written.returncode, len(written.stdout.splitlines())) == (0, 2)
    typed = (
        *("/plugins enable dice", "/plugins enable karma"),
        *("join team", "/roll 3d1", "/karma ana", "leave", "server:who", "exit"),
    )
    with serving(installed) as (port, pin):
        words = ("chat", "--plain", "--port", port, "--pin", pin, "--name", "ana")
        done = installed.run("libchat", *words, typed="".join(f"{line}\n" for line in typed))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    said = ["server: welcome ana", "server: joined team", "server: left team", "server: online (1): ana", "server: bye"]
    assert [line for line in lines if line.startswith("server: ")] == said
    assert any("3d1: [1 1 1] = 3" in line for line in lines)
    assert any("hello ana, for the 1. time" in line for line in lines)


def test_an_extra_that_is_missing_is_named(installed: Installed) -> None:
    """Who wants what an extra brings is told how to get it."""
    done = installed.run("libchat", "invite", "--qr", "--port", "8080", "--public", "127.0.0.1")
    assert done.returncode == 1
    assert "libchat[qr]" in done.stderr


@pytest.mark.parametrize("example", ["in_process", "server_in_a_program"])
def test_an_example_runs(installed: Installed, example: str) -> None:
    """An example runs with the wheel alone, and nothing is left open."""
    shutil.copy(ROOT / "examples" / f"{example}.py", installed.home)
    done = installed.run("python", "-W", "error", f"{example}.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert "kettle" in done.stdout
