"""`libchat devices`: the devices that are signed in to one's account."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from libchat.cli import output
from libchat.cli.connection import add_connection_options, open_chat
from libchat.cli.exits import Exit
from libchat.cli.naming import login_name
from libchat.cli.parser import Commands, Options, add_command, person

if TYPE_CHECKING:
    from libchat.messages import DeviceInfo


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "devices",
        run,
        "List the devices that are signed in to your account, or sign one out.",
        "A device that is signed in needs no password. One that is signed out loses its connections, and has to give\n"
        "the password again.",
        (
            "libchat devices --name ana",
            "libchat devices --revoke 6a09e667f3bcc908",
            "libchat devices --json | jq -r .id",
        ),
    )
    parser.add_argument("--name", type=person, help="your name in the chat (default: your login name)")
    parser.add_argument("--revoke", metavar="ID", help="sign this device out (default: list them)")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: id, label, added and seen (milliseconds since 1970) and current "
        "(default: a table)",
    )
    add_connection_options(parser)


def run(options: Options) -> int:
    """List them, or sign one out."""
    with open_chat(options, options.name or login_name(), reconnect=False) as chat:
        if options.revoke is not None:
            chat.revoke(options.revoke)
            output.notice("the device is signed out")
        else:
            _list(chat.devices(), as_json=options.json)
    return Exit.OK


def _list(devices: tuple[DeviceInfo, ...], *, as_json: bool) -> None:
    if as_json:
        for each in devices:
            label = output.safe_line(each.label)
            output.say_json(id=each.id, label=label, added=each.added, seen=each.seen, current=each.is_current)
        return
    from libchat.cli.table import format_table

    heading = ("ID", "DEVICE", "SIGNED IN", "LAST SEEN", "")
    rows = [
        (each.id, each.label, day(each.added), day(each.seen), "this one" if each.is_current else "")
        for each in devices
    ]
    if not rows:
        output.notice("no device is signed in")
        return
    is_terminal = sys.stdout.isatty()
    for number, line in enumerate(format_table([heading, *rows] if is_terminal else rows)):
        print(output.paint(line, output.BOLD, sys.stdout) if is_terminal and not number else line, flush=True)


def day(time: int) -> str:
    """Return the day of a time in milliseconds since 1970, "never" for 0."""
    if not time:
        return "never"
    return datetime.fromtimestamp(time / 1000).strftime("%Y-%m-%d")  # noqa: DTZ006  # the wall clock here
