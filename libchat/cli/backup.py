"""`libchat backup`: a copy of a log, also of a server that runs."""

from __future__ import annotations

from pathlib import Path

from libchat.cli import output, signals
from libchat.cli.data import add_data_option, data_folder, log_file
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "backup",
        run,
        "Copy a log to a new file, while its server runs; or all that the server keeps, to a new folder.",
        "The copy is one file, as the log was at one moment. With --all it is a folder with the accounts and the\n"
        "server's key besides: who can read that can also pose as it. 'libchat restore' puts either in its place.",
        (
            "libchat backup chat-monday.db",
            "libchat backup --all /mnt/backups/monday",
            "libchat backup --data /srv/chat /mnt/backups/chat.db",
        ),
    )
    parser.add_argument("copy", type=Path, metavar="TARGET", help="a new file to copy to; with --all, a new folder")
    parser.add_argument(
        "--all",
        action="store_true",
        dest="is_all",
        help="copy accounts, the server's key and what its plugins keep, too (default: the log)",
    )
    add_data_option(parser)


def run(options: Options) -> int:
    """Copy it."""
    signals.install()
    from libchat.cli.progress import ProgressLine

    with ProgressLine("copying") as progress:
        if options.is_all:
            from libchat.server.backup import backup_all

            backup_all(data_folder(options), options.copy, progress)
        else:
            from libchat.store.backup import backup

            backup(log_file(options), options.copy, progress)
    output.notice(f"{options.copy} has {_size(options.copy):,} bytes")
    return Exit.OK


def _size(path: Path) -> int:
    """Return how many bytes a file has, or all files of a folder."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())
