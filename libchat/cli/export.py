"""`libchat export`: a log as lines of JSON."""

from __future__ import annotations

import sys
from pathlib import Path

from libchat.cli import output, signals
from libchat.cli.data import add_data_option, log_file
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "export",
        run,
        "Write everything that was said as lines of JSON.",
        "The server may run meanwhile: what is written is as it was at one moment. The same log always gives the same\n"
        "bytes. It holds all private messages: a FILE is made for your eyes only.",
        (
            "libchat export chat.jsonl",
            "libchat export | gzip > chat.jsonl.gz",
            "libchat export --data /srv/chat chat.jsonl",
        ),
    )
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="a new file to write (default: standard output)"
    )
    add_data_option(parser)


def run(options: Options) -> int:
    """Write it."""
    signals.install()
    from libchat.cli.progress import ProgressLine
    from libchat.store.export import export_log
    from libchat.store.fresh import fresh

    path = log_file(options)
    if options.file is None or str(options.file) == "-":
        with ProgressLine("exporting", sys.stderr) as progress:
            export_log(path, sys.stdout.buffer, progress)
        sys.stdout.buffer.flush()
        return Exit.OK
    with fresh(options.file) as temporary, temporary.open("wb") as file, ProgressLine("exporting") as progress:
        count = export_log(path, file, progress)
    output.notice(f"{options.file} has {count:,} lines")
    return Exit.OK
