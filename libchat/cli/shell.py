"""The shell, for the commands that talk: the only module of the library that knows `libchat_shell`, when it is needed.

On a terminal it is the prompt with the log above; without one, with `TERM=dumb` or `--plain`, it is the plain shell:
lines in, lines out, and prompt_toolkit is not imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli import logs, output
from libchat.cli.parser import Options, Parser
from libchat.cli.screen import Screen

if TYPE_CHECKING:
    from libchat.client.client import Client
    from libchat.messages import InviteMade
    from libchat.participant import Participant
    from libchat_shell.places import Place as Place  # for the other commands, which do not know the shell
    from libchat_shell.places import Places
    from libchat_shell.surroundings import Surroundings

Connect = Callable[[str], "Participant"]


def add_shell_options(parser: Parser) -> None:
    """Add the options that say which shell it is."""
    parser.add_argument(
        "--plain",
        action="store_true",
        help="lines in, lines out, as without a terminal (default: where there is no terminal)",
    )
    parser.add_argument(
        "--no-plugins", action="store_true", help="load no plugins (default: those that you have enabled)"
    )


def wants_terminal(options: Options) -> bool:
    """Return whether there is a terminal for the shell, and it is wanted."""
    return sys.stdin.isatty() and sys.stdout.isatty() and output.knows_ansi() and not options.plain


def open_screen(options: Options) -> Screen:
    """Return where questions are asked before there is a chat."""
    if not wants_terminal(options):
        return Screen()
    from libchat_shell.dialogue import Dialogue

    return Dialogue(_theme())


def places() -> Places:
    """Return what the shell remembers of the last time."""
    from libchat.files import own_folder
    from libchat_shell.places import Places

    return Places(own_folder("data") / "shell")


def place_of(options: Options, address: str, name: str, rooms: tuple[str, ...] = ()) -> Place:
    """Return where one is, so that a bare `libchat` goes there again; with the rooms to go to now."""
    from libchat_shell.places import Place

    return Place(
        address,
        name,
        plaintext=options.plaintext,
        pin=options.pin or "",
        known_servers=str(options.known_servers.absolute()) if options.known_servers is not None else "",
        rooms=rooms,
    )


def link_of(client: Client) -> Callable[[InviteMade], str]:
    """Return what makes the link of an invite to a client's server."""

    def link(made: InviteMade) -> str:
        from libchat_shell import links

        return links.link_of(client, made)

    return link


def talk(
    chat: Participant,
    screen: Screen,
    options: Options,
    *,
    room: str = "",
    place: Place | None = None,
    connect: Connect | None = None,
    link: Callable[[InviteMade], str] = lambda made: "",
) -> int:
    """Talk until the person leaves, and return the exit code. With a room, enter that first.

    Raises `Disconnected` if the chat ends before.
    """
    if not screen.is_terminal:
        return _talk_plain(chat, screen, options, room=room, connect=connect, link=link)
    from libchat_shell.program import run

    rooms = (*place.rooms, *([room] if room else [])) if place is not None else ((room,) if room else ())
    around = _surroundings(options, rooms=rooms, place=place, connect=connect, link=link)
    return run(chat, around, history=_config() / "shell_history", log=_show_warnings)


def _talk_plain(
    chat: Participant,
    screen: Screen,
    options: Options,
    *,
    room: str,
    connect: Connect | None,
    link: Callable[[InviteMade], str],
) -> int:
    from libchat_shell.plain import Talk

    if TYPE_CHECKING:
        from libchat_shell.slashes import Slashes

    def make_slashes(talk: Talk) -> Slashes:
        from libchat_shell.slashes import Slashes

        return Slashes(chat, talk, _surroundings(options, rooms=(), place=None, connect=connect, link=link))

    return Talk(chat, screen, make_slashes).run(room)


def _surroundings(
    options: Options,
    *,
    rooms: tuple[str, ...],
    place: Place | None,
    connect: Connect | None,
    link: Callable[[InviteMade], str],
) -> Surroundings:
    from libchat.files import own_folder
    from libchat_shell.settings import Settings
    from libchat_shell.surroundings import Surroundings

    return Surroundings(
        connect=connect,
        link=link,
        settings=Settings(_config() / "shell.toml"),
        places=places(),
        place=place,
        rooms=rooms,
        has_plugins=not options.no_plugins,
        plugin_folder=_config() / "plugins",
        data=own_folder("data") / "shell",
        is_unicode="utf" in (sys.stdout.encoding or "").lower(),
    )


def _show_warnings(tell: Callable[[str], None]) -> None:
    logs.show_warnings(lambda say, line: tell(line))


def _config() -> Path:
    from libchat.files import own_folder

    return own_folder("settings")


def _theme() -> str:
    from libchat_shell.colours import theme
    from libchat_shell.settings import Settings

    setting = Settings(_config() / "shell.toml").text("theme")
    return theme(setting, no_color=bool(os.environ.get("NO_COLOR")))
