from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

import pytest

import libchat
from libchat.server import whereabouts
from libchat.server.whereabouts import Whereabouts


def test_a_running_server_is_found(tmp_path: Path) -> None:
    """A server with a data folder says where it is as long as it listens, and takes that back."""
    with libchat.serve(port=0, data=tmp_path, public=("chat.example",)) as server:
        noted = whereabouts.find(tmp_path)
        assert noted == Whereabouts("127.0.0.1", server.port, os.getpid(), server.pin, ("chat.example",))
        assert noted.answers()
    assert whereabouts.find(tmp_path) is None


def test_a_server_without_a_folder_leaves_no_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept in memory only writes nothing anywhere."""
    monkeypatch.chdir(tmp_path)
    with libchat.serve(port=0):
        assert list(tmp_path.iterdir()) == []


def test_a_note_that_was_left_behind(tmp_path: Path) -> None:
    """Where nobody listens any more, the note says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        noted = Whereabouts("", listener.getsockname()[1], 1)
        assert noted.answers()
    assert not noted.answers()


def test_the_note_of_another_server_stays(tmp_path: Path) -> None:
    """A server removes its own note only."""
    whereabouts.note(tmp_path, Whereabouts("", 1, os.getpid()))
    whereabouts.remove(tmp_path, 2)
    assert whereabouts.find(tmp_path) is not None
    whereabouts.remove(tmp_path, 1)
    assert whereabouts.find(tmp_path) is None


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b'{"host":1}', b"[]"])
def test_a_damaged_note_is_none(tmp_path: Path, data: bytes) -> None:
    """What cannot be read does not say where a server is."""
    (tmp_path / whereabouts.FILE).write_bytes(data)
    assert whereabouts.find(tmp_path) is None


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A server runs without its note."""
    with caplog.at_level(logging.WARNING, "libchat.server"):
        whereabouts.note(tmp_path / "missing", Whereabouts("", 1, 1))
    assert "do not find it" in caplog.text
