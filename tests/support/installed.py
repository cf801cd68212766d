"""What is built of the repository, and an environment with nothing else in it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 170
OFFLINE: Final = "LIBCHAT_OFFLINE"
"""Set by who has no package registry: what must be installed first is left out then."""


@dataclass(frozen=True, slots=True)
class Built:
    """What `python -m build` has made."""

    wheel: Path
    archive: Path


class Installed:
    """An environment with the wheel and what it depends on, and a home in which nothing is set yet."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
        self.home = home

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the words that start a program of the environment."""
        return [str(self._programs / program), *arguments]

    @property
    def env(self) -> dict[str, str]:
        """What a program sees: nothing that leads to the repository, or to the real user's files."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("LIBCHAT_", "XDG_", "PYTHON"))}
        return {**kept, "HOME": str(self.home), "LIBCHAT_SERVER_ANNOUNCE": "false", "PYTHONUTF8": "1"}

    def run(self, program: str, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program of the environment to its end, outside of the repository."""
        return subprocess.run(
            self.command(program, *arguments),
            input=typed,
            check=False,
            capture_output=True,
            text=True,
            cwd=self.home,
            env=self.env,
            timeout=SECONDS,
        )


def build(folder: Path) -> Built:
    """Build the repository into a folder, once, whoever asks first. It needs nothing from the network."""
    with _alone(folder) as is_first:
        if is_first:
            _python("-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    (archive,) = folder.glob("*.tar.gz")
    return Built(wheel, archive)


def install(wheel: Path, folder: Path) -> Path:
    """Install a wheel into an environment that is made in a folder, once, and return where that is."""
    place = folder / "environment"
    with _alone(folder) as is_first:
        if is_first:
            venv.create(place, with_pip=False, symlinks=sys.platform != "win32")
            python = Installed(place, folder).command("python")[0]
            _python("-m", "pip", "--python", python, "install", "--quiet", "--no-compile", str(wheel))
    return place


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold off the other processes that run tests. Yields whether this is the first that has come to an end.

    SQLite has locks on every system, and lets the lock go when its process is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "turn.db", timeout=SECONDS, isolation_level=None)) as turn:
        turn.execute("BEGIN EXCLUSIVE")
        is_first = not turn.execute("SELECT 1 FROM sqlite_master").fetchall()
        yield is_first
        if is_first:
            turn.execute("CREATE TABLE done (at)")
        turn.execute("COMMIT")


def _python(*arguments: str) -> None:
    """Run a tool of the environment that runs the tests, with its user's settings: they name the registries."""
    done = subprocess.run([sys.executable, *arguments], check=False, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise AssertionError(
            f"{' '.join(arguments)} has failed: if that is for want of a package registry, set {OFFLINE}=1, which "
            f"leaves these tests out.\n{done.stdout}{done.stderr}"
        )
