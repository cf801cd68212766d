"""`libchat backup`: a copy of a log, also of a server that runs."""

from __future__ import annotations

from pathlib import Path

from libchat.cli import output, signals
from libchat.cli.data import add_data_option, log_file
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "backup",
        run,
        "Copy a log to a new file, while its server runs.",
        "The copy is one file, as the log was at one moment. To use it, stop the server, move chat.db and what begins\n"
        "with chat.db- out of its folder, and put the copy there as chat.db.",
        ("libchat backup chat-monday.db", "libchat backup --data /srv/chat /mnt/backups/chat.db"),
    )
    parser.add_argument("copy", type=Path, metavar="TARGET", help="a new file to copy to")
    add_data_option(parser)


def run(options: Options) -> int:
    """Copy it."""
    signals.install()
    from libchat.cli.progress import ProgressLine
    from libchat.store.backup import backup

    with ProgressLine("copying") as progress:
        backup(log_file(options), options.copy, progress)
    output.notice(f"{options.copy} has {options.copy.stat().st_size:,} bytes")
    return Exit.OK
