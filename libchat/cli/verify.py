"""`libchat verify`: whether a log is right."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from libchat.cli import output, signals
from libchat.cli.data import add_data_option, log_file
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, Options, add_command

FINDINGS: Final = 100
"""Findings that are printed: who has as many needs a backup, not a longer list."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "verify",
        run,
        "Check that a log is whole, and that nobody has changed it.",
        "The server may run meanwhile; nothing is written. If all is well, one line says how much there is. Otherwise\n"
        "each finding is a line, at most 100, and the exit code is 1: put a backup in the log's place. About half a\n"
        "minute for a million messages.",
        ("libchat verify", "libchat verify backup.db", "libchat verify --data /srv/chat --json"),
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a log's file (default: the server's)")
    add_data_option(which)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON objects, one a line: each finding, and at last file, findings, entries, conversations and "
        "names (default: words)",
    )


def run(options: Options) -> int:
    """Check it."""
    signals.install()
    from libchat.cli.progress import ProgressLine
    from libchat.store.verify import verify

    path = options.file or log_file(options)
    findings: list[str] = []

    def find(finding: str) -> None:
        if len(findings) < FINDINGS:
            findings.append(finding)

    with ProgressLine("verifying") as progress:
        figures = verify(path, find, progress)
    for finding in findings:
        if options.json:
            output.say_json(finding=output.safe_line(finding))
        else:
            output.say(finding)
    if options.json:
        output.say_json(
            file=str(path),
            findings=figures.findings,
            entries=figures.entries,
            conversations=figures.conversations,
            names=figures.names,
        )
    elif figures.findings > len(findings):
        output.say(f"and {figures.findings - len(findings):,} more")
    elif not figures.findings:
        counts = f"{figures.entries:,} entries in {figures.conversations:,} conversations, {figures.names:,} names"
        output.say(f"{path} is right: {counts}")
    return Exit.REFUSED if figures.findings else Exit.OK
