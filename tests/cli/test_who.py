"""`libchat who`: lists for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from subprocess import CompletedProcess

import pytest

from libchat.cli.table import display_width, format_table
from support.program import Program, Serving, TerminalProgram, environment

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
StartOnTerminal = Callable[..., TerminalProgram]

NAMES = ("ana", "bo", "\u82b1\u5b50")


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Have three people in a chat, two of them in a room, one of them away; return the environment that finds it."""
    env = environment(tmp_path_factory.mktemp("home"))
    with Serving("--memory", "--port", "0", env=env) as server, ExitStack() as running:
        env.update(LIBCHAT_PORT=str(server.port), LIBCHAT_PIN=server.pin)
        ana, bo, hana = (running.enter_context(Program("chat", "--name", name, env=env)) for name in NAMES)
        for program, name in zip((ana, bo, hana), NAMES, strict=True):
            program.expect(f"server: welcome {name}")
        ana.write("server:away at lunch", "join team", "server:topic what we do")
        ana.expect("server: joined team")
        bo.write("join team", "server:who")
        bo.expect("server: online (3): ana, bo, \u82b1\u5b50")
        hana.write("join tea", "server:who")
        hana.expect("server: online (3): ana, bo, \u82b1\u5b50")
        ana.write("server:who")
        ana.expect("server: online (3): ana, bo, \u82b1\u5b50")
        yield env


@pytest.fixture
def people(env: dict[str, str], crowded: dict[str, str]) -> None:
    """Have programs come into the chat of three people: one for all tests, none of which changes it."""
    env.update(crowded)


@pytest.mark.usefixtures("people")
def test_who_is_online(libchat: Run) -> None:
    """Everybody but the program itself is listed, with aligned away notes, and nothing else in a pipe."""
    done = libchat("who")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ana   at lunch\nbo\n\u82b1\u5b50\n"


@pytest.mark.usefixtures("people")
def test_who_is_in_a_room(libchat: Run) -> None:
    """With a room, only its members are listed."""
    assert libchat("who", "#team").stdout == "ana  at lunch\nbo\n"


@pytest.mark.usefixtures("people")
def test_rooms(libchat: Run) -> None:
    """--rooms lists rooms with their number of members and their topic."""
    assert libchat("who", "--rooms").stdout == "#tea   1\n#team  2  what we do\n"


@pytest.mark.usefixtures("people")
def test_json(libchat: Run) -> None:
    """--json prints one object a line."""
    people = [json.loads(line) for line in libchat("who", "--json").stdout.splitlines()]
    assert people == [
        {"name": "ana", "away": "at lunch"},
        {"name": "bo", "away": ""},
        {"name": "\u82b1\u5b50", "away": ""},
    ]
    rooms = [json.loads(line) for line in libchat("who", "--rooms", "--json").stdout.splitlines()]
    assert rooms == [
        {"room": "#tea", "members": 1, "topic": ""},
        {"room": "#team", "members": 2, "topic": "what we do"},
    ]


@pytest.mark.usefixtures("server")
def test_nobody(libchat: Run) -> None:
    """An empty list is no output and no failure."""
    for options in ((), ("--rooms",), ("--json",)):
        done = libchat("who", *options)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.usefixtures("server")
def test_a_room_that_does_not_exist(libchat: Run) -> None:
    """A room that nobody has made is refused."""
    done = libchat("who", "#nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no room #nowhere" in done.stderr


@pytest.mark.usefixtures("people")
def test_on_a_terminal(start_on_terminal: StartOnTerminal) -> None:
    """A terminal gets a heading, in bold, and columns that line up under it."""
    who = start_on_terminal("who")
    assert who.end() == 0
    assert who.screen.splitlines() == ["\x1b[1mNAME  AWAY\x1b[0m", "ana   at lunch", "bo", "\u82b1\u5b50"]


@pytest.mark.usefixtures("people")
def test_wide_characters_line_up(start_on_terminal: StartOnTerminal, start: Start, env: dict[str, str]) -> None:
    """Characters that take two columns are counted as two; NO_COLOR takes the colours away."""
    guest = start("chat", "--name", "\u5c71\u7530\u592a\u90ce")
    guest.write("server:away \u51fa\u5f35", "server:who")
    while "online (4)" not in guest.line():
        pass
    env["NO_COLOR"] = "1"
    who = start_on_terminal("who")
    assert who.end() == 0
    lines = who.screen.splitlines()
    assert "\x1b" not in who.screen
    assert {
        display_width(line[: line.index(mark)]) for line, mark in zip(lines, ("AWAY", "at lunch"), strict=False)
    } == {10}
    guest.write("server:exit")
    assert guest.end() == 0


@pytest.mark.usefixtures("server")
def test_nobody_on_a_terminal(start_on_terminal: StartOnTerminal) -> None:
    """A person is told that a list is empty."""
    who = start_on_terminal("who", "--rooms")
    who.expect("there are no rooms")
    assert who.end() == 0


@pytest.mark.parametrize(
    ("text", "width"),
    [("ana", 3), ("", 0), ("\u82b1\u5b50", 4), ("e\u0301", 1), ("\uff21", 2), ("\x07", 1)],
)
def test_display_width(text: str, width: int) -> None:
    """The width is that of a terminal, not the number of characters."""
    assert display_width(text) == width


def test_cells_are_cleaned() -> None:
    """What others wrote cannot recolour the table or break its lines."""
    assert format_table([("a\nb", "\x1b[31mred"), ("c", "")]) == ["a b  [31mred", "c"]
