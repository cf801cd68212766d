"""Help, versions, and mistakes on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

import libchat as package

Run = Callable[..., "CompletedProcess[str]"]

COMMANDS = (
    *(
        "start",
        "serve",
        "host",
        "join",
        "invite",
        "key",
        "chat",
        "send",
        "tail",
        "who",
        "passwd",
        "devices",
        "users",
        "audit",
    ),
    *("forget", "doctor", "config", "backup", "restore", "verify", "export", "import", "plugins", "completions"),
)


def test_version(libchat: Run) -> None:
    """--version prints the package's version."""
    done = libchat("--version")
    assert (done.returncode, done.stdout) == (0, f"libchat {package.__version__}\n")


def test_help_lists_every_command(libchat: Run) -> None:
    """--help names every command, gives examples and the exit codes."""
    done = libchat("--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout
    assert "exit codes:" in done.stdout
    assert [command for command in COMMANDS if not re.search(rf"\n    {command}\s", done.stdout)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(libchat: Run, command: str) -> None:
    """A command's --help begins with one line about it, has examples, and tells the default of every option."""
    done = libchat(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"examples:\n  libchat {command}" in done.stdout or "| libchat" in done.stdout
    _, _, listed = done.stdout.partition("\noptions:\n")
    options = listed.partition("\nexamples:")[0].split("\n  --")[1:]  # the first is -h
    assert options or command == "completions"  # which has its --help alone
    assert [option for option in options if "default" not in option] == []


def test_without_a_command_there_is_help(libchat: Run) -> None:
    """Nothing at all is wrong usage, answered with help."""
    done = libchat()
    assert (done.returncode, done.stdout) == (2, "")
    assert "examples:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("sned", "bob"), "there is no command 'sned'; did you mean 'send'?"),
        (("xyzzy",), "there is no command 'xyzzy'; there are: "),
        (("serve", "--prot", "9"), "there is no option '--prot'; did you mean '--port'?"),
        (("serve", "--port", "x"), "'x' does not do: a port is a number from 1 to 65535, or 0 for any free one"),
        (("chat", "--port", "0"), "'0' does not do: a port is a number from 1 to 65535"),
        (("chat", "--port", "65536"), "a port is a number from 1 to 65535"),
        (("who", "--pin", "123"), "'123' is no pin"),
        (("who", "#team", "--rooms"), "not allowed with argument"),
        (("send",), "required: TARGET"),
        (("send", "a b", "text"), "cannot be a name: a space is not allowed"),
        (("send", "bob", "two", "words"), "'words' is one word too many; put words that belong together in quotes"),
        (("tail", "--count", "0"), "give a number from 1"),
        (("tail", "-n", "-1"), "give a number from 0"),
        (("tail", "-n", "1"), "-n needs a TARGET"),
        (("tail", "--name", "server"), "reserved"),
        (("serve", "--data", "x", "--memory"), "not allowed with argument"),
        (("serve", "--cert", "x"), "--cert and --key belong together"),
        (("forget",), "required: ADDRESS"),
        (("forget", "a:b:c"), "is no address"),
    ],
)
def test_wrong_usage(libchat: Run, arguments: tuple[str, ...], hint: str) -> None:
    """Wrong usage ends with exit code 2, and says what to do."""
    done = libchat(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_defaults_from_the_environment_are_checked(libchat: Run, env: dict[str, str]) -> None:
    """A wrong LIBCHAT_PORT is told as a wrong --port is."""
    env["LIBCHAT_PORT"] = "http"
    done = libchat("who")
    assert done.returncode == 2
    assert "'http' does not do" in done.stderr
