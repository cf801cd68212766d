"""The package as a whole: what importing it costs, what it exports, which version it is."""

from __future__ import annotations

import importlib.metadata
import inspect
import subprocess
import sys

import pytest

import libchat

LATE = ("asyncio", "cryptography", "prompt_toolkit", "sqlite3", "ssl", "zeroconf")
"""What `import libchat` leaves alone: a program that never serves or draws does not pay for it."""


@pytest.mark.parametrize("module", LATE)
def test_import_stays_light(module: str, imported_modules: frozenset[str]) -> None:
    """Importing libchat does not import what only some programs need."""
    assert module not in imported_modules


@pytest.fixture(scope="module")
def imported_modules() -> frozenset[str]:
    """Return the names of all modules that a fresh interpreter holds after `import libchat`."""
    program = "import libchat, sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


def test_all_names_exist_once() -> None:
    """What `__all__` promises is there, each name once."""
    assert len(libchat.__all__) == len(set(libchat.__all__))
    assert [name for name in libchat.__all__ if not hasattr(libchat, name)] == []


def test_public_names_have_docstrings() -> None:
    """Every public class, function and module says what it is for."""
    public = {name: getattr(libchat, name) for name in libchat.__all__}
    documentable = {
        name: value
        for name, value in public.items()
        if inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value)
    }
    assert [name for name, value in documentable.items() if not value.__doc__] == []


def test_version_is_that_of_the_distribution() -> None:
    """The version in the code and the one that pip shows are the same."""
    assert libchat.__version__ == importlib.metadata.version("libchat")
