"""Plugins: commands and hooks that somebody else wrote, for shells, bots and servers.

    from libchat.plugins import Context, command

    @command("roll", rate="5/10s")
    def roll(ctx: Context, dice: str = "1d6") -> str:
        "Roll dice."
        return "4"

A decorated function's signature is its grammar. What is not exported here is for programs that host plugins, and may
change: beside this file is what plugins are written with; `sources` are plugins as files, `loaded` is all that one of
them has while it is loaded, and `host` runs them in a program.
"""

from __future__ import annotations

from libchat.errors import PluginError, UsageError
from libchat.plugins.declare import command, every, hook
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.timer import Timer
from libchat.plugins.types import Arg, Member, Path, Ref, Room, Text
from libchat.plugins.values import LIBCHAT_API, Drop, Message

__all__ = [
    "LIBCHAT_API",
    # what a plugin declares
    "command",
    "hook",
    "every",
    # types of parameters
    "Member",
    "Room",
    "Ref",
    "Text",
    "Path",
    "Arg",
    # what it is handed, and hands back
    "Context",
    "Message",
    "Drop",
    "Timer",
    # what can go wrong
    "UsageError",
    "PluginError",
]
