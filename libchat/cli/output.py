"""What the program prints: data on standard output, everything else on standard error, nothing that a terminal obeys.

Colours are for terminals only, and not if `NO_COLOR` is set to anything (https://no-color.org).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final, TextIO, TypeAlias

import msgspec

from libchat.text import clean_text

Say: TypeAlias = Callable[[str], None]
"""Prints one line."""

BOLD: Final = "1"
DIM: Final = "2"
RED: Final = "31"
CYAN: Final = "36"


def prepare() -> None:
    """Have every character read and written, whatever the locale: what it does not know is shown as `?`."""
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)  # missing where somebody has put another stream in place
        if reconfigure is not None:
            reconfigure(errors=errors)


def say(line: str) -> None:
    """Print one line of data, at once."""
    print(safe_line(line), flush=True)


def say_json(**fields: str | float | bool | list[str] | None) -> None:
    """Print one JSON object on one line, at once. Texts of peers have been cleaned."""
    print(msgspec.json.encode(fields).decode(), flush=True)


def notice(line: str) -> None:
    """Tell the person something beside the data."""
    print(paint(safe_line(line), DIM, sys.stderr), file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """Tell the person why the program ends, in one line or a few."""
    for line in f"libchat: {text}".split("\n"):
        deplore(line)


def deplore(line: str) -> None:
    """Tell the person what did not work."""
    print(paint(safe_line(line), RED, sys.stderr), file=sys.stderr, flush=True)


def safe_line(text: str) -> str:
    """Return a text as one line that holds nothing a terminal would obey."""
    return clean_text(text).replace("\n", " ")


def paint(text: str, style: str, stream: TextIO) -> str:
    """Return a text in a colour or weight, if the stream shows these."""
    return f"\x1b[{style}m{text}\x1b[0m" if has_colours(stream) else text


def has_colours(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows colours, and the person wants them."""
    return stream.isatty() and knows_ansi() and not os.environ.get("NO_COLOR")


def knows_ansi() -> bool:
    """Return whether the terminal, if there is one, understands escape sequences (ECMA-48)."""
    if os.name == "nt":
        return "WT_SESSION" in os.environ  # the old console shows them as they are
    return os.environ.get("TERM", "") not in ("", "dumb")


def has_person() -> bool:
    """Return whether there is a person at a terminal, who types and reads."""
    return os.isatty(0) and os.isatty(1)


def abandon_stdout() -> None:
    """Have nothing written to standard output any more: its reader has gone, and Python would complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
