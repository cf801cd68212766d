"""The fixtures for pytest, as somebody uses them who has libchat installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]

USE = """
import threading

import libchat


def test_hub(hub):
    ana, bo = hub.connect("ana"), hub.connect("bo")
    ana.send("bo", "hi")
    assert bo.receive(timeout=5).text == "hi"


def test_chat(chat):
    ana, bo = chat("ana"), chat("bo")
    ana.send("bo", "hi").accepted(timeout=5)
    assert bo.receive(timeout=5).text == "hi"


def test_each_test_has_its_own(chat, chat_server):
    assert [present.name for present in chat("ana").who()] == ["ana"]
    assert chat("bo", device="mine").name == "bo"
    assert chat_server.host == "127.0.0.1"


def test_nothing_is_left():
    assert threading.active_count() == 1
"""

LOCAL = """
import pytest


@pytest.fixture
def hub():
    return "mine"


def test_hub(hub):
    assert hub == "mine"
"""


def run(folder: Path, tests: str) -> str:
    """Run tests with the plugin, and return what pytest says."""
    (folder / "test_use.py").write_text(tests)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "libchat.testing.plugin", str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_fixtures_serve_and_clean_up(tmp_path: Path) -> None:
    """A hub, a server and clients are there for a test, and gone after it."""
    assert "4 passed" in run(tmp_path, USE)


def test_local_fixtures_win(tmp_path: Path) -> None:
    """Tests that have a fixture of the same name keep it."""
    assert "1 passed" in run(tmp_path, LOCAL)


def test_pytest_finds_the_plugin() -> None:
    """The entry point names the module with the fixtures."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plugin = import_module(project["entry-points"]["pytest11"]["libchat"])
    assert {"hub", "chat_server", "chat"} <= set(vars(plugin))


def test_simulator_needs_no_pytest() -> None:
    """Everything but the plugin works where there is no pytest."""
    program = (
        "import sys; sys.modules['pytest'] = None\n"
        "import libchat.testing\n"
        "sim = libchat.testing.Sim(1); sim.client('ana').send('#x', 'hi'); sim.run_until_quiet(); sim.check()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
