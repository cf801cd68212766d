"""`libchat chat` and `libchat host` on a terminal."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from support.program import Program, Serving, TerminalProgram

Chat = Callable[[str], Program]
StartOnTerminal = Callable[..., TerminalProgram]

COLOUR = re.compile(r"\x1b\[[0-9;]*m")

pytestmark = pytest.mark.usefixtures("server")


def test_a_conversation(start_on_terminal: StartOnTerminal, chat: Chat) -> None:
    """What is typed is sent, what comes in is shown, and the prompt tells the room."""
    bo = chat("bo")
    ana = start_on_terminal("chat", "--name", "ana")
    ana.expect("server: welcome ana")
    ana.expect("> ")
    ana.press("join team\n")
    ana.expect("server: joined team")
    ana.expect("team> ")
    bo.write("join team", "hello ana")
    ana.expect("hello ana")
    ana.press("hello bo\n")
    bo.expect("ana (in team): hello bo")
    ana.press("leave\n")
    ana.expect("server: left team")
    ana.press("message\n")
    ana.expect("to: ")
    ana.press("bo\n")
    ana.expect("text: ")
    ana.press("only you\n")
    bo.expect("ana: only you")
    ana.press("exit\n")
    ana.expect("server: bye")
    assert ana.end() == 0


def test_what_is_being_typed_is_written_again(start_on_terminal: StartOnTerminal, chat: Chat) -> None:
    """A line that comes in does not swallow the one that is being typed."""
    bo = chat("bo")
    ana = start_on_terminal("chat", "--name", "ana")
    ana.expect("> ")
    ana.press("bo: half a li")
    ana.expect("half a li")
    bo.write("ana: wait")
    ana.expect("wait")
    ana.expect("> bo: half a li")
    ana.press("ne\n")
    bo.expect("ana: half a line")


def test_the_name_is_asked_for_again(start_on_terminal: StartOnTerminal, chat: Chat) -> None:
    """On a terminal another name is asked for also if --name cannot be had."""
    chat("ana")
    program = start_on_terminal("chat", "--name", "ana")
    program.expect("server: ana is taken, choose another name")
    program.expect("name: ")
    program.press("bo\n")
    program.expect("server: welcome bo")


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours(start_on_terminal: StartOnTerminal, chat: Chat, env: dict[str, str], no_color: str) -> None:
    """There are colours on a terminal, unless NO_COLOR holds something."""
    env["NO_COLOR"] = no_color
    bo = chat("bo")
    ana = start_on_terminal("chat", "--name", "ana")
    ana.expect("welcome ana")
    bo.write("ana: hello")
    ana.expect("hello")
    ana.press("nobody: hi\n")
    ana.expect("no-such-name")
    ana.press("exit\n")
    assert ana.end() == 0
    assert bool(COLOUR.search(ana.screen)) is (no_color == "")


def test_a_dumb_terminal(start_on_terminal: StartOnTerminal, env: dict[str, str]) -> None:
    """A terminal that knows no escape sequences gets none."""
    env["TERM"] = "dumb"
    ana = start_on_terminal("chat", "--name", "ana")
    ana.expect("welcome ana")
    ana.press("who\n")
    ana.expect("server: online (1): ana")
    ana.press("exit\n")
    assert ana.end() == 0
    assert "\x1b" not in ana.screen


@pytest.mark.parametrize("keys", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_leave(start_on_terminal: StartOnTerminal, chat: Chat, keys: str) -> None:
    """Both leave cleanly, without a traceback, and what comes next on the terminal begins on a line of its own."""
    bo = chat("bo")
    bo.write("join team")
    bo.expect("server: joined team")
    ana = start_on_terminal("chat", "--name", "ana")
    ana.expect("till `leave`")
    ana.press("join team\n")
    bo.expect("server: ana joined team")
    ana.expect("team> ")
    assert ana.press_to_end(keys) == 0
    assert "Traceback" not in ana.screen
    assert ana.screen.endswith("\n")
    bo.expect("server: ana left team")


@pytest.mark.parametrize("keys", ["\x03", "\x04"])
def test_no_name_after_all(start_on_terminal: StartOnTerminal, keys: str) -> None:
    """Whoever does not want to give a name gets no traceback either."""
    program = start_on_terminal("chat")
    program.expect("name: ")
    assert program.press_to_end(keys) == (0 if keys == "\x03" else 1)
    assert "Traceback" not in program.screen


def test_host(start_on_terminal: StartOnTerminal) -> None:
    """`host` shows where others can connect, and then the same lines."""
    host = start_on_terminal("host", "--memory", "--host", "127.0.0.1", "--port", "0", "--name", "ana")
    host.expect("libchat chat --host 127.0.0.1 --port ")
    host.expect("server: welcome ana")
    host.expect("> ")
    host.press("who\n")
    host.expect("server: online (1): ana")
    host.press("exit\n")
    host.expect("server: bye")
    assert host.end() == 0


def test_the_server_ends_it_while_somebody_types(
    start_on_terminal: StartOnTerminal, server: Serving, env: dict[str, str]
) -> None:
    """When it is over for good, nobody has to press Enter to learn it; the terminal is left in order."""
    ana = start_on_terminal("chat", "--name", "ana")
    ana.expect("> ")
    ana.press("half a line")
    ana.expect("half a line")
    server.signal(signal.SIGTERM)
    server.end()
    with Serving("--memory", "--port", str(server.port), env=env):  # with another key
        assert ana.end() == 4
    ana.expect("does not show the key that it should")
