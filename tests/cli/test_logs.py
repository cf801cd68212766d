"""How the program logs: in words, for the journal, and as JSON."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from libchat.cli.logs import JournalFormatter, JsonFormatter, WordsFormatter, is_journal
from support.program import Serving

Run = Callable[..., "CompletedProcess[str]"]


def _record(message: str, *arguments: object, level: int = logging.INFO, is_error: bool = False) -> logging.LogRecord:
    info = None
    if is_error:
        try:
            raise ValueError("broken")
        except ValueError:
            info = sys.exc_info()
    return logging.LogRecord("libchat.server", level, __file__, 1, message, arguments, info)


def test_json_is_one_object_a_line() -> None:
    """A record is one line, whatever is in it, with time, level, logger, message and thread."""
    line = JsonFormatter().format(_record("a %s\nb", "ü\ud800", level=logging.WARNING))
    assert "\n" not in line
    told = json.loads(line)
    when = datetime.fromisoformat(told.pop("time"))
    assert when.utcoffset() is not None
    assert told == {"level": "warning", "logger": "libchat.server", "message": "a ü\\ud800\nb", "thread": "MainThread"}


def test_json_holds_the_exception() -> None:
    """A traceback is a field of the same object."""
    told = json.loads(JsonFormatter().format(_record("it failed", is_error=True)))
    assert told["exception"].startswith("Traceback (most recent call last)")
    assert told["exception"].endswith("ValueError: broken")


def test_words_are_safe_to_look_at() -> None:
    """What a peer brought into a line cannot move the cursor, nor pretend to be another line."""
    text = WordsFormatter().format(_record("from %s", "\x1b[2J\u202eevil\nERROR all is lost"))
    assert text.endswith("INFO from [2Jevil ERROR all is lost")
    assert "\n" not in text


def test_the_journal_gets_priorities() -> None:
    """Each line begins with its priority, those of a traceback, too; the journal notes the time itself."""
    lines = JournalFormatter().format(_record("it failed", level=logging.ERROR, is_error=True)).splitlines()
    assert lines[0] == "<3>it failed"
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines)
    assert JournalFormatter().format(_record("fine")) == "<6>fine"


def test_what_the_journal_is(tmp_path: Path) -> None:
    """The journal is recognised by the device and inode that systemd tells; another stream is none."""
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        told = f"{status.st_dev}:{status.st_ino}"
        assert is_journal(stream, {"JOURNAL_STREAM": told})
        assert not is_journal(stream, {"JOURNAL_STREAM": f"{told}1"})
        assert not is_journal(stream, {})
    assert not is_journal(stream, {"JOURNAL_STREAM": told})


def test_a_server_logs_what_happens(env: dict[str, str], libchat: Run) -> None:
    """At info: start, a connection with its address, the name that it took, a refusal, its end, and the stop."""
    with Serving("--memory", "--port", "0", "--log-json", "--log-level", "info", env=env) as server:
        env["LIBCHAT_PORT"], env["LIBCHAT_PIN"] = str(server.port), server.pin
        done = libchat("send", "nobody", "hello", "--name", "ana")
        assert done.returncode == 1
        server.signal(signal.SIGTERM)
        assert server.end() == 0
    told = [json.loads(line) for line in server.errors.splitlines()]
    assert {each["level"] for each in told} == {"info"}
    messages = [each["message"] for each in told]
    address = messages[1].partition(" ")[0]
    assert messages[0].startswith(f"listening on 127.0.0.1:{server.port}, key sha256:")
    assert messages[1:] == [
        f"{address} is connected",
        f"{address} is now ana",
        f"{address} was refused: no-such-name",
        f"{address} has gone: closed",
        "stopped: the server is stopping",
    ]


@pytest.mark.parametrize(
    ("options", "lines"),
    [((), 0), (("--verbose",), 2), (("--log-level", "error", "--verbose"), 0), (("--log-level", "info"), 2)],
)
def test_how_much_is_logged(env: dict[str, str], options: tuple[str, ...], lines: int) -> None:
    """A server that is well says nothing, unless it is asked to; --log-level is the exact word, --verbose the short."""
    with Serving("--memory", "--port", "0", *options, env=env) as server:
        server.signal(signal.SIGTERM)
        assert server.end() == 0
    assert len(server.errors.splitlines()) == lines
