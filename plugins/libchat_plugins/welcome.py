"""Welcome whoever enters a room for the first time, and tell the rules: /rules.

For a bot, or the server. A person is welcomed once in each room, also over restarts. Nothing is said before there is a
text for it in the settings.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final, Literal

from libchat.names import target_key
from libchat.plugins import Context, UsageError, command, hook

LIBCHAT_API = 1

REMEMBERED: Final = 10_000
"""Names of those who were welcomed, in all rooms; who came first is forgotten first. About 400 kB of the store."""

_lock = threading.Lock()
"""Two who enter at once must not read the same list: a store is safe call by call, not from read to write."""


@dataclass(frozen=True)
class Config:
    """Settings in `[plugins.welcome]`. In a text, `{name}` is who has entered, `{room}` where, `{rules}` the rules."""

    text: str = ""
    """What newcomers are told. Nothing: nobody is welcomed."""
    where: Literal["private", "room"] = "private"
    rules: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    """In which rooms. None: in all."""
    greet_again: bool = False
    """Also those who were here before."""


def fill(config: Config, name: str, room: str) -> str:
    """Return the text with name, room and rules in it. Other braces stay: they are the author's."""
    return config.text.replace("{rules}", numbered(config.rules)).replace("{room}", room).replace("{name}", name)


def numbered(rules: tuple[str, ...]) -> str:
    """Return the rules, one a line."""
    return "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1))


@hook("join")
def greet(room: str, name: str, ctx: Context) -> None:
    """Welcome somebody."""
    config: Config = ctx.config
    is_own = target_key(name) == target_key(ctx.me)
    if is_own or not config.text or not _is_for(room, config):
        return
    if not (remember(ctx, room, name) or config.greet_again):
        return
    if config.where == "room" and ctx.surface == "server":
        ctx.chat.join(room)  # who speaks in a room is in it; a bot is there already
    ctx.say(fill(config, name, room), to=name if config.where == "private" else room)


def _is_for(room: str, config: Config) -> bool:
    return not config.rooms or target_key(room) in {target_key("#" + one.removeprefix("#")) for one in config.rooms}


def remember(ctx: Context, room: str, name: str) -> bool:
    """Remember that somebody has entered, and return whether they never did so before."""
    mark = f"{target_key(room)} {target_key(name)}"
    with _lock:
        known = ctx.store.get("welcomed", [])
        if mark in known:
            return False
        ctx.store["welcomed"] = [*known, mark][-REMEMBERED:]
    return True


@command("rules")
def rules(ctx: Context) -> str:
    """Tell the rules."""
    config: Config = ctx.config
    if not config.rules:
        raise UsageError('there are no rules yet; put rules = ["..."] into [plugins.welcome]')
    return numbered(config.rules)
