"""The plugins that come along, on a stage."""

from __future__ import annotations

import threading
from pathlib import Path

import libchat_plugins


def plugin(name: str) -> Path:
    """Return the file of a plugin."""
    return Path(libchat_plugins.__file__ or "").parent / f"{name}.py"


def finish_threads(name: str) -> None:
    """Wait until a plugin's threads have ended by themselves."""
    for thread in threading.enumerate():
        if thread.name == f"plugin {name}":
            thread.join(10)
            assert not thread.is_alive(), f"{thread.name} does not end"
