"""Programs that are forked from a process which has imported libchat already: real ones, that start at once."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from support.template import PREFIX, Request

PROGRAM: Final = Path(__file__).with_name("template.py")


def interpreter(env: Mapping[str, str]) -> dict[str, str]:
    """Return what the interpreter reads of an environment at its start: it is the same for all that are forked."""
    return {key: value for key, value in env.items() if key.startswith("PYTHON")}


def can_fork(env: Mapping[str, str]) -> bool:
    """Return whether a program with this environment may be forked here."""
    usual = {**os.environ, "PYTHONUTF8": "1"}
    return sys.platform != "win32" and interpreter(env) == interpreter(usual)


class Forked:
    """A process of the program. What it has of `subprocess.Popen` is the same."""

    def __init__(
        self, arguments: tuple[str, ...], env: dict[str, str], streams: tuple[int, int, int], takes_terminal: bool
    ) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            request = Request(arguments=list(arguments), environment=env, takes_terminal=takes_terminal)
            _template().ask(request, (*streams, theirs.fileno()))
        self._told = ours
        self.pid = self._read()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code if the process has ended, else None."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.returncode = os.waitstatus_to_exitcode(self._read())
            self._told.close()
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait so many seconds at most until the process has ended, and return its exit code."""
        if self.returncode is None and not select.select([self._told], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("libchat", timeout)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process has not ended."""
        if self.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass  # it ended meanwhile

    def kill(self) -> None:
        """End the process by force."""
        self.send_signal(signal.SIGKILL)

    def _read(self) -> int:
        data = self._told.recv(PREFIX.size, socket.MSG_WAITALL)
        assert len(data) == PREFIX.size, "the process that programs are forked from has ended"
        number: int = PREFIX.unpack(data)[0]
        return number


class _Template:
    """The process that programs are forked from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        env = {**os.environ, "PYTHONUTF8": "1", "LIBCHAT_DEBUG_LOCKS": "1"}
        with theirs:
            command = [sys.executable, "-P", str(PROGRAM)]
            self._process = subprocess.Popen(command, env=env, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        atexit.register(self.end)

    def ask(self, request: Request, descriptors: tuple[int, ...]) -> None:
        data = json.dumps(request).encode()
        with self._lock:
            socket.send_fds(self._control, [PREFIX.pack(len(data))], descriptors)
            self._control.sendall(data)

    def end(self) -> None:
        self._control.close()
        self._process.wait()


@cache
def _template() -> _Template:
    """Return the one of this process, which is started on first use."""
    return _Template()
