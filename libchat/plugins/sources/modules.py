"""Modules of plugins: made from their source, under names that no other module has.

Each loading makes a module of its own, so that a plugin can be in several hosts, and its next version beside the last
one. Python's own cache of compiled files is not used: it takes a file for unchanged that was saved within a second.
"""

from __future__ import annotations

import linecache
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from types import CodeType, ModuleType
from typing import Final

from libchat.plugins.sources.find import Found

_NONCE_BYTES: Final = 4


class _Loader(SourceFileLoader):
    """Compiles a source that was read before."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        """Return the source compiled, and leave the cache alone."""
        code: CodeType = self.source_to_code(self._source, self.path)
        return code


def make_module(found: Found, source: bytes) -> ModuleType:
    """Return the empty module of a plugin, registered with Python. `run_module` fills it."""
    name = f"{found.module or found.name}@{os.urandom(_NONCE_BYTES).hex()}"
    path = str(found.path)
    is_package = found.path.name == "__init__.py"
    spec = ModuleSpec(name, _Loader(name, path, source), origin=path, is_package=is_package)
    spec.has_location = True
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(str(found.path.parent))
    module = module_from_spec(spec)
    sys.modules[name] = module
    linecache.checkcache(path)  # tracebacks show the lines of the present version
    return module


def run_module(module: ModuleType) -> None:
    """Execute a module: code of its author. Raises whatever that raises."""
    assert module.__spec__ is not None
    assert module.__spec__.loader is not None
    module.__spec__.loader.exec_module(module)


def forget_module(module: ModuleType) -> None:
    """Have Python forget a module, and those that it has imported from its own package."""
    for name in [name for name in sys.modules if name == module.__name__ or name.startswith(f"{module.__name__}.")]:
        del sys.modules[name]
