"""The plain shell: slash commands through pipes, and what is not imported for them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.program import PATIENCE, Program, Serving, run

Say = Callable[..., "subprocess.CompletedProcess[str]"]

WATCHED = """
import sys
from libchat.cli import main
code = main(sys.argv[1:])
loaded = [name for name in ("prompt_toolkit", "zeroconf") if name in sys.modules]
print("loaded:", loaded)
sys.exit(code)
"""

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def say(env: dict[str, str]) -> Say:
    """Return a function that has ana type lines into a pipe."""
    return lambda *lines: run("chat", "--name", "ana", "--no-plugins", env=env, given="\n".join(lines))


@pytest.fixture
def bo(server: Serving, env: dict[str, str]) -> Iterator[Program]:
    """Have bo in the room."""
    with ExitStack() as running:
        program = running.enter_context(Program("chat", "--name", "bo", env=env))
        program.write("join team")
        program.expect("server: joined team")
        yield program


@pytest.mark.parametrize("line", ["who", "/who"])
def test_prompt_toolkit_is_not_imported(env: dict[str, str], line: str) -> None:
    """Without a terminal nothing of a terminal is loaded, not even for slash commands."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "chat", "--name", "ana"],
        env=env,
        input=f"{line}\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_slash_commands_in_a_room(say: Say, bo: Program) -> None:
    """The commands of the shell work in lines, too, and what others see is the same."""
    done = say("/join team", "hello", "/me waves", "/reply bo: well", "//slash", "/topic New things", "leave", "/who")
    bo.expect("ana (in team): hello")
    bo.expect("ana (in team): /me waves")
    bo.expect("ana (in team): /slash")
    bo.expect("server: ana left team")
    assert done.stdout.splitlines()[:2] == ["server: welcome ana", "server: joined team"]
    assert "server: left team" in done.stdout
    assert "2 people online:" in done.stdout


def test_a_mistyped_command(say: Say) -> None:
    """A command that there is not is told on standard error with the near one, and makes the exit code 1."""
    done = say("/jion team", "who")
    assert done.returncode == 1
    assert "did you mean" in done.stderr
    assert "/join" in done.stderr
    assert done.stdout.splitlines()[-1] == "server: online (1): ana"


def test_a_message_to_somebody(say: Say, bo: Program) -> None:
    """/msg writes to somebody, and its answer is waited for."""
    done = say("/msg bo hi there", "/msg nobody hi")
    bo.expect("ana: hi there")
    assert done.returncode == 1
    assert "no-such-name" in done.stderr


def test_quit(say: Say) -> None:
    """/quit leaves; what stands after it is not read."""
    done = say("/quit", "who")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["server: welcome ana", "server: bye"]


def test_leaving_by_a_command(say: Say) -> None:
    """/leave means the room that one is in, also after /join of another one."""
    done = say("/join one", "/join two", "/leave", "/leave", "who")
    assert [line for line in done.stdout.splitlines() if line.startswith("server: ")] == [
        "server: welcome ana",
        "server: joined one",
        "server: joined two",
        "server: left two",
        "server: left one",
        "server: online (1): ana",
    ]
