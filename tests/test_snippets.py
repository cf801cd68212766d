"""What a page shows is what happens: its programs run, and what it types into terminals has the results that it shows.

`support.snippets` says how a page is written so that it can be run.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.snippets import Block, Stage, blocks

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    DOCS / "index.md",
    DOCS / "topics" / "plugins.md",
    *sorted(DOCS.glob("tutorial/*.md")),
    *sorted(DOCS.glob("howto/*.md")),
]
ELSEWHERE = {"plugin.md"}
"""Pages whose programs have a test of their own: tests/plugins/test_tutorial.py."""

UNRUN = {"apt-get", "firewall-cmd", "install", "journalctl", "nft", "pip", "podman", "ssh", "systemctl", "ufw"}
"""What would change the machine, or needs another one: of these, only what they name is looked for."""

MACHINE = ("/etc/", "/opt/", "/usr/", "/var/")
"""Folders of the machine: what names one of them would change it, too."""

SERVE = "libchat serve > served & until grep -q by.hand served; do sleep 0.05; done"
SERVICE = {"enable": SERVE, "start": SERVE, "stop": "kill %1; wait", "disable": "kill %1; wait"}
"""What is typed for `systemctl`: the server is a job of the shell, as far as pages speak to it afterwards."""


def is_program(block: Block, page: Path) -> bool:
    """Return whether a block is a program that runs by itself."""
    return block.language == "python" and "file" not in block.said and page.name not in ELSEWHERE


PROGRAMS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}:{block.line}")
    for page in PAGES
    for block in blocks(page)
    if is_program(block, page)
]
TRANSCRIPTS = [
    pytest.param(page, id=str(page.relative_to(ROOT)))
    for page in PAGES
    if any(block.language == "console" for block in blocks(page))
]


@pytest.mark.parametrize("block", PROGRAMS)
def test_a_program_runs(block: Block, tmp_path: Path) -> None:
    """What a page shows as a program is one: it runs, and what it asserts is true."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-c", block.text]
    subprocess.run(command, check=True, timeout=30, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})


@pytest.mark.parametrize("page", TRANSCRIPTS)
def test_a_page_is_what_happens(page: Path, tmp_path: Path) -> None:
    """Everything that a page types works as it stands, and prints what the page shows."""
    with Stage(page, tmp_path, instead) as stage:
        for block in blocks(page):
            stage.play(block)


UNTRUE = {
    "other output": ("$ echo one\n$ echo two\nthree\n", "line 3: 'three': it is not there, and the command has ended"),
    "more output": ("$ echo one; echo two\none\n", "line 2, behind it: the last command has printed more"),
    "more between": ("$ printf '1\\n2\\n3\\n'\n1\n3\n", "line 3: '3': it is not there"),
    "another order": ("$ printf '1\\n2\\n'\n...\n2\n1\n...\n", "line 4: '1': it is not there"),
    "a failure": ("$ false\n", "line 1, behind it: the last command has ended with 1"),
    "a failure between": ("$ false\n$ echo one\n", "line 2: '$ echo one': the last command has ended with 1"),
    "another exit code": ("$ (exit 3)\n$ echo $?\n2\n", "line 3: '2': it is not there"),
    "no such command": ("$ lib-chat\n...\n", "line 2, behind it: the last command has ended with 127"),
    "no such target": ("$ make nothing\n", "make"),
    "another prompt": ("$ read -e -p 'name: ' a; echo $a\nnick: Bo\nBo\n", "line 2: 'nick: Bo': it did not come"),
    "what never ends": ("$ cat\n", "line 1, behind it: the end of the last command did not come"),
    "no invite": ("$ echo libchat://192.0.2.7/...\n", "no invite was printed so far"),
}
"""Blocks that are not true, and how that is told."""


@pytest.mark.parametrize("case", UNTRUE)
def test_what_is_not_true_is_found(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that shows what does not happen fails, with its line and the reason."""
    monkeypatch.setattr("support.terminal.PATIENCE", 1.0)
    text, reason = UNTRUE[case]
    block = Block("console", text, 1, {})
    with (
        pytest.raises((AssertionError, subprocess.CalledProcessError), match=re.escape(reason)),
        Stage(Path("page.md"), tmp_path, instead) as stage,
    ):
        stage.play(block)


def test_what_is_true_passes(tmp_path: Path) -> None:
    """Prompts, keys, secrets, several lines, gaps, times, and terminals with homes of their own."""
    page = tmp_path / "page.md"
    page.write_text(TRUE, encoding="utf-8")
    with Stage(page, tmp_path, instead) as stage:
        for block in blocks(page):
            stage.play(block)


TRUE = """
<!-- file: settings/a.toml -->

```toml
port = 8080
```

<!-- secret: correct horse -->

```console
$ cat settings/a.toml
port = 8080
$ sudo apt-get install something
whatever that prints
$ read -e -p 'name: ' a; read -s -p 'secret: ' b; echo; echo $a $b
name: Bo
secret:
Bo correct horse
$ cat > b <<EOF
> one
> two 8080
> EOF
$ seq 5; cat b; seq 5
1
2
...
one
two ...
...
5
$ echo at 12:34 on 2020-01-31, libchat://192.0.2.7:8080/?k=1
at 16:41 on 2026-11-22, libchat://192.0.2.7:8080/?...
$ test 'libchat://192.0.2.7:8080/?...' = libchat://127.0.0.1:$LIBCHAT_PORT/?k=1
$ (exit 3)
$ echo $?
3
```

<!-- terminal: one -->
<!-- typed: first -->

```console
$ touch here; cat
first
first
```

<!-- machine: Bo -->

```console
$ ls here
...
$ echo $?
2
```

<!-- terminal: one -->

```console
^C
$ echo $?
130
$ ls -d here
here
```
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_block_is_overlooked(page: Path) -> None:
    """Every block of a page is found; and a file that it shows is used by a command further down."""
    text = page.read_text(encoding="utf-8")
    found = list(blocks(page))
    assert len(found) == len(re.findall(r"^ *```\w", text, re.MULTILINE))
    for number, block in enumerate(found):
        name = Path(block.said.get("file", "")).stem
        assert any(name in later.text for later in found[number + 1 :] if later.language == "console") or not name


def instead(command: str) -> str | None:
    """Return what is typed for a command; None if it cannot be run here, and what it names is there."""
    words = shlex.split(command.removeprefix("sudo "), comments=True)
    program = Path(words[0]).name
    if program == "make":
        recipe = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True, text=True)
        last = recipe.stdout.splitlines()[-1]
        return last.replace(".venv/bin/", "") if words[1] == "chat" else None
    if program not in UNRUN and not any(word.startswith(MACHINE) for word in words):
        return command
    for word in words[1:]:
        if word.startswith(("docs/", "./docs/")):
            assert (ROOT / word).exists(), f"{command!r}: there is no {word}"
        if program in ("systemctl", "journalctl") and "libchat" in word:
            unit(word)
            if program == "systemctl" and word == "libchat":
                return SERVICE.get(words[1])
        if program == "pip" and (extras := re.search(r"\[(.*)\]", word)):
            known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
            assert set(extras[1].split(",")) <= set(known["optional-dependencies"]), command
    return None


def unit(name: str) -> None:
    """Make sure that there is a unit of this name, which starts something."""
    path = DOCS / "deploy" / (name if "." in name else f"{name}.service")
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation has it
    parser.read_string(path.read_text(encoding="utf-8"))
    assert parser.sections(), f"{path} is no unit"
