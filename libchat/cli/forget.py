"""`libchat forget`: forget the key of a known server."""

from __future__ import annotations

from libchat.cli import output
from libchat.cli.connection import add_known_servers_option
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "forget",
        run,
        "Forget the key of a server, so that its next one is accepted.",
        "Do this only if whoever runs the server has told you that its key is a new one.",
        ("libchat forget 192.168.1.5:8080", "libchat forget chat.local"),
    )
    parser.add_argument("address", metavar="ADDRESS", help="HOST or HOST:PORT, as you connect to it (port: 8080)")
    add_known_servers_option(parser)


def run(options: Options) -> int:
    """Forget it."""
    from libchat.client.address import format_address, parse_address
    from libchat.client.trust import default_known_servers
    from libchat.security.known_servers import KnownServers

    try:
        address = format_address(*parse_address(options.address))
        is_known = KnownServers(options.known_servers or default_known_servers()).forget(address)
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error
    if not is_known:
        raise Failure(Exit.REFUSED, f"no key of {address} is known: there is nothing to forget")
    output.notice(f"forgot the key of {address}: the next one that it shows is new")
    return Exit.OK
