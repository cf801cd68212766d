"""Signals: every one that asks the program to end becomes a KeyboardInterrupt in the main thread."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Final

ENDING: Final = ("SIGTERM", "SIGBREAK", "SIGHUP")
"""Besides SIGINT. Each exists on some systems only."""

WAIT_SECONDS: Final = 0.5
"""How long the main thread may wait at a time. A wait does not end when a signal comes: on Windows never, elsewhere if
the system has given it to another thread, as it does while somebody traces the program."""


class Terminated(KeyboardInterrupt):
    """Somebody asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def install() -> None:
    """Have SIGTERM and its like end the program as Ctrl-C does.

    SIGINT is taken also where a shell script has put the program into the background with SIGINT ignored: who sends
    it there, means it. SIGHUP stays ignored under `nohup`.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


class HangUp:
    """What SIGHUP means to a server: read the settings anew; but if its terminal is lost, it ends, as all programs do.

    Made in the main thread, after `install`. Without SIGHUP (Windows), or where it is ignored (`nohup`), nothing is
    ever sent.
    """

    def __init__(self) -> None:
        self._had_terminal = _has_terminal()
        self._count = 0
        self._seen = 0
        number = getattr(signal, "SIGHUP", None)
        if number is not None and signal.getsignal(number) is _terminate:
            signal.signal(number, self._take)

    def was_sent(self) -> bool:
        """Return whether the signal came since this was asked last."""
        count = self._count
        was_sent, self._seen = count != self._seen, count
        return was_sent

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._had_terminal and not _has_terminal():
            raise Terminated(number)
        self._count += 1


def _has_terminal() -> bool:
    """Return whether the process has a terminal that can take its life by going away."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):  # Windows has neither
        return False
    return True


def interrupt_main() -> None:
    """Have the main thread get a KeyboardInterrupt, even while it waits for a line to be typed."""
    main = threading.main_thread().ident
    assert main is not None
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(number)
