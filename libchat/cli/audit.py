"""`libchat audit`: who did what, for who runs the server."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from libchat.cli import output, signals
from libchat.cli.data import add_data_option, data_folder, log_file
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command, room

if TYPE_CHECKING:
    from libchat.store.audit import AuditLine

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "audit",
        run,
        "Show who did what: roles, kicks, bans, mutes and settings of rooms, and what became of accounts.",
        "It reads the server's folder, also while the server runs, and prints a line for each, oldest first: when,\n"
        "who, what, where, to whom, from which address, and why.",
        ("libchat audit", "libchat audit --since 7d --room '#team'", "libchat audit --json --data /srv/chat"),
    )
    parser.add_argument(
        "--since",
        type=age,
        metavar="AGE",
        default=0,
        help="how far to look back, as 90m, 12h, 7d or 4w (default: to the beginning)",
    )
    parser.add_argument(
        "--room", type=room, metavar="ROOM", help="only what was done in this room (default: everything)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: time (milliseconds since 1970), actor, action, room, subject, address, "
        "reason and count (default: a table)",
    )
    add_data_option(parser)


def age(text: str) -> int:
    """Return how many seconds a length of time has."""
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and 0 < len(number) <= 6:
        return int(number) * _UNITS[unit]
    raise argparse.ArgumentTypeError(f"'{text}' does not do: write a number and m, h, d or w, as 7d")


def run(options: Options) -> int:
    """Show it."""
    signals.install()
    from libchat.accounts.admin import FILE
    from libchat.store.audit import read_audit

    log, accounts = log_file(options), data_folder(options) / FILE
    if not (log.exists() or accounts.exists()):
        raise Failure(Exit.REFUSED, f"there is no audit in {data_folder(options)}: is --data the folder of the server?")
    since = int((time.time() - options.since) * 1000) if options.since else 0
    lines = list(read_audit(log, accounts, since=since, room=options.room or ""))
    if options.json:
        for line in lines:
            _say_json(line)
    elif lines:
        _show(lines)
    else:
        output.notice("nobody has done anything that is told here")
    return Exit.OK


def _say_json(line: AuditLine) -> None:
    output.say_json(
        time=line.time,
        actor=output.safe_line(line.actor),
        action=line.action,
        room=output.safe_line(line.room),
        subject=output.safe_line(line.subject),
        address=line.address,
        reason=output.safe_line(line.reason),
        count=line.count,
    )


def _show(lines: list[AuditLine]) -> None:
    from libchat.cli.table import format_table

    rows = [
        (
            datetime.fromtimestamp(line.time / 1000).strftime("%Y-%m-%d %H:%M:%S"),  # noqa: DTZ006  # the wall clock here
            line.actor,
            line.action if line.count == 1 else f"{line.action} x{line.count}",
            line.room,
            line.subject,
            line.address,
            line.reason,
        )
        for line in lines
    ]
    is_terminal = sys.stdout.isatty()
    heading = ("WHEN", "WHO", "WHAT", "ROOM", "WHOM", "FROM", "WHY")
    for number, text in enumerate(format_table([heading, *rows] if is_terminal else rows)):
        print(output.paint(text, output.BOLD, sys.stdout) if is_terminal and not number else text, flush=True)
