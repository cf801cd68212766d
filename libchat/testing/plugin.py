"""Fixtures for pytest. They are there when libchat is installed; a fixture of the same name in your tests wins.

    def test_greeting(chat):
        ana, bo = chat("ana"), chat("bo")
        ana.send("bo", "hi").accepted(timeout=5)
        assert bo.receive(timeout=5).text == "hi"

Those who write plugins get a `stage`:

    def test_roll(stage):
        stage.load("roll.py")
        assert stage.run("roll 1d1") == ["1"]

Servers and clients are imported when a test asks for them, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from libchat.client.client import Client
    from libchat.hub import Hub
    from libchat.server.server import Server
    from libchat.testing.stage import MakeStage, Stage

Chat = Callable[..., "Client"]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Give a whole chat in process, without sockets or threads. It is closed at the end."""
    from libchat.hub import Hub

    with Hub() as chat:
        yield chat


@pytest.fixture
def chat_server() -> Iterator[Server]:
    """Give a server on a free port of loopback, over TLS, with a log in memory. It has stopped at the end.

    Nobody is slowed down: tests send faster than people.
    """
    from libchat.server.bounds import Bounds
    from libchat.server.server import serve

    with serve(port=0, durability="memory", bounds=Bounds(message_rate=0)) as server:
        yield server


@pytest.fixture
def chat(chat_server: Server) -> Iterator[Chat]:
    """Give a function that connects to `chat_server` under a name, and takes what `libchat.connect` takes.

    All clients are closed at the end.
    """
    from libchat.client.client import connect

    with ExitStack() as clients:

        def connect_as(name: str, **options: object) -> Client:
            pin = chat_server.pin
            client = connect(chat_server.address, name, pin=pin, **options)  # type: ignore[arg-type]  # as `connect` has it
            return clients.enter_context(client)

        yield connect_as


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    """Give a stage for plugins, as in a shell. At the end, plugins must have left nothing behind."""
    return make_stage()


@pytest.fixture
def make_stage() -> Iterator[MakeStage]:
    """Give a function that makes stages, and takes what `libchat.testing.Stage` takes: `make_stage("bot")`."""
    from libchat.testing.stage import Stage

    with ExitStack() as stages:
        yield lambda *given, **options: stages.enter_context(Stage(*given, **options))
