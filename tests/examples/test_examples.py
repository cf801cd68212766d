"""Every example runs, in an interpreter of its own, and prints what it says."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import libchat

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 50

PRINTED = {
    "in_process": [
        "hi",
        "message 1 of #tea",
        "bo in #tea: The kettle is on.",
        "queued: True",
        "Are you still there?",
    ],
    "server_in_a_program": ["message 1 is in the log", "bo: The kettle is on.", "online: ana, bo"],
    "asyncio_client": ["message 1: You said 'hello'.", "message 3: You said 'bye'."],
    "nothing_is_lost": [
        "meanwhile: two sugars, please / and milk",
        "order 17 is message 1, as before",
        "found: order 17: tea with milk",
    ],
    "invited": [
        "bo in #tea: The kettle is on.",
        "cleo: this invite has been used as often as it may: ask for another, or give your password if you have an "
        "account",
    ],
    "bot": [
        "2 cups for ana with sugar, in 4 minutes",
        "CUPS: 'two' is not a whole number; write one such as 5",
        "usage: !tea [CUPS] [--sugar]",
    ],
    "callbacks": ["ana came to #lab", "0.25, ana, bot"],
}
"""What each example prints that needs nothing."""


def start(example: str, *arguments: str) -> subprocess.Popen[str]:
    """Start an example. Warnings are errors in it: nothing may be left open."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", EXAMPLES / f"{example}.py", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("example", PRINTED)
def test_example_prints_what_it_says(example: str) -> None:
    """An example that needs nothing runs by itself, ends, and complains of nothing."""
    with start(example) as program:
        printed, complaints = program.communicate(timeout=SECONDS)
    assert complaints == ""
    assert printed.splitlines() == PRINTED[example]
    assert program.returncode == 0


def test_native_client_talks_to_a_server() -> None:
    """The client without libchat takes a name, enters a room, answers, acknowledges, and leaves."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        start("native_client", server.address, server.pin, "ana", "#tea") as program,
    ):
        bo.join("#tea")
        while "ana" not in {person.name for person in bo.who("#tea")}:
            bo.ping()
        for text in ("hello", "bye"):
            bo.send("ana", text)
            assert bo.receive(timeout=SECONDS).text == text
        printed, complaints = program.communicate(timeout=SECONDS)
        assert complaints == ""
        assert program.returncode == 0
        events = [json.loads(line) for line in printed.splitlines()]
        assert events[0] == {"type": "registered", "name": "ana", "cid": "1"}
        assert (events[1]["type"], events[1]["cid"]) == ("entered", "2")
        assert [event["text"] for event in events if event["type"] == "entry"] == ["hello", "bye"]
        assert {event["cid"] for event in events if event["type"] == "accepted"} == {"3", "4"}
        assert events[-1] == {"type": "bye", "final": True}
        with libchat.connect(server.address, "ana", pin=server.pin) as ana:
            ana.ping()
            with pytest.raises(TimeoutError):
                ana.receive(0)  # nothing waits: it was acknowledged


def test_native_client_knows_a_wrong_server() -> None:
    """The client without libchat checks the pin before it says anything."""
    with libchat.serve(port=0) as server, start("native_client", server.address, "sha256:00", "ana", "#x") as program:
        _, complaints = program.communicate(timeout=SECONDS)
        assert "another server" in complaints
        assert program.returncode == 1


def test_every_example_is_run_here() -> None:
    """No example is forgotten, each one explains itself, and none is long."""
    paths = {path.stem: path for path in EXAMPLES.glob("*.py")}
    window = {paths.pop("window"), paths.pop("window_chat")}  # test_window.py has them
    assert set(paths) == {*PRINTED, "native_client"}
    assert all(ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in window)
    for path in paths.values():
        text = path.read_text("utf-8")
        assert ast.get_docstring(ast.parse(text))
        assert len(text.splitlines()) <= 65


def test_native_client_does_without_libchat() -> None:
    """The example shows that any language will do: it imports nothing of ours."""
    tree = ast.parse((EXAMPLES / "native_client.py").read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith("libchat") for name in imported)
