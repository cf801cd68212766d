"""`libchat start`, which is what a bare `libchat` on a terminal means: go back to the last server, or find one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli import output, shell
from libchat.cli.chat import add_name_option, begin, converse, enter
from libchat.cli.connection import add_trust_options, usual_port
from libchat.cli.exits import Exit, Failure
from libchat.cli.join import WantsToHost, ask_server
from libchat.cli.parser import Commands, Options, add_command

if TYPE_CHECKING:
    from libchat.cli.screen import Screen
    from libchat.cli.shell import Place

WELCOME = (
    "No server is known yet. Paste an invite, type an address (as 192.168.1.5), or",
    "type host to serve a chat on this machine, to which you can invite others.",
)


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "start",
        run,
        "Go back to the last server, or find one.",
        "This is what 'libchat' alone does on a terminal. It goes back to the server, the name and the rooms of the "
        "last time. The first time it offers the servers of your network, if the extra 'lan' is installed, asks for an "
        "invite or an address, or serves a chat.",
        ("libchat start", "libchat start --name ana", "libchat start --no-plugins"),
    )
    parser.add_argument("--new", action="store_true", help="choose a server anew (default: the last one)")
    add_name_option(parser)
    add_trust_options(parser)
    shell.add_shell_options(parser)


def run(options: Options) -> int:
    """Talk until the user leaves."""
    screen = begin(options)
    place = None if options.new else shell.places().last()
    try:
        if place is not None:
            return _go_back(options, screen, place)
        return _begin(options, screen)
    except KeyboardInterrupt:
        return Exit.OK
    except WantsToHost:
        return _host(options)


def _go_back(options: Options, screen: Screen, place: Place) -> int:
    """Go where one was last. If that cannot be reached, say so, and offer what else there is."""
    known_servers, plaintext, name = options.known_servers, options.plaintext, options.name
    _aim(options, place)
    screen.tell(output.notice, f"back to {place.address} as {options.name} (elsewhere: libchat start --new)")
    try:
        client = enter(options, screen)
    except Failure as failure:
        if failure.code != Exit.LOST or not screen.is_terminal:
            raise
        screen.tell(output.deplore, failure.text)
        options.known_servers, options.plaintext, options.name, options.pin = known_servers, plaintext, name, None
        return _begin(options, screen, is_first=False)
    return converse(client, screen, options, rooms=_rooms(place))


def _aim(options: Options, place: Place) -> None:
    from libchat.client.address import parse_address

    options.host, options.port = parse_address(place.address)
    options.plaintext = place.plaintext or options.plaintext
    options.pin = place.pin or None
    options.name = options.name or place.name
    if place.known_servers and options.known_servers is None:
        options.known_servers = Path(place.known_servers)


def _rooms(place: Place) -> tuple[str, ...]:
    """Return the rooms to go to, the one that was on the screen last."""
    others = tuple(room for room in place.rooms if room != place.active)
    return (*others, place.active) if place.active in place.rooms else others


def _begin(options: Options, screen: Screen, *, is_first: bool = True) -> int:
    """Ask where to go, and under which name."""
    if is_first:
        for line in WELCOME:
            screen.tell(output.notice, line)
    options.port, options.pin = usual_port(), None
    room = ask_server(options, screen, may_host=True)
    client = enter(options, screen)
    return converse(client, screen, options, room or client.invite_room)


def _host(options: Options) -> int:
    from libchat.cli import main

    words = ["host", *(["--name", options.name] if options.name else [])]
    words += [flag for flag, is_on in (("--plain", options.plain), ("--no-plugins", options.no_plugins)) if is_on]
    return main(words)
