"""The `libchat` program as a process of its own: lines in, lines out, exit codes."""

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
from pathlib import Path
from queue import Empty, Queue
from subprocess import PIPE
from types import TracebackType
from typing import IO, Self

PATIENCE = 20.0
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

    def __init__(self, *arguments: str, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, *arguments], env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, encoding="utf-8"
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._lines: Queue[str | None] = Queue()
        self._errors: list[str] = []
        self._readers = (
            threading.Thread(target=self._read, args=(self._process.stdout, self._lines.put)),
            threading.Thread(target=self._read, args=(self._process.stderr, self._hear_error)),
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
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
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

    def __init__(self, *arguments: str, env: dict[str, str]) -> None:
        super().__init__("serve", "--host", "127.0.0.1", "--json", *arguments, env=env)
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

    def __init__(self, *arguments: str, env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *arguments],
            env={**env, "COLUMNS": "80", "LINES": "24"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
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
    *arguments: str, env: dict[str, str], given: str | bytes = "", output: int = PIPE
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with this standard input."""
    data = given.encode() if isinstance(given, str) else given
    done = subprocess.run(
        [*COMMAND, *arguments], env=env, input=data, stdout=output, stderr=PIPE, timeout=PATIENCE, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, (done.stdout or b"").decode(), done.stderr.decode())
