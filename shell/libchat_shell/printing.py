"""The log above the prompt: lines come from any thread, and are printed in batches.

A batch costs one drawing of the prompt, however many lines it has; a long one repeats what was drawn. The first line
after a pause is printed at once; what follows within `PAUSE_SECONDS` waits for the next batch. So a flood draws the
prompt ten times a second, and a person who types has the rest of the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from prompt_toolkit.output import Output

from libchat_shell.terminal import NOT_RECORDED, held

if TYPE_CHECKING:
    from prompt_toolkit.application import Application

    from libchat_shell.lines import Line

PAUSE_SECONDS: Final = 0.1
"""Between two batches: a person does not see lines come more often, and a redrawing takes some milliseconds."""
CHUNK_BYTES: Final = 1500
"""About so much is written at once, and the prompt with it. Linux hands a terminal 2,048 bytes at a time (`tty_write`):
a terminal that draws in between shows the prompt all the same."""
ESC: Final = "\x1b"
WAITING_LINES: Final = 20_000
"""Lines that wait to be printed at most: more than any terminal scrolls back. The oldest give way, which is told."""


class Printer:
    """Prints lines above the prompt of an application, or straight on the output while none runs.

    `paint` makes of a line what a terminal understands. The lines' texts have been cleaned.
    """

    def __init__(
        self, output: Output, paint: Callable[[Line], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._output = output
        self._paint = paint
        self._clock = clock
        self._app: Application[Any] | None = None
        self._lock = threading.Lock()  # around the lines that wait, and nothing is called under it
        self._waiting: list[str] = []
        self._lost = 0
        self._is_scheduled = False
        self._printed = 0.0

    def attach(self, app: Application[Any] | None) -> None:
        """Print above this application from now on, or straight away. In the application's thread."""
        with self._lock:
            self._app = app
            self._is_scheduled = False
        self._schedule()

    def post(self, lines: Iterable[Line]) -> None:
        """Have lines printed. From any thread."""
        painted = [self._paint(line) for line in lines]
        with self._lock:
            self._waiting += painted
            if len(self._waiting) > WAITING_LINES:
                excess = len(self._waiting) - WAITING_LINES // 2
                self._lost += excess
                del self._waiting[:excess]
        if painted:
            self._schedule()

    def _schedule(self) -> None:
        with self._lock:
            app = self._app
            if self._is_scheduled or not self._waiting:
                return
            loop = app.loop if app is not None else None
            self._is_scheduled = loop is not None
        if loop is None:
            self.flush()
            return
        try:
            loop.call_soon_threadsafe(self._flush_in_time)
        except RuntimeError:  # the loop has just been closed
            self.flush()

    def _flush_in_time(self) -> None:
        """Flush now, or when the pause since the last batch is over. In the application's thread."""
        app = self._app
        wait = self._printed + PAUSE_SECONDS - self._clock()
        if app is not None and app.loop is not None and (wait > 0 or app._running_in_terminal):
            app.loop.call_later(max(wait, PAUSE_SECONDS / 2), self._flush_in_time)
            return
        self.flush()

    def flush(self) -> None:
        """Print everything that waits. In the application's thread, if one runs."""
        with self._lock:
            lines, self._waiting = self._waiting, []
            lost, self._lost = self._lost, 0
            self._is_scheduled = False
        if lost:
            lines.insert(0, f"-- {lost} lines came too fast to be shown --")
        if lines:
            self._write(_chunks(lines))
            self._printed = self._clock()

    def _write(self, chunks: Iterator[str]) -> None:
        app, output = self._app, self._output
        if app is None or not app.is_running:
            output.write_raw("".join(chunks))
            output.flush()
            return
        with held(output) as recorded:
            app.renderer.erase(leave_alternate_screen=False)
            output.write_raw(next(chunks))
            before = len(recorded)
            app._redraw()
            prompt = "".join(recorded[before:])
        for chunk in chunks:
            with held(output) as recorded:
                if recorded is NOT_RECORDED:
                    app.renderer.erase(leave_alternate_screen=False)
                    output.write_raw(chunk)
                    app._redraw()
                else:
                    output.write_raw(f"{_erasing(app)}{chunk}{prompt}")  # nothing has changed but what is above


def _erasing(app: Application[Any]) -> str:
    """Return what takes the prompt off the screen, as `Renderer.erase` does."""
    at = app.renderer._cursor_pos
    return f"\r{f'{ESC}[{at.y}A' if at.y else ''}{ESC}[J{ESC}[0m"


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines in chunks that a terminal gets at once."""
    chunk: list[str] = []
    size = 0
    for line in lines:
        length = 2 * len(line) if not line.isascii() else len(line)
        if chunk and size + length > CHUNK_BYTES:
            yield "\r\n".join(chunk) + "\r\n"
            chunk, size = [], 0
        chunk.append(line)
        size += length + 2
    yield "\r\n".join(chunk) + "\r\n"
