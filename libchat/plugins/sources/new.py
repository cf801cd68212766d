"""The files of a new plugin: one that works, and its test, for the author to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final

from libchat.errors import PluginError
from libchat.plugins.sources.find import fault_of_name

_PLUGIN: Final = Template('''\
"""Greet people, and keep count of it. (This line is what `/plugins list` shows.)"""

from __future__ import annotations

from dataclasses import dataclass

from libchat.plugins import Context, Member, Message, command, hook

LIBCHAT_API = 1
__version__ = "0.1"


@dataclass(frozen=True)
class Config:
    """Settings, from the table [plugins.$name] of the program's TOML file."""

    greeting: str = "hello"


@command("$word", rate="5/10s")
def greet(ctx: Context, name: Member, *, loudly: bool = False) -> str | None:
    """Greet somebody; with --loudly, everybody hears it."""
    ctx.store[name] = ctx.store.get(name, 0) + 1
    text = f"{ctx.config.greeting} {name}, for the {ctx.store[name]}. time"
    if not loudly:
        return text  # told to who gave the command
    ctx.say(text)  # said in the chat
    return None


@hook("message")
def watch(message: Message) -> Message | None:
    """See each message of others: None leaves it as it is, another message is taken instead."""
    if message.text == "good morning":
        return message.replace(text="good morning \\N{SUN WITH FACE}")
    return None
''')

_TEST: Final = Template('''\
"""Tests of the plugin $name: `stage` is a fixture of libchat, a whole chat in which a plugin is tried out."""

from __future__ import annotations

from pathlib import Path

from libchat.testing import Stage

PLUGIN = Path(__file__).with_name("$name.py")


def test_greetings_are_counted(stage: Stage) -> None:
    """Who is greeted twice is told so."""
    stage.load(PLUGIN, greeting="hi")
    assert stage.run("/$word bo") == ["hi bo, for the 1. time"]
    assert stage.run("/$word bo --loudly") == []
    assert stage.said == [("#team", "hi bo, for the 2. time")]


def test_names_are_completed(stage: Stage) -> None:
    """The parameter's type knows who is there."""
    stage.load(PLUGIN)
    assert stage.complete("/$word b") == ["bo"]


def test_mornings_are_bright(stage: Stage) -> None:
    """One message is changed, all others are left alone."""
    stage.load(PLUGIN)
    assert stage.play("good morning") == "good morning \\N{SUN WITH FACE}"
    assert stage.play("good night") == "good night"
''')


def new_files(name: str) -> Mapping[str, str]:
    """Return the files of a new plugin, by name. Raises `PluginError` for what cannot be its name."""
    problem = fault_of_name(name)
    if problem:
        raise PluginError(name, problem)
    words = {"name": name, "word": name.replace("_", "-")}
    return {f"{name}.py": _PLUGIN.substitute(words), f"test_{name}.py": _TEST.substitute(words)}


def write_new(name: str, folder: Path) -> list[Path]:
    """Write the files of a new plugin, and return their paths. Raises `PluginError`; nothing is overwritten."""
    files = {folder / file: text for file, text in new_files(name).items()}
    for path in files:
        if path.exists():
            raise PluginError(name, f"{path} is there already; take another name, or remove it")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PluginError(name, f"{folder} cannot be written to: {error.strerror}; choose another --folder") from error
    return list(files)
