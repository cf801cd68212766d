"""Texts of people who want to take over somebody's terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

from hypothesis import strategies as st

ISOLATES: Final = "\u2068\u2069"

TRICKS: Final = (
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b[1A\x1b[2K16:41        bo │ fake",  # overwrites the line above
    "\x1b]0;title\x07",  # sets the title
    "\x1b]52;c;cm0gLXJmIC8=\x07",  # writes the clipboard
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",  # a link that leads elsewhere
    "\x1b]9;ping\x07",
    "\x1bP+q544e\x1b\\",  # asks the terminal, which answers as if typed
    "\x9b31m\x9d0;title\x9c",  # the same in C1
    "\x1bc",
    "\x0e\x0f",  # other character sets
    "a\rbo: fake",
    "a\n16:41        bo │ fake\nb",
    "a\u2028bo: fake\u2029",
    "a\x85b\x0bc\x0cd",
    "\u202efake\u202d\u202a\u202b\u202c",
    "\u2066a\u2067b\u2068c\u2069\u2069\u2069",
    "שלום \u2067 (bo) 16:41",
    "مرحبا\u200f 123 :bo",
    "Z" + "\u0335\u0336\u0337\u0338" * 40,
    "\t" * 30 + "bo: fake",
    "\u00a0" * 75 + "16:41 bo │ fake",
    "\u3000" * 45 + "16:41 bo │ fake",
    "\u2800" * 75 + "bo: fake",
    "x" * 200,
    "漢字" * 60,
    "👩‍👩‍👧‍👦" * 30,
    "🇩🇪🇫🇷" * 25,
    "https://example.org/" + "a" * 150,
    "https://example.org/\u202egnp.exe",
    "\ud800\udfff",
    "\u200b\u2060\ufeff\u00ad",
    "/me \x1b[31m waves\nbo: fake",
    "│" * 70,
)

hostile: Final = st.lists(
    st.one_of(st.sampled_from(TRICKS), st.text(st.characters(exclude_categories=()), max_size=12)),
    min_size=1,
    max_size=4,
).map("".join)
"""Any text, and tricks put together."""


def obeyed(line: str) -> set[str]:
    """Return what of a line a terminal would obey, or what would reorder what stands beside it."""
    harmful = {char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")}
    harmful |= set(line) & set(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))) - set(ISOLATES)
    return harmful | (set() if is_balanced(line) else {"an isolate that is open"})


def is_balanced(line: str) -> bool:
    """Return whether each isolate is closed in its line, and nothing else is."""
    depth = 0
    for char in line:
        depth += (char == ISOLATES[0]) - (char == ISOLATES[1])
        if depth < 0:
            return False
    return depth == 0
