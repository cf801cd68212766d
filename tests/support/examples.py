"""The examples as processes of their own. Warnings are errors in them: nothing may be left open."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from queue import Empty, Queue
from types import ModuleType, TracebackType
from typing import IO, Self

from support.program import PATIENCE, environment

EXAMPLES = Path(__file__).parents[2] / "examples"


class Example:
    """A running example that sees nothing of the user's own files. It is killed if it has not ended with its block."""

    def __init__(self, name: str, *arguments: str, home: Path) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *arguments]
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(home), encoding="utf-8"
        )
        self._lines: Queue[str] = Queue()
        self._complaints: list[str] = []
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout,)),
            threading.Thread(target=self._complaints.extend, args=(self._process.stderr,)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._lines.put(line.removesuffix("\n"))

    def write(self, *lines: str) -> None:
        """Type lines."""
        assert self._process.stdin is not None
        self._process.stdin.writelines(f"{line}\n" for line in lines)
        self._process.stdin.flush()

    def line(self) -> str:
        """Return the next line that it prints."""
        try:
            return self._lines.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"no line came; it complains: {self.complaints}") from None

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(2)

    def end(self) -> int:
        """End its input, wait until it has ended by itself, and return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended, and return its exit code."""
        code = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    @property
    def rest(self) -> list[str]:
        """The lines that were not read, when it has ended."""
        return [self._lines.get_nowait() for _ in range(self._lines.qsize())]

    @property
    def complaints(self) -> str:
        """What it has said on standard error; all of it when it has ended."""
        return "".join(self._complaints)

    def __enter__(self) -> Self:
        """Return the example itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it, if it still runs."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def imported(name: str) -> ModuleType:
    """Return an example as a module, for those who take a class from it."""
    spec = spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
