"""Each plugin that comes along is found, and its section of the page tells its commands and settings."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import libchat_plugins
from libchat.plugins import LIBCHAT_API
from libchat.plugins.declare import MARK, Marks
from libchat.plugins.hooks import HOOKS
from libchat.plugins.loaded.surface import SurfaceKind
from libchat.plugins.sources.find import find_plugins
from libchat.testing.stage import MakeStage, Stage
from libchat_shell.commands import MODULES
from support.coming import plugin

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "plugins.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENTRY_POINTS: dict[str, str] = PROJECT["entry-points"]["libchat.plugins"]

plugins = pytest.mark.parametrize("name", ENTRY_POINTS)


def module(name: str) -> ModuleType:
    """Return a plugin."""
    return import_module(ENTRY_POINTS[name])


def section(name: str) -> str:
    """Return what the page says about a plugin."""
    _, found, rest = PAGE.partition(f"\n## {name}\n")
    assert found, f"docs/howto/plugins.md has no section {name!r}"
    return re.split(r"\n## ", rest)[0]


def commands(plugin: ModuleType) -> list[str]:
    """Return the commands that a plugin declares."""
    marked = [vars(one).get(MARK) for one in vars(plugin).values() if callable(one) and hasattr(one, "__dict__")]
    return [name for marks in marked if isinstance(marks, Marks) for name, *_ in marks.commands]


def test_every_file_is_an_entry_point() -> None:
    """A plugin that comes along can be enabled by its name."""
    files = Path(libchat_plugins.__file__ or "").parent.glob("[!_]*.py")
    assert {f"libchat_plugins.{file.stem}" for file in files} == set(ENTRY_POINTS.values())
    assert all(path == f"libchat_plugins.{name}" for name, path in ENTRY_POINTS.items())


@plugins
def test_a_plugin_is_found_without_being_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed libchat offers it by name, with what it says about itself, and nothing is imported for that."""
    _install(tmp_path, {name: ENTRY_POINTS[name]})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, ENTRY_POINTS[name], raising=False)
    found = find_plugins(None)[name]
    assert (found.problem, found.version, found.module) == ("", "9.9", ENTRY_POINTS[name])
    assert found.summary
    assert ENTRY_POINTS[name] not in sys.modules


@plugins
def test_a_plugin_says_what_it_is(name: str) -> None:
    """It opens with a sentence for lists, and states the version of the API that it was written for."""
    summary = (module(name).__doc__ or "").splitlines()[0]
    assert summary.endswith(".")
    assert len(summary) <= 80
    assert module(name).LIBCHAT_API == LIBCHAT_API


@plugins
def test_every_command_has_an_example(name: str) -> None:
    """The page shows each command as it is typed."""
    shown = set(re.findall(r"^    /([\w-]+)", section(name), re.MULTILINE))
    assert shown == set(commands(module(name)))


@plugins
def test_every_setting_is_documented(name: str) -> None:
    """The table of a plugin names its settings with their defaults, and no others."""
    told = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", section(name), re.MULTILINE))
    config = getattr(module(name), "Config", None)
    assert config is not None or "It has no settings" in section(name)
    fields = dataclasses.fields(config) if config else ()
    assert told.keys() == {field.name for field in fields}
    defaults = dataclasses.asdict(config()) if config else {}
    for field, default in told.items():
        value = tomllib.loads(f"value = {default}")["value"]
        assert (tuple(value) if isinstance(value, list) else value) == defaults[field]


@plugins
def test_examples_of_settings_are_good(name: str) -> None:
    """What the page shows as settings is taken by the plugin."""
    for block in re.findall(r"^```toml\n(.*?)^```", section(name), re.MULTILINE | re.DOTALL):
        table = tomllib.loads(block)["plugins"][name]
        module(name).Config(**{key: tuple(one) if isinstance(one, list) else one for key, one in table.items()})


def test_the_shell_has_no_such_commands_itself(stage: Stage) -> None:
    """All of them can be enabled beside the shell's own commands, and have their names to themselves."""
    for own in MODULES:
        stage.host.add_builtin(own.__name__.rpartition(".")[2], own)
    for name in ENTRY_POINTS:
        stage.load(plugin(name))
    for name in ENTRY_POINTS:
        assert {stage.host.commands[word].plugin for word in commands(module(name))} <= {name}


@pytest.mark.parametrize("kind", ["shell", "bot", "server"])
def test_all_of_them_leave_nothing_behind(make_stage: MakeStage, kind: SurfaceKind) -> None:
    """They live together anywhere; each is unloaded, and nothing of it is left: no command, hook, timer, thread."""
    stage = make_stage(kind)
    for name in ENTRY_POINTS:
        stage.load(plugin(name))
    assert {name: command.plugin for name, command in stage.host.commands.items() if name in ("stats", "roll")} == {
        "stats": "statistics",
        "roll": "dice",
    }
    _use(stage)
    for name in ENTRY_POINTS:
        stage.host.unload(name)
    assert not stage.host.commands
    assert not any(stage.host.has_hook(hook) for hook in HOOKS)
    assert len(stage.host.timers) == 0
    assert stage.errors == []


def test_the_bot_of_the_page_runs(tmp_path: Path) -> None:
    """What the page shows as a program is one, where libchat is installed."""
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    _install(tmp_path, ENTRY_POINTS)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env=environment)


def _install(folder: Path, points: dict[str, str]) -> None:
    """Make a folder of Python's path one where libchat is installed, with these plugins."""
    information = folder / "libchat-9.9.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: libchat\nVersion: 9.9\n")
    lines = "".join(f"{name} = {module}\n" for name, module in points.items())
    (information / "entry_points.txt").write_text(f"[libchat.plugins]\n{lines}")


def _use(stage: Stage) -> None:
    """Have each of them do something."""
    for line in (
        "roll",
        'poll "Lunch?"',
        "remind in 1h tea",
        "rules",
        "stats",
        "webhook",
        "words x",
        "results",
        "preview x",
    ):
        stage.run(line)
    stage.play("vote 1 https://localhost/ idiot")
    stage.observe("join", room="#team", name="bo")
    stage.pass_time(10)
