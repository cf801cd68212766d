"""The shell's own commands: one file for each noun, written as plugins are."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from libchat_shell.commands import account, help, moderation, plugins, rooms, shell, talk  # noqa: A004  # it is a file

MODULES: Final[tuple[ModuleType, ...]] = (talk, rooms, moderation, account, shell, plugins, help)
"""The files of commands, in the order in which help shows them."""
