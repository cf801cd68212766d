"""Completion in the user's own shell: what the scripts know, and what real shells make of them."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.cli import make_program
from libchat.cli.completion import bash, fish, zsh
from libchat.cli.completion.outline import Kind, Outline, outline
from support.completing import SHELLS

Run = Callable[..., "CompletedProcess[str]"]

SCRIPTS = {"bash": bash.script, "fish": fish.script, "zsh": zsh.script}
LINES = {
    "libchat pl": ["plugins"],
    "libchat key ": ["plan", "show", "switch"],
    "libchat key show ": [],
    "libchat users re": ["remove", "revoke", "revoke-invite"],
    "libchat users --json no": ["no-admin"],
    "libchat completions ": ["bash", "fish", "zsh"],
    "libchat serve --durab": ["--durability"],
    "libchat serve --durability ": ["full", "memory", "normal"],
    "libchat serve --admit=acc": ["accounts"],
    "libchat serve --port ": [],
    "libchat serve --port 80 --host x --durability n": ["normal"],
    "libchat key --data . sw": ["switch"],
    "libchat invite --data sub": ["subfolder"],
    "libchat serve --config sub": ["subfile", "subfolder"],
    "libchat import sub": ["subfile", "subfolder"],
    "libchat send ": [],
}
"""Lines with the cursor at their end, and all that fits there."""


@pytest.fixture(scope="module")
def said() -> Outline:
    """Return what can be said on the command line."""
    return outline(*make_program())


def ready(shell: str) -> None:
    """Skip the test where a shell is not there."""
    if shutil.which(shell) is None or sys.platform == "win32":
        pytest.skip(f"{shell} is not installed here; its script is checked by its text")


def ask(shell: str, lines: list[str], folder: Path) -> list[list[str]]:
    """Return what a shell offers for each line, in a folder with a file and a folder in it."""
    place = folder / "a place"
    (place / "subfolder").mkdir(parents=True)
    (place / "subfile").touch()
    script = folder / f"script.{shell}"
    script.write_text(SCRIPTS[shell](outline(*make_program())), "utf-8")
    return SHELLS[shell](script, lines, place)


def bare(line: str, words: list[str]) -> list[str]:
    """Return offers as they are meant.

    fish repeats the option before a `=`, and ends folders with a slash; zsh falls back on options.
    """
    asks_option = line.split(" ")[-1].startswith("-") and "=" not in line
    offers = [re.sub(r"^--[\w-]+=", "", word).rstrip("/") for word in words]
    return [offer for offer in offers if asks_option or not offer.startswith("-")]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_offers_what_fits(shell: str, tmp_path: Path) -> None:
    """Commands, options, choices, files and folders are offered where they may stand, and nowhere else."""
    ready(shell)
    found = ask(shell, list(LINES), tmp_path)
    assert {line: bare(line, words) for line, words in zip(LINES, found, strict=True)} == LINES


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_every_command_and_option(shell: str, said: Outline, tmp_path: Path) -> None:
    """No command and no option is forgotten: the shell itself offers each."""
    ready(shell)
    lines = ["libchat ", "libchat --", *(f"libchat {each.name} --" for each in said.commands)]
    found = ask(shell, lines, tmp_path)
    assert found[0] == sorted(each.name for each in said.commands)
    for each, words in zip((said.program, *said.commands), found[1:], strict=True):
        assert set(words) >= {flag for flag in each.flags if flag.startswith("--")}, each.name


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_script_holds_every_command_option_and_choice(shell: str, said: Outline) -> None:
    """Where a shell cannot be asked, its script has each word at least, and its quotes and brackets are even."""
    text = SCRIPTS[shell](said)
    for each in said.commands:
        assert re.search(rf"\b{each.name}\b", text)
        for flag in each.flags:
            spelled = f"-(l|s) {flag.lstrip('-')} " if shell == "fish" else rf"{flag}\b"
            assert re.search(spelled, text), flag
    values = [value for each in said.commands for _, value in each.valued()]
    values += [operand.value for each in said.commands for operand in each.operands]
    for value in values:
        assert " ".join(value.words) in text
    assert text.endswith("\n")
    assert "(default" not in text


def test_the_outline_knows_what_values_are(said: Outline) -> None:
    """Each path is known as a file or a folder, so that no shell offers nothing for it."""
    kinds = {
        (each.name, flag): value.kind for each in said.commands for flag, value in each.valued() if flag != "--name"
    }
    assert kinds["serve", "--cert"] is Kind.FILE
    assert kinds["serve", "--data"] is Kind.FOLDER
    assert kinds["plugins", "--folder"] is Kind.FOLDER
    assert kinds["serve", "--log-level"] is Kind.WORDS
    assert kinds["chat", "--port"] is Kind.TEXT
    paths = re.compile("file|folder|data|config|cert|key$|known-servers")
    texts = {flag for (_, flag), kind in kinds.items() if kind is Kind.TEXT}
    assert [flag for flag in texts if paths.search(flag)] == []


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_program_prints_the_script(libchat: Run, said: Outline, shell: str) -> None:
    """`libchat completions SHELL` prints the script and nothing else."""
    done = libchat("completions", shell)
    assert (done.returncode, done.stdout, done.stderr) == (0, SCRIPTS[shell](said), "")


def test_another_shell_is_refused(libchat: Run) -> None:
    """A shell that libchat does not know is wrong usage, with those that there are."""
    done = libchat("completions", "tcsh")
    assert done.returncode == 2
    assert "invalid choice: 'tcsh'" in done.stderr
    assert "bash" in done.stderr
