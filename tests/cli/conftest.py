"""What the tests of the program share: a home of their own, a server, and ways to run the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from support.program import Program, Serving, TerminalProgram, environment, run
from support.terminal import Terminal

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
StartOnTerminal = Callable[..., TerminalProgram]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment without the real user's files and settings."""
    return environment(tmp_path)


@pytest.fixture
def server(env: dict[str, str]) -> Iterator[Serving]:
    """Serve a chat on loopback. The programs that the other fixtures start find it by themselves."""
    with Serving("--memory", "--port", "0", env=env) as server:
        env["LIBCHAT_PORT"] = str(server.port)
        env["LIBCHAT_PIN"] = server.pin
        yield server


@pytest.fixture
def libchat(env: dict[str, str]) -> Run:
    """Return a function that runs the program to its end."""
    return lambda *arguments, **more: run(*arguments, env=env, **more)


@pytest.fixture
def start(env: dict[str, str]) -> Iterator[Start]:
    """Return a function that starts the program. What still runs at the end is killed."""
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(Program(*arguments, env=env))


@pytest.fixture
def start_on_terminal(env: dict[str, str]) -> Iterator[StartOnTerminal]:
    """Return a function that starts the program on a terminal. What still runs at the end is killed."""
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(TerminalProgram(*arguments, env=env))


@pytest.fixture
def open_terminal(env: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Return a function that starts the program on a terminal that understands what is written to it."""
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(Terminal(*arguments, env=env))


@pytest.fixture
def chat(server: Serving, start: Start) -> Callable[[str], Program]:
    """Return a function that has somebody join the chat."""

    def chat(name: str) -> Program:
        program = start("chat", "--name", name)
        program.expect(f"server: welcome {name}")
        return program

    return chat
