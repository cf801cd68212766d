"""`libchat devices`: the devices that are signed in to one's account."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from libchat.cli import output
from libchat.cli.connection import add_connection_options, open_chat
from libchat.cli.exits import Exit
from libchat.cli.naming import login_name
from libchat.cli.parser import Commands, Options, add_command, person
from libchat.cli.table import print_table

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
    rows = [
        (each.id, each.label, day(each.added), day(each.seen), "this one" if each.is_current else "")
        for each in devices
    ]
    print_table(("ID", "DEVICE", "SIGNED IN", "LAST SEEN", ""), rows, "no device is signed in")


def day(time: int) -> str:
    """Return the day of a time in milliseconds since 1970, "never" for 0."""
    if not time:
        return "never"
    return datetime.fromtimestamp(time / 1000).strftime("%Y-%m-%d")  # noqa: DTZ006  # the wall clock here


def minute(time: int) -> str:
    """Return the minute of a time in milliseconds since 1970."""
    return datetime.fromtimestamp(time / 1000).strftime("%Y-%m-%d %H:%M")  # noqa: DTZ006  # the wall clock here
