"""`libchat send`: messages from scripts, and what becomes of them."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from support.program import Program, Serving

Run = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., Program]
Chat = Callable[[str], Program]

pytestmark = pytest.mark.usefixtures("server")


def test_a_text(libchat: Run, chat: Chat) -> None:
    """A text arrives, nothing is printed, and the exit code is 0."""
    bo = chat("bo")
    done = libchat("send", "bo", "Hello Bo!", "--name", "ana")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    bo.expect("ana: Hello Bo!")


def test_the_name_of_a_script(libchat: Run, chat: Chat, env: dict[str, str]) -> None:
    """Without --name, a script has the login name and four digits, so that two scripts can run at once."""
    env["LOGNAME"] = "ana"
    bo = chat("bo")
    libchat("send", "bo", "hi")
    assert re.fullmatch(r"ana-[0-9a-f]{4}: hi", bo.line())


@pytest.mark.parametrize("text", [(), ("-",)])
def test_lines_of_standard_input(libchat: Run, chat: Chat, text: tuple[str, ...]) -> None:
    """Without a text, or with `-`, each line is a message; empty ones are passed over."""
    bo = chat("bo")
    done = libchat("send", "bo", *text, "--name", "ana", given="one\n\n  two: 2\r\nthree")
    assert (done.returncode, done.stderr) == (0, "")
    assert [bo.line() for _ in range(3)] == ["ana: one", "ana:   two: 2", "ana: three"]


def test_a_hundred_lines_to_a_room_in_order(libchat: Run, start: Start) -> None:
    """What is piped into a room arrives there completely and in order."""
    reader = start("tail", "#room", "--name", "reader", "--count", "100", "--json")
    _wait_until_joined(libchat, "room", "reader")
    lines = [f"line {number}" for number in range(100)]
    done = libchat("send", "#room", "-", "--name", "ana", "--json", given="\n".join(lines))
    assert done.returncode == 0
    heard = [json.loads(reader.line()) for _ in lines]
    assert [entry["text"] for entry in heard] == lines
    assert {(entry["sender"], entry["target"]) for entry in heard} == {("ana", "#room")}
    assert reader.end() == 0
    receipts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [receipt["seq"] for receipt in receipts] == [entry["seq"] for entry in heard]


def _wait_until_joined(libchat: Run, room: str, name: str) -> None:
    while name not in libchat("who", f"#{room}").stdout.split():
        pass  # each try takes long enough


def test_a_receipt_comes_at_once(start: Start, chat: Chat) -> None:
    """Whoever writes line by line gets each receipt before the input ends."""
    chat("bo")
    program = start("send", "bo", "--json")
    program.write("one")
    assert json.loads(program.line())["seq"] == 1
    program.write("two")
    program.close_input()
    assert program.end() == 0
    assert len(program.rest()) == 1


def test_json(libchat: Run, chat: Chat) -> None:
    """--json prints one object for each accepted message, with exactly target, seq, time and queued."""
    chat("Bo")
    before = int(time.time() * 1000)
    done = libchat("send", "BO", "hi", "--json")
    receipt = json.loads(done.stdout)
    assert {key: receipt[key] for key in ("target", "seq", "queued")} == {"target": "Bo", "seq": 1, "queued": False}
    assert before - 1 <= receipt["time"] <= time.time() * 1000
    assert sorted(receipt) == ["queued", "seq", "target", "time"]


def test_somebody_who_has_left(libchat: Run, chat: Chat) -> None:
    """Messages are queued for somebody who has left; that is said once, on standard error, and is no failure."""
    bo = chat("bo")
    bo.close_input()
    bo.end()
    done = libchat("send", "bo", "-", "--json", given="one\ntwo\n")
    assert done.returncode == 0
    assert [json.loads(line)["queued"] for line in done.stdout.splitlines()] == [True, True]
    assert done.stderr == "bo is away, the message is queued\n"


def test_somebody_who_left_a_note(libchat: Run, chat: Chat) -> None:
    """The away note of the recipient is passed on."""
    bo = chat("bo")
    bo.write("server:away at lunch", "who")
    bo.expect("server: online (1): bo")
    done = libchat("send", "bo", "hi")
    assert (done.returncode, done.stderr) == (0, "bo is away: at lunch\n")


@pytest.mark.parametrize(
    ("arguments", "given", "reason"),
    [
        (("nobody", "hi"), "", "nobody here was ever called nobody"),
        (("ana", "hi"), "", "you cannot send to yourself"),
        (("#team", ""), "", "nothing of this text can be seen"),
        (("#team", "x" * 5000), "", "5000 bytes"),
        (("#team",), "x" * 20_000, "send it in parts"),
        (("#team",), "one\n\u200b\ntwo\n", "nothing of this text can be seen"),
    ],
)
def test_what_is_refused(libchat: Run, arguments: tuple[str, ...], given: str, reason: str) -> None:
    """A refused message is told on standard error, and makes the exit code 1; the other lines are sent."""
    done = libchat("send", *arguments, "--name", "ana", "--json", given=given)
    assert done.returncode == 1
    assert reason in done.stderr
    assert len(done.stdout.splitlines()) == (2 if "one" in given else 0)


def test_a_name_that_is_taken(libchat: Run, chat: Chat) -> None:
    """Nobody is asked for another name."""
    chat("ana")
    done = libchat("send", "ana", "hi", "--name", "ANA")
    assert (done.returncode, done.stdout) == (1, "")
    assert "taken" in done.stderr


def test_bytes_that_are_no_text(libchat: Run, chat: Chat) -> None:
    """What is no UTF-8 is sent with question marks."""
    bo = chat("bo")
    assert libchat("send", "bo", "--name", "ana", given=b"caf\xe9\n").returncode == 0
    bo.expect("ana: caf?")


def test_no_server(libchat: Run, server: Serving) -> None:
    """Without a server the exit code is 3."""
    server.signal(signal.SIGTERM)
    server.end()
    done = libchat("send", "bo", "hi")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1


def test_a_lost_connection(start: Start, chat: Chat, server: Serving) -> None:
    """When the server goes away between two messages, the exit code is 3, and the receipts so far are printed."""
    chat("bo")
    program = start("send", "bo", "--json")
    program.write("one")
    assert json.loads(program.line())["seq"] == 1
    server.signal(signal.SIGTERM)
    server.end()
    program.write("two")
    program.close_input()
    assert program.end() == 3
    assert "the connection is gone" in program.errors
    assert program.errors.count("\n") == 1


def test_ctrl_c(start: Start, chat: Chat) -> None:
    """Interrupted before its input ends, it has exit code 130."""
    bo = chat("bo")
    program = start("send", "bo", "--name", "ana")
    program.write("one")
    bo.expect("ana: one")
    program.signal(signal.SIGINT)
    assert program.end() == 130
    assert program.errors == ""
