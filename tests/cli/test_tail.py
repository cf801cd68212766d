"""`libchat tail`: messages as they come."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from subprocess import PIPE, CompletedProcess

import pytest

from support.program import COMMAND, PATIENCE, Program, Serving

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
Chat = Callable[[str], Program]

pytestmark = pytest.mark.usefixtures("server")

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def ana(chat: Chat) -> Program:
    """Return somebody in the room `team`."""
    ana = chat("ana")
    ana.write("join team")
    ana.expect("server: joined team")
    return ana


def test_a_room(start: Start, ana: Program) -> None:
    """Messages of a room are printed one a line, with their time, sender and room."""
    tail = start("tail", "#team", "--name", "reader", "--count", "2")
    ana.expect("server: reader joined team")
    ana.write("Hello all!", "Bye: all!")
    assert re.fullmatch(rf"{TIME} ana \(in team\): Hello all!", tail.line())
    assert re.fullmatch(rf"{TIME} ana \(in team\): Bye: all!", tail.line())
    assert tail.end() == 0
    assert tail.errors == ""


def test_private_messages(start: Start, ana: Program, libchat: Run) -> None:
    """Without a target, all private messages are printed, those of several lines with their sender on each."""
    tail = start("tail", "--name", "reader")
    _wait_for(libchat, "reader")
    libchat("send", "reader", "one\ntwo", "--name", "bo")
    assert re.fullmatch(rf"{TIME} bo: one", tail.line())
    assert re.fullmatch(rf"{TIME} bo: two", tail.line())


def test_one_person(start: Start, ana: Program, libchat: Run) -> None:
    """With a name, what others write is left out."""
    tail = start("tail", "BO", "--name", "reader", "--count", "1")
    _wait_for(libchat, "reader")
    libchat("send", "reader", "not this", "--name", "cleo")
    libchat("send", "reader", "this", "--name", "bo")
    assert tail.line().endswith(" bo: this")
    assert tail.end() == 0


def test_json(start: Start, ana: Program) -> None:
    """--json prints objects with exactly target, seq, sender, time, text and queued."""
    tail = start("tail", "#team", "--name", "reader", "--json", "--count", "1")
    ana.expect("server: reader joined team")
    ana.write('"Hello"')
    entry = json.loads(tail.line())
    assert sorted(entry) == ["queued", "sender", "seq", "target", "text", "time"]
    assert (entry["target"], entry["sender"], entry["text"]) == ("#team", "ana", '"Hello"')
    assert entry["queued"] is False


def test_history(libchat: Run, ana: Program, start: Start) -> None:
    """-n prints the last messages first, in order and without the topics between them, then what is new."""
    for number in range(250):
        ana.write(f"line {number}")
    ana.write("server:topic of the day", "server:who")
    ana.expect("server: online (1): ana")
    done = libchat("tail", "#team", "-n", "3", "--count", "3")
    assert [line[-8:] for line in done.stdout.splitlines()] == ["line 247", "line 248", "line 249"]
    tail = start("tail", "#team", "-n", "1000", "--name", "reader", "--json")
    assert [json.loads(tail.line())["text"] for _ in range(250)] == [f"line {number}" for number in range(250)]
    ana.write("new")
    assert json.loads(tail.line())["text"] == "new"


def test_what_waited(libchat: Run, chat: Chat) -> None:
    """What was sent while the name was away comes when it is back, and says that it was queued."""
    bo = chat("bo")
    bo.close_input()
    bo.end()
    libchat("send", "bo", "later", "--name", "ana")
    done = libchat("tail", "--name", "bo", "--count", "1", "--json")
    assert json.loads(done.stdout)["queued"] is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(start: Start, ana: Program, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C are the usual end: exit code 0, and nothing is complained about."""
    tail = start("tail", "#team", "--name", "reader")
    ana.expect("server: reader joined team")
    tail.signal(number)
    assert tail.end() == 0
    assert (tail.rest(), tail.errors) == ([], "")
    ana.expect("server: reader left team")


def test_its_reader_goes_away(ana: Program, env: dict[str, str]) -> None:
    """When nobody reads its output any more, it ends quietly, as SIGPIPE would have it."""
    with subprocess.Popen(
        [*COMMAND, "tail", "#team", "--name", "reader"], env=env, stdin=subprocess.DEVNULL, stdout=PIPE, stderr=PIPE
    ) as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        ana.expect("server: reader joined team")
        tail.stdout.close()
        ana.write("anybody there?")
        assert tail.wait(PATIENCE) == 141
        assert tail.stderr.read() == b""


def test_the_server_comes_back(env: dict[str, str], server: Serving, start: Start, libchat: Run) -> None:
    """A lost connection is told on standard error and made again; the room is entered again, too."""
    server.signal(signal.SIGTERM)
    server.end()
    with Serving("--port", "0", env=env) as first:
        env |= {"LIBCHAT_PORT": str(first.port), "LIBCHAT_PIN": first.pin}
        tail = start("tail", "#team", "--name", "reader", "--count", "1")
        while "reader" not in libchat("who", "#team").stdout:
            pass
        first.signal(signal.SIGTERM)
        first.end()
    with Serving("--port", str(first.port), env=env):
        while "reader" not in libchat("who", "#team").stdout:
            pass
        libchat("send", "#team", "back")
        assert tail.line().endswith(": back")
        assert tail.end() == 0
    assert "connection lost (" in tail.errors
    assert "connected again" in tail.errors


def test_local_time(libchat: Run, ana: Program, env: dict[str, str]) -> None:
    """Times are those of a clock on the wall."""
    ana.write("hello", "server:who")
    ana.expect("server: online (1): ana")
    hours = []
    for zone in ("UTC0", "ABC-1"):
        env["TZ"] = zone
        done = libchat("tail", "#team", "-n", "1", "--count", "1")
        hours.append(int(done.stdout[11:13]))
    assert (hours[1] - hours[0]) % 24 == 1


def test_output_in_another_encoding(libchat: Run, ana: Program, env: dict[str, str]) -> None:
    """A terminal that does not know a character gets a question mark for it."""
    ana.write("caf\u00e9 \u2615", "server:who")
    ana.expect("server: online (1): ana")
    env |= {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert libchat("tail", "#team", "-n", "1", "--count", "1").stdout.endswith("caf? ?\n")


def _wait_for(libchat: Run, name: str) -> None:
    while name not in libchat("who").stdout.split():
        pass  # each try takes long enough
