"""Two people with nothing but OpenSSL: what each has typed and seen, in order.

The conversation is played line by line, and each answer is waited for. It must be the one that the script expects: the
transcript of a chat that went otherwise is not written.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Final, Self

from evidence.missing import Missing
from evidence.stage import Stage
from support.program import PATIENCE

COMMAND: Final = "openssl s_client -quiet -connect {} 2>/dev/null"
SHOWN_ADDRESS: Final = "192.0.2.7:8080"
SENT: Final = r"\(sent \d{4}-\d\d-\d\d \d\d:\d\d\)"
SHOWN_SENT: Final = "(sent 2026-03-01 16:42)"

HEAD: Final = """\
Alice and Bob chat with nothing but OpenSSL: `$` begins the command that each has
started, `>` what was typed, and `<` what was printed. Bob stands on the right. The
order is that of the run. The server's address, and when a message was sent, are
written as the same in each run; everything else is as it was.

"""


class Person:
    """Somebody with `openssl s_client` and a keyboard. A context manager: at its end the program is killed if it runs.

    Everything goes to the lines of the transcript, too.
    """

    def __init__(self, name: str, address: str, lines: list[str], indent: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            raise Missing("openssl is missing: install the package openssl")
        self._lines = lines
        self._indent = f"{indent}{name} "
        self._process = subprocess.Popen(
            [program, "s_client", "-quiet", "-connect", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._printed: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._note("$", COMMAND.format(SHOWN_ADDRESS))

    def types(self, line: str) -> None:
        """Type a line."""
        self._stdin.write(f"{line}\n")
        self._note(">", line)

    def sees(self, pattern: str) -> None:
        """Wait for the next line, which must fit a pattern."""
        try:
            line = self._printed.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"{pattern!r} did not come") from None
        assert re.fullmatch(pattern, line), f"{line!r} came, {pattern!r} was expected"
        self._note("<", re.sub(SENT, SHOWN_SENT, line))

    def ends(self) -> None:
        """Wait until the program has ended by itself, with nothing more to say."""
        assert self._process.wait(PATIENCE) == 0
        self._reader.join(PATIENCE)
        assert self._printed.empty(), self._printed.get()
        self._note("-", "the connection is closed, the program has ended (exit code 0)")

    def __enter__(self) -> Self:
        """Return the person."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._stdin.close()
        self._stdout.close()

    def _read(self) -> None:
        for line in self._stdout:
            self._printed.put(line.removesuffix("\n"))

    def _note(self, sign: str, line: str) -> None:
        self._lines.append(f"{self._indent}{sign} {line}")


def make(folder: Path) -> None:
    """Write openssl.txt; raises `Missing` without the program `openssl`."""
    with Stage() as stage:
        lines = play(stage.serve().address)
    (folder / "openssl.txt").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def play(address: str) -> Sequence[str]:
    """Have two people register, meet in a room, talk in private, miss each other, and leave; return the lines."""
    lines: list[str] = []
    with ExitStack() as running:

        def come(name: str, indent: str) -> Person:
            return running.enter_context(Person(name, address, lines, indent))

        alice, bob = come("Alice", ""), come("Bob", " " * 12)
        alice.types("server:register Alice")
        alice.sees("server: welcome Alice")
        bob.types("server:register Alice")
        bob.sees("server: Alice is taken, choose another name")
        bob.types("server:register Bob")
        bob.sees("server: welcome Bob")
        bob.types("who")
        bob.sees(r"server: online \(2\): Alice, Bob")
        _meet(alice, bob)
        bob.types("exit")
        bob.sees("server: bye")
        bob.ends()
        alice.types("Bob:The lamp is in the cupboard.")
        alice.sees("server: Bob is away, your message is queued")
        bob = come("Bob", " " * 12)
        bob.types("server:register Bob")
        bob.sees("server: welcome Bob")
        bob.sees(rf"Alice {SENT}: The lamp is in the cupboard\.")
        bob.types("Alice:Found it. Thank you!")
        alice.sees("Bob: Found it. Thank you!")
        for person in (alice, bob):
            person.types("server:exit")
            person.sees("server: bye")
            person.ends()
    return lines


def _meet(alice: Person, bob: Person) -> None:
    """Have both say something in a room, leave it, and go on in private."""
    alice.types("join teamchat")
    alice.sees("server: joined teamchat")
    bob.types("join teamchat")
    bob.sees("server: joined teamchat")
    alice.sees("server: Bob joined teamchat")
    alice.types("Hello team! Who has booked the projector?")
    bob.sees(r"Alice \(in teamchat\): Hello team! Who has booked the projector\?")
    bob.types("I have: until noon.")
    alice.sees(r"Bob \(in teamchat\): I have: until noon\.")
    alice.types("leave")
    alice.sees("server: left teamchat")
    bob.sees("server: Alice left teamchat")
    bob.types("leave")
    bob.sees("server: left teamchat")
    alice.types("Bob:May I have it after that?")
    bob.sees(r"Alice: May I have it after that\?")
    bob.types("Alice:Yes, but the lamp is gone.")
    alice.sees(r"Bob: Yes, but the lamp is gone\.")
