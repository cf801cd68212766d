"""Which plugins there are: found without importing any.

They are files of the user's own folder, and entry points of installed packages. What is told about them comes from
their source as it stands there. Nothing is looked for in the current folder: what lies there may be anybody's.
"""

from __future__ import annotations

import ast
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Final

from libchat.plugins.values import LIBCHAT_API

GROUP: Final = "libchat.plugins"
"""The group of entry points, each `NAME = "package.module"`."""

SOURCE_BYTES: Final = 1_000_000
"""Bytes of a plugin's file: what is larger was written by nobody."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is there. One with a `problem` cannot be loaded."""

    name: str
    path: Path
    module: str = ""
    """The module's full name, for an entry point."""
    version: str = ""
    summary: str = ""
    problem: str = ""

    @property
    def origin(self) -> str:
        """Where it is from."""
        return self.module or str(self.path)


PARSE_TRIES: Final = 5
"""How often a file is parsed, at most, if the interpreter miscounts."""


def find_plugins(folder: Path | None, *, use_entry_points: bool = True) -> dict[str, Found]:
    """Return all plugins by name; a file goes before an entry point of the same name."""
    found = {each.name: each for each in find_installed()} if use_entry_points else {}
    if folder is not None:
        found |= {each.name: each for each in find_files(folder)}
    return dict(sorted(found.items()))


def find_files(folder: Path) -> Iterator[Found]:
    """Yield the plugins of a folder. Files that begin with `_`, `.` or `test_` are none."""
    try:
        paths = sorted(folder.glob("*.py"))
    except OSError:
        return
    for path in paths:
        if not path.name.startswith(("_", ".", "test_")):
            yield look_at(path)


def look_at(path: Path, name: str = "", module: str = "", version: str = "") -> Found:
    """Return what a file says about itself."""
    found = Found(name or path.stem, path, module, version)
    problem = fault_of_name(found.name) or fault_of_file(path, is_own=not module)
    if problem:
        return replace(found, problem=problem)
    try:
        tree = _parse(read_source(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError, SystemError) as error:
        return replace(found, problem=f"it cannot be read: {_spell(error)}")
    constants = _constants(tree)
    return replace(
        found,
        summary=(ast.get_docstring(tree) or "").strip().partition("\n")[0],
        version=version or str(constants.get("__version__", "")),
        problem=_fault_of_api(constants.get("LIBCHAT_API", LIBCHAT_API)),
    )


def _parse(source: bytes) -> ast.Module:
    """Parse a file.

    CPython 3.11 and 3.12 count how deep they are once for all threads: two that make a tree at the same time, as
    tracebacks do as well, can find it miscounted (cpython issue 106905). It is right the next time.
    """
    for _ in range(PARSE_TRIES - 1):
        try:
            return ast.parse(source)
        except SystemError:
            pass
    return ast.parse(source)


def read_source(path: Path) -> bytes:
    """Return a plugin's source. Raises OSError, ValueError if it is too large."""
    with path.open("rb") as file:
        source = file.read(SOURCE_BYTES + 1)
    if len(source) > SOURCE_BYTES:
        raise ValueError(f"it has more than {SOURCE_BYTES} bytes")
    return source


def fault_of_file(path: Path, *, is_own: bool = True) -> str:
    """Return why a file must not be loaded, "" if it may. An own one belongs to the user, and to nobody else."""
    try:
        state = path.lstat() if is_own else path.stat()
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if stat.S_ISLNK(state.st_mode):
        return "it is a link; put the file itself there"
    if not stat.S_ISREG(state.st_mode):
        return "it is no file"
    if is_own and os.name == "posix":
        for each in (state, path.parent.stat()):
            if each.st_mode & stat.S_IWOTH and not each.st_mode & stat.S_ISVTX:
                return "everybody can write to it or to its folder; take that right away (chmod o-w)"
    return ""


def fault_of_name(name: str) -> str:
    """Return why a plugin cannot be called so, "" if it can."""
    if _NAME.fullmatch(name):
        return ""
    return "it has no name for a plugin; use small letters, digits and '_', and begin with a letter"


def _fault_of_api(version: object) -> str:
    if version == LIBCHAT_API:
        return ""
    return f"it is written for version {version} of the API, this libchat has {LIBCHAT_API}; look for another version"


def _constants(tree: ast.Module) -> dict[str, object]:
    """Return the plain constants that a module sets at its top."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _spell(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


# --- entry points ---------------------------------------------------------------------------------------------------


def find_installed() -> Iterator[Found]:
    """Yield the plugins that installed packages bring."""
    places = _places()
    seen: set[str] = set()
    for distribution in distributions(path=places):
        for point in distribution.entry_points:
            if point.group == GROUP and point.name not in seen:
                seen.add(point.name)
                yield _installed(point, distribution.version, places)


def _installed(point: EntryPoint, version: str, places: list[str]) -> Found:
    path = _source_of(point.module, places)
    if path is None or point.attr:
        problem = f"there is no module {point.value} in source form" if path is None else "it names no module"
        return Found(point.name, path or Path(), point.module, version, problem=problem)
    return look_at(path, point.name, point.module, version)


def _places() -> list[str]:
    """Return where installed packages are: where Python looks for modules, but for the current folder."""
    here = os.path.realpath(os.curdir)
    return [place for place in sys.path if place and os.path.realpath(place) != here]


def _source_of(module: str, places: list[str] | None) -> Path | None:
    """Return the file of a module, without importing its packages."""
    name = ""
    spec = None
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        spec = PathFinder.find_spec(name, places)
        if spec is None:
            return None
        locations = spec.submodule_search_locations
        places = list(locations) if locations is not None else []
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin is not None and origin.endswith(".py") else None
