"""`libchat chat` and `libchat host` on a terminal that is used as a pipe. What the shell shows: tests/shell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.program import TerminalProgram
from support.terminal import Terminal

StartOnTerminal = Callable[..., TerminalProgram]
OpenTerminal = Callable[..., Terminal]

pytestmark = pytest.mark.usefixtures("server")


@pytest.mark.parametrize("words", [("--plain",), ()])
def test_a_dumb_terminal(start_on_terminal: StartOnTerminal, env: dict[str, str], words: tuple[str, ...]) -> None:
    """A terminal that knows no escape sequences gets none, nor does one whose person wants plain lines."""
    env["TERM"] = "xterm" if words else "dumb"
    ana = start_on_terminal("chat", "--name", "ana", *words)
    ana.expect("welcome ana")
    ana.press("who\n")
    ana.expect("server: online (1): ana")
    ana.press("exit\n")
    assert ana.end() == 0
    assert "\x1b" not in ana.screen


def test_host_in_plain_lines(start_on_terminal: StartOnTerminal) -> None:
    """`host` shows where others can connect, and then the same lines."""
    host = start_on_terminal("host", "--memory", "--host", "127.0.0.1", "--port", "0", "--name", "ana", "--plain")
    host.expect("libchat chat --host 127.0.0.1 --port ")
    host.expect("server: welcome ana")
    host.press("who\n")
    host.expect("server: online (1): ana")
    host.press("exit\n")
    host.expect("server: bye")
    assert host.end() == 0


def test_host_in_the_shell(open_terminal: OpenTerminal) -> None:
    """On a terminal `host` opens the shell below what it has announced."""
    host = open_terminal("host", "--memory", "--host", "127.0.0.1", "--port", "0", "--name", "ana")
    host.expect("libchat chat --host 127.0.0.1 --port ")
    host.expect("welcome ana")
    host.press("/who\r")
    host.expect("1 person online")
    host.press("\x04")
    assert host.end() == 0
