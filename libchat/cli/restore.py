"""`libchat restore`: a backup put in the place of what a server keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from libchat.cli import output, signals
from libchat.cli.data import add_data_option, data_folder
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "restore",
        run,
        "Put a backup in the place of what a server keeps.",
        "The server must not run. The backup is checked first, and stays. What the server had is moved into a folder\n"
        "beside, which is named. Clients take the log for a new one, and forget the numbers that they remember.",
        ("libchat restore /mnt/backups/monday", "libchat restore --data /srv/chat chat-monday.db"),
    )
    parser.add_argument(
        "backup",
        type=Path,
        metavar="BACKUP",
        help="a folder that 'libchat backup --all' has made; or a log's file: then all else stays",
    )
    add_data_option(parser)


def run(options: Options) -> int:
    """Restore it."""
    signals.install()
    from libchat.cli.progress import ProgressLine
    from libchat.server.restore import restore

    folder = data_folder(options)
    with ProgressLine("restoring") as progress:
        before = restore(options.backup, folder, datetime.now(UTC), progress)
    output.notice(f"restored; what was there is in {before}" if before else "restored; nothing was there")
    return Exit.OK
