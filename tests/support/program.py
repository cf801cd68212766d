"""The `libchat` program as a process of its own: lines in, lines out, exit codes.

Most are forked from a process that has imported libchat (`support.forked`): that takes a tenth of the time. Where the
start itself is under test, or the process is measured from outside, a program is started from `cold`: by a new
interpreter. So is every one that sets variables of the interpreter.
"""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Self

from support.forked import Forked, can_fork

PATIENCE = 6.0
"""Seconds in which every line comes that comes at all, on a machine that is busy with other tests."""
PRESS_AGAIN = 3.0
"""After how many seconds a person presses a key again."""

COMMAND = (sys.executable, "-m", "libchat")

TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "libchat", *sys.argv[1:]])
"""
"""Makes standard input the terminal whose Ctrl-C reaches the program, and becomes the program."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a program that sees nothing of the real user's files and settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LIBCHAT_", "XDG_"))}
    for unwanted in ("NO_COLOR", "COLUMNS", "LINES"):
        kept.pop(unwanted, None)
    ours = {"LIBCHAT_DEBUG_LOCKS": "1", "LIBCHAT_SERVER_ANNOUNCE": "false", "PYTHONUTF8": "1"}
    return {**kept, "HOME": str(home), "TERM": "xterm", **ours, **more}


class Program:
    """A running program. A context manager: at the end of the block the program is killed if it has not ended."""

    def __init__(self, *arguments: str, env: dict[str, str], is_cold: bool = False) -> None:
        with _Pipes() as pipes:
            self._process = _start(arguments, env, pipes.theirs, is_cold=is_cold)
            self._stdin, self._stdout, self._stderr = pipes.open_ours()
        self._lines: Queue[str | None] = Queue()
        self._errors: list[str] = []
        self._readers = (
            threading.Thread(target=self._read, args=(self._stdout, self._lines.put)),
            threading.Thread(target=self._read, args=(self._stderr, self._hear_error)),
        )
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """What has come on standard error so far; all of it after `end`."""
        return "".join(f"{line}\n" for line in self._errors)

    def write(self, *lines: str) -> None:
        """Type lines."""
        for line in lines:
            self._stdin.write(f"{line}\n")
        self._stdin.flush()

    def close_input(self) -> None:
        """End standard input."""
        self._stdin.close()

    def line(self) -> str:
        """Return the next line of standard output."""
        try:
            line = self._lines.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"no line came; standard error: {self.errors}") from None
        assert line is not None, f"the output has ended; standard error: {self.errors}"
        return line

    def expect(self, line: str) -> None:
        """Read lines until this one comes."""
        while (got := self.line()) != line:
            pass
        assert got == line

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        code = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def rest(self) -> list[str]:
        """Return the lines of standard output that were not read, when the program has ended."""
        lines = []
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            lines.append(line)
        return lines

    def __enter__(self) -> Self:
        """Return the program."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the program if it still runs."""
        self._process.kill()
        self.end()
        for stream in (self._stdin, self._stdout, self._stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # a line was typed that nobody has read

    def _read(self, stream: IO[str], put: Callable[[str | None], None]) -> None:
        for line in stream:
            put(line.removesuffix("\n"))
        put(None)

    def _hear_error(self, line: str | None) -> None:
        if line is not None:
            self._errors.append(line)


class Serving(Program):
    """A running server."""

    def __init__(self, *arguments: str, env: dict[str, str], is_cold: bool = False) -> None:
        super().__init__("serve", "--host", "127.0.0.1", "--json", *arguments, env=env, is_cold=is_cold)
        try:
            told = json.loads(self.line())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.told: dict[str, object] = told
        self.port = int(told["port"])
        self.pin = str(told["fingerprint"])

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.port}"


class TerminalProgram:
    """A program on a terminal of its own, of 24 rows and 80 columns. A context manager, as `Program`."""

    def __init__(self, *arguments: str, env: dict[str, str], is_cold: bool = False) -> None:
        self._master, slave = pty.openpty()
        sized = {**env, "COLUMNS": "80", "LINES": "24"}
        self._process = _start(arguments, sized, (slave, slave, slave), is_cold=is_cold, takes_terminal=True)
        os.close(slave)
        self._woken, self._wake = os.pipe()
        self.screen = ""
        """Everything that was written to the terminal."""
        self._seen = 0
        self._changed = threading.Condition()
        self._is_ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def press(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def expect(self, text: str) -> None:
        """Wait until a text is on the terminal, behind the one that was expected before."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while (at := self.screen.find(text, self._seen)) < 0:
                assert not self._is_ended, f"{text!r} never came: {self.screen!r}"
                assert self._changed.wait(deadline - time.monotonic()), f"{text!r} did not come: {self.screen!r}"
            self._seen = at + len(text)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def hang_up(self) -> None:
        """Close the terminal. Nobody may read from it meanwhile: a read that waits would keep it open."""
        if self._master >= 0:
            os.write(self._wake, b"x")
            self._reader.join(PATIENCE)
            for handle in (self._master, self._wake, self._woken):
                os.close(handle)
            self._master = -1

    def press_to_end(self, keys: str) -> int:
        """Press keys that end the program, as often as it takes, and return its exit code.

        Between showing its prompt and waiting for a key, CPython's readline takes note of a signal, but does not wake
        up for it before the next key (`readline_until_enter_or_signal`). A person presses again, too.
        """
        for _ in range(int(PATIENCE / PRESS_AGAIN)):
            self.press(keys)
            try:
                self._process.wait(PRESS_AGAIN)
                break
            except subprocess.TimeoutExpired:
                pass
        return self.end()

    def __enter__(self) -> Self:
        """Return the program."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the program if it still runs."""
        self._process.kill()
        self.end()
        self.hang_up()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._woken], [], [])
            try:
                data = os.read(self._master, 65536) if self._master in ready else b""
            except OSError:  # Linux's way to say that nobody has the terminal open any more
                data = b""
            with self._changed:
                self.screen += data.decode(errors="replace")
                self._is_ended = not data
                self._changed.notify_all()
            if not data:
                return


def run(
    *arguments: str, env: dict[str, str], given: str | bytes = "", output: int | None = None, is_cold: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with this standard input; its output goes to a descriptor, if one is given."""
    with _Pipes() as pipes:
        stdin, stdout, stderr = pipes.theirs
        process = _start(arguments, env, (stdin, stdout if output is None else output, stderr), is_cold=is_cold)
        streams = pipes.open_ours(newline="")
    heard = ["", ""]

    def hear(at: int, stream: IO[str]) -> None:
        heard[at] = stream.read()

    readers = [threading.Thread(target=hear, args=(at, stream)) for at, stream in enumerate(streams[1:])]
    for reader in readers:
        reader.start()
    try:
        with suppress(BrokenPipeError), streams[0] as typed:  # not all of them read it
            typed.buffer.write(given.encode() if isinstance(given, str) else given)
        code = process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait(PATIENCE)
        for reader, stream in zip(readers, streams[1:], strict=True):
            reader.join(PATIENCE)
            stream.close()
    return subprocess.CompletedProcess(arguments, code, *heard)


def _start(
    arguments: tuple[str, ...],
    env: dict[str, str],
    streams: tuple[int, int, int],
    *,
    is_cold: bool,
    takes_terminal: bool = False,
) -> Forked | subprocess.Popen[bytes]:
    """Start the program, with these three streams."""
    if not is_cold and can_fork(env):
        return Forked(arguments, env, streams, takes_terminal)
    stdin, stdout, stderr = streams
    command = [sys.executable, "-c", TAKE_TERMINAL] if takes_terminal else COMMAND
    return subprocess.Popen(
        [*command, *arguments], env=env, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=takes_terminal
    )


class _Pipes:
    """Three pipes to a program. A context manager: at its end, the program's ends are closed here."""

    def __init__(self) -> None:
        (stdin, self._stdin), (self._stdout, stdout), (self._stderr, stderr) = os.pipe(), os.pipe(), os.pipe()
        self.theirs = (stdin, stdout, stderr)

    def open_ours(self, newline: str | None = None) -> tuple[TextIOWrapper, TextIOWrapper, TextIOWrapper]:
        """Return what is written to the program, and what is read of it; `newline` is that of `open`."""
        return (
            open(self._stdin, "w", encoding="utf-8"),
            open(self._stdout, encoding="utf-8", newline=newline),
            open(self._stderr, encoding="utf-8", newline=newline),
        )

    def __enter__(self) -> Self:
        """Return the pipes."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the program's ends."""
        for end in self.theirs:
            os.close(end)
