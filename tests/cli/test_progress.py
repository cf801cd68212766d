"""The line that says how far something has come."""

from __future__ import annotations

import io

import pytest

from libchat.cli.progress import ProgressLine


class Terminal(io.StringIO):
    """A terminal of one line: it knows what can be seen."""

    is_terminal = True

    def isatty(self) -> bool:
        """Return what it was made to be."""
        return self.is_terminal

    @property
    def seen(self) -> str:
        """What stands on the line."""
        line: list[str] = []
        column = 0
        for char in self.getvalue():
            if char == "\r":
                column = 0
            else:
                line[column : column + 1] = [char]
                column += 1
        return "".join(line).rstrip()


class Clock:
    """A clock that goes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_what_is_quick_shows_nothing() -> None:
    """Within a second, nothing is written at all."""
    terminal, clock = Terminal(), Clock()
    with ProgressLine("copying", terminal, clock) as progress:
        progress(1, 10)
        clock.now += 0.99
        progress(9, 10)
    assert terminal.getvalue() == ""


def test_what_takes_longer_is_shown_and_erased() -> None:
    """After a second the line says how far it is, changes, and is gone in the end."""
    terminal, clock = Terminal(), Clock()
    with ProgressLine("copying", terminal, clock) as progress:
        clock.now += 1
        progress(999, 2_000)
        assert terminal.seen == "copying: 49 % (999 of 2,000)"
        clock.now += 0.05
        progress(1_500, 2_000)
        assert terminal.seen == "copying: 49 % (999 of 2,000)"
        clock.now += 0.05
        progress(2_000, 2_000)
        assert terminal.seen == "copying: 2,000"
    assert terminal.seen == ""
    assert terminal.getvalue().endswith("\r")
    assert "\n" not in terminal.getvalue()


def test_an_unknown_end() -> None:
    """Where nobody knows how much there is, it says how much is done, if anything is."""
    terminal, clock = Terminal(), Clock()
    with ProgressLine("importing", terminal, clock) as progress:
        clock.now += 1
        progress(0, 0)
        assert terminal.seen == "importing: ..."
        clock.now += 1
        progress(12_345, 0)
        assert terminal.seen == "importing: 12,345"


def test_it_is_erased_after_an_error() -> None:
    """What is said about an error does not stand behind the line."""
    terminal, clock = Terminal(), Clock()
    with pytest.raises(KeyboardInterrupt):
        _interrupt(ProgressLine("copying", terminal, clock), clock)
    assert "copying" in terminal.getvalue()
    assert terminal.seen == ""


def _interrupt(line: ProgressLine, clock: Clock) -> None:
    with line as progress:
        clock.now += 5
        progress(1, 2)
        raise KeyboardInterrupt


def test_without_a_terminal_nothing_is_shown() -> None:
    """A log file gets no such lines."""
    terminal, clock = Terminal(), Clock()
    terminal.is_terminal = False
    with ProgressLine("copying", terminal, clock) as progress:
        clock.now += 5
        progress(1, 2)
    assert terminal.getvalue() == ""
