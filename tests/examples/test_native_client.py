"""The client without libchat."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

import libchat
from support.examples import EXAMPLES, Example
from support.proxy import Proxy

SECONDS = 20


def meet(chat: libchat.Client, name: str, room: str) -> None:
    """Enter a room, and wait until somebody is in it."""
    if name not in chat.join(room).members:
        while not (isinstance(event := chat.receive_event(SECONDS), libchat.Joined) and event.name == name):
            pass


def test_it_answers_and_leaves(tmp_path: Path) -> None:
    """It takes a name, enters a room, answers, acknowledges, and leaves."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        Example("native_client", server.address, server.pin, "ana", "#tea", home=tmp_path) as example,
    ):
        meet(bo, "ana", "#tea")
        for text in ("hello", "bye"):
            bo.send("ana", text)
            assert bo.receive(timeout=SECONDS).text == text
        assert (example.end(), example.complaints) == (0, "")
        events = [json.loads(line) for line in example.rest]
        assert events[0] == {"type": "registered", "name": "ana", "cid": "name"}
        assert (events[1]["type"], events[1]["cid"]) == ("entered", "room")
        assert [event["text"] for event in events if event["type"] == "entry"] == ["hello", "bye"]
        assert {event["cid"] for event in events if event["type"] == "accepted"} == {"bo/1", "bo/3"}
        assert events[-1] == {"type": "bye", "final": True}
        with libchat.connect(server.address, "ana", pin=server.pin) as ana:
            ana.ping()
            with pytest.raises(TimeoutError):
                ana.receive(0)  # nothing waits: it was acknowledged


def test_it_comes_back_and_says_nothing_twice(tmp_path: Path) -> None:
    """When the connection is lost before it hears of it, what it is told is answered all the same, and once."""
    with (
        libchat.serve(port=0) as server,
        Proxy(server.address) as proxy,
        libchat.connect(server.address, "bo", pin=server.pin) as bo,
        Example("native_client", proxy.address, server.pin, "ana", "#tea", home=tmp_path) as example,
    ):
        meet(bo, "ana", "#tea")
        heard = []
        for number in range(5):
            bo.send("ana", f"message {number}").accepted(SECONDS)
            proxy.cut()  # before its answer, behind it, or between answer and acknowledgement
            heard.append(bo.receive(timeout=SECONDS))
        bo.send("ana", "bye")
        heard.append(bo.receive(timeout=SECONDS))
        assert example.end() == 0
        bo.ping()
        assert [entry.text for entry in heard] == [*(f"message {number}" for number in range(5)), "bye"]
        with pytest.raises(TimeoutError):
            bo.receive(0)


def test_it_knows_a_wrong_server(tmp_path: Path) -> None:
    """It checks the pin before it says anything."""
    with (
        libchat.serve(port=0) as server,
        Example("native_client", server.address, "sha256:00", "ana", "#x", home=tmp_path) as example,
    ):
        assert example.end() == 1
        assert "another server" in example.complaints
        assert server.hub.connect("ana").name == "ana"  # the name is free: it was not taken


def test_a_taken_name_is_told(tmp_path: Path) -> None:
    """It ends with the server's own words when it cannot have the name."""
    with (
        libchat.serve(port=0) as server,
        libchat.connect(server.address, "ana", pin=server.pin),
        Example("native_client", server.address, server.pin, "ana", "#x", home=tmp_path) as example,
    ):
        assert example.end() == 1
        assert "ana" in example.complaints
        assert "Traceback" not in example.complaints


def test_wrong_arguments_are_explained(tmp_path: Path) -> None:
    """Without arguments it says how it is run."""
    with Example("native_client", home=tmp_path) as example:
        assert example.end() == 1
        assert "python native_client.py HOST:PORT PIN NAME ROOM" in example.complaints


def test_it_does_without_libchat() -> None:
    """Any language will do: it imports nothing of ours, and little else."""
    tree = ast.parse((EXAMPLES / "native_client.py").read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= sys.stdlib_module_names
    others = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {(name or "").partition(".")[0] for name in others} == {"cryptography"}
