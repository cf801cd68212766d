"""What the tests of the shell's screens share: a home, a server, shells on terminals, and pictures of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.picture import MASKS, draw
from support.program import Serving, environment
from support.terminal import Terminal

OpenShell = Callable[..., Terminal]
TakePicture = Callable[[Terminal, str, str], None]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment without the real user's files and settings."""
    return environment(tmp_path)


@pytest.fixture
def server(env: dict[str, str]) -> Iterator[Serving]:
    """Serve a chat on loopback. The shells that are opened find it by themselves."""
    with Serving("--memory", "--port", "0", env=env) as server:
        env["LIBCHAT_PORT"] = str(server.port)
        env["LIBCHAT_PIN"] = server.pin
        yield server


@pytest.fixture
def open_terminal(env: dict[str, str]) -> Iterator[OpenShell]:
    """Return a function that starts the program on a terminal."""
    with ExitStack() as running:
        yield lambda *words, **size: running.enter_context(Terminal(*words, env=env, **size))


@pytest.fixture
def open_shell(server: Serving, open_terminal: OpenShell) -> OpenShell:
    """Return a function that has somebody chat in a shell."""

    def open_shell(name: str, *words: str, **size: int) -> Terminal:
        terminal = open_terminal("chat", "--name", name, "--no-plugins", *words, **size)
        terminal.expect(f"welcome {name}", "> ")
        return terminal

    return open_shell


@pytest.fixture
def take_picture() -> TakePicture:
    """Return a function that makes a picture for the documentation, if a folder for them is named (`make evidence`)."""

    def take_picture(terminal: Terminal, name: str, title: str) -> None:
        if folder := os.environ.get("LIBCHAT_PICTURES"):
            (Path(folder) / f"{name}.svg").write_text(draw(terminal.screen, MASKS, title), encoding="utf-8")

    return take_picture
