"""`libchat invite`: make an invite to the server of this machine."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from libchat.claims import Invited
from libchat.cli import output
from libchat.cli.data import add_data_option, data_folder
from libchat.cli.durations import duration, format_duration
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, Parser, add_command, port, positive, room
from libchat.server.whereabouts import Whereabouts

DAY = 24 * 3600


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "invite",
        run,
        "Invite somebody to the server of this machine.",
        "Prints one line, the link to send on: it says where the server is, and which key it shows. The other one "
        "says 'libchat join', and pastes it. Send it in a way that you trust: who can alter it can pose as the server, "
        "and who can read it can come in.",
        (
            "libchat invite",
            "libchat invite --room team --uses 5 --expires 7d",
            "libchat invite --qr",
            "libchat invite --public chat.example.org",
        ),
    )
    parser.add_argument("--room", type=room, help="the room into which it leads (default: none)")
    parser.add_argument("--uses", type=positive, default=1, help="how many may come in by it (default: 1)")
    parser.add_argument(
        "--expires",
        type=duration,
        default=DAY,
        metavar="SPAN",
        help="how long it is good, as 45m, 24h or 7d (default: 24h)",
    )
    add_link_options(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON object (default: the link alone)")
    parser.add_argument(
        "--port", type=port, default=0, help="port of a server that does not run yet (default: the one that runs)"
    )
    add_data_option(parser)


def add_link_options(parser: Parser) -> None:
    """Add what every command has that shows an invite."""
    parser.add_argument(
        "--public",
        dest="hosts",
        action="append",
        default=[],
        metavar="HOST",
        help="a name or address by which others reach this machine and which it does not know itself, named first in "
        "invites; may be said several times (default: none)",
    )
    add_qr_option(parser)


def add_qr_option(parser: Parser) -> None:
    """Add the option that draws an invite."""
    parser.add_argument("--qr", action="store_true", help="draw the invite for telephones, too (default: words only)")


def run(options: Options) -> int:
    """Print the invite."""
    from libchat.cli.qr import check_qr, draw_qr
    from libchat.security.invite import Invite
    from libchat.server.addresses import reachable_hosts

    if options.qr:
        check_qr()
    place = _place(options)
    hosts = reachable_hosts(place.host, options.hosts or place.public)
    try:
        invite = Invite(hosts, place.port, options.room or "", place.pin)
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error
    made = _make(options)
    link = replace(invite, token=made.token, expires=made.expires // 1000).format()
    if options.json:
        output.say_json(invite=link, room=made.room, uses=made.uses, expires=made.expires)
    else:
        output.say(link)
    if options.qr:
        print(draw_qr(link), file=sys.stderr, flush=True)
    people = "one person" if made.uses == 1 else f"{made.uses} people"
    output.notice(f"good for {people} and {format_duration(options.expires)}; they say: libchat join")
    return Exit.OK


def _make(options: Options) -> Invited:
    """Have the accounts in the server's folder make the invite. A server that runs knows of it at once."""
    from libchat.accounts.admin import FILE, AccountAdmin

    with AccountAdmin(data_folder(options) / FILE) as accounts:
        return accounts.make_invite(options.room or "", options.uses, options.expires)


def _place(options: Options) -> Whereabouts:
    """Return where the server is, or is going to be."""
    from libchat.server.whereabouts import find

    folder = data_folder(options)
    noted = find(folder)
    if noted is not None and noted.answers():
        return noted
    if not options.port:
        ended = "the server there has ended without saying so" if noted is not None else "no server runs there"
        raise Failure(
            Exit.REFUSED,
            f"{folder}: {ended}. Start it with `libchat serve`, give the folder of another one with --data, or the "
            "port on which it is going to listen with --port",
        )
    return Whereabouts("", options.port, 0, _pin(folder))


def _pin(folder: Path) -> str:
    from libchat.security.key_change import present_pin

    return present_pin(folder)
