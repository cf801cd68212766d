"""The plugins of a server, as its settings name them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli.data import default_plugin_folder
from libchat.cli.settings.sources import Effective, Rank, plugin_tables
from libchat.cli.settings.table import PLUGINS

if TYPE_CHECKING:
    from libchat.client.checkup import Step


class Asked:
    """Which plugins are asked for, where they are looked for, and the settings of all that have any.

    `config` is the file of `--config`, if there is one. Raises `Failure` if the file of settings is wrong.
    """

    def __init__(self, found: Sequence[Effective], config: Path | None) -> None:
        said = {each.setting.key: each for each in found}
        load, folder = said[f"{PLUGINS}.load"], said[f"{PLUGINS}.folder"].value
        self.folder = folder if isinstance(folder, Path) else default_plugin_folder()
        self.names = [_place(word, load) for word in split(str(load.value))]
        self.tables = plugin_tables(config, os.environ)


def split(text: str) -> list[str]:
    """Return the words of a text with commas between."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _place(word: str, load: Effective) -> str:
    """Return a name as it is; a path out of the file of settings starts at the file's folder."""
    if load.rank is not Rank.FILE or not word.endswith(".py"):
        return word
    return str(Path(load.source.partition(", line ")[0]).absolute().parent / Path(word).expanduser())


def check_plugins(asked: Asked) -> Iterator[Step]:
    """Look whether the plugins that are asked for are there; none is imported."""
    from libchat.client.checkup import State, Step
    from libchat.plugins.sources.find import find_plugins, look_at

    if not asked.names:
        return
    there = find_plugins(asked.folder)
    for name in asked.names:
        found = look_at(Path(name).expanduser()) if name.endswith(".py") else there.get(name)
        if found is None:
            remedy = f"put {name}.py into {asked.folder}, or install what brings it; 'libchat plugins list' lists all"
            yield Step("plugin", State.FAILED, f"{name}: there is no such plugin", remedy)
        elif found.problem:
            yield Step("plugin", State.FAILED, f"{found.name}: {found.problem}", f"look at {found.origin}")
        else:
            summary = f": {found.summary}" if found.summary else ""
            yield Step("plugin", State.OK, f"{found.name}{summary} ({found.origin})")
