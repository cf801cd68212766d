"""The host of plugins: it loads them, runs their commands and hooks, and takes them away without a trace.

What is loaded stands in tables that are replaced whole, so whoever looks something up needs no lock. Loading and
unloading take turns (`_turn`, a lock of its own kind: it is held while authors' code runs, is taken before all others
and never by that code). A plugin that fails too often leaves the tables at once, and is cleared up by a worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Literal

from libchat.errors import PluginError, StoreError
from libchat.locks import PLUGINS, tiered_lock
from libchat.near import did_you_mean
from libchat.plugins.declare import Command
from libchat.plugins.host.background import WAIT_SECONDS
from libchat.plugins.host.calls import Calls
from libchat.plugins.host.chain import Transformed
from libchat.plugins.host.listed import Failure, Listed
from libchat.plugins.host.lives import Config, Lives
from libchat.plugins.host.running import Running
from libchat.plugins.host.runs import Outcome, Runs, complete
from libchat.plugins.host.tables import Tables
from libchat.plugins.loaded.collect import Declared, collect
from libchat.plugins.loaded.guard import Guard
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.surface import Surface
from libchat.plugins.loaded.timer import Timers
from libchat.plugins.sources.enabled import Enabled
from libchat.plugins.sources.find import Found, find_plugins, look_at, read_source
from libchat.plugins.types import Candidate
from libchat.plugins.values import Message


class Host:
    """The plugins of one program.

    `folder` is the user's own folder of plugins, `data` the folder under which each has its `data_dir`, `config` the
    tables `[plugins.NAME]`, or a function that reads them anew. `remember` is the file that keeps which plugins are
    enabled. With `refuse_on_failure`, messages that a failing transform could not look at are `PluginError`s in what
    `transform` returns; otherwise they pass.

    `timers` and `seconds` (how long a call may take) are for tests.
    """

    def __init__(
        self,
        surface: Surface,
        *,
        folder: Path | None = None,
        use_entry_points: bool = True,
        data: Path | None = None,
        config: Config | Callable[[], Config] | None = None,
        remember: Path | None = None,
        refuse_on_failure: bool = False,
        timers: Timers | None = None,
        guard: Guard | None = None,
        completion_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.surface = surface
        self.guard = guard if guard is not None else Guard()
        self.timers = timers if timers is not None else Timers()
        self._folder = folder
        self._use_entry_points = use_entry_points
        self._enabled = Enabled(remember)
        self._tables = Tables()
        self._extra: dict[str, Found] = {}
        """Plugins that were loaded from files elsewhere."""
        self._running = Running()
        self._off: dict[str, str] = {}
        """Plugins that were switched off, and why."""
        self.calls = Calls(surface, self.guard, self._switch_off)
        self._runs = Runs(surface, self.guard, self.timers, self.calls, self._switch_off)
        self._lives = Lives(
            surface,
            self.guard,
            self.timers,
            self.calls,
            data=data,
            config=config if config is not None else {},
            refuse_on_failure=refuse_on_failure,
            completion_seconds=completion_seconds,
        )
        self._lock = tiered_lock(PLUGINS)
        self._turn = threading.Lock()
        self._leaving: set[Home] = set()
        """Plugins that are out of the tables, and not cleared up yet."""

    # --- what there is ----------------------------------------------------------------------------------------------

    @property
    def commands(self) -> Mapping[str, Command]:
        """All commands by name and alias. A snapshot: it never changes."""
        return self._tables.commands

    @property
    def homes(self) -> Sequence[Home]:
        """What is loaded, the program's own included. A snapshot."""
        return tuple(self._tables.homes.values())

    def find(self) -> dict[str, Found]:
        """Look which plugins there are, and return them by name."""
        return find_plugins(self._folder, use_entry_points=self._use_entry_points) | self._extra

    def list(self) -> Sequence[Listed]:
        """Return all plugins, by name: loaded or not."""
        found = self.find()
        names = sorted({*found, *(home.name for home in self._tables.homes.values() if not home.is_builtin)})
        return [self._listed(name, found.get(name)) for name in names]

    def info(self, name: str) -> Listed:
        """Return what is known about one plugin. Raises `PluginError` if there is none of that name."""
        return self._listed(name, self._look_up(name))

    def errors(self) -> Sequence[Failure]:
        """Return what went wrong lately, oldest first."""
        return self.calls.errors

    def _listed(self, name: str, found: Found | None) -> Listed:
        home = self._tables.homes.get(name)
        found = home.found if home is not None and home.found is not None else found
        assert found is not None
        problem = self._off.get(name, "") or found.problem
        told = Listed(
            name,
            "on" if home is not None else "failed" if name in self._off else "broken" if problem else "off",
            name in self._enabled_names(),
            found.version,
            found.summary,
            found.origin,
            problem if home is None else "",
        )
        if home is None:
            return told
        return replace(
            told,
            commands=tuple(each.name for each in home.declared.commands),
            hooks=tuple(dict.fromkeys(each.hook for each in home.declared.hooks)),
            timers=home.ledger.timers,
            threads=home.ledger.threads,
            failures=home.failures,
        )

    def _enabled_names(self) -> set[str]:
        try:
            return self._enabled.names()
        except StoreError as error:
            self.surface.tell(str(error))
            return set()

    # --- coming and going -------------------------------------------------------------------------------------------

    def add_builtin(self, name: str, commands: ModuleType | Iterable[Callable[..., object]], group: str = "") -> None:
        """Add the marked functions of a module or a list as the program's own: they are never switched off.

        Raises `PluginError` for what cannot be a command, or is called as another one.
        """
        with self._turn:
            earlier = self._tables.homes.get(name)
            declared = self._lives.prepared(collect(commands, name, group), name)
            home = earlier if earlier is not None else self._lives.home_of_builtin(name)
            home.take(_joined(home.declared, declared))
            self._tables.check(home, self.surface.prefix)
            self._begin(home, declared)

    def load_enabled(self) -> Sequence[PluginError]:
        """Load what is enabled; return what could not be loaded."""
        failed = []
        for name in sorted(self._enabled_names()):
            try:
                self.load(name)
            except PluginError as error:
                failed.append(error)
        return failed

    def load(self, name: str) -> None:
        """Load a plugin by name; harmless if it is loaded. Raises `PluginError`."""
        with self._turn:
            if self._loaded(name) is None:
                self._bring(self._look_up(name))

    def load_file(self, path: Path) -> str:
        """Load a plugin from a file, wherever it is, and return its name. Raises `PluginError`."""
        found = look_at(path.absolute())
        with self._turn:
            if self._loaded(found.name) is not None:
                raise PluginError(found.name, "there is one of this name already; unload it first")
            self._bring(found)
            self._extra[found.name] = found
        return found.name

    def unload(self, name: str) -> None:
        """Take a plugin away, with everything that it has brought. Raises `PluginError` if it is not loaded."""
        with self._turn:
            home = self._loaded(name)
            if home is None:
                raise PluginError(name, "it is not loaded")
            self._remove(home)

    def reload(self, name: str) -> None:
        """Load the present version of a plugin. Raises `PluginError`; then the last good version goes on."""
        with self._turn:
            home = self._loaded(name)
            if home is None or home.found is None:
                self._bring(self._look_up(name))
                return
            found = look_at(home.found.path, name, home.found.module, home.found.version)
            try:
                self._bring(found, instead_of=home)
            except PluginError as error:
                raise PluginError(name, f"{error.reason}; the version before goes on", "load", error.details) from error

    def enable(self, name: str) -> None:
        """Load a plugin, now and whenever the program starts. Raises `PluginError`."""
        self.load(name)
        self._enabled.add(name)

    def disable(self, name: str) -> None:
        """Unload a plugin, and load it no more. Raises `PluginError` if there is no such plugin."""
        if name not in self._enabled_names():
            self._look_up(name)
        self._enabled.remove(name)
        with self._turn:
            home = self._loaded(name)
            if home is not None:
                self._remove(home)

    def close(self) -> None:
        """Unload everything. Harmless when called twice; not to be called by a plugin."""
        with self._turn:
            for home in reversed([*self._leaving, *self._tables.homes.values()]):
                self._remove(home)
        self.timers.close()
        self.guard.close()

    def _loaded(self, name: str) -> Home | None:
        home = self._tables.homes.get(name)
        return home if home is not None and not home.is_builtin else None

    def _look_up(self, name: str) -> Found:
        found = self.find()
        if name not in found:
            there = f"there are: {', '.join(found)}" if found else "there are none"
            raise PluginError(name, f"there is no such plugin; {did_you_mean(name, found, '{}') or there}")
        return found[name]

    # --- loading, in turn -------------------------------------------------------------------------------------------

    def _bring(self, found: Found, instead_of: Home | None = None) -> None:
        try:
            self._bring_in(found, instead_of)
        except PluginError as error:
            self.calls.keep(found.name, "load", error)
            raise

    def _bring_in(self, found: Found, instead_of: Home | None) -> None:
        if found.problem:
            raise PluginError(found.name, found.problem)
        try:
            source = read_source(found.path)
        except (OSError, ValueError) as error:
            raise PluginError(found.name, f"it cannot be read: {error}") from error
        home = self._build(found, source)
        if instead_of is None:
            self._begin(home, home.declared)
            return
        self._remove(instead_of)
        try:
            self._begin(home, home.declared)
        except PluginError:
            assert instead_of.found is not None
            last = self._build(instead_of.found, instead_of.source)
            self._begin(last, last.declared)
            raise

    def _build(self, found: Found, source: bytes) -> Home:
        return self._lives.build(found, source, lambda home: self._tables.check(home, self.surface.prefix))

    def _begin(self, home: Home, declared: Declared) -> None:
        """Have a plugin begin, and put it into the tables."""
        self._lives.begin(home, declared)
        self._publish(home)
        self._off.pop(home.name, None)

    def _publish(self, home: Home) -> None:
        with self._lock:
            self._tables.check(home, self.surface.prefix)
            self._tables = self._tables.with_home(home)

    # --- unloading, in turn -----------------------------------------------------------------------------------------

    def _remove(self, home: Home) -> None:
        """Take a plugin out of the tables, and clear up."""
        if self._withdraw(home) or home in self._leaving:
            self._clear_up(home)

    def _withdraw(self, home: Home) -> bool:
        """Take a plugin out of the tables, and return whether it was in."""
        with self._lock:
            if home.is_gone:
                return False
            home.is_gone = True
            self._leaving.add(home)
            self._tables = self._tables.without(home)
            return True

    def _clear_up(self, home: Home) -> None:
        with self._lock:
            self._leaving.discard(home)
        self._lives.clear_up(home, has_begun=True)

    def _switch_off(self, home: Home, reason: str) -> None:
        """Take a plugin away that has failed too often."""
        if not self._withdraw(home):
            return
        self._off[home.name] = reason
        self.surface.tell(f"plugin {home.name} is off: {reason}")
        self.guard.spawn(lambda: self._clear_up_late(home))

    def _clear_up_late(self, home: Home) -> None:
        with self._turn:
            if home in self._leaving:
                self._clear_up(home)

    # --- calling ----------------------------------------------------------------------------------------------------

    def run(self, line: str, sender: str, target: str) -> Outcome:
        """Run a command line (without prefix), and wait for its end. What it says goes to `surface.reply`.

        There is no reply to a command that does not exist: the outcome says what it may have been.
        """
        return self._runs.run(self._tables, line, sender, target)

    def start(self, line: str, sender: str, target: str, done: Callable[[Outcome], object] | None = None) -> None:
        """Run a command line, and return at once. `done` is called with the outcome, by another thread.

        Who floods a program with commands has some of them ignored: `done` gets "slow", and nothing is replied.
        """
        if not self._running.begin(sender):
            if done is not None:
                done(Outcome("slow", "too much is under way already; try again in a moment"))
            return

        def run() -> None:
            try:
                outcome = self.run(line, sender, target)
            finally:
                self._running.end(sender)
            if done is not None:
                done(outcome)

        self.guard.spawn(run)

    def complete(self, line: str, cursor: int, target: str) -> tuple[int, Sequence[Candidate]]:
        """Return where the word at the cursor begins, and what it may become. Never blocks."""
        return complete(self._tables, line, cursor, self.surface.scope(target))

    def has_hook(self, hook: str) -> bool:
        """Return whether a loaded plugin has a hook. Cheap."""
        return hook in self._tables.transforms or hook in self._tables.observers

    def transform(self, hook: Literal["message", "send"], messages: Sequence[Message]) -> Sequence[Transformed]:
        """Return what the plugins make of messages: one for each, in order. Waits for them, 10 s at most."""
        return self._runs.transform(self._tables, hook, messages)

    def observe(self, hook: str, sender: str = "", target: str = "", **arguments: object) -> None:
        """Tell the plugins that something has happened, and return at once."""
        self._runs.observe(self._tables, hook, sender, target, arguments)

    def settle(self, seconds: float = 10) -> bool:
        """Wait until the plugins have taken everything that happened so far, and return whether they have."""
        waiting = []
        for home in self._tables.homes.values():
            waiting.append(threading.Event())
            home.lane.post(waiting[-1].set)
        return all(each.wait(seconds) for each in waiting)


def _joined(first: Declared, second: Declared) -> Declared:
    return Declared(first.commands + second.commands, first.hooks + second.hooks, first.timers + second.timers)
