"""One loaded plugin: all that its calls share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Final

from libchat.files import make_private_folder
from libchat.plugins.loaded.collect import Declared, HookUse
from libchat.plugins.loaded.lane import Lane
from libchat.plugins.loaded.ledger import Ledger
from libchat.plugins.loaded.rates import Rate
from libchat.plugins.loaded.store import Store
from libchat.plugins.loaded.surface import Surface
from libchat.plugins.loaded.timer import Timers
from libchat.plugins.sources.find import Found

if TYPE_CHECKING:
    from libchat.plugins.loaded.context import Context

NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Home:
    """What a plugin has as long as it is loaded, or what the program's own commands of one name have."""

    def __init__(
        self,
        name: str,
        surface: Surface,
        timers: Timers,
        spawn: Callable[[Callable[[], None]], None],
        data: Path | None = None,
        *,
        is_builtin: bool = False,
    ) -> None:
        self.name = name
        self.surface = surface
        self.timers = timers
        self.ledger = Ledger(name)
        self.lane = Lane(spawn)
        self.is_builtin = is_builtin
        self.is_gone = False
        """Whether it is unloaded, or about to be: nothing of it is called any more."""
        self.failures = 0
        self.found: Found | None = None
        self.source = b""
        self.module: ModuleType | None = None
        self.declared = Declared()
        self.rates: dict[str, Rate] = {}
        self.config: object = None
        self.is_refusing = False
        """Whether messages are refused that it could not look at."""
        self.state: dict[str, object] = {}
        self.store = Store(self.data_dir)
        self._data = data
        self._temporary: Path | None = None
        self.on_call: Callable[[Callable[[], object], str], None] = _forget
        """Calls a function guarded, and deals with what it does; the second is what to call it. Set by the host."""
        self.on_thread: Callable[[Callable[[], object], str], None] = _forget
        """The same for a function that may take as long as it likes, in the thread that calls this."""

    def take(self, declared: Declared) -> None:
        """Have these commands and hooks."""
        self.declared = declared
        self.rates = {each.name: Rate(each.rate) for each in declared.commands if each.rate}

    def call_later(self, function: Callable[[], object], where: str) -> bool:
        """Have a function called behind what waits already, guarded; False if too much waits."""
        return self.lane.post(lambda: self.on_call(function, where))

    def guarded(self, function: Callable[[], object], where: str) -> Callable[[], None]:
        """Return a function that calls another one in the same thread, and reports what it raises."""
        return lambda: self.on_thread(function, where)

    def data_dir(self) -> Path:
        """Return the plugin's own folder, made if need be. Without a place for it, it lasts as long as the plugin."""
        if self._data is None:
            if self._temporary is None:
                self._temporary = Path(tempfile.mkdtemp(prefix=f"libchat-{self.name}-"))
            return self._temporary
        make_private_folder(self._data)
        return self._data

    def context(self, sender: str = "", target: str = "") -> Context:
        """Return the context of a call."""
        return self.surface.make_context(self, sender, target)

    def observing(
        self, use: HookUse, sender: str = "", target: str = "", arguments: Mapping[str, object] = NOTHING
    ) -> Callable[[], object]:
        """Return the call of an observer with the arguments that it names. Raises KeyError for one that is missing."""
        given = {name: arguments[name] for name in use.arguments if name != "ctx"}

        def call() -> object:
            if "ctx" in use.arguments:
                given["ctx"] = self.context(sender, target)
            return use.function(**given)

        return call

    def drop_temporary(self) -> None:
        """Remove what lasts no longer."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None


def _forget(function: Callable[[], object], where: str) -> None:
    """Call nothing: the plugin is in no host yet."""
