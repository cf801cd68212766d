"""`libchat join`: come in by an invite, and talk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from libchat.cli import logs, output, signals
from libchat.cli.chat import add_name_option, enter
from libchat.cli.connection import add_known_servers_option, add_plaintext_option, explaining_trust
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command
from libchat.cli.signing import add_password_option

if TYPE_CHECKING:
    from libchat.cli.screen import Screen

FROM_STDIN = "-"
"""Said instead of a link: it is the first line of standard input."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "join",
        run,
        "Come in by an invite.",
        "An invite is the link that 'libchat serve', 'libchat host' and 'libchat invite' print. It says where the "
        "server is, which key it must show, and which room you come into. The key is checked before anything is sent. "
        "Afterwards the server is known, and 'libchat chat --host HOST' is enough.\n"
        "Other users of this machine can see the arguments of a command, and shells write them down. A link that you "
        "paste when you are asked for it stays between you and libchat.\n"
        "In the chat you type the same words as in 'libchat chat'.",
        (
            "libchat join",
            "libchat join 'libchat://192.168.1.5:8080/team?k=...&t=...' --name ana",
            "wl-paste | libchat join - --name ana",
        ),
    )
    parser.add_argument(
        "link",
        metavar="LINK",
        nargs="?",
        help="the invite, or the address of a server; - reads it from standard input (default: you are asked)",
    )
    add_name_option(parser)
    add_known_servers_option(parser)
    add_password_option(parser)
    add_plaintext_option(parser)


def run(options: Options) -> int:
    """Talk until the user leaves."""
    signals.install()
    from libchat.cli.screen import open_screen
    from libchat.cli.talk import Talk

    screen = open_screen()
    logs.show_warnings(screen.tell)
    try:
        room = _aim(options, choose_server(options, screen))
        client = enter(options, screen)
    except KeyboardInterrupt:
        return Exit.OK
    with client, explaining_trust(options):
        return Talk(client, screen).run(room or client.invite_room)


def choose_server(options: Options, screen: Screen) -> str:
    """Return the link or the address to go to: the one that was said, or else what the person pastes."""
    if options.link == FROM_STDIN:
        return _ask(screen, "")
    if options.link is not None:
        return options.link
    if not sys.stdin.isatty():
        raise Failure(Exit.USAGE, "say which invite: 'libchat join LINK', or '-' to read it from standard input")
    return _ask(screen, "paste the invite: ")


def _ask(screen: Screen, question: str) -> str:
    try:
        return screen.ask(question).strip() if question else screen.read_line("").strip()
    except EOFError:
        raise Failure(Exit.USAGE, "no invite was given") from None


def _aim(options: Options, where: str) -> str:
    """Have the options mean a link or an address, and return the room that the link names."""
    from libchat.client.address import parse_address
    from libchat.security.invite import is_invite, parse_invite

    options.pin = None  # $LIBCHAT_PIN is another server's
    try:
        if not is_invite(where):
            options.host, options.port = parse_address(where)
            return ""
        invite = parse_invite(where)
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error
    options.host = invite.format()
    if not invite.pin and not options.plaintext:
        output.notice("this invite names no key: whether it is the right server, you have to find out yourself")
    return invite.room
