"""Looking at plugins, and switching them on and off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from libchat.hub import Hub
from support.typist import Typist

GOOD = '''"""Greets."""

from libchat.plugins import command

LIBCHAT_API = 1
__version__ = "1.2"


@command
def greet() -> str:
    """Greet."""
    return "hello"


@command
def fall() -> None:
    """Fall."""
    raise RuntimeError("over")
'''


@pytest.fixture
def typist(hub: Hub, tmp_path: Path) -> Iterator[Typist]:
    """Return somebody whose folder has a good plugin, and a broken one."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "hello.py").write_text(GOOD, encoding="utf-8")
    (folder / "broken.py").write_text("LIBCHAT_API = 1\nthis is no Python", encoding="utf-8")
    typist = Typist(hub.connect("ana"), folder)
    yield typist
    typist.close()


def test_a_plugin_from_the_list_to_the_end(typist: Typist) -> None:
    """A plugin is listed, looked at, enabled, used, loaded anew, and disabled."""
    listed = typist.says("/plugins").split("\n")
    assert [line.split()[:2] for line in listed[1:3]] == [["broken", "broken"], ["hello", "off"]]
    assert typist.says("/plugins enable hello") == "hello is on, and is loaded whenever the shell starts"
    assert typist.says("/greet") == "hello"
    info = typist.says("/plugins info hello")
    assert info.startswith("hello: Greets.\n  is")
    assert "/greet, /fall" in info
    assert "1.2" in info
    assert typist.says("/plugins reload hello") == "hello is loaded anew"
    assert typist.says("/plugins disable hello") == "hello is off, and stays off"
    assert typist.run("/greet").kind == "unknown"


def test_errors_of_plugins(typist: Typist) -> None:
    """What went wrong is listed, and told in full for one plugin."""
    assert typist.says("/plugins errors") == "nothing went wrong"
    typist.says("/plugins enable hello")
    typist.run("/fall")
    assert "hello, " in typist.says("/plugins errors")
    assert "1 error; /plugins errors NAME shows more" in typist.says("/plugins errors")
    assert 'raise RuntimeError("over")' in typist.says("/plugins errors hello")
    assert typist.says("/plugins errors broken") == "nothing went wrong with broken"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/plugins enable", "say which one: /plugins enable NAME"),
        ("/plugins enable hallo", "did you mean hello?"),
        ("/plugins info nothing", "there is no such plugin"),
        ("/plugins enable broken", "broken"),
        ("/plugins enabel hello", "did you mean 'enable'?"),
    ],
)
def test_plugins_that_cannot_be(typist: Typist, line: str, words: str) -> None:
    """What is no plugin, or a broken one, is told."""
    outcome = typist.run(line)
    assert outcome.kind != "done"
    assert words in outcome.text


def test_no_plugins(hub: Hub, tmp_path: Path) -> None:
    """Where there are none, it is said how to write one."""
    typist = Typist(hub.connect("bo"), tmp_path)
    assert typist.says("/plugins") == "there are no plugins; `libchat plugins new NAME` writes one"
    typist.close()
