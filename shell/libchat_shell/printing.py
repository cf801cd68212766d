"""The log above the prompt: lines come from any thread, and are printed in batches.

A batch costs one redrawing of the prompt, however many lines it has. The first line after a pause is printed at once;
what follows within `PAUSE_SECONDS` waits for the next batch. So a flood redraws the prompt ten times a second, and a
person who types has the rest of the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from prompt_toolkit.output import Output

from libchat_shell.terminal import held

if TYPE_CHECKING:
    from prompt_toolkit.application import Application

    from libchat_shell.lines import Line

PAUSE_SECONDS: Final = 0.1
"""Between two batches: a person does not see lines come more often, and a redrawing takes some milliseconds."""
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
            self._write("\r\n".join(lines) + "\r\n")
            self._printed = self._clock()

    def _write(self, text: str) -> None:
        app = self._app
        if app is None or not app.is_running:
            self._output.write_raw(text)
            self._output.flush()
            return
        with held(self._output):
            app.renderer.erase(leave_alternate_screen=False)
            self._output.write_raw(text)
            app._redraw()
