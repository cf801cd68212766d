"""How a person is called."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from libchat_shell.bell import COMMANDS, Commands, sequences
from libchat_shell.notifications import Notification
from libchat_shell.settings import Settings

CALL = Notification("mention", "#team", "bo in #team", "ana: look")
EVIL = Notification("private", "bo", "bo\x07;x", "a\x1b\\b;c\x9cd\n\x1b]52;c;aaaa\x07")
PATIENCE = 20.0


@pytest.mark.parametrize(
    ("bell", "osc", "written"),
    [
        ("on", "off", "\a"),
        ("off", "off", ""),
        ("on", "9", "\a\x1b]9;bo in #team: ana: look\x1b\\"),
        ("off", "777", "\x1b]777;notify;bo in #team;ana: look\x1b\\"),
    ],
)
def test_what_is_written(bell: str, osc: str, written: str) -> None:
    """The bell by default, and what the terminal understands by setting."""
    settings = Settings()
    settings.set("bell", bell)
    settings.set("osc", osc)
    assert sequences(CALL, settings) == written


@pytest.mark.parametrize("osc", ["9", "777"])
def test_nobody_gets_out_of_the_sequence(osc: str) -> None:
    """Whatever a peer writes, there is one sequence, which ends where ours ends."""
    settings = Settings()
    settings.set("bell", "off")
    settings.set("osc", osc)
    written = sequences(EVIL, settings)
    inside = written.removeprefix("\x1b]").removesuffix("\x1b\\")
    assert inside.isprintable()
    assert inside.count(";") == (1 if osc == "9" else 3)
    assert "\\" not in inside


def test_a_program_is_started(tmp_path: Path) -> None:
    """The arguments reach the program as they are: there is no shell in between."""
    told = tmp_path / "told"
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(repr(sys.argv[2:]))"
    commands = Commands(pytest.fail)
    commands.start((sys.executable, "-c", code, str(told), "{title}", "$(id); {body}"), CALL)
    _wait(commands)
    assert told.read_text() == repr(["bo in #team", "$(id); ana: look"])


def test_a_program_that_there_is_not() -> None:
    """A wrong setting is told, once."""
    told: list[str] = []
    commands = Commands(told.append)
    for _ in range(3):
        commands.start(("/no/such/program",), CALL)
        _wait(commands)
    assert len(told) == 1
    assert "command" in told[0]


def test_no_program() -> None:
    """Without a setting nothing is started."""
    before = threading.active_count()
    Commands(pytest.fail).start((), CALL)
    assert threading.active_count() == before


def _wait(commands: Commands) -> None:
    for _ in range(COMMANDS):
        assert commands._free.acquire(timeout=PATIENCE)
    for _ in range(COMMANDS):
        commands._free.release()
