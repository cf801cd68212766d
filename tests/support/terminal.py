"""A terminal with a program on it, and what a person sees there: a pseudo terminal, and pyte that understands it.

Nothing here sleeps: a thread reads what the program writes, and whoever waits for something on the screen is woken.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import pyte

from support.program import PATIENCE

TAKE_TERMINAL: Final = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Makes standard input the terminal whose Ctrl-C reaches the program, and becomes the program."""

LIBCHAT: Final = ("-m", "libchat")


class Terminal:
    """A program of ours on a terminal of its own. A context manager: what still runs at its end is killed."""

    def __init__(
        self,
        *arguments: str,
        env: dict[str, str],
        rows: int = 24,
        columns: int = 80,
        program: tuple[str, ...] = LIBCHAT,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        self._set_size(slave, rows, columns)
        self.modes_before = termios.tcgetattr(slave)
        self._slave = slave
        self._process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *program, *arguments],
            env={**env, "TERM": "xterm-256color", "TZ": "UTC"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        self.written = b""
        """Everything that was written to the terminal."""
        self.read_at = 0.0
        """When the last of it was read (`time.perf_counter`)."""
        self.on_quiet: Callable[[], None] | None = None
        """Called, in the thread that reads, whenever all that was written is on the screen."""
        self._woken, self._wake = os.pipe()
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def text(self) -> str:
        """What is on the screen, without the blanks at the ends of rows and below the last row.

        Those before the cursor count: they were written.
        """
        with self._changed:
            cursor = self.screen.cursor
            rows = [
                row.rstrip().ljust(cursor.x if number == cursor.y else 0)
                for number, row in enumerate(self.screen.display)
            ]
        return "\n".join(rows).rstrip("\n")

    @property
    def rows(self) -> list[str]:
        """The rows of the screen that hold something, from the top."""
        return [row for row in self.text.split("\n") if row]

    def row_of(self, text: str) -> int:
        """Return the number of the row in which a text stands, from the top."""
        return next(number for number, row in enumerate(self.text.split("\n")) if text in row)

    def press(self, keys: str) -> None:
        """Press keys."""
        data = keys.encode()
        while data:
            data = data[os.write(self._master, data[:1024]) :]

    def paste(self, text: str) -> None:
        """Paste a text, as terminals do that know bracketed paste."""
        self.press(f"\x1b[200~{text}\x1b[201~")

    def resize(self, rows: int, columns: int) -> None:
        """Make the terminal larger or smaller."""
        with self._changed:
            self.screen.resize(rows, columns)
        self._set_size(self._master, rows, columns)
        self._process.send_signal(signal.SIGWINCH)

    def expect(self, *texts: str) -> None:
        """Wait until all these texts are on the screen at once."""
        self.wait(lambda: all(text in self.text for text in texts), " and ".join(map(repr, texts)))

    def expect_gone(self, text: str) -> None:
        """Wait until a text is no longer on the screen."""
        self.wait(lambda: text not in self.text, f"the end of {text!r}")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                assert left > 0, f"{what} did not come:\n{self.text}"
                self._changed.wait(left)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        code = self._process.wait(PATIENCE)
        with self._changed:
            self._changed.notify_all()
        return code

    @property
    def modes(self) -> list[object]:
        """The modes of the terminal: what the program has left behind, when it has ended."""
        return termios.tcgetattr(self._slave)

    def hang_up(self) -> None:
        """Close the terminal."""
        if self._master >= 0:
            os.write(self._wake, b"x")
            self._reader.join(PATIENCE)
            for handle in (self._slave, self._master, self._wake, self._woken):
                os.close(handle)
            self._master = -1

    def __enter__(self) -> Self:
        """Return the terminal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the program if it still runs."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self.hang_up()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._woken], [], [])
            if self._woken in ready:
                return
            data = os.read(self._master, 65536)
            read_at = time.perf_counter()
            with self._changed:
                self.read_at = read_at
                self.written += data
                self._stream.feed(data)
                self._changed.notify_all()
            look = self.on_quiet
            if look is not None and not select.select([self._master], [], [], 0)[0]:
                look()

    @staticmethod
    def _set_size(handle: int, rows: int, columns: int) -> None:
        fcntl.ioctl(handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
