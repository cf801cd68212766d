"""How the plugins of a server speak: each under a name of its own, in process, as a program's own participant."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from libchat.errors import PluginError, Refused
from libchat.hub import Hub
from libchat.local import LocalParticipant
from libchat.locks import PLUGINS, tiered_lock
from libchat.names import parse_name
from libchat.participant import Participant
from libchat.plugins.loaded.context import Context
from libchat.plugins.loaded.home import Home
from libchat.plugins.loaded.surface import SurfaceKind
from libchat.plugins.scope import Scope

_log = logging.getLogger("libchat.server")


class Voices:
    """The participants of plugins, made when they are first needed. Thread-safe.

    `name_of` returns what a plugin is called in the chat.
    """

    def __init__(self, hub: Hub, name_of: Callable[[str], str]) -> None:
        self._hub = hub
        self._name_of = name_of
        self._lock = tiered_lock(PLUGINS)
        self._voices: dict[str, LocalParticipant] = {}
        self.names: frozenset[str] = frozenset()
        """The names under which plugins speak."""

    def reserve(self, plugin: str) -> None:
        """Keep a plugin's name from everybody else. Raises `PluginError` if it cannot be had."""
        name = self._name_of(plugin)
        try:
            self._hub.reserve(name)
        except Refused as refused:
            hint = f'set another name for it to speak under, in [plugins.{plugin}] with: name = "..."'
            raise PluginError(
                plugin, f"it cannot be called '{name}' in the chat: {refused.reason}; {hint}"
            ) from refused
        with self._lock:
            self.names |= {parse_name(name).display}

    def find(self, plugin: str) -> Participant:
        """Return the participant of a plugin. Raises `PluginError`, and what `Hub.speak_as` raises."""
        name = self._name_of(plugin)
        with self._lock:
            voice = self._voices.get(name)
        if voice is not None:
            return voice
        self.reserve(plugin)
        voice = self._hub.speak_as(name)
        with self._lock:
            kept = self._voices.setdefault(name, voice)
        if kept is not voice:
            voice.close()  # another call was quicker
        return kept

    def close(self) -> None:
        """Have all of them leave the chat."""
        with self._lock:
            voices, self._voices = list(self._voices.values()), {}
        for voice in voices:
            voice.close()


class ServerContext(Context):
    """What a call on a server may ask for. Each plugin speaks for itself."""

    __slots__ = ("_voices",)

    def __init__(self, home: Home, sender: str, target: str, voices: Voices) -> None:
        super().__init__(home, sender, target)
        self._voices = voices

    @property
    def chat(self) -> Participant:
        """The chat, by the plugin's own voice."""
        return self._voices.find(self.home.name)


class NowhereScope:
    """Nobody types commands at a server (`libchat.plugins.scope.Scope`)."""

    me = ""
    target = ""

    @property
    def cwd(self) -> Path:
        """The folder that paths are relative to."""
        return Path()

    def members(self) -> Iterable[str]:
        """Return nobody."""
        return ()

    def rooms(self) -> Iterable[str]:
        """Return nothing."""
        return ()

    def messages(self) -> Iterable[tuple[int, str, str]]:
        """Return nothing."""
        return ()


class ServerSurface:
    """A server, as the host of its plugins sees it (`libchat.plugins.loaded.surface.Surface`).

    `told` is called whenever something is told: a plugin may have been switched off.
    """

    kind: SurfaceKind = "server"
    prefix = ""

    def __init__(self, voices: Voices, told: Callable[[], None]) -> None:
        self._voices = voices
        self._told = told

    @property
    def participant(self) -> Participant:
        """Nobody: plugins of a server speak each for itself."""
        raise PluginError("", "on a server, each plugin speaks for itself: use its context")

    def scope(self, target: str) -> Scope:
        """Return what arguments are understood by: there are none."""
        return NowhereScope()

    def reply(self, context: Context, text: str) -> None:
        """Tell, in private, who has done what the plugin was called for; or say it where it was done."""
        if context.sender or context.target:
            context.chat.send(context.sender or context.target, text)
        else:
            self.tell(f"{context.plugin}: {text}")

    def ask(self, context: Context, question: str, secret: bool, timeout: float) -> str:
        """Raise `PluginError`: nobody sits at a server."""
        raise PluginError(context.plugin, "a server cannot ask anybody; a bot or a shell can")

    def tell(self, text: str) -> None:
        """Tell, by the server's log, who runs the server."""
        _log.warning("%s", text)
        self._told()

    def make_context(self, home: Home, sender: str, target: str) -> Context:
        """Return the context of one call."""
        return ServerContext(home, sender, target, self._voices)

    def clock(self) -> float:
        """Return seconds since 1970."""
        return time.time()
