"""Plots are as wide as they are told, whoever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat.tables import display_width
from libchat_plugins._charts import bar, bars, fit, sparkline, squeeze


def test_bars_line_up_with_wide_names() -> None:
    """A name of wide characters takes as many columns as one of narrow ones."""
    lines = bars([("ana", 4, "4"), ("日本", 2, "2"), ("bó", 1, "1")], 20)
    assert lines == [
        "ana  █████████████ 4",
        "日本 ██████▌ 2",
        "bó   ███▎ 1",
    ]


def test_a_bar_has_eighths_and_ascii_has_none() -> None:
    """A bar is as fine as characters allow."""
    assert bar(0.55, 10) == "█████▌"
    assert bar(0.001, 10) == "▏"
    assert bar(0, 10) == ""
    assert bar(0.5, 10, ascii_only=True) == "#####"


def test_a_sparkline_has_a_step_for_each_value() -> None:
    """The most is a full block, nothing is a blank, and a little is seen."""
    assert sparkline([0, 1, 50, 100]) == " ▁▄█"
    assert sparkline([0, 1, 3]) == " ▃█"
    assert sparkline([0, 1, 50, 100], ascii_only=True) == " _=#"
    assert sparkline([]) == ""


def test_values_are_squeezed_without_losing_any() -> None:
    """Where there is no room for all, neighbours are added."""
    assert squeeze([1, 2, 3, 4, 5, 6, 7], 3) == [3, 7, 18]
    assert squeeze([1, 2], 3) == [1, 2]


@given(st.text(max_size=30), st.integers(1, 20))
def test_what_fits_has_the_display_width(text: str, columns: int) -> None:
    """A fitted text has exactly its columns, whatever is in it."""
    assert display_width(fit(text, columns)) == columns


@given(
    st.lists(st.tuples(st.text(max_size=40), st.integers(0, 10**6), st.just("9 (1 %)")), max_size=8),
    st.integers(20, 120),
)
def test_no_plot_is_wider_than_told(rows: list[tuple[str, int, str]], columns: int) -> None:
    """No line of a plot is wrapped by a terminal of that width."""
    assert all(display_width(line) <= columns for line in bars(rows, columns))
