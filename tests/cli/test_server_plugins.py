"""Plugins of `libchat serve`: how they are named, what is said of them, and how they are loaded anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from support.program import Program, Serving
from support.wire import Wire, open_tls

Run = Callable[..., "CompletedProcess[str]"]

FILTER = '''"""Keeps words from being said."""
from dataclasses import dataclass
from libchat.plugins import *

@dataclass
class Config:
    words: tuple[str, ...] = ("damn",)

@hook("message")
def look(message: Message, ctx: Context):
    if any(word in message.text for word in ctx.config.words):
        return Drop("mind your words")
'''

SERVE = ("serve", "--memory", "--port", "0", "--host", "127.0.0.1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a plugin."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "word_filter.py").write_text(FILTER, encoding="utf-8")
    return folder


def arrive(server: Serving, name: str) -> Wire:
    """Connect and take a name."""
    wire = open_tls(server)
    wire.send(f"server:register {name}")
    wire.expect(f"server: welcome {name}")
    return wire


def test_a_file_says_it_all(env: dict[str, str], tmp_path: Path, folder: Path, start: Callable[..., Program]) -> None:
    """The file of settings names the folder, the plugins and their own settings; the server tells which it has."""
    file = tmp_path / "server.toml"
    own = '[plugins]\nload = "word_filter"\nfolder = "plugins"\n\n[plugins.word_filter]\nwords = ["heck"]\n'
    file.write_text(own, encoding="utf-8")
    program = start(*SERVE, "--config", str(file))
    program.expect("  plugins:  word_filter")
    with Serving("--memory", "--port", "0", "--config", str(file), env=env) as server, arrive(server, "Ana") as ana:
        ana.send("join tea", "damn", "heck", "leave")
        ana.expect("server: joined tea", "server: error dropped: mind your words", "server: left tea")


@pytest.mark.parametrize("is_flag", [True, False])
def test_paths_of_files(env: dict[str, str], tmp_path: Path, folder: Path, *, is_flag: bool) -> None:
    """A path is taken as it is from a flag; in the file of settings it starts at that file."""
    file = tmp_path / "server.toml"
    file.write_text("" if is_flag else '[plugins]\nload = "plugins/word_filter.py"\n', encoding="utf-8")
    flags = ("--plugins", str(folder / "word_filter.py")) if is_flag else ()
    options = ("--memory", "--port", "0", "--config", str(file), *flags)
    with Serving(*options, env=env) as server, arrive(server, "Ana") as ana:
        ana.send("join tea", "damn")
        ana.expect("server: joined tea", "server: error dropped: mind your words")


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--plugins", "word_filtr"), "plugin word_filtr: there is no such plugin; did you mean word_filter?"),
        (("--plugins", "broken"), "plugin broken: it cannot be read: line 1: "),
        (("--plugins", "word_filter", "--config", "FILE"), "[plugins.word_filter] has no setting 'wrds'; did you mean"),
    ],
)
def test_what_cannot_be_loaded(libchat: Run, tmp_path: Path, folder: Path, options: tuple[str, ...], hint: str) -> None:
    """The server does not start without a plugin that it should have, and says what is wrong."""
    (folder / "broken.py").write_text("def\n", encoding="utf-8")
    file = tmp_path / "server.toml"
    file.write_text('[plugins.word_filter]\nwrds = ["x"]\n', encoding="utf-8")
    said = [str(file) if word == "FILE" else word for word in options]
    done = libchat(*SERVE, "--plugin-folder", str(folder), *said)
    assert done.returncode == 1
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_looks_at_plugins(libchat: Run, tmp_path: Path, folder: Path) -> None:
    """Each plugin that is asked for is looked for, and not imported."""
    (folder / "broken.py").write_text("def\n", encoding="utf-8")
    (folder / "loud.py").write_text('"""Is loud."""\nprint("imported")\n', encoding="utf-8")
    file = tmp_path / "server.toml"
    text = '[plugins]\nload = "loud, broken, missing, plugins/word_filter.py"\nfolder = "plugins"\n'
    file.write_text(f'memory = true\nport = 0\nhost = "127.0.0.1"\n{text}', encoding="utf-8")
    done = libchat("doctor", "--quick", "--config", str(file))
    assert done.returncode == 1
    assert "imported" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("plugin ")]
    assert [line.split(None, 2)[1:] for line in lines] == [
        ["ok", f"loud: Is loud. ({folder / 'loud.py'})"],
        ["FAILED", lines[1].split(None, 2)[2]],
        ["FAILED", "missing: there is no such plugin"],
        ["ok", f"word_filter: Keeps words from being said. ({folder / 'word_filter.py'})"],
    ]
    assert "broken: it cannot be read: line 1" in lines[1]
    assert f"put missing.py into {folder}" in done.stdout
