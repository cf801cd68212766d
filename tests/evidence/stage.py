"""Where evidence is made: a server with a key that is always the same, and people at terminals with homes of their own.

What people type goes to `sh` and to the real `libchat` program on pseudo terminals; what they see is read from there.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence.missing import Missing
from libchat.security.identity import KEY_FILE
from support.program import Serving, environment, run
from support.terminal import Terminal

ROOT: Final = Path(__file__).parents[2]
PATHS: Final = os.pathsep.join(map(str, (ROOT, ROOT / "shell", ROOT / "plugins")))
KEPT: Final = (
    "PATH",
    "LD_LIBRARY_PATH",
    "HOME",
    "TERM",
    "PYTHONUTF8",
    "LIBCHAT_DEBUG_LOCKS",
    "LIBCHAT_SERVER_ANNOUNCE",
)
"""Variables that programs on the stage find as tests have them. All others could make a picture another one."""

SHELL: Final = ("-c", "import os; os.execvp('sh', ['sh', '-i'])")
"""A program for `Terminal` that becomes a shell of the system."""

KEY: Final = 0x6C696263686174
NEXT_KEY: Final = KEY + 1
"""Private keys of servers: always the same, so that the words of a picture are. They are known to everybody."""


def key_pem(number: int) -> bytes:
    """Return a key as a server keeps it."""
    key = ec.derive_private_key(number, ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Stage:
    """A server's data, people's homes, and what runs there. A context manager: at its end, all of that is gone."""

    def __init__(self) -> None:
        if shutil.which("sh") is None:
            raise Missing("sh is missing: people type into the shell of a POSIX system")
        self._running = ExitStack()
        self.folder = Path(self._running.enter_context(tempfile.TemporaryDirectory(prefix="libchat-evidence-")))
        programs = self.folder / "bin"
        programs.mkdir()
        libchat = programs / "libchat"
        libchat.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m libchat "$@"\n', encoding="utf-8")
        libchat.chmod(0o755)
        self.server: Serving | None = None

    def env(self, who: str) -> dict[str, str]:
        """Return the environment of somebody: a home, `libchat` on the path, and where the server is, if one runs."""
        home = self.folder / who
        settings = home / ".config" / "libchat" / "shell.toml"
        if not settings.exists():
            settings.parent.mkdir(parents=True)
            settings.write_text('theme = "dark"\nread = true\n', encoding="utf-8")
        env = {name: value for name, value in environment(home).items() if name in KEPT}
        env |= {"PATH": f"{self.folder / 'bin'}:{env['PATH']}", "PYTHONPATH": PATHS, "LIBCHAT_SERVER_PORT": "0"}
        env |= {"PS1": "$ ", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        if self.server is not None:
            env["LIBCHAT_PORT"] = str(self.server.port)
        return env

    def set_up(self, who: str, key: int = KEY) -> dict[str, str]:
        """Give the server of somebody's home a key, in place of what it had, and return the environment there."""
        env = self.env(who)
        folder = self.folder / who / ".local" / "share" / "libchat" / "server"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        (folder / KEY_FILE).write_bytes(key_pem(key))
        (folder / KEY_FILE).chmod(0o600)
        return env

    def serve(self, key: int = KEY, port: int = 0) -> Serving:
        """Serve a chat on loopback, in the background, set up anew. Whoever comes later finds it."""
        env = self.set_up("host", key)
        self.server = self._running.enter_context(Serving("--port", str(port), env=env))
        return self.server

    def sit(self, who: str, *, rows: int = 26, columns: int = 96) -> Terminal:
        """Return somebody's terminal, with a prompt on it. If a server runs, they have trusted it before."""
        env = self.env(who)
        if self.server is not None:
            known = run("who", "--host", "127.0.0.1", "--port", str(self.server.port), env=env)
            assert known.returncode == 0, known.stderr
        terminal = self._running.enter_context(Terminal(*SHELL, env=env, rows=rows, columns=columns, program=()))
        terminal.expect("$ ")
        return terminal

    def __enter__(self) -> Self:
        """Return the stage."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what runs."""
        self._running.close()
