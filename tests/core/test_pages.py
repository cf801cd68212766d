"""Pages of history."""

from __future__ import annotations

from libchat.core.pages import newest_within
from libchat.messages import Entry


def entries(*sizes: int) -> list[Entry]:
    """Return entries with texts of some sizes in bytes."""
    return [
        Entry("#x", seq, "ana", 0, "\N{LATIN SMALL LETTER E WITH ACUTE}" * (size // 2))
        for seq, size in enumerate(sizes, 1)
    ]


def test_a_page_holds_the_newest_that_fit() -> None:
    """Texts are counted in bytes, from the end, and the limit itself is allowed."""
    assert [entry.seq for entry in newest_within(entries(4, 4, 4), 8)] == [2, 3]
    assert [entry.seq for entry in newest_within(entries(4, 4, 4), 12)] == [1, 2, 3]
    assert newest_within([], 8) == ()


def test_a_page_holds_at_least_one() -> None:
    """A text that is longer than a page is a page of its own."""
    assert [entry.seq for entry in newest_within(entries(4, 20), 8)] == [2]
