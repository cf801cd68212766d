"""Help, and what every command owes to who types it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from libchat.hub import Hub
from libchat.plugins.declare import Command
from libchat.speaker import Speaker
from libchat.tables import display_width
from libchat_shell import commands as package
from libchat_shell.advice import ADVICE
from libchat_shell.commands.help import GROUPS, describe, overview
from support.typist import Enter, Typist

COLUMNS = 80

BY_THE_SHELL = {
    "send": "what is typed; `Desk.say`",
    "read": "what was on the screen",
    "typing": "while one types",
    "submit": "for programs that do without the others",
}
"""What a participant can say, and no command says: the shell does it by itself."""


def all_commands() -> dict[str, Command]:
    """Return the shell's own commands, by name."""
    with Hub() as hub:
        typist = Typist(hub.connect("ana"))
        found = {each.name: each for each in typist.host.commands.values()}
        typist.close()
    return found


COMMANDS = all_commands()
every = pytest.mark.parametrize("name", sorted(COMMANDS))


def sources() -> Iterator[ast.AST]:
    """Yield the nodes of the source of all commands."""
    for path in sorted(Path(inspect.getfile(package)).parent.glob("*.py")):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_everything_that_can_be_said_has_a_command() -> None:
    """No method of a participant that talks is out of reach of a person."""
    public = {name for name in vars(Speaker) if not name.startswith("_")}
    called = {
        node.func.attr
        for node in sources()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) in ("ctx.chat", "chat")
    }
    assert public - called == set(BY_THE_SHELL)


@every
def test_each_command_explains_itself(name: str) -> None:
    """Its summary is one sentence that fits on the screen, and it has examples that begin with it."""
    command = COMMANDS[name]
    assert command.summary.endswith(".")
    assert display_width(f"  /{'x' * 10}  {command.summary}") <= COLUMNS
    examples = re.findall(r"^Example: (.*)$", command.help, re.MULTILINE)
    assert examples
    assert all(example.split()[0] == f"/{name}" for example in examples)


@every
def test_each_argument_is_explained(name: str) -> None:
    """Each parameter has a line of help, but for those that the text explains."""
    explained = {"reply": {"text"}, "edit": {"text"}, "topic": {"text"}, "set_": {"name"}}
    command = COMMANDS[name]
    silent = {each.name for each in command.grammar.parameters if not each.help}
    assert silent <= explained.get(command.function.__name__, set())


@every
def test_each_example_can_be_read(name: str, enter: Enter) -> None:
    """What help shows can be typed: the command understands it."""
    typist = enter("ana", "#red")
    enter("bo", "#red").says("/me waves")
    typist.says("/query bo")
    typist.says("/ignore bo")
    typist.says("/join #team")
    typist.says("/switch #red")
    scope = typist.surface.scope("#red")
    for example in re.findall(r"^Example: (.*)$", COMMANDS[name].help, re.MULTILINE):
        if example == "/set notify default":
            continue  # a setting of the real shell
        COMMANDS[name].grammar.parse(example.partition(" ")[2], scope, f"/{name}")


def test_every_command_is_in_a_group() -> None:
    """Help lists each command once, under a title, and fits on the screen."""
    lines = overview(COMMANDS.values())
    listed = [line.split()[0] for line in lines if line.startswith("  /")]
    assert sorted(listed) == sorted(f"/{name}" for name in COMMANDS)
    assert [line for line in lines if line in GROUPS.values()] == list(GROUPS.values())
    assert [line for line in lines if display_width(line) > COLUMNS] == []


def test_help(ana: Typist) -> None:
    """All commands are listed, or one is told in full; a mistyped one is guessed."""
    assert "Running a room\n  /kick" in ana.says("/help")
    told = ana.says("/help /kick").split("\n")
    assert told[0] == "/kick NAME [--room #ROOM] [REASON]"
    assert "Example: /kick bo please read the rules" in told
    assert "  NAME    who" in told
    assert "Also: /part" in ana.says("/help leave")
    assert "there is no command /kik. Did you mean kick?" in ana.fails("/help kik")
    assert ana.says("/h part") == ana.says("/help leave") == ana.says("/help LEAVE")


def test_advice_names_commands_that_there_are() -> None:
    """A command that an error recommends exists."""
    words = {word.rstrip(".:,") for hint in ADVICE.values() for word in hint.split() if word.startswith("/")}
    assert words <= {f"/{name}" for name in COMMANDS}


def test_texts_name_commands_that_there_are() -> None:
    """So does each that a text of the commands recommends."""
    texts = [node.value for node in sources() if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    named = {word for text in texts for word in re.findall(r"(?<![\w./|:-])/([a-z]{2,})\b(?!/)", text)}
    assert named - set(COMMANDS) == set()
    assert describe(COMMANDS["kick"])[0].startswith("/kick")
