"""The host of plugins: it loads them, runs their commands and hooks, and takes them away without a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from libchat.errors import PluginError
from libchat.plugins.declare import Command
from libchat.plugins.surface import Surface
from libchat.plugins.types import Candidate
from libchat.plugins.values import Drop, Message

Ending = Literal["done", "unknown", "usage", "refused", "slow", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command. `text` is what was replied: the returned text, or what was wrong."""

    kind: Ending
    text: str = ""


class Host:
    """The plugins of one program.

    `folder` is the user's own folder of plugins, `data` the folder under which each has its `data_dir`, `config` the
    tables `[plugins.NAME]`. `remember` is the file that keeps which plugins are enabled. With `refuse_on_failure`,
    messages that a failing transform could not look at are `PluginError`s in what `transform` returns; otherwise they
    pass.
    """

    def __init__(
        self,
        surface: Surface,
        *,
        folder: Path | None = None,
        use_entry_points: bool = True,
        data: Path | None = None,
        config: Mapping[str, Mapping[str, object]] | None = None,
        remember: Path | None = None,
        refuse_on_failure: bool = False,
    ) -> None:
        raise NotImplementedError

    @property
    def commands(self) -> Mapping[str, Command]:
        """All commands by name and alias. A snapshot: it never changes."""
        raise NotImplementedError

    def add_builtin(self, name: str, commands: object) -> None:
        """Add a module's or a list's marked functions as commands of the program itself: never switched off."""
        raise NotImplementedError

    def load_enabled(self) -> list[PluginError]:
        """Load what is enabled; return what could not be loaded."""
        raise NotImplementedError

    def load(self, name: str) -> None:
        """Load a plugin by name. Raises `PluginError`."""
        raise NotImplementedError

    def load_file(self, path: Path) -> str:
        """Load a plugin from a file, wherever it is, and return its name. Raises `PluginError`."""
        raise NotImplementedError

    def unload(self, name: str) -> None:
        """Take a plugin away, with everything that it has brought. Raises `PluginError` if it is not loaded."""
        raise NotImplementedError

    def reload(self, name: str) -> None:
        """Load the present version of a plugin. Raises `PluginError`; then the last good version goes on."""
        raise NotImplementedError

    def enable(self, name: str) -> None:
        """Load a plugin, now and whenever the program starts. Raises `PluginError`."""
        raise NotImplementedError

    def disable(self, name: str) -> None:
        """Unload a plugin, and load it no more. Raises `PluginError` if there is no such plugin."""
        raise NotImplementedError

    def run(self, line: str, sender: str, target: str) -> Outcome:
        """Run a command line (without prefix), and wait for its end. What it says goes to `surface.reply`."""
        raise NotImplementedError

    def start(self, line: str, sender: str, target: str) -> None:
        """Run a command line, and return at once."""
        raise NotImplementedError

    def complete(self, line: str, cursor: int, target: str) -> tuple[int, Sequence[Candidate]]:
        """Return where the word at the cursor begins, and what it may become. Never blocks."""
        raise NotImplementedError

    def has_hook(self, hook: str) -> bool:
        """Return whether a loaded plugin has a hook. Cheap."""
        raise NotImplementedError

    def transform(
        self, hook: Literal["message", "send"], messages: Sequence[Message]
    ) -> list[Message | Drop | PluginError]:
        """Return what the plugins make of messages: one for each, in order. Waits for them, 10 s at most."""
        raise NotImplementedError

    def observe(self, hook: str, sender: str = "", target: str = "", **arguments: object) -> None:
        """Tell the plugins that something has happened, and return at once."""
        raise NotImplementedError

    def close(self) -> None:
        """Unload everything. Harmless when called twice."""
        raise NotImplementedError
