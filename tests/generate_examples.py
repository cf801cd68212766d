"""Write docs/howto/examples.md from the examples themselves: `python tests/generate_examples.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Final

ROOT: Final = Path(__file__).parent.parent
EXAMPLES: Final = ROOT / "examples"
PAGE: Final = ROOT / "docs" / "howto" / "examples.md"

HEAD: Final = """# Examples

Files of the folder `examples`. Each runs as it stands, says at its top how, and is run by a test. ADDRESS is HOST:PORT,
or an invite.
"""

GROUPS: Final = {
    "In a program": ("in_process", "server_in_a_program", "invited", "callbacks", "nothing_is_lost", "chat_in_pytest"),
    "Bots and notifications": ("bot", "logging_handler", "job_queue", "game_lobby"),
    "With asyncio, and on the web": ("asyncio_client", "web_app"),
    "Programs for people": ("final_server", "final_client", "window"),
    "Without libchat": ("native_client",),
}
"""In which order the examples are shown. One that is in no group comes last, so none is ever missing."""


def examples() -> dict[str, Path]:
    """Return every example by its name."""
    return {path.stem: path for path in sorted(EXAMPLES.glob("*.py"))}


def explanation(path: Path) -> str:
    """Return what an example says of itself."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False) or ""


def page() -> str:
    """Return the page: a list with a sentence for each, and then the examples themselves."""
    found = examples()
    lists, sources = [], []
    for title, names in _groups(found):
        lists.append(f"## {title}\n\n" + "".join(f"{_item(name, found[name])}\n" for name in names))
        sources += [_source(name) for name in names]
    return "\n".join([HEAD, *lists, "## The files\n", *sources])


def _groups(found: dict[str, Path]) -> Iterator[tuple[str, list[str]]]:
    grouped = {name for names in GROUPS.values() for name in names}
    for title, names in GROUPS.items():
        yield title, [name for name in names if name in found]
    if others := [name for name in found if name not in grouped]:
        yield "And", others


def _item(name: str, path: Path) -> str:
    return fill(f"- {_link(name)}: {_sentence(path)}", 120, subsequent_indent="  ", break_on_hyphens=False)


def _link(name: str) -> str:
    return f"[`{name}.py`](#{_label(name)})"


def _label(name: str) -> str:
    return f"example-{name.replace('_', '-')}"


def _sentence(path: Path) -> str:
    """Return the first paragraph of the explanation: one line, which goes on behind a colon."""
    sentence = explanation(path).split("\n\n")[0].replace("\n", " ")
    return sentence[:1].lower() + sentence[1:]


def _source(name: str) -> str:
    include = f"```{{literalinclude}} ../../examples/{name}.py\n:language: python\n```\n"
    return f"({_label(name)})=\n### {name}.py\n\n{include}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
