"""Tables that the program prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from libchat.cli import output
from libchat.tables import display_width, format_table

__all__ = ["display_width", "format_table", "print_table"]


def print_table(heading: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> None:
    """Print a table; its heading, and what is said of an empty one, are for people only."""
    is_terminal = sys.stdout.isatty()
    if not rows:
        if is_terminal:
            output.notice(nothing)
        return
    lines = format_table([heading, *rows] if is_terminal else rows)
    if is_terminal:
        print(output.paint(lines.pop(0), output.BOLD, sys.stdout))
    print("\n".join(lines), flush=True)
