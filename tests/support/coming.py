"""The plugins that come along, on a stage."""

from __future__ import annotations

import threading
from pathlib import Path

import libchat_plugins
from libchat.plugins.host import Host
from libchat.plugins.host.listed import Listed


def plugin(name: str) -> Path:
    """Return the file of a plugin."""
    return Path(libchat_plugins.__file__ or "").parent / f"{name}.py"


def finish_threads(name: str) -> None:
    """Wait until a plugin's threads have ended by themselves."""
    for thread in threading.enumerate():
        if thread.name == f"plugin {name}":
            thread.join(10)
            assert not thread.is_alive(), f"{thread.name} does not end"


def own_plugins(host: Host) -> list[Listed]:
    """Return the plugins of a test: those that a host lists, but for those that are installed with libchat."""
    return [each for each in host.list() if not each.origin.startswith("libchat_plugins.")]
