"""Pages of history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat.core.pages import within
from libchat.messages import Entry


def entries(*sizes: int) -> list[Entry]:
    """Return entries with texts of some sizes in bytes."""
    return [
        Entry("#x", seq, "ana", 0, "\N{LATIN SMALL LETTER E WITH ACUTE}" * (size // 2))
        for seq, size in enumerate(sizes, 1)
    ]


def numbers(sizes: tuple[int, ...], anchor: int, most: int) -> list[int]:
    """Return the numbers of the entries that fit."""
    return [entry.seq for entry in within(entries(*sizes), anchor, most)]


def test_a_page_holds_the_nearest_that_fit() -> None:
    """Texts are counted in bytes, from the entry that was asked for, and the limit itself is allowed."""
    assert numbers((4, 4, 4), 2, 8) == [2, 3]
    assert numbers((4, 4, 4), 2, 12) == [1, 2, 3]
    assert numbers((4, 4, 4), 0, 8) == [1, 2]
    assert numbers((4, 4, 4, 4, 4), 2, 12) == [2, 3, 4]
    assert within([], 0, 8) == ()


def test_a_page_holds_at_least_the_one_asked_for() -> None:
    """A text that is longer than a page is a page of its own."""
    assert numbers((4, 20), 1, 8) == [2]
    assert numbers((4, 20, 4), 1, 8) == [2]


@given(st.lists(st.integers(0, 6).map(lambda half: 2 * half), min_size=1, max_size=12), st.data())
def test_a_page_has_no_gap_and_cannot_grow(sizes: list[int], data: st.DataObject) -> None:
    """What fits is next to each other, around the one that was asked for; the next on either side would not fit."""
    anchor = data.draw(st.integers(0, len(sizes) - 1))
    most = data.draw(st.integers(0, 40))
    found = numbers(tuple(sizes), anchor, most)
    assert found == list(range(found[0], found[-1] + 1))
    assert anchor + 1 in found
    used = sum(sizes[seq - 1] for seq in found)
    assert used <= most or found == [anchor + 1]
    for beside in (found[0] - 1, found[-1] + 1):
        assert not 1 <= beside <= len(sizes) or used + sizes[beside - 1] > most
