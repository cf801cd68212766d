"""The command line: its parser, what commands share, and what is said about mistakes."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill
from typing import Literal, NoReturn, TypeAlias

from libchat._version import __version__
from libchat.errors import InvalidName
from libchat.names import parse_name, parse_room, parse_target
from libchat.near import did_you_mean

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
"""Where a command adds itself."""

HELP_COLUMNS = 79
"""Columns of an explanation: a terminal that nobody has made wider has 80."""


class Options(argparse.Namespace):
    """What was said on the command line. Each command has some of these."""

    command: str
    run: Callable[[Options], int]
    # the server: all of `libchat.cli.settings.table`, once settled; `said` are the keys that flags gave
    config: Path | None
    data: Path | None
    memory: bool
    durability: Literal["full", "normal", "memory"]
    keep_days: int
    keep_messages: int
    message_rate: int
    connections_by_address: int
    handshakes_by_address: int
    registrations: int
    cert: Path | None
    key: Path | None
    insecure: bool
    admit: Literal["open", "invite", "accounts"]
    public: str
    announce: bool | None
    announce_name: str
    log_level: str
    log_json: bool
    said: frozenset[str]
    verbose: bool
    # the connection
    host: str
    port: int
    pin: str | None
    known_servers: Path | None
    plaintext: bool
    name: str | None
    password_file: Path | None
    # invites and keys
    link: str | None
    hosts: list[str]
    qr: bool
    uses: int
    expires: int
    after: int
    now: bool
    # the shell
    shell: str
    plain: bool
    no_plugins: bool
    new: bool
    # what to do
    json: bool
    target: str | None
    text: str
    history: int
    count: int | None
    room: str | None
    rooms: bool
    address: str
    revoke: str | None
    action: str
    about: list[str]
    folder: Path | None
    user: str | None
    since: int
    file: Path | None
    copy: Path
    where: str | None
    is_quick: bool


class Parser(argparse.ArgumentParser):
    """A parser that suggests what may have been meant. Wrong usage ends the program with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and where help is."""
        self.exit(2, f"{self.prog}: {message}\nTry '{self.prog} --help'.\n")

    def refuse_word(self, kind: str, word: str, known: Sequence[str]) -> NoReturn:
        """End because of a word that means nothing, and suggest near ones."""
        hint = did_you_mean(word, known) or f"there are: {', '.join(known)}"
        self.error(f"there is no {kind} '{word}'; {hint}")

    def refuse_extra(self, extra: Sequence[str]) -> NoReturn:
        """End because of words that no option or argument takes."""
        first = extra[0].partition("=")[0]
        if first.startswith("-") and first not in ("-", "--"):
            known = sorted(option for option in self._option_string_actions if option.startswith("--"))
            self.refuse_word("option", first, known)
        self.error(f"'{extra[0]}' is one word too many; put words that belong together in quotes")


def make_parser(add_commands: Sequence[Callable[[Commands], None]]) -> tuple[Parser, dict[str, Parser]]:
    """Return the parser, and the parsers of the commands."""
    parser = Parser(
        prog="libchat",
        description="A chat for a LAN: serve one, join one, and use it from scripts.",
        epilog=(
            "examples:\n"
            "  libchat                           go back to the last server, or find one\n"
            "  libchat host                      serve a chat and join it\n"
            "  libchat chat --host 192.168.1.5   join the chat of another machine\n"
            "  libchat send '#team' 'It works!'  say something to a room\n"
            "\n'libchat COMMAND --help' explains a command.\n"
            "\nexit codes: 0 done, 1 refused, 2 wrong usage, 3 no connection, 4 the server's key is not the known one\n"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"libchat {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for add_command in add_commands:
        add_command(commands)
    return parser, dict(commands.choices)


def parse(parser: Parser, commands: dict[str, Parser], argv: Sequence[str] | None) -> Options:
    """Return what was said. Wrong usage, `--help` and `--version` end the program."""
    words = sys.argv[1:] if argv is None else list(argv)
    if not words:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    if not words[0].startswith("-") and words[0] not in commands:
        parser.refuse_word("command", words[0], list(commands))
    options, extra = parser.parse_known_args(words, Options())
    if extra:
        commands[options.command].refuse_extra(extra)
    return options


def add_command(
    commands: Commands, name: str, run: Callable[[Options], int], summary: str, details: str, examples: Sequence[str]
) -> Parser:
    """Add a command with its one line, its explanation and its examples, and return its parser.

    Lines of the explanation that are indented stay as they are; all others are filled as paragraphs.
    """
    paragraphs = itertools.groupby(details.split("\n"), key=lambda line: line[:1].strip() != "")
    explained = "\n".join(
        fill(" ".join(lines), HELP_COLUMNS) if is_text else "\n".join(lines) for is_text, lines in paragraphs
    )
    parser = commands.add_parser(
        name,
        help=summary[0].lower() + summary[1:].rstrip("."),
        description=f"{summary}\n\n{explained}",
        epilog="examples:\n" + "".join(f"  {example}\n" for example in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


# --- types of arguments: each returns the value, or says what is wrong with it --------------------------------------


def port(text: str) -> int:
    """Return the port of a server."""
    return _number(text, 1, 65535, "a port is a number from 1 to 65535")


def listening_port(text: str) -> int:
    """Return a port to listen on."""
    return _number(text, 0, 65535, "a port is a number from 1 to 65535, or 0 for any free one")


def positive(text: str) -> int:
    """Return a number from 1."""
    return _number(text, 1, sys.maxsize, "give a number from 1")


def natural(text: str) -> int:
    """Return a number from 0."""
    return _number(text, 0, sys.maxsize, "give a number from 0")


def person(text: str) -> str:
    """Return a name of a person, as it is shown."""
    return _named(lambda: str(parse_name(text)))


def room(text: str) -> str:
    """Return a name of a room, as it is shown, with its `#`."""
    return _named(lambda: str(parse_room(text)))


def target(text: str) -> str:
    """Return the name of a person or a `#room`, as it is shown."""
    return _named(lambda: str(parse_target(text)))


def _number(text: str, least: int, most: int, rule: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' does not do: {rule}")


def _named(parse_text: Callable[[], str]) -> str:
    try:
        return parse_text()
    except InvalidName as error:
        raise argparse.ArgumentTypeError(str(error)) from error
