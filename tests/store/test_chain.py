from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from contracts.log_tools import delete, edit, react, say, store
from libchat.store.chain import BEGINNING, digest_of, link
from libchat.store.schema import connect_to_write
from libchat.store.sqlite import SqliteLog
from libchat.store.verify import find_faults


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a log in which much has happened."""
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    store(log, say("one", device="d", cid="c"), say("two"), edit(1, "three"), react(1, "+1", "bo"), say("four"))
    store(log, say("five", "ana bo"), delete(2), say("six", kind="topic"))
    log.close()
    return path


def faults(path: Path, *statements: str) -> list[str]:
    """Return what is found after somebody has changed the file."""
    connection = connect_to_write(path)
    connection.execute("PRAGMA foreign_keys = OFF")
    for statement in statements:
        assert connection.execute(statement).rowcount == 1
    found = list(find_faults(connection))
    connection.close()
    return found


def test_an_honest_file_has_no_faults(path: Path) -> None:
    """Edits, reactions and deletions leave the chain whole."""
    assert faults(path) == []


@pytest.mark.parametrize(
    "change",
    [
        "text = 'else'",
        "sender = 'bo'",
        "target = '#blue'",
        "time = 7",
        "kind = 'topic'",
        "ref = 2",
        "owner = 'bo'",
        "device = 'e'",
        "cid = 'x'",
        "salt = zeroblob(16)",
        "salt = NULL",
        "hash = zeroblob(32)",
    ],
)
def test_a_changed_entry_is_found(path: Path, change: str) -> None:
    """Whatever is changed in an entry, its link does not hold."""
    found = faults(path, f"UPDATE entries SET {change} WHERE id = 1")
    assert found[0] == "#red: entry 1 or the one before was changed"


@pytest.mark.parametrize(
    "change", ["time = 7", "digest = zeroblob(32)", "digest = NULL", "text = 'x', salt = zeroblob(16)"]
)
def test_a_changed_deleted_entry_is_found(path: Path, change: str) -> None:
    """What is left of a deleted entry cannot be changed either, nor can a text be put there."""
    assert faults(path, f"UPDATE entries SET {change} WHERE id = 2") == ["#red: entry 2 or the one before was changed"]


def test_a_missing_entry_is_found(path: Path) -> None:
    """An entry that is taken out of the middle, from the end or from the beginning is missed."""
    assert faults(path, "DELETE FROM entries WHERE id = 3")[0] == "#red: entry 3 is missing"


def test_a_missing_end_is_found(path: Path) -> None:
    """Of the newest entry, the hash stands beside the conversation."""
    assert faults(path, "DELETE FROM entries WHERE id = 8") == ["#red: the newest entries are missing, or were changed"]


def test_a_missing_beginning_is_found(path: Path) -> None:
    """Of the oldest entry, the hash before it stands beside the conversation."""
    first = "UPDATE conversations SET first = 2 WHERE key = '#red'"
    assert faults(path, "DELETE FROM entries WHERE id = 1", first) == ["#red: entry 2 or the one before was changed"]


def test_links_depend_on_where_fields_end() -> None:
    """Two entries whose fields put together look alike have different links."""
    digest = digest_of(bytes(16), "text")
    fields = product(("", "a", "ab", '","'), repeat=3)
    links = {link(BEGINNING, "#red", 1, one, two, 1, three, 0, "", "", "", digest) for one, two, three in fields}
    assert len(links) == 64


def test_a_digest_hides_the_text() -> None:
    """The same text has other digests with other salts."""
    assert digest_of(bytes(16), "yes") != digest_of(b"\x01" * 16, "yes")
