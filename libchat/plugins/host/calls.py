"""Calls into plugins, and the record of those that went wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from libchat.errors import ChatError, PluginError
from libchat.locks import PLUGINS, tiered_lock
from libchat.plugins.host.listed import Failure
from libchat.plugins.loaded.guard import Abandoned, Guard, describe, traceback_of
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.output import Capture, captured, tell_printed
from libchat.plugins.loaded.surface import Surface

FAILURES: Final = 3
"""Failures after which a plugin is switched off: one may be bad luck, three are a mistake."""

BUILTIN_SECONDS: Final = 120.0
"""How long the program's own commands may take: they wait for servers, which have their own patience."""

KEPT_ERRORS: Final = 100
"""Failures that are kept for who looks them up: the newest ones."""


class Calls:
    """Calls functions of plugins. `on_enough` is called with a plugin that has failed too often, and why."""

    def __init__(self, surface: Surface, guard: Guard, on_enough: Callable[[Home, str], None]) -> None:
        self._surface = surface
        self._guard = guard
        self._on_enough = on_enough
        self._lock = tiered_lock(PLUGINS)
        self._errors: deque[Failure] = deque(maxlen=KEPT_ERRORS)

    @property
    def errors(self) -> Sequence[Failure]:
        """What went wrong lately, oldest first."""
        with self._lock:
            return tuple(self._errors)

    def call(self, home: Home, function: Callable[[], object], where: str) -> object:
        """Return what a function returns.

        What it does wrong is noted, and raised as `PluginError`. `ChatError` and TimeoutError pass.
        """
        try:
            return self._call(home, function)
        except PluginError as error:
            if error.kind != "load":
                self.note(home, where, error)
            raise

    def attempt(self, home: Home, function: Callable[[], object], where: str) -> None:
        """Call a function of which nobody waits for the result."""
        try:
            self.call(home, function, where)
        except PluginError as error:
            if error.kind == "load":  # all others are noted
                self.note(home, where, PluginError(home.name, error.reason, "told"))
        except (ChatError, TimeoutError) as error:
            self.note(home, where, PluginError(home.name, str(error), "told"))

    def load(self, home: Home, function: Callable[[], object], where: str) -> object:
        """Return what a function returns without which there is no plugin. Raises `PluginError` of the kind "load"."""
        try:
            return self._call(home, function)
        except PluginError as error:
            reason = error.reason if error.kind == "load" else f"{where}: {error.reason}"
            raise PluginError(home.name, reason, "load", error.details) from error
        except (ChatError, TimeoutError) as error:
            raise PluginError(home.name, f"{where}: {error}", "load", traceback_of(error)) from error

    def run_thread(self, home: Home, function: Callable[[], object], where: str) -> None:
        """Run a plugin's own thread, in this one."""
        capture = Capture()
        try:
            with captured(capture):
                function()
        except Abandoned:
            pass
        except BaseException as fault:  # noqa: BLE001  # the outermost frame of a plugin
            self.note(home, where, PluginError(home.name, describe(fault), "raised", traceback_of(fault)))
        finally:
            tell_printed(capture, home.name, self._surface.tell)

    def keep(self, name: str, where: str, error: PluginError) -> None:
        """Keep what is wrong with a plugin that could not be loaded."""
        with self._lock:
            self._errors.append(Failure(name, self._surface.clock(), where, error.reason, error.details))

    def note(self, home: Home, where: str, error: PluginError) -> None:
        """Keep a failure; when it is one too many, the plugin goes. One of the kind "told" does not count."""
        failure = Failure(home.name, self._surface.clock(), where, error.reason, error.details)
        with self._lock:
            if home.is_gone and error.reason == Abandoned.__name__:
                return  # it was told to stop, and did
            self._errors.append(failure)
            if error.kind == "told" or home.is_builtin or home.is_gone:
                return
            home.failures += 1
            is_enough = home.failures >= FAILURES
        if is_enough:
            self._on_enough(home, f"it has failed {FAILURES} times, lastly in {where}: {error.reason}")

    def _call(self, home: Home, function: Callable[[], object]) -> object:
        capture = Capture()
        seconds = BUILTIN_SECONDS if home.is_builtin else None
        try:
            return self._guard.call(function, plugin=home.name, seconds=seconds, capture=capture, owner=home)
        finally:
            tell_printed(capture, home.name, self._surface.tell)
