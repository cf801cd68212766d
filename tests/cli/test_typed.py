"""Lines of standard input, and signals meanwhile."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.cli import typed
from support.program import environment

WAITS = """
import signal, threading
from libchat.cli import signals, typed

signals.install()

def send() -> None:
    # To this very thread: the one that waits for a line is not woken by it.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Timer(0.2, send).start()
try:
    typed.read_line()
except signals.Terminated as error:
    print("heard", error.number == signal.SIGTERM)
"""

texts = st.text(st.sampled_from("ab\r\né€\U0001f642 "), max_size=40)


def reader(data: bytes) -> typed.Lines:
    """Return a reader of a pipe that holds some bytes, and then ends."""
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return typed.Lines(open(read, encoding="utf-8", errors="surrogateescape"))


def all_of(lines: Callable[[], str]) -> list[str]:
    """Return all lines until there is none."""
    return list(iter(lines, ""))


@pytest.mark.skipif(sys.platform == "win32", reason="there, Python's own reader is used")
@given(st.one_of(texts.map(str.encode), st.binary(max_size=40)), st.integers(1, 5))
def test_lines_are_those_of_python(data: bytes, chunk: int) -> None:
    """However the bytes are cut, the lines are those that Python's own reader makes of them."""
    lines = reader(data)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(typed, "CHUNK", chunk)
            heard = all_of(lines.next)
    finally:
        lines.stream.close()
    expected = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="surrogateescape")
    assert heard == all_of(expected.readline)


def test_a_stream_that_was_put_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that has put a stream of its own in place of standard input is read from that."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo"))
    assert all_of(typed.read_line) == ["one\n", "two"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be sent to a thread there")
def test_a_signal_is_heard_while_nothing_is_typed(tmp_path: Path) -> None:
    """A signal that has not woken the thread which waits is heard all the same."""
    read, write = os.pipe()
    try:
        command = [sys.executable, "-c", WAITS]
        done = subprocess.run(
            command, stdin=read, capture_output=True, text=True, timeout=20, env=environment(tmp_path), check=False
        )
        assert (done.stdout, done.stderr) == ("heard True\n", "")
    finally:
        os.close(read)
        os.close(write)
