"""Every command, started as a person starts it: by an interpreter that has imported nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.test_usage import COMMANDS
from support.program import Program, Serving, environment, run

PASSWORD = "correct horse battery"


class Place:
    """A server, somebody in its room `team`, and an account that this device is signed in with."""

    def __init__(self, folder: Path, server: Serving, env: dict[str, str]) -> None:
        self.env = {**env, "LIBCHAT_PORT": str(server.port), "LIBCHAT_PIN": server.pin}
        self.words = {"data": str(folder / "data"), "folder": str(folder), "address": server.address}
        self.run("passwd", "--name", "ana", given=f"{PASSWORD}\n")
        self.run("export", f"{folder}/said", "--data", self.words["data"])
        self.run("backup", f"{folder}/backup.db", "--data", self.words["data"])
        self.words["link"] = self.run("invite", "--data", self.words["data"]).strip()
        self.run("join", self.words["link"], "--name", "bo")  # from then on this device knows the server's key

    def run(self, *arguments: str, given: str = "") -> str:
        """Run a program that does what it should, and return its output."""
        done = run(*arguments, env=self.env, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Serve a chat from a cold start: one for all tests."""
    folder = tmp_path_factory.mktemp("place")
    env = environment(folder)
    options = ("--data", str(folder / "data"), "--port", "0", "--admit", "open")
    with Serving(*options, env=env, is_cold=True) as server:
        place = Place(folder, server, env)
        with Program("chat", "--name", "keeper", env=place.env, is_cold=True) as keeper:
            keeper.write("join team", "hello team", "server:who")
            keeper.expect("server: online (1): keeper")
            yield place


USES = {
    "start": (("start",), "", 2, "no invite was given"),
    "serve": (("serve", "--host", "127.0.0.1", "--port", "0", "--keep-days", "x"), "", 2, "a number from 0"),
    "host": (("host", "--memory", "--host", "127.0.0.1", "--port", "0", "--name", "di"), "who\n", 0, "online (1): di"),
    "join": (("join", "{link}", "--name", "di"), "who\n", 0, "server: online (2): di, keeper"),
    "invite": (("invite", "--data", "{data}"), "", 0, "libchat://"),
    "key": (("key", "show", "--data", "{data}"), "", 0, "sha256:"),
    "chat": (("chat", "--name", "di"), "keeper: hi\n", 0, "server: welcome di"),
    "send": (("send", "keeper", "hi", "--json"), "", 0, '"target":"keeper"'),
    "tail": (("tail", "#team", "-n", "1", "--count", "1"), "", 0, "keeper (in team): hello team"),
    "who": (("who",), "", 0, "keeper"),
    "passwd": (("passwd", "--name", "bo"), f"{PASSWORD}\n", 0, "the password of bo is set"),
    "devices": (("devices", "--name", "ana", "--json"), "", 0, '"current":true'),
    "users": (("users", "add", "cy", "--data", "{data}"), f"{PASSWORD}\n", 0, "cy"),
    "audit": (("audit", "--data", "{data}"), "", 0, "keeper"),
    "forget": (("forget", "{address}"), "", 0, "forgot the key of {address}"),
    "doctor": (("doctor", "--quick", "{address}"), "", 0, "version 1 of the protocol"),
    "config": (("config", "--port", "9000"), "", 0, "port = 9000"),
    "backup": (("backup", "{folder}/copy", "--data", "{data}"), "", 0, "bytes"),
    "restore": (("restore", "{folder}/backup.db", "--data", "{folder}/restored"), "", 0, "restored; nothing was there"),
    "verify": (("verify", "--data", "{data}"), "", 0, "is right"),
    "export": (("export", "--data", "{data}"), "", 0, "hello team"),
    "plugins": (("plugins", "info", "dice"), "", 0, "dice: "),
    "completions": (("completions", "bash"), "", 0, "complete -F _libchat libchat"),
    "import": (("import", "{folder}/said", "--data", "{folder}/new"), "", 0, "entries"),
}
"""A use of each command: its words, what is typed, its exit code, and something that it prints."""


@pytest.mark.parametrize("command", COMMANDS)
def test_from_a_cold_start(place: Place, command: str) -> None:
    """A new interpreter that runs the command imports all that it needs, and the command does its work."""
    words, typed, code, printed = USES[command]
    done = run(*(word.format_map(place.words) for word in words), env=place.env, given=typed, is_cold=True)
    assert done.returncode == code, done.stderr
    assert printed.format_map(place.words) in done.stdout + done.stderr
