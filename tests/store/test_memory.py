"""What only the log in memory does: it keeps the newest entries, and says so."""

from __future__ import annotations

import gc

import pytest

from contracts.log_tools import (
    delete,
    edit,
    entries,
    find_texts,
    page,
    react,
    say,
    search,
    store,
    store_entry,
    texts,
    unread,
    waiting,
)
from libchat.limits import MEMORY_ENTRIES
from libchat.records import AskPage, AskSearch, Conflict, Cursor, Known, Member, Repeat, Retention, Span, State
from libchat.store.memory import MemoryLog
from libchat.store.positions import Positions


def test_the_newest_entries_are_kept() -> None:
    """Beyond its limit, a conversation loses its oldest entries; what is left keeps its numbers."""
    log = MemoryLog(entries=3)
    store(log, *(say(str(number)) for number in range(1, 6)), say("x", "#blue"))
    assert [entry.seq for entry in entries(log, "#red")] == [3, 4, 5]
    assert [entry.seq for _, entry in waiting(log, Span("#red", 0, 4)).entries] == [3, 4]
    assert [entry.seq for entry in page(log, AskPage("#red", 5)).entries] == [3, 4]
    assert not page(log, AskPage("#red", 5)).has_older
    assert texts(log, "#blue") == ["x"]


def test_cids_of_dropped_entries_are_forgotten() -> None:
    """What is kept of cids is bounded like the entries: a dropped entry's cid is free, a kept one's is not."""
    log = MemoryLog(entries=2)
    drafts = [say(str(number), device="d", cid=str(number)) for number in range(3)]
    store(log, *drafts)
    assert isinstance(store(log, drafts[1])[0], Repeat)
    assert store_entry(log, drafts[0]).seq == 4


def test_what_is_no_longer_kept_is_not_referred_to() -> None:
    """Edits and reactions of a dropped message go with it, and it cannot be changed."""
    log = MemoryLog(entries=3)
    store(log, say("one"), edit(1, "two"), react(1, "+1", "bo"), say("three"))
    assert [entry.seq for entry in entries(log, "#red")] == [2, 3, 4]
    assert [type(outcome).__name__ for outcome in store(log, edit(1, "four"), delete(1))] == ["Unfit", "Unfit"]
    assert find_texts(log, "two") == []


def test_the_conversation_that_was_silent_longest_gives_way() -> None:
    """When there are too many entries in all, the oldest ones of the conversation without news go first."""
    log = MemoryLog(total=4)
    store(log, say("r1"), say("r2"), say("b1", "#blue"), say("r3"))
    store(log, say("r4"))
    assert (texts(log, "#red"), texts(log, "#blue")) == (["r1", "r2", "r3", "r4"], [])
    store(log, say("b2", "#blue"), say("b3", "#blue"))
    assert (texts(log, "#red"), texts(log, "#blue")) == (["r3", "r4"], ["b2", "b3"])
    assert [entry.seq for entry in entries(log, "#blue")] == [2, 3]


def test_numbers_go_on_when_nothing_is_kept() -> None:
    """A conversation of which nothing is left is empty in every way, and counts on where it was."""
    log = MemoryLog(total=1)
    store(log, say("one", "ana bo"), say("two", "ana bo"), Cursor("bo", "", "ana bo", 1), say("x"))
    assert entries(log, "ana bo") == []
    assert unread(log, "bo") == set()
    assert find_texts(log, "two", name="bo") == []
    assert waiting(log, Span("ana bo", 0, 9)).entries == ()
    assert store_entry(log, say("three", "ana bo")).seq == 3
    assert unread(log, "bo") == {("ana bo", 1, 3)}


def test_what_is_too_old_is_dropped() -> None:
    """Entries go when their time has passed, also those of conversations in which nothing more is said."""
    log = MemoryLog(seconds=10)
    store(log, say("a", time=1_000), say("b", time=8_000), say("x", "#blue", time=5_000))
    store(log, say("c", time=11_500))
    assert texts(log, "#red") == ["b", "c"]
    assert texts(log, "#blue") == ["x"]
    store(log, say("d", time=15_500))
    assert texts(log, "#blue") == []
    assert store_entry(log, say("y", "#blue", time=16_000)).seq == 2


def test_a_deleted_text_is_nowhere() -> None:
    """Not even under the client id is the text of a deleted message or of its edit kept."""
    log = MemoryLog()
    store(log, say("the " + "secret", device="d", cid="c"))
    store(log, say("new " + "secret", kind="edit", ref=1, device="d", cid="e"), delete(1))
    assert not any("secret" in text for text in _texts_of(log))


def _texts_of(log: MemoryLog) -> list[str]:
    """Return every string that can be reached from a log."""
    found: list[str] = []
    seen: set[int] = set()
    left: list[object] = [log]
    while left:
        value = left.pop()
        if id(value) in seen or isinstance(value, type):
            continue
        seen.add(id(value))
        if isinstance(value, str):
            found.append(value)
        fields = getattr(value, "__struct_fields__", ())
        left += [getattr(value, field) for field in fields]
        left += gc.get_referents(value) if not callable(value) else []
    return found


def test_a_text_is_found_by_the_search_for_texts() -> None:
    """What the test above looks through are all texts."""
    log = MemoryLog()
    store(log, say("not a " + "secret", device="d", cid="c"))
    assert any("secret" in text for text in _texts_of(log))


def test_a_client_id_of_another_kept_conversation_conflicts() -> None:
    """The first entry is found in its own conversation."""
    log = MemoryLog()
    store(log, say("one"), say("two", "#blue", device="d", cid="c"))
    assert store(log, say("two", "#red", device="d", cid="c")) == [Conflict()]


def test_entries_are_not_tracked_by_the_garbage_collector() -> None:
    """What it has to walk through does not grow with the entries."""
    log = MemoryLog()
    store(log, say())
    gc.collect()
    before = len(gc.get_objects())
    store(log, *(say(str(number), device="d", cid=str(number)) for number in range(1_000)))
    gc.collect()
    assert len(gc.get_objects()) - before < 100


def test_a_log_tells_what_it_keeps() -> None:
    """Its retention is its limits, its id the one that was given, and nothing is known to begin with."""
    assert MemoryLog().retention == Retention(0, MEMORY_ENTRIES)
    log = MemoryLog(5, seconds=60, log_id="x")
    assert (log.retention, log.id) == (Retention(60, 5), "x")
    store(log, Known("ana", "Ana", 1), Member("#red", "#red", "ana"), say())
    assert log.load() == State()


def test_a_closed_log_has_nothing() -> None:
    """Closing releases everything."""
    log = MemoryLog()
    store(log, say(device="d", cid="c"), Cursor("ana", "", "ana bo", 1))
    log.close()
    assert entries(log, "#red") == []
    assert not any(text == "hi" for text in _texts_of(log))


@pytest.mark.parametrize("limit", [1, 3])
def test_positions_are_bounded(limit: int) -> None:
    """The positions that moved longest ago are forgotten, and one that moves is not."""
    positions = Positions(limit)
    positions.advance("#red", "ana", "", 5)
    for number in range(limit - 1):
        positions.advance("#red", f"n{number}", "", 1)
    positions.advance("#red", "ana", "", 4)
    for number in range(limit - 1):
        positions.advance("#blue", f"n{number}", "", 1)
    assert positions.find("#red", "ana") == 5
    positions.advance("#blue", "last", "", 1)
    assert positions.find("#red", "ana") is None


def test_searching_goes_over_many_conversations() -> None:
    """Entries of many conversations come newest first, and a limited search can go on."""
    log = MemoryLog()
    rooms = tuple(f"#r{number}" for number in range(20))
    store(log, *(say(f"word {turn} {room}", room) for turn in range(3) for room in rooms))
    first = search(log, AskSearch(("word",), rooms, "", limit=30))
    second = search(log, AskSearch(("word",), rooms, "", limit=30, before=first.next))
    found = [entry.text for entry in (*first.entries, *second.entries)]
    assert found == [f"word {turn} {room}" for turn in (2, 1, 0) for room in reversed(rooms)]
    assert second.next is None
