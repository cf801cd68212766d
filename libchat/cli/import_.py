"""`libchat import`: a log made of what was exported."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from libchat.cli import output, signals
from libchat.cli.data import add_data_option, data_folder, log_file
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Commands, Options, add_command


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "import",
        run,
        "Make a server's log of what 'libchat export' has written.",
        "The folder must not have a log yet. Every line is checked, and then the whole: if anything is wrong, nothing\n"
        "is left behind. It stays the same log, so that clients go on where they were: let only one server use it.",
        (
            "libchat import chat.jsonl",
            "libchat import --data /srv/chat chat.jsonl",
            "zcat chat.jsonl.gz | libchat import -",
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what was exported, - for standard input")
    add_data_option(parser)


def run(options: Options) -> int:
    """Make it."""
    signals.install()
    from libchat.cli.progress import ProgressLine
    from libchat.files import make_private_folder
    from libchat.store.importing import import_log

    path = log_file(options)
    with ExitStack() as stack:
        file = _open(options.file, stack)
        make_private_folder(data_folder(options))
        progress = stack.enter_context(ProgressLine("importing"))
        figures = import_log(file, path, progress)
    output.notice(f"{path} has {figures.entries:,} entries in {figures.conversations:,} conversations")
    return Exit.OK


def _open(path: Path | None, stack: ExitStack) -> BinaryIO:
    if path is None or str(path) == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(path.open("rb"))
    except OSError as error:
        raise Failure(Exit.REFUSED, f"{path} cannot be read: {error.strerror}") from error
