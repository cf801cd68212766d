"""Signals: every one that asks the program to end becomes a KeyboardInterrupt in the main thread."""

from __future__ import annotations

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
