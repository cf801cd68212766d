"""The terminal's output: as prompt_toolkit's, but that several steps can be one write.

Between taking the prompt off the screen and drawing it again, a terminal shows it missing. So all that happens when
lines are printed is held back until it can be written at once, and terminals that know synchronized updates (DEC mode
2026) are told to show it at once, too. Others ignore that.

Cursor position requests are off: what they tell (how many rows are below) is of no use to a prompt that prints all the
time, and a slow line would have to be waited for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.output import Output
from prompt_toolkit.output.vt100 import Vt100_Output

BEGIN: Final = "\x1b[?2026h"
END: Final = "\x1b[?2026l"
NOT_RECORDED: Final[Sequence[str]] = ()
"""Stands for what an output writes that cannot be held back."""


class HeldOutput(Vt100_Output):
    """An output whose flushes can be held back."""

    def __init__(self, stdout: TextIO, term: str | None) -> None:
        super().__init__(stdout, lambda: _size(stdout), term=term, enable_cpr=False)
        self._is_held = False

    def flush(self) -> None:
        """Write everything, unless it is held back."""
        if not self._is_held:
            super().flush()

    @contextmanager
    def held(self) -> Iterator[Sequence[str]]:
        """Write everything that happens in the block at its end, at once. Yields what is recorded for that."""
        if self._is_held:
            yield self._buffer
            return
        self._is_held = True
        self.write_raw(BEGIN)
        try:
            yield self._buffer
        finally:
            self.write_raw(END)
            self._is_held = False
            self.flush()


@contextmanager
def held(output: Output) -> Iterator[Sequence[str]]:
    """Have an output hold back what happens in the block, if it can. Yields what is recorded, or `NOT_RECORDED`."""
    if isinstance(output, HeldOutput):
        with output.held() as recorded:
            yield recorded
    else:
        yield NOT_RECORDED


def open_output() -> Output:
    """Return the output of this process's terminal."""
    if sys.platform == "win32":
        from prompt_toolkit.output import create_output

        return create_output(sys.stdout)
    return HeldOutput(sys.stdout, os.environ.get("TERM"))


def _size(stdout: TextIO) -> Size:
    try:
        columns, rows = os.get_terminal_size(stdout.fileno())
    except (OSError, ValueError):  # the terminal has gone, which is noticed elsewhere
        columns, rows = 0, 0
    return Size(rows=rows or 24, columns=columns or 80)
