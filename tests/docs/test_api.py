"""The page of the API has everything that is public."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

import libchat.testing.plugin
from libchat import Participant, messages
from libchat.bot import Bot
from libchat.testing import Stage
from support.pages import read, rows, section, words

PAGE = read("reference/api.md")
DIRECTIVES = re.findall(r"^\.\. auto(\w+):: ([\w.]+)((?:\n   :.*)*)", PAGE, re.MULTILINE)
MODULES = {name: import_module(name) for name in words(" ".join(row[0] for row in rows(PAGE.partition("## ")[0])))}
OBJECTS: dict[str, object] = {
    f"{name}.{each}": getattr(module, each) for name, module in MODULES.items() for each in module.__all__
}

BESIDE = [name for _, name, _ in DIRECTIVES if f":: {name}\n" in section(PAGE, "## Beside these")]


def test_every_module_is_there() -> None:
    """The first table has the modules that export something for programs."""
    assert set(MODULES) == {"libchat", "libchat.aio", "libchat.bot", "libchat.plugins", "libchat.testing"}


def test_every_public_name_is_there() -> None:
    """What the modules export stands on the page, under one of its names; and nothing else does."""
    described = {name for _, name, _ in DIRECTIVES} - set(BESIDE)
    named = {word for row in rows(PAGE) for word in words(row[0]) if word.count(".") > 0} - set(MODULES)
    assert described | named <= set(OBJECTS)
    shown = {id(OBJECTS[name]) for name in described}
    assert [name for name in OBJECTS if name not in named and id(OBJECTS[name]) not in shown] == []
    assert "`libchat.serve` is `libchat.Server`" in PAGE
    assert OBJECTS["libchat.serve"] is OBJECTS["libchat.Server"]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name, _ in DIRECTIVES])
def test_what_is_shown_says_what_it_is(kind: str, name: str) -> None:
    """Each has a docstring of its own, and stands there as the kind of thing that it is."""
    shown = resolve(name)
    assert inspect.getdoc(shown)
    assert kind == (
        "function" if not inspect.isclass(shown) else "exception" if issubclass(shown, Exception) else "class"
    )


def test_what_stands_beside_is_what_servers_and_clients_take() -> None:
    """It is no second way to what `libchat` exports."""
    assert len(BESIDE) > 10
    exported = {id(each) for each in OBJECTS.values()}
    assert [name for name in BESIDE if id(resolve(name)) in exported] == []


def resolve(name: str) -> object:
    """Return what has a dotted name."""
    if name in OBJECTS:
        return OBJECTS[name]
    module, _, attribute = name.rpartition(".")
    found: object = getattr(import_module(module), attribute)
    return found


def test_every_event_that_is_heard_is_public() -> None:
    """What a participant's methods return, and what stands in their events, can be imported from `libchat`."""
    methods = [
        method for name, method in inspect.getmembers(Participant, inspect.isfunction) if not name.startswith("_")
    ]
    told = " ".join(str(method.__annotations__.get("return", "")) for method in methods)
    events = {name for name in libchat.__all__ if isinstance(getattr(messages, name, None), type)}
    for name in events:
        told += " ".join(map(str, getattr(messages, name).__annotations__.values()))
    types = {name for name in vars(messages) if isinstance(getattr(messages, name), type)}
    assert set(re.findall(r"\b[A-Z]\w+", told)) & types - events == set()
    assert {"Entry", "Reaction", "Kicked", "BanInfo"} <= events


SURFACE = {"ask", "clock", "make_context", "reply", "scope", "tell"}
"""What those do that plugins run on. It is called by the host of plugins, and not by programs."""


@pytest.mark.parametrize(
    ("kind", "inner"),
    [
        (Bot, SURFACE | {"kind", "say"}),
        (Stage, SURFACE | {"deliver", "me", "members", "messages", "rooms"}),
        (libchat.Hub, {"add_sink", "is_behind", "remove_sink", "run", "vet_with", "watch"}),
    ],
)
def test_no_method_for_programs_is_left_out(kind: type, inner: set[str]) -> None:
    """Where methods are picked one by one, the others are those that servers and hosts of plugins call."""
    (options,) = [options for _, name, options in DIRECTIVES if resolve(name) is kind]
    picked = set(re.findall(r"\w+", options.partition(":members:")[2]))
    assert {name for name in dir(kind) if not name.startswith("_")} == picked | inner


def test_every_fixture_is_there() -> None:
    """The table of fixtures is that of the plugin for pytest."""
    told = {words(row[0])[0] for row in rows(section(PAGE, "## For tests"))}
    source = inspect.getsource(libchat.testing.plugin)
    assert told == set(re.findall(r"^@pytest\.fixture\ndef (\w+)", source, re.MULTILINE))
