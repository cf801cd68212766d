"""Pictures of the real program on terminals."""

from __future__ import annotations

from pathlib import Path


def server_start(folder: Path) -> None:
    """Draw a server's start."""
    raise NotImplementedError(folder)


two_shells = rooms = offline = menu_commands = menu_names = refused_name = changed_key = server_start
