"""What a host looks up: commands and hooks, in tables that are made anew with each change and never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from libchat.errors import PluginError
from libchat.plugins.declare import Command
from libchat.plugins.hooks import HOOKS
from libchat.plugins.host.chain import Step
from libchat.plugins.loaded.collect import HookUse
from libchat.plugins.loaded.home import Home


@dataclass(frozen=True)
class Tables:
    """All that is loaded at one time."""

    homes: Mapping[str, Home] = field(default_factory=dict)
    commands: Mapping[str, Command] = field(default_factory=dict)
    """By name and alias."""
    transforms: Mapping[str, Sequence[Step]] = field(default_factory=dict)
    observers: Mapping[str, Sequence[tuple[Home, HookUse]]] = field(default_factory=dict)

    @classmethod
    def of(cls, homes: Sequence[Home]) -> Tables:
        """Return the tables of these plugins."""
        uses = sorted(
            ((home, use) for home in homes for use in home.declared.hooks),
            key=lambda each: (each[1].order, each[0].name),
        )
        transforms: dict[str, list[Step]] = {}
        observers: dict[str, list[tuple[Home, HookUse]]] = {}
        for home, use in uses:
            if HOOKS[use.hook].kind == "transform":
                step = Step(home, use.hook, use.function, "message" in use.arguments, "ctx" in use.arguments)
                transforms.setdefault(use.hook, []).append(step)
            else:
                observers.setdefault(use.hook, []).append((home, use))
        commands = {
            word: command
            for home in homes
            for command in home.declared.commands
            for word in (command.name, *command.aliases)
        }
        return cls({home.name: home for home in homes}, commands, transforms, observers)

    def with_home(self, home: Home) -> Tables:
        """Return the tables with one more plugin."""
        return Tables.of([*(each for each in self.homes.values() if each.name != home.name), home])

    def without(self, home: Home) -> Tables:
        """Return the tables without a plugin."""
        return Tables.of([each for each in self.homes.values() if each is not home])

    def check(self, home: Home, prefix: str) -> None:
        """Raise `PluginError` if a plugin's commands are called as those of another one."""
        taken = {word: command.plugin for word, command in self.commands.items() if command.plugin != home.name}
        for command in home.declared.commands:
            for word in (command.name, *command.aliases):
                if word in taken:
                    raise PluginError(
                        home.name, f"its command {prefix}{word} is there already ({taken[word]}); give it another name"
                    )
                taken[word] = home.name
