"""The plugins of a server: what they have a say in, what they are told, and how they speak.

How it works. A host (`libchat.plugins.host`) loads them and guards their calls; this connects it with the hub. As long
as a plugin has a hook for messages, the hub has them vetted (`libchat.server.vetting`); as long as one has another
hook, the hub is watched. Without any, the hub does what it does without plugins.

The hub tells what happens under its lock, so it goes to a thread first. What a plugin itself does is told to none: two
that greet each other would never end.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import Full, Queue
from typing import Final

from libchat.errors import PluginError
from libchat.happenings import Came, Happening, Went
from libchat.hub import Hub
from libchat.limits import PLUGIN_SECONDS
from libchat.messages import Entry, Joined, Kicked, Left
from libchat.plugins.hooks import HOOKS
from libchat.plugins.host import Host
from libchat.plugins.loaded.guard import Guard
from libchat.plugins.values import Message
from libchat.server.vetting import Result, ThreadVetter
from libchat.server.voices import ServerSurface, Voices

_log = logging.getLogger("libchat.server")

WAITING: Final = 10_000
"""Turns of happenings that wait to be told. Beyond, plugins miss some: they must not delay the chat."""

JOIN_SECONDS: Final = 1.0
"""How long the thread that tells what happens may take to end: it waits for nobody."""

_OBSERVERS: Final = frozenset(each.name for each in HOOKS.values() if each.kind == "observer") - {"load", "unload"}
"""The hooks for what happens in the chat, and not to the plugin itself."""

Tables = Mapping[str, Mapping[str, object]]


class ServerPlugins:
    """The plugins of a hub: those that are named, out of a folder and of installed packages; or paths of files.

    `tables` are their settings, by name. What they keep is below the folder `data`. `seconds` is how long a call of
    one may take.
    """

    def __init__(
        self,
        hub: Hub,
        names: Sequence[str | Path],
        *,
        folder: Path | None = None,
        data: Path | None = None,
        tables: Tables | None = None,
        seconds: float = PLUGIN_SECONDS,
    ) -> None:
        self._hub = hub
        self._names = tuple(names)
        self._tables = tables if tables is not None else {}
        self._voices = Voices(hub, self._voice_name)
        surface = ServerSurface(self._voices, self._refresh)
        self._host = Host(
            surface, folder=folder, data=data, config=lambda: self._tables, refuse_on_failure=True, guard=Guard(seconds)
        )
        self._loaded: dict[str | Path, str] = {}
        """The names of the plugins that are loaded, by what was asked for."""
        self._vetter = ThreadVetter(self._transform, self._refresh)
        self._happened: Queue[Sequence[Happening] | None] = Queue(WAITING)
        self._teller = threading.Thread(target=self._tell, name="libchat-plugin-events", daemon=True)
        self._turn = threading.Lock()
        """Held while it is decided what is vetted and watched: taken before all others, and never by plugins' code."""
        self._is_vetting = self._is_watching = self._is_closed = False

    # --- coming and going -------------------------------------------------------------------------------------------

    @property
    def names(self) -> Sequence[str]:
        """The plugins that are loaded."""
        return [each.name for each in self._host.list() if each.state == "on"]

    def start(self) -> None:
        """Load all of them. Raises `PluginError` for the first that cannot be: nobody is served by half a filter."""
        self._teller.start()
        for name in self._names:
            self._load(name)
        self._refresh()
        _log.info("plugins: %s", ", ".join(self.names) or "none")

    def reload(self, names: Sequence[str | Path], tables: Tables) -> list[PluginError]:
        """Load the present versions of these, with these settings, and no others; return what was wrong.

        What cannot be loaded anew goes on as it was.
        """
        self._names, self._tables = tuple(names), tables
        wrong = []
        for asked in dict.fromkeys((*self._loaded, *names)):  # those that go make room for those that come
            try:
                self._bring_up(asked)
            except PluginError as error:
                wrong.append(error)
        self._refresh()
        _log.info("plugins: %s", ", ".join(self.names) or "none")
        return wrong

    def close(self) -> None:
        """Unload all of them. Harmless when called twice."""
        with self._turn:
            if self._is_closed:
                return
            self._is_closed = True
            self._hub.vet_with(None)
            self._hub.watch(None)
        self._vetter.close()
        if self._teller.is_alive():
            self._happened.put(None)
            self._teller.join(JOIN_SECONDS)
        self._host.close()
        self._voices.close()

    def _load(self, asked: str | Path) -> None:
        is_file = isinstance(asked, Path) or asked.endswith(".py") or os.sep in asked
        name = Path(asked).stem if is_file else str(asked)
        self._voices.reserve(name)
        if is_file:
            self._loaded[asked] = self._host.load_file(Path(asked).expanduser())
        else:
            self._host.load(name)
            self._loaded[asked] = name

    def _bring_up(self, asked: str | Path) -> None:
        name = self._loaded.get(asked)
        if asked not in self._names:
            assert name is not None
            del self._loaded[asked]
            if name in self.names:
                self._host.unload(name)
        elif name in self.names:
            assert name is not None
            self._voices.reserve(name)
            self._host.reload(name)
        else:
            self._load(asked)

    def _voice_name(self, plugin: str) -> str:
        return str(self._tables.get(plugin, {}).get("name", plugin))

    # --- what the hub has for them ----------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Have vetted and watched what a plugin has a hook for: one may have come, or have been switched off."""
        with self._turn:
            is_vetting = self._host.has_hook("message")
            is_watching = any(map(self._host.has_hook, _OBSERVERS))
            if self._is_closed:
                return
            if is_vetting != self._is_vetting:
                self._is_vetting = is_vetting
                self._hub.vet_with(self._vetter if is_vetting else None)
            if is_watching != self._is_watching:
                self._is_watching = is_watching
                self._hub.watch(self if is_watching else None)

    def _transform(self, messages: Sequence[Message]) -> Sequence[Result]:
        return self._host.transform("message", messages)

    def happened(self, happenings: Sequence[Happening]) -> None:
        """Take notice of what has happened (`libchat.happenings.Watcher`)."""
        try:
            self._happened.put_nowait(happenings)
        except Full:
            pass  # they are 10,000 turns behind already, and their own queues are full

    def _tell(self) -> None:
        while (happenings := self._happened.get()) is not None:
            for hook, sender, target, arguments in told(happenings):
                if sender not in self._voices.names:
                    self._host.observe(hook, sender, target, **arguments)


def told(happenings: Sequence[Happening]) -> Iterator[tuple[str, str, str, dict[str, object]]]:
    """Yield what plugins are told: the hook, who has done it, where, and the arguments."""
    for each in happenings:
        match each:
            case Came(name):
                yield "connect", name, "", {"name": name}
            case Went(name):
                yield "disconnect", name, "", {"name": name}
            case Joined(room, name):
                yield "join", name, room, {"room": room, "name": name}
            case Left(room, name):
                yield "leave", name, room, {"room": room, "name": name}
            case Kicked(room, name, by, reason):
                yield "kick", by, room, {"room": room, "name": name, "by": by, "reason": reason}
            case Entry(kind="topic"):
                arguments: dict[str, object] = {"room": each.target, "name": each.sender, "text": each.text}
                yield "topic", each.sender, each.target, arguments
            case Entry(kind="edit" | "delete" | "react"):
                yield each.kind, each.sender, each.target, {"entry": each}
            case _:
                pass  # a message was vetted; what is taken back is of no interest
