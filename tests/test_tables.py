"""Tables for people."""

from __future__ import annotations

from libchat.tables import display_width, format_table


def test_columns_line_up_in_any_script() -> None:
    """Wide characters and combining marks take the columns that a terminal gives them."""
    lines = format_table([("NAME", "AWAY"), ("ana", "lunch"), ("日本", "x"), ("e\u0301a", "y")])
    assert lines == ["NAME  AWAY", "ana   lunch", "日本  x", "e\u0301a    y"]
    assert [display_width(text) for text in ("ana", "日本", "e\u0301a", "👍")] == [3, 4, 2, 2]


def test_cells_are_cleaned() -> None:
    """What a terminal would obey does not come into a table, and a cell is one line."""
    assert format_table([("a\x1b]0;x\x07b", "c\nd\u202e")]) == ["a]0;xb  c d"]
