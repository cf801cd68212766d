"""The page of the command line is what the program is."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

import generate_cli
import libchat
from libchat.cli import COMMANDS
from libchat.cli.exits import Exit
from libchat.cli.parser import Commands, add_command, make_parser
from libchat.cli.settings.table import PREFIX, settings
from libchat.security.key_change import make_change, plan_change
from support.pages import ROOT, read, rows, section, words
from support.program import Serving, environment, run

PAGE = read("reference/cli.md")
SOURCES = [
    path.read_text(encoding="utf-8")
    for folder in ("libchat", "shell", "plugins")
    for path in ROOT.glob(f"{folder}/**/*.py")
]


def test_the_commands_are_those_of_the_program() -> None:
    """Usage, options, defaults and examples are the parsers'; `python tests/generate_cli.py` writes them anew."""
    assert generate_cli.PAGE.read_text(encoding="utf-8") == generate_cli.page()
    assert tuple(generate_cli.EXITS) == COMMANDS
    assert set(re.findall(r"^## `libchat (\w+)`$", PAGE, re.MULTILINE)) == set(COMMANDS)


def test_a_flag_more_is_a_line_more() -> None:
    """What a command takes makes a row, with its default, and with what it cannot stand beside."""

    def add(commands: Commands) -> None:
        commands.add_parser("x")

    _, parsers = make_parser([add])
    either = parsers["x"].add_mutually_exclusive_group()
    either.add_argument("file", nargs="?", metavar="FILE", help="a file (default: '-')")
    either.add_argument("--fast", action="store_true", help="quickly | at once (default: 'libchat serve --port')")
    assert rows(generate_cli._options(parsers["x"])) == [
        ["`[FILE]`", "a file; not together with `--fast`", "`-`"],
        ["`--fast`", "quickly \\| at once; not together with `[FILE]`", "`libchat serve --port`"],
    ]
    assert generate_cli.usage(parsers["x"]) == "libchat x [OPTIONS] [FILE]"


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes is the code's own list."""
    told = [int(row[0]) for row in rows(section(PAGE, "## Exit codes"))]
    assert told == [code.value for code in Exit]


def test_every_variable_is_documented() -> None:
    """What the programs read from their environment stands in the table, and nothing else."""
    read_ones = set(chain.from_iterable(map(_variables, SOURCES)))
    known = {setting.variable for setting in settings()} | {PREFIX}
    table = section(PAGE, "## Environment variables")
    told = {word for row in rows(table) for word in words(row[0])} - {f"{PREFIX}..."}
    assert told == read_ones - known
    assert f"`{PREFIX}...`" in table


def _variables(source: str) -> list[str]:
    by_name = re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', source) + re.findall(
        r'"([A-Z_]+)" in os\.environ', source
    )
    return by_name + re.findall(r"\bLIBCHAT_(?!API\b)[A-Z_]+", source)


def test_every_file_of_a_person_is_documented() -> None:
    """What the programs keep in a user's folders stands in the table."""
    told = {word.removesuffix("/").rpartition("/")[2] for word in words(section(PAGE, "## Where files are"))}
    folder = r'(?:own_folder\("(?:settings|data)"\)|_config\(\))'
    kept = {name for source in SOURCES for name in re.findall(rf'{folder} / "([\w.]+)"', source)}
    assert {"known_servers.toml", "shell.toml", "server", "bots", "plugins"} <= kept
    assert kept - told == set()


def test_every_file_of_a_server_is_documented(tmp_path: Path) -> None:
    """A server that has run, and has changed its key, leaves nothing in its folder that is not in the table."""
    _, _, table = section(PAGE, "## Where files are").partition("In a server's folder:")
    told = {word.removesuffix("/") for row in rows(table) for word in words(row[0])}
    with libchat.serve(port=0, data=tmp_path, announce=False):
        seen = set(os.listdir(tmp_path))
    plan_change(tmp_path, datetime.now(UTC))
    seen |= set(os.listdir(tmp_path))
    make_change(tmp_path, datetime.now(UTC), early=True)
    seen |= set(os.listdir(tmp_path))
    assert {"chat.db", "accounts.db", "server.json", "server-key-old.pem"} <= seen
    assert seen - told == set()


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., int]:
    """Return a function that runs the program to its end, in a home of its own, and returns the exit code."""
    env = environment(tmp_path)
    return lambda *arguments, given="": run(*arguments, env=env, given=given).returncode


@pytest.mark.parametrize(
    "line",
    [
        "invite",
        "plugins info nothing",
        "users",
        "audit",
        "forget chat.local",
        "key show",
        "key switch",
        "backup copy.db",
        "verify",
        "export",
        "import nothing.jsonl",
    ],
)
def test_what_ends_with_1_ends_with_1(program: Callable[..., int], line: str) -> None:
    """Where there is no server's folder, and nothing is known, commands that need it are refused."""
    assert program(*line.split()) == Exit.REFUSED


CONNECTS = [name for name, (_, _, others) in generate_cli.EXITS.items() if others == generate_cli.REACHES]
LINES = {
    "join": "join {address} --name ana",
    "chat": "chat --name ana",
    "send": "send bo hi",
    "tail": "tail --count 1",
    "who": "who",
    "passwd": "passwd --name ana",
    "devices": "devices --name ana",
}
"""How each command that connects is said; `start` alone has nothing that it could be told."""


def test_every_command_that_connects_is_tried() -> None:
    """The lines above are those of the commands that the page says connect."""
    assert set(CONNECTS) - {"start"} == set(LINES)


@pytest.mark.parametrize("name", LINES)
def test_who_cannot_connect_ends_with_3(tmp_path: Path, name: str) -> None:
    """Where nothing listens, commands that connect say so."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    env = environment(tmp_path, LIBCHAT_PORT=str(port))
    done = run(*LINES[name].format(address=f"127.0.0.1:{port}").split(), env=env, given="a new password\n")
    assert done.returncode == Exit.LOST, done.stderr


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Serve a chat on loopback."""
    with Serving("--memory", "--port", "0", env=environment(tmp_path_factory.mktemp("server"))) as server:
        yield server


@pytest.mark.parametrize("name", [name for name in LINES if name != "join"])
def test_another_key_ends_with_4(tmp_path: Path, serving: Serving, name: str) -> None:
    """A server that shows another key than the one that was said is told nothing."""
    env = environment(tmp_path, LIBCHAT_PORT=str(serving.port), LIBCHAT_PIN="sha256:" + "0" * 64)
    assert run(*LINES[name].split(), env=env, given="a new password\n").returncode == Exit.UNTRUSTED


@pytest.mark.parametrize("line", ["who #nothing", "send nobody hi", "devices --name guest", "passwd --name guest"])
def test_what_the_server_refuses_ends_with_1(tmp_path: Path, serving: Serving, line: str) -> None:
    """No such room, nobody of that name, no account, and a password that is too short."""
    env = environment(tmp_path, LIBCHAT_PORT=str(serving.port), LIBCHAT_PIN=serving.pin)
    assert run(*line.split(), env=env, given="short\n").returncode == Exit.REFUSED


def test_options_are_written_out(program: Callable[..., int]) -> None:
    """An option that is cut short is wrong usage, as the page says; behind arguments it may stand."""
    assert program("verify", "nothing.db", "--js") == Exit.USAGE
    assert program("verify", "nothing.db", "--json") == Exit.REFUSED


def test_explanations_are_paragraphs() -> None:
    """Lines of an explanation flow together; what is indented stays as it is."""
    details = f"one\ntwo {'and ' * 20}three\n  four   five\nsix"

    def add(commands: Commands) -> None:
        add_command(commands, "x", lambda options: 0, "Do it.", details, ("libchat x",))

    _, parsers = make_parser([add])
    assert parsers["x"].description == f"Do it.\n\none two {'and ' * 17}and\nand and three\n  four   five\nsix"
