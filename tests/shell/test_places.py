"""What the shell remembers from the last time."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from libchat.plugins.types import Member
from libchat_shell.places import PLACES, Place, Places

HOME = Place("127.0.0.1:8080", "ana", rooms=("#team", "#other"), active="#team")


def test_the_last_place(tmp_path: Path) -> None:
    """The place that was kept last is the last place, with its rooms."""
    places = Places(tmp_path / "shell")
    assert places.last() is None
    places.keep(HOME)
    places.keep(Place("10.0.0.1:8080", "ana"))
    places.keep(Place("127.0.0.1:8080", "Ana", rooms=("#team",)))
    last = Places(tmp_path / "shell").last()
    assert last == Place("127.0.0.1:8080", "Ana", rooms=("#team",))
    assert len(places.load().places) == 2


def test_a_place_is_found_by_server_and_name(tmp_path: Path) -> None:
    """The same name in another case is the same place; another server is another one."""
    places = Places(tmp_path)
    places.keep(HOME)
    assert places.find("127.0.0.1:8080", "ANA") == HOME
    assert places.find("127.0.0.1:8081", "ana") is None


def test_places_are_bounded(tmp_path: Path) -> None:
    """The oldest places are forgotten."""
    places = Places(tmp_path)
    for number in range(PLACES + 5):
        places.keep(Place(f"10.0.0.1:{number}", "ana"))
    assert len(places.load().places) == PLACES
    assert places.find("10.0.0.1:0", "ana") is None


def test_whom_one_ignores_and_what_calls(tmp_path: Path) -> None:
    """Both outlive the shell, and leave the places alone."""
    places = Places(tmp_path)
    places.keep(HOME)
    places.ignore((Member("bo"), "cy"))  # as `/ignore` was given it
    places.set_notify("#Team", "none")
    places.set_notify("#other", "all")
    places.set_notify("#team", "")
    memory = Places(tmp_path).load()
    assert (memory.ignored, memory.notify, memory.places) == (("bo", "cy"), {"#other": "all"}, (HOME,))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_file_is_private(tmp_path: Path) -> None:
    """Nobody else reads where one is."""
    Places(tmp_path / "shell").keep(HOME)
    assert stat.S_IMODE((tmp_path / "shell" / "places.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("data", [b"", b"{", b'{"places": 3}', b"\xff"])
def test_a_file_that_means_nothing(tmp_path: Path, data: bytes) -> None:
    """A broken file is as if nothing was remembered, and is written anew."""
    (tmp_path / "places.json").write_bytes(data)
    places = Places(tmp_path)
    assert places.last() is None
    places.keep(HOME)
    assert places.last() == HOME


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Nobody stops talking because nothing can be remembered."""
    (tmp_path / "file").write_text("")
    places = Places(tmp_path / "file" / "shell")
    places.keep(HOME)
    assert places.last() is None


def test_each_name_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """The client's memory belongs to one name at one server, however the name is written."""
    places = Places(tmp_path)
    folders = {places.state_folder(*where) for where in (("a:1", "ana"), ("a:1", "ANA"), ("a:1", "bo"), ("b:1", "ana"))}
    assert len(folders) == 3
