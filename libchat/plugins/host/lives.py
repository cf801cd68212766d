"""The life of one plugin: built from its source, begun, and cleared up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from libchat.errors import PluginError
from libchat.plugins.host.background import without_waiting
from libchat.plugins.host.calls import Calls
from libchat.plugins.loaded.collect import Declared, HookUse, collect
from libchat.plugins.loaded.config import is_refusing, make_config
from libchat.plugins.loaded.guard import Guard
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.surface import Surface
from libchat.plugins.loaded.timer import Timers
from libchat.plugins.sources.find import Found
from libchat.plugins.sources.modules import forget_module, make_module, run_module

Config = Mapping[str, Mapping[str, object]]


class Lives:
    """Builds, begins and clears up. It knows nothing of what else is loaded: that is the host's."""

    def __init__(
        self,
        surface: Surface,
        guard: Guard,
        timers: Timers,
        calls: Calls,
        *,
        data: Path | None,
        config: Config | Callable[[], Config],
        refuse_on_failure: bool,
        completion_seconds: float,
    ) -> None:
        self._surface = surface
        self._guard = guard
        self._timers = timers
        self._calls = calls
        self._data = data
        self._config = config
        self._refuse_on_failure = refuse_on_failure
        self._completion_seconds = completion_seconds

    def home_of_builtin(self, name: str) -> Home:
        """Return a home for commands of the program itself."""
        return self._home(name, self._data / name if self._data is not None else None, is_builtin=True)

    def build(self, found: Found, source: bytes, check: Callable[[Home], None]) -> Home:
        """Return a plugin that is ready to begin, and has done nothing yet but what importing it does.

        `check` raises `PluginError` if it cannot be beside the others.
        """
        home = self._home(found.name, self._data / "plugins" / found.name if self._data is not None else None)
        home.found, home.source = found, source
        table = self._table(found.name)
        home.is_refusing = is_refusing(table, found.name, default=self._refuse_on_failure)
        home.module = module = make_module(found, source)
        try:
            self._calls.load(home, lambda: run_module(module), "importing it")
            home.config = self._calls.load(
                home, lambda: make_config(vars(module).get("Config"), table, found.name), "Config"
            )
            home.take(self.prepared(collect(module, found.name), found.name))
            check(home)
        except BaseException:
            self.clear_up(home)
            raise
        return home

    def begin(self, home: Home, declared: Declared) -> None:
        """Have a plugin begin with what it declares: what raises in its `load` hook undoes it."""
        try:
            for use in declared.hooks:
                if use.hook == "load":
                    self._calls.load(home, home.observing(use), "hook load")
            for timer in declared.timers:
                each = HookUse("timer", 0, timer.function, timer.arguments)
                job = home.observing(each)
                fire = _firing(home, job, f"timer {timer.function.__name__}")
                home.ledger.keep(home.timers.every(timer.seconds, fire))
        except BaseException:
            self.clear_up(home)
            raise

    def _home(self, name: str, data: Path | None, *, is_builtin: bool = False) -> Home:
        home = Home(name, self._surface, self._timers, self._guard.spawn, data, is_builtin=is_builtin)
        home.on_call = partial(self._calls.attempt, home)
        home.on_thread = partial(self._calls.run_thread, home)
        return home

    def prepared(self, declared: Declared, plugin: str) -> Declared:
        """Return what is declared so that completing it makes nobody wait."""
        return replace(
            declared,
            commands=tuple(
                replace(each, grammar=without_waiting(each.grammar, self._guard, plugin, self._completion_seconds))
                for each in declared.commands
            ),
        )

    def _table(self, name: str) -> Mapping[str, object]:
        config = self._config() if callable(self._config) else self._config
        table = config.get(name, {})
        if not isinstance(table, Mapping):
            raise PluginError(name, f"[plugins.{name}] is no table")
        return table

    def clear_up(self, home: Home, *, has_begun: bool = False) -> None:
        """Undo everything that a plugin has done."""
        home.is_gone = True
        home.lane.close()
        for use in home.declared.hooks if has_begun else ():
            if use.hook == "unload":
                self._calls.attempt(home, home.observing(use), "hook unload")
        left = home.ledger.end()
        if left:
            reason = f"{len(left)} of its threads cannot be ended; have them look at ctx.ending"
            self._calls.note(home, "unloading", PluginError(home.name, reason, "hung"))
        self._calls.attempt(home, home.ledger.close, "what it had entered")
        self._guard.end_calls(home)
        if home.module is not None:
            forget_module(home.module)
        home.module = None
        home.drop_temporary()
        home.declared = Declared()
        home.state.clear()


def _firing(home: Home, job: Callable[[], object], where: str) -> Callable[[], None]:
    """Return what a timer calls: it leaves a turn out while the one before is under way."""
    waiting = threading.Lock()

    def run() -> object:
        try:
            return job()
        finally:
            waiting.release()

    def fire() -> None:
        if waiting.acquire(blocking=False) and not home.call_later(run, where):
            waiting.release()

    return fire
