"""What foreign text must go through before it is printed: the one place.

`libchat.text` takes out what a terminal obeys. On the screen four more tricks are left, all met here:

* Right-to-left letters reorder what stands beside them, also text that is not theirs. Whatever holds some is isolated
  (FSI ... PDI, UAX #9): it cannot turn round the name or the time before it. Isolates of its own were taken out before,
  so what is opened here is closed here.
* A tab moves the cursor by a number of columns that nobody here knows: it becomes spaces.
* Heaps of combining marks are drawn over the lines above. More than a few on one letter are dropped.
* A text that is wider than the screen goes on at its left edge, where names stand. So it is broken here, and its
  further lines are indented. Only an address of the web is never broken, so that it can be clicked: it is ASCII without
  a space, and cannot look like a line of somebody else.

Widths are those of wcwidth where that is installed (it comes with prompt_toolkit), else nearly the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from libchat.text import clean_line, clean_text

FSI: Final = "\u2068"
PDI: Final = "\u2069"
TAB: Final = " " * 4
MARKS: Final = 6
"""Combining marks on one letter: more than any language puts there."""

LINK: Final = re.compile(r"(?:https?|ftp|libchat|ircs?|xmpp|matrix|gemini)://[!-~]+|mailto:[!-~]+", re.IGNORECASE)

_COMBINING: Final = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
)
_HEAP: Final = re.compile(f"([{_COMBINING}]{{{MARKS}}})[{_COMBINING}]+")
_WORDS: Final = re.compile(" +|[^ ]+")
_RIGHT_TO_LEFT: Final = frozenset(("R", "AL", "AN"))
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_ZWJ: Final = "\u200d"


def safe_lines(text: str) -> list[str]:
    """Return the lines of a text; there is one at least. Each is safe to print, but not yet isolated."""
    if text.isascii() and text.isprintable():
        return [text]
    return [_tame(line) for line in clean_text(text).split("\n")]


def safe_line(text: str) -> str:
    """Return a text as one line that is safe to print, but not yet isolated."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return _tame(clean_line(text))


def isolate(text: str) -> str:
    """Return a clean text so that it cannot reorder what stands beside it."""
    if text.isascii() or not any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text):
        return text
    return f"{FSI}{text}{PDI}"


def shown(text: str) -> str:
    """Return a foreign word or sentence as it may stand in the middle of a line of ours."""
    return isolate(safe_line(text))


def _tame(line: str) -> str:
    return _HEAP.sub(r"\1", line.replace("\t", TAB))


# --- widths ---------------------------------------------------------------------------------------------------------


def width(text: str) -> int:
    """Return how many columns of a terminal a clean text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_cluster_width, clusters(text)))


def clip(text: str, columns: int, mark: str = "…") -> str:
    """Return a clean text in at most so many columns; what is cut off is told by a mark, which is one column wide."""
    if width(text) <= columns:
        return text
    taken = 0
    parts: list[str] = []
    for cluster in clusters(text):
        taken += _cluster_width(cluster)
        if taken >= columns:
            break
        parts.append(cluster)
    return ("".join(parts).rstrip() + mark[:1]) if columns > 0 else ""


def wrap(text: str, columns: int) -> list[str]:
    """Return a clean line broken into lines of so many columns, at spaces where there are some.

    Only an address of the web may be wider. With `columns` below 1, nothing is broken.
    """
    if columns < 1 or width(text) <= columns:
        return [text]
    lines, line, used = [], "", 0
    measure = len if text.isascii() else width
    for word in _WORDS.findall(text):
        size = measure(word)
        if used and used + size > columns:
            lines.append(line.rstrip(" "))
            line, used = "", 0
            if word[0] == " ":
                continue
        if size <= columns or _is_link(word):
            line, used = line + word, used + size
            continue
        *full, line = _break(word, columns)
        lines += full
        used = width(line)
    return [*lines, line.rstrip(" ")] if line.rstrip(" ") or not lines else lines


def clusters(text: str) -> Iterator[str]:
    """Yield what a person sees as one character each: with its marks, joined emoji, flags (about as UAX #29 does)."""
    current = ""
    for char in text:
        if current and _continues(current, char):
            current += char
            continue
        if current:
            yield current
        current = char
    if current:
        yield current


def _continues(current: str, char: str) -> bool:
    if char.isascii():
        return False
    if current[-1] == _ZWJ or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return True
    code = ord(char)
    return code in _SKIN_TONES or (code in _FLAGS and len(current) == 1 and ord(current) in _FLAGS)


@lru_cache(4096)
def _cluster_width(cluster: str) -> int:
    """Return the columns of what is seen as one character: those of its widest, two if it is to be shown as emoji."""
    if cluster.isascii():
        return 1
    widest = max(map(_char_width, cluster))
    return 2 if widest and (len(cluster) > 1 and (cluster[1] == "\ufe0f" or ord(cluster[1]) in _FLAGS)) else widest


def _char_width(char: str) -> int:
    try:
        from wcwidth import wcwidth
    except ImportError:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            return 0
        return 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return max(int(wcwidth(char)), 0)


def _break(word: str, columns: int) -> list[str]:
    """Return a word that is too long for a line in parts that are not."""
    parts, part, used = [], "", 0
    for cluster in clusters(word):
        size = _cluster_width(cluster)
        if part and used + size > columns:
            parts.append(part)
            part, used = "", 0
        part, used = part + cluster, used + size
    return [*parts, part]


def _is_link(word: str) -> bool:
    return word.isascii() and LINK.search(word) is not None
