"""Foreign text on the screen."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat_shell.sanitise import FSI, LINK, PDI, clip, clusters, isolate, safe_line, safe_lines, shown, width, wrap
from support.hostile_texts import TRICKS, hostile, is_balanced, obeyed

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
BIDI = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize("char", [*CONTROLS, *BIDI, "\u2028", "\u2029", "\ud800"], ids=ascii)
def test_nothing_obeyed_is_shown(char: str) -> None:
    """Each C0 and C1 control, bidi control, line separator and half character is gone, or has become a line end."""
    lines = safe_lines(f"a{char}b")
    assert all(char not in line and not obeyed(line) for line in lines)
    assert "".join(lines).replace(" ", "") == "ab"
    assert not obeyed(safe_line(f"a{char}b"))


@pytest.mark.parametrize("trick", TRICKS, ids=ascii)
def test_tricks_become_visible_text(trick: str) -> None:
    """Each known trick is left as text that a terminal only shows."""
    assert not any(obeyed(isolate(line)) for line in safe_lines(trick))
    assert not obeyed(shown(trick))


@given(hostile)
def test_any_text_is_safe(text: str) -> None:
    """No text, whatever is in it, has anything left that a terminal obeys, and cleaning twice changes nothing."""
    lines = safe_lines(text)
    assert not any(obeyed(isolate(line)) for line in lines)
    assert [safe_lines(line)[0] for line in lines if line == line.strip("\n")] == lines
    assert safe_line(safe_line(text)) == safe_line(text)


@pytest.mark.parametrize("text", ["שלום", "مرحبا", "a\u200fb", "١٢"])
def test_right_to_left_is_isolated(text: str) -> None:
    """What has a right-to-left direction cannot reorder what stands beside it."""
    assert isolate(text) == f"{FSI}{text}{PDI}"


@pytest.mark.parametrize("text", ["hello", "Grüße", "漢字", "👍🏽", ""])
def test_left_to_right_is_not_isolated(text: str) -> None:
    """Nothing is added to what needs no isolation."""
    assert isolate(text) is text


def test_heaps_of_marks_are_cut() -> None:
    """A letter keeps a few marks, and not so many that they are drawn over the lines above."""
    assert len(safe_line("Z" + "\u0335" * 100)) <= 8
    assert safe_line("e\u0301\u0323") == "e\u0301\u0323"


def test_tabs_become_spaces() -> None:
    """A tab does not move the cursor to where nobody knows."""
    assert safe_lines("a\tb\n\tc") == ["a    b", "    c"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("漢字", 4),
        ("e\u0301", 1),
        ("👍", 2),
        ("👍🏽", 2),
        ("👩‍👩‍👧‍👦", 2),
        ("🇩🇪", 2),
        ("❤️", 2),
        ("Ａ", 2),
        (f"{FSI}שלום{PDI}", 4),
    ],
)
def test_widths(text: str, columns: int) -> None:
    """Wide characters take two columns, marks none, and an emoji of several characters two."""
    assert width(text) == columns


@given(hostile, st.integers(1, 60))
def test_wrapped_lines_fit(text: str, columns: int) -> None:
    """Nothing but an address is wider than the columns, or two where one character is, and no character is lost."""
    for line in safe_lines(text):
        wrapped = wrap(line, columns)
        assert all(width(each) <= max(columns, 2) or LINK.search(each) for each in wrapped)
        assert "".join(wrapped).replace(" ", "") == line.replace(" ", "")


@given(hostile, st.integers(0, 60))
def test_clipped_texts_fit(text: str, columns: int) -> None:
    """A clipped text has at most so many columns, and begins as the whole."""
    line = safe_line(text)
    clipped = clip(line, columns)
    assert width(clipped) <= columns
    assert line.startswith(clipped.removesuffix("…").rstrip()) or clipped == line


def test_addresses_are_not_broken() -> None:
    """An address stands in one piece in a line of its own, so that a terminal knows it as one."""
    address = "https://example.org/" + "a" * 60
    assert wrap(f"look at {address} or not", 30) == ["look at", address, "or not"]


def test_addresses_with_foreign_letters_are_broken() -> None:
    """What only looks like an address may hold blanks that make a line of somebody else of it: it is broken."""
    assert all(width(line) <= 20 for line in wrap("https://a.example/" + "\u00a0" * 30 + "bo: fake", 20))


def test_words_are_kept_whole() -> None:
    """Lines are broken at spaces, and spaces between words are kept elsewhere."""
    assert wrap("one two  three four", 10) == ["one two", "three four"]
    assert wrap("  indented", 20) == ["  indented"]
    assert wrap("anything", 0) == ["anything"]


def test_clusters_stay_together() -> None:
    """What is seen as one character is never taken apart."""
    assert list(clusters("ae\u0301👩‍👧🇩🇪🇫🇷👍🏽")) == ["a", "e\u0301", "👩‍👧", "🇩🇪", "🇫🇷", "👍🏽"]


def test_isolates_are_balanced() -> None:
    """The helper of these tests knows an open isolate from a closed one."""
    assert is_balanced(f"a{FSI}b{PDI}")
    assert not is_balanced(f"{FSI}a")
    assert not is_balanced(f"{PDI}{FSI}")


def test_widths_need_no_toolkit() -> None:
    """Plain mode uses these helpers, and prompt_toolkit is not imported by them."""
    import subprocess

    code = "import sys, libchat_shell.sanitise as s; s.width('漢'); print('prompt_toolkit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
