"""Cleaning of text that a peer wrote, before anybody keeps it or shows it.

A terminal obeys some characters instead of showing them. These are taken out; all that is visible stays:

* C0 and C1 controls, DEL and ESC: they move the cursor, recolour the screen, ring the bell, answer for the person.
  Only newline and tab stay. What followed an ESC stays as text: visible, and harmless.
* The bidi embeddings, overrides and isolates (U+202A to U+202E, U+2066 to U+2069): one that is left open reorders what
  stands after it, so that a line can claim another sender or another file name ("Trojan Source", CVE-2021-42574).
  LRM, RLM and ALM stay: they are single characters with a direction, open nothing, and people who mix directions type
  them. ZWJ and ZWNJ stay: emoji of families and professions, Persian and many Indic words are written with them.
* Lone surrogates: they are no characters, and no UTF-8 can hold them.

CR, CR LF and Unicode's line and paragraph separators become newlines. All functions here are idempotent, so that a text
may be cleaned at the door and once more at the screen.
"""

from __future__ import annotations

import re
from typing import Final

from libchat.errors import Code, InvalidMessage
from libchat.limits import REACTION_CHARACTERS, TEXT_BYTES, TOPIC_BYTES

__all__ = ["check_text", "clean_line", "clean_text", "split_text"]

_HARMFUL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"  # CR is a line end, see below
)
_LINE_ENDS: Final = re.compile("\r\n|[\r\u2028\u2029]")
_BREAKS: Final = re.compile("[\n\t]+")

_BLANK: Final = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)
"""Texts of which nothing is seen: white space, Unicode's Default_Ignorable_Code_Point, and the Braille blank."""

_UTF8_LONGEST: Final = 4
"""Bytes of the longest character in UTF-8 (RFC 3629)."""


def clean_text(text: str) -> str:
    """Return the text without what a terminal would obey, its lines ended by newlines, none before or after it.

    A text that needs no cleaning is returned as the same object.
    """
    if text.isprintable():  # no character that we remove or change is printable to Python, nor is a newline
        return text
    return _LINE_ENDS.sub("\n", _HARMFUL.sub("", text)).strip("\n")


def clean_line(text: str) -> str:
    """Return the text as one line: cleaned, newlines and tabs turned into single spaces, white space around it gone.

    For what has one line to be shown in: topics, away notes, reasons.
    """
    if text.isprintable():
        return text.strip()
    return _BREAKS.sub(" ", clean_text(text)).strip()


def check_text(text: str, limit: int) -> str:
    """Return the cleaned text if it can be sent: something is seen of it, in at most `limit` bytes of UTF-8.

    Raises `InvalidMessage` with `Code.EMPTY_TEXT` or `Code.TEXT_TOO_LONG`, and a reason that says what to do.
    """
    cleaned = clean_text(text)
    if not "!" <= cleaned[:1] <= "~" and _BLANK.fullmatch(cleaned):  # nearly all begin with a letter that is seen
        raise InvalidMessage(Code.EMPTY_TEXT, "nothing of this text can be seen; write something")
    if len(cleaned) * _UTF8_LONGEST > limit:
        _check_size(cleaned, limit)
    return cleaned


def split_text(text: str, limit: int = TEXT_BYTES) -> list[str]:
    """Return a text in parts that can be sent, ended at lines where that is possible."""
    parts, part = [], ""
    for line in text.split("\n"):
        while len(line.encode()) > limit:
            head = line.encode()[:limit].decode(errors="ignore")
            parts += [part, head] if part else [head]
            part, line = "", line[len(head) :]  # noqa: PLW2901  # the rest of it
        if len(f"{part}\n{line}".encode()) > limit:
            parts.append(part)
            part = line
        else:
            part = f"{part}\n{line}" if part else line
    return [each for each in [*parts, part] if each.strip()]


def check_note(text: str) -> str:
    """Return a cleaned one-line text, which may be empty."""
    text = clean_line(text)
    return check_text(text, TOPIC_BYTES) if text else ""


def check_reaction(text: str) -> str:
    """Return a cleaned reaction. Raises `InvalidMessage`."""
    text = check_text(clean_line(text), TEXT_BYTES)
    if len(text) > REACTION_CHARACTERS:
        raise InvalidMessage(Code.TEXT_TOO_LONG, f"a reaction has {REACTION_CHARACTERS} characters at most")
    return text


def _check_size(cleaned: str, limit: int) -> None:
    size = len(cleaned) if cleaned.isascii() else len(cleaned.encode())
    if size > limit:
        raise InvalidMessage(
            Code.TEXT_TOO_LONG, f"this text has {size} bytes, and {limit} are allowed; send it in several parts"
        )
