from __future__ import annotations

import logging
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libchat.errors import StoreError
from libchat.security.identity import KEY_FILE, load_identity
from libchat.security.key_change import (
    NEXT_KEY_FILE,
    OLD_KEY_FILE,
    STATEMENT_FILE,
    format_since,
    make_change,
    plan_change,
    planned_change,
    present_pin,
)
from libchat.security.succession import check_successor

NOW = datetime(2026, 11, 22, 16, 41, tzinfo=UTC)
SINCE = NOW + timedelta(days=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a server that was started once."""
    load_identity(tmp_path, NOW)
    return tmp_path


def test_a_plan_is_a_statement_of_the_present_key(folder: Path) -> None:
    """Planning makes the next key and has the present one sign it; the present one stays what it is."""
    pin = present_pin(folder)
    planned = plan_change(folder, SINCE)
    assert check_successor(pin, planned)
    assert planned_change(folder) == planned
    assert present_pin(folder) == pin == load_identity(folder, NOW).pin
    assert format_since(planned) == "2026-12-22 16:41 UTC"


@pytest.mark.skipif(os.name != "posix", reason="Windows has access lists instead of mode bits")
def test_keys_are_private(folder: Path) -> None:
    """Nobody else can read the next key, nor the old one."""
    plan_change(folder, SINCE)
    assert stat.S_IMODE((folder / NEXT_KEY_FILE).stat().st_mode) == 0o600
    make_change(folder, SINCE)
    assert stat.S_IMODE((folder / OLD_KEY_FILE).stat().st_mode) == 0o600


def test_the_change(folder: Path) -> None:
    """When its time has come, the next key is the present one, with its own certificate, and the old one is kept."""
    old = (folder / KEY_FILE).read_bytes()
    planned = plan_change(folder, SINCE)
    assert make_change(folder, SINCE) == planned.pin
    assert load_identity(folder, NOW).pin == planned.pin == present_pin(folder)
    assert (folder / OLD_KEY_FILE).read_bytes() == old
    assert planned_change(folder) is None
    assert not (folder / NEXT_KEY_FILE).exists()


def test_the_change_of_the_change(folder: Path) -> None:
    """After one change, the next can be planned."""
    plan_change(folder, SINCE)
    pin = make_change(folder, SINCE)
    assert check_successor(pin, plan_change(folder, SINCE))


def test_before_its_time(folder: Path) -> None:
    """The change is refused before its time, unless somebody insists."""
    planned = plan_change(folder, SINCE)
    with pytest.raises(StoreError, match=r"announced for 2026-12-22 16:41 UTC.*--now"):
        make_change(folder, NOW)
    assert make_change(folder, NOW, early=True) == planned.pin


def test_nothing_is_planned(folder: Path) -> None:
    """Without a plan there is nothing to change."""
    assert planned_change(folder) is None
    with pytest.raises(StoreError, match="libchat key plan"):
        make_change(folder, SINCE)


def test_a_second_plan(folder: Path) -> None:
    """A plan that clients may have heard of is not replaced silently."""
    planned = plan_change(folder, SINCE)
    with pytest.raises(StoreError, match="planned already"):
        plan_change(folder, SINCE)
    assert planned_change(folder) == planned


def test_a_folder_without_a_key(tmp_path: Path) -> None:
    """Where no server ever was, nothing can be planned, and nothing is made."""
    for attempt in (lambda: plan_change(tmp_path, SINCE), lambda: make_change(tmp_path, NOW)):
        with pytest.raises(StoreError, match="there is no key"):
            attempt()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"pin":"x","since":1,"signature":"","key":""}'])
def test_a_damaged_statement(folder: Path, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A statement that cannot be used is none, the log says so, and a new one can be planned."""
    plan_change(folder, SINCE)
    (folder / STATEMENT_FILE).write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert planned_change(folder) is None
    assert STATEMENT_FILE in caplog.text
    plan_change(folder, SINCE)


def test_a_statement_of_an_older_key(folder: Path, tmp_path: Path) -> None:
    """A change that was cut off after the key was replaced leaves a statement that means nothing any more."""
    plan_change(folder, SINCE)
    statement = (folder / STATEMENT_FILE).read_bytes()
    make_change(folder, SINCE)
    (folder / STATEMENT_FILE).write_bytes(statement)
    assert planned_change(folder) is None


def test_another_next_key(folder: Path) -> None:
    """A next key that is not the announced one would lock everybody out: it is refused."""
    plan_change(folder, SINCE)
    (folder / NEXT_KEY_FILE).write_bytes((folder / KEY_FILE).read_bytes())
    pin = present_pin(folder)
    with pytest.raises(StoreError, match="not the key that was announced"):
        make_change(folder, SINCE)
    (folder / NEXT_KEY_FILE).unlink()
    with pytest.raises(StoreError, match="not the key that was announced"):
        make_change(folder, SINCE)
    assert present_pin(folder) == pin
