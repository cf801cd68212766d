"""A server that does what a test says, in plain TCP or TLS: for what a real server never does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Self

Script = Callable[["Caller"], None]


class Caller:
    """One connection to a scripted server."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._file: BinaryIO = sock.makefile("rb")

    def read_line(self) -> bytes:
        """Return the next line, b"" at the end."""
        return self._file.readline()

    def read_until(self, word: bytes) -> bytes:
        """Read lines up to one that holds a word, and return it."""
        while word not in (line := self.read_line()):
            assert line, f"{word!r} never came"
        return line

    def write(self, *lines: str) -> None:
        """Send lines."""
        self.socket.sendall("".join(f"{line}\n" for line in lines).encode())

    def register(self, name: str, log: str = "log-1") -> None:
        """Do what a server does until the name is given."""
        self.welcome(log)
        self.read_until(b'"register"')
        self.write(f'{{"type":"registered","name":"{name}","cid":"~"}}')

    def welcome(self, log: str = "log-1", *, nonce: str = "") -> None:
        """Answer the greeting."""
        self.read_until(b'"hello"')
        self.write(f'{{"type":"welcome","server":"test/1","log":"{log}","cid":"~","nonce":"{nonce}"}}')

    def wait_for_end(self) -> None:
        """Read until the other side has gone."""
        with contextlib.suppress(ConnectionError):  # it did not read everything
            while self.read_line():
                pass

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self.socket.close()


class ScriptedServer:
    """Listen, and do one script for each connection, in turn. What goes wrong in one is raised at the end."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._error: BaseException | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="test-scripted-server", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all scripts are done."""
        if error is None:
            self._thread.join(20)
        self._is_over.set()
        self._listener.close()
        if error is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for script in self._scripts:
                caller = Caller(self._listener.accept()[0])
                try:
                    script(caller)
                finally:
                    caller.close()
        except BaseException as error:  # noqa: BLE001  # raised where the test looks
            if not self._is_over.is_set():
                self._error = error
