"""What the tests of the shell's screens share: a home, a server, shells on terminals, and pictures of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from support.picture import draw
from support.program import Serving, environment
from support.terminal import Terminal

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
MASKS: Final = {
    r"\b\d\d:\d\d\b(?!:)": "16:42",
    r"127\.0\.0\.1:\d{4,5}": "10.0.0.5:8080",
    r"\b20\d\d-\d\d-\d\d\b": "2026-03-01",
}
"""What is different in each run, and what a picture shows instead."""

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
    """Return a function that makes a picture for the documentation, if pictures are wanted (`make pictures`)."""

    def take_picture(terminal: Terminal, name: str, title: str) -> None:
        if os.environ.get("LIBCHAT_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            (PICTURES / f"{name}.svg").write_text(draw(terminal.screen, MASKS, title), encoding="utf-8")

    return take_picture
