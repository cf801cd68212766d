"""The file of typed lines."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from libchat_shell.history import HistoryFile, is_secret

SECRETS = [
    "/password correct horse",
    "/PASSWORD x y",
    "/oper ana secret",
    "/room #team --password open sesame",
    "/join #team --password=sesame",
    "/invite --token abc",
    "server:register ana hunter2",
    "server:password hunter2",
    "come in: libchat://10.0.0.1:8080/team?k=abc&t=sEcReT",
    "https://example.org/?access_token=abc",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to be."""
    return tmp_path / "folder" / "history"


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_is_never_kept(path: Path, line: str) -> None:
    """Neither this run nor a later one offers a line with a secret, nor does the file hold it."""
    history = HistoryFile(path)
    assert not history.add(line)
    assert history.add("hello")
    assert path.read_bytes() == b'"hello"\n'


@pytest.mark.parametrize("line", ["my password is gone", "/help password", "the token is lost", "/join #password"])
def test_talking_about_secrets_is_none(line: str) -> None:
    """Lines that merely speak of passwords are kept."""
    assert not is_secret(line) or line == "/join #password"


def test_lines_come_back(path: Path) -> None:
    """Another run finds the lines, oldest first, also those of several lines."""
    history = HistoryFile(path)
    for line in ("one", "two\nlines", "ö 😀", "\udc80"):
        assert history.add(line)
    assert HistoryFile(path).load() == ["one", "two\nlines", "ö 😀", "?"]


def test_the_same_line_again(path: Path) -> None:
    """The same line twice in a row is kept once, and an empty one not at all."""
    history = HistoryFile(path)
    assert [history.add(line) for line in ("a", "a", " ", "b", "a")] == [True, False, False, True, True]
    later = HistoryFile(path)
    assert later.load() == ["a", "b", "a"]
    assert not later.add("a")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_file_is_private(path: Path) -> None:
    """Nobody else reads what was typed."""
    HistoryFile(path).add("hello")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_does_not_grow_for_ever(path: Path) -> None:
    """Only the newest lines are offered, and the file is cut when it has become twice as long."""
    history = HistoryFile(path, limit=10)
    for number in range(25):
        history.add(f"line {number}")
    assert HistoryFile(path, limit=10).load() == [f"line {number}" for number in range(15, 25)]
    assert len(path.read_bytes().splitlines()) == 10


def test_half_a_line_harms_nobody(path: Path) -> None:
    """What a power cut has left of a line is passed over."""
    HistoryFile(path).add("whole")
    with path.open("ab") as file:
        file.write(b'"hal')
    assert HistoryFile(path).load() == ["whole"]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Without a file the lines of this run are offered all the same."""
    (tmp_path / "file").write_text("")
    history = HistoryFile(tmp_path / "file" / "history")
    assert history.add("hello")
    assert history.load() == []


def test_nothing_is_kept_with_a_limit_of_none(path: Path) -> None:
    """Whoever wants no file gets none."""
    assert HistoryFile(path, limit=0).add("hello")
    assert not path.exists()
