"""The reference of plugins tells everything there is, and nothing else."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import libchat.plugins
from libchat.plugins import Context, Drop, Message
from libchat.plugins.hooks import HOOKS
from libchat.plugins.loaded.config import RESERVED
from libchat.plugins.signature import _KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "plugins.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """Return the rows of the last table under a heading, by what stands first in each."""
    _, found, rest = PAGE.partition(f"\n{heading}\n")
    assert found, f"plugins.md has no heading {heading!r}"
    lines = re.findall(r"^\| (.+) \|$", re.split(r"\n##+ ", rest)[0], re.MULTILINE)
    return {cells[0].strip("`"): cells for cells in (line.split(" | ") for line in lines)}


def test_every_hook_is_documented() -> None:
    """The table of hooks is the code's, down to the sentence."""
    table = rows("## Hooks")
    del table["hook"]
    assert {
        name: [f"`{name}`", hook.kind, ", ".join(f"`{each}`" for each in hook.arguments), hook.where, hook.summary]
        for name, hook in HOOKS.items()
    } == table


def test_every_argument_of_a_hook_is_documented() -> None:
    """The table of arguments has those that hooks name, and no others."""
    assert set(rows("### Arguments of hooks")) - {"argument"} == {
        each for hook in HOOKS.values() for each in hook.arguments
    }


def test_every_member_of_a_context_is_documented() -> None:
    """Attributes and methods, with their parameters."""
    members = {name for name in dir(Context) if not name.startswith("_")} - {"home"}
    table = {row.partition("(")[0]: row for row in rows("## Context")}
    del table["member"]
    assert set(table) == members
    for name in members:
        method = inspect.getattr_static(Context, name)
        if inspect.isfunction(method):
            given = [each for each in inspect.signature(method).parameters.values() if each.name != "self"]
            told = ", ".join(
                each.name if each.default is each.empty else f"{each.name}={_default(each.default)}" for each in given
            )
            assert table[name] == f"{name}({told})"


def _default(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_every_type_of_a_parameter_is_documented() -> None:
    """The table has each type that a signature may hold."""
    types = {kind.__name__ for kind in _KINDS if isinstance(kind, type)} | {"Literal", "Enum", "Annotated"}
    assert set(rows("### Types of parameters")) - {"type"} == types


def test_every_exported_name_is_documented() -> None:
    """What `libchat.plugins` exports stands somewhere on the page, and each name once in `__all__`."""
    names = libchat.plugins.__all__
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(libchat.plugins, name)] == []
    assert [name for name in names if not re.search(rf"[`@ ]{name}\b", PAGE)] == []


def test_fields_and_settings_are_documented() -> None:
    """Fields of messages, and the keys that are not the plugin's own."""
    fields = [field.name for kind in (Message, Drop) for field in dataclasses.fields(kind)]
    assert [name for name in [*fields, "room", "replace"] if not re.search(rf"[`.]{name}\b", PAGE)] == []
    assert set(rows("## Settings")) - {"key"} == RESERVED
