"""Pages that are run: their blocks, and terminals in which what a page shows is typed and looked for.

What a block is, says its language: `python` is a program, `console` what happens in a terminal. There,

- a line that begins with `$ ` is typed into a shell;
- what stands behind the prompt of a program is typed into that, as `Bob` in `name: Bob`; `^C` and `^D` are keys,
  at the beginning of a line (`^Cgoodbye`);
- every other line is printed, and nothing else is, unless `...` (in a line, or a line of its own) says that there is
  more. Behind something that was typed into a program, more may come without that.

A comment before a block, which no reader of the page sees, says more:

- `<!-- file: hug.py -->`: the block is written into a file of that name, for the commands further down;
- `<!-- terminal: Bob -->`: it is the terminal of that name, where a program may stay; all others end with their block;
- `<!-- machine: Bob -->`: likewise, and with a home of its own, as on another machine;
- `<!-- typed: who | exit -->`: these lines of the block are typed, into a program that shows no prompt;
- `<!-- secret: correct horse -->`: this is typed behind a prompt of the block that has nothing behind it.

The port 8080 and the address 192.0.2.7 become a free port of loopback. Of an invite a page shows the beginning
(`libchat://192.0.2.7:8080/...`); where it is typed, the last one that was printed is meant. Times, dates, and the six
words of the pages' key stand for any others. A command that is to fail is followed by `$ echo $?`.
"""

from __future__ import annotations

import random
import re
import socket
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from support.program import environment
from support.terminal import Terminal

BLOCK: Final = re.compile(r"^((?:<!--[^>]*-->\n+)*)```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMENT: Final = re.compile(r"<!-- (file|terminal|machine|typed|secret): (.*?) -->", re.DOTALL)
INVITE: Final = re.compile(r"libchat://[^\s'\"]*")
PROMPT: Final = re.compile(r"[>:?\]] $")
QUESTION: Final = re.compile(r"[?\]] $")
KEYS: Final = {"^C": "\x03", "^D": "\x04"}
VARIES: Final = {
    re.escape("legal winner thank year wave sausage"): r"[a-z]+(?:\ [a-z]+){5}",
    re.escape("..."): ".*",
    re.escape(" "): r"\s+",  # columns move with the length of a port
    "HH:MM": r"\d\d:\d\d",
    "YYYY-MM-DD": r"\d{4}-\d\d-\d\d",
}
"""What stands in a pattern for what is different each time."""
SHELL: Final = ("-c", "import os; os.chdir(os.environ['HOME']); os.execvp('bash', ['bash', '--norc', '--noprofile'])")
PROMPTS: Final = {"PS0": r"\e]1;run\a", "PS1": r"\[\e]1;\#:$?\a\]$ ", "HISTFILE": ""}
"""What the shell writes when a command begins, and when it has ended: it tells the terminal that, too, as its icon."""
COLUMNS: Final = 200

Instead = Callable[[str], str | None]
"""Returns what is typed for a command, or None for one that a test cannot run and that was checked otherwise."""


class Block(NamedTuple):
    """A block of a page: the line of the page at which its text begins, and what the comment before it says."""

    language: str
    text: str
    line: int
    said: dict[str, str]


def blocks(page: Path) -> Iterator[Block]:
    """Return the blocks of a page that name a language, from the top."""
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(3)) + 1
        yield Block(found[2], found[3], line, dict(COMMENT.findall(found[1])))


def pattern(line: str) -> re.Pattern[str]:
    """Return what a line of a page looks like on a screen."""
    line = re.sub(r"\b\d{4}-\d\d-\d\d\b", "YYYY-MM-DD", re.sub(r"\b\d\d:\d\d\b", "HH:MM", line.rstrip()))
    text = re.escape(line).replace(re.escape("YYYY-MM-DD"), "YYYY-MM-DD")
    for shown, varied in VARIES.items():
        text = text.replace(shown, varied)
    return re.compile(text)


def free_port() -> int:
    """Return a port that nobody has, and that the system gives to nobody who asks for any."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Stage:
    """Where a page is played: a home, and terminals. A context manager: at its end nothing of it runs any more."""

    def __init__(self, page: Path, folder: Path, instead: Instead) -> None:
        self.page = page
        self.folder = folder
        self.instead = instead
        self.invite = ""
        """The last invite that was on a screen."""
        self._port = free_port()
        self._windows: dict[str, Window] = {}
        self._open = ExitStack()
        self._programs = folder / ".programs"
        self._programs.mkdir()
        for name, start in {"libchat": "-m libchat", "python": "", "python3": ""}.items():
            (self._programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {start} "$@"\n', encoding="utf-8")
            (self._programs / name).chmod(0o755)

    def play(self, block: Block) -> None:
        """Do what a block says."""
        if "file" in block.said:
            path = self.folder / block.said["file"].removeprefix("~/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.real(block.text), encoding="utf-8")
        elif block.language == "console":
            own = block.said.get("machine", "")
            name = own or block.said.get("terminal", "")
            if name not in self._windows:
                self._windows[name] = self._open.enter_context(Window(self, self._environment(self.folder / own)))
            try:
                self._windows[name].play(block, may_stay=bool(name))
            except AssertionError as error:
                for other in self._windows.keys() - {name}:
                    error.add_note(f"The terminal {other!r}:\n{self._windows[other].text}")
                raise

    def real(self, text: str) -> str:
        """Return a text of the page with the port and the address that there are here."""
        return text.replace("8080", str(self._port)).replace("192.0.2.7", "127.0.0.1")

    def _environment(self, home: Path) -> dict[str, str]:
        home.mkdir(exist_ok=True)
        port = str(self._port)
        ours = {"LIBCHAT_SERVER_HOST": "127.0.0.1", "LIBCHAT_SERVER_PORT": port, "LIBCHAT_PORT": port}
        env = environment(home, **ours, **PROMPTS)
        return {**env, "PATH": f"{self._programs}:{env['PATH']}"}

    def __enter__(self) -> Self:
        """Return the stage."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all terminals."""
        self._open.close()


class Window(Terminal):
    """A terminal with a shell in it."""

    def __init__(self, stage: Stage, env: dict[str, str]) -> None:
        super().__init__(env=env, rows=100, columns=COLUMNS, program=SHELL)
        self._stage = stage
        self._where = ""
        """Which line of the page is looked at."""
        self._at = 0
        """The row below the last one that the page shows."""
        self._is_gap = False
        """Whether rows that the page does not show may come next."""
        self._begun = ""
        """The icon when the last command was typed."""

    def play(self, block: Block, *, may_stay: bool) -> None:
        """Type what a block says, and look for what it shows."""
        typed = [line.strip() for line in block.said.get("typed", "").split("|")]
        is_left_out = False
        number = block.line
        for number, line in enumerate(block.text.splitlines(), start=block.line):
            self._where = f"{self._stage.page.name}, line {number}: {line!r}"
            if line.startswith("$ "):
                command = self._stage.instead(line[2:])
                is_left_out = command is None
                if command is not None:
                    self._end_command(may_fail=command == "echo $?")
                    self._type_command(command)
            elif line == "...":
                self._is_gap = True
            elif not is_left_out:
                self._take(self._stage.real(line), block.said.get("secret", ""), is_typed=line in typed)
        if not may_stay:
            self._where = f"{self._stage.page.name}, line {number}, behind it"
            self._end_command()
        self._note_invite()

    def _type_command(self, command: str) -> None:
        """Type a command into the shell, at the top of an empty screen."""
        self._until(lambda: self._has_ended, "a prompt of the shell")
        self._note_invite()
        self._begun = self.screen.icon_name
        self.press("\x0c")
        self._until(lambda: (self.screen.cursor.y, self.screen.cursor.x) == (0, 2), "an empty screen")
        self._type(self._stage.real(command))
        self._at, self._is_gap = 1, False

    def _take(self, line: str, secret: str, *, is_typed: bool) -> None:
        """Type a line, or what stands behind a prompt in it; or wait until it is there."""
        key = KEYS.get(line[:2], "")
        if is_typed or key:
            self._until(lambda: self.screen.icon_name != self._begun, "the command before")  # else the shell reads it
            self.press(key) if key else self._type(line)
            self._is_gap = True
        if is_typed or (key and len(line) == 2):
            return
        wanted = pattern(line)
        typed: list[str] = []
        self._until(lambda: self._is_prompt(line, secret, typed) or self._is_there(wanted), "it")
        if typed:
            self._type(typed[0])
            self._is_gap = True

    def _is_prompt(self, line: str, secret: str, typed: list[str]) -> bool:
        """Return whether a line begins with the prompt that is there now; add what is to be typed behind it."""
        cursor = self.screen.cursor
        prompt = self._row(cursor.y)[: cursor.x].ljust(cursor.x)
        if (QUESTION if self._is_cooked else PROMPT).search(
            prompt
        ):  # what is printed may stop at "name: " for a moment
            if line.startswith(prompt) and len(line) > len(prompt):
                typed.append(line[len(prompt) :])
            elif secret and line == prompt.rstrip():
                typed.append(secret)
        return bool(typed)

    def _is_there(self, wanted: re.Pattern[str]) -> bool:
        """Return whether a line is where it may be, and go on below it."""
        for at in range(self._at, self.screen.lines if self._is_gap else self._at + 1):
            if wanted.fullmatch(self._row(at)):
                self._at, self._is_gap = at + 1, False
                return True
        assert not self._has_ended, self._failure("it is not there, and the command has ended")
        return False

    def _end_command(self, *, may_fail: bool = False) -> None:
        """Wait until the last command has ended, and make sure that it did well and printed no more than is shown."""
        if not self._begun:
            return
        self._until(lambda: self._has_ended, "the end of the last command")
        code = self.screen.icon_name.partition(":")[2]
        assert code == "0" or may_fail, self._failure(f"the last command has ended with {code}")
        if self._at > 1 and not self._is_gap:  # of a command of which a page shows nothing, it shows nothing
            is_more = any(self._row(at) for at in range(self._at, self.screen.cursor.y))
            assert not is_more, self._failure("the last command has printed more than the page shows")

    @property
    def _is_cooked(self) -> bool:
        """Whether the terminal itself puts lines together and shows what is typed: no line editor waits for keys."""
        flags: int = termios.tcgetattr(self._slave)[3]
        return bool(flags & termios.ICANON and flags & termios.ECHO)

    @property
    def _has_ended(self) -> bool:
        """Whether the last command has ended, and another one may be typed."""
        return self.screen.icon_name not in ("run", self._begun)

    def _type(self, text: str) -> None:
        link = INVITE.search(text)
        if link and "..." in link[0]:
            assert self._stage.invite, self._failure("no invite was printed so far")
            text = text.replace(link[0], self._stage.invite)
        self.press(text + "\r")

    def _note_invite(self) -> None:
        links = [link for at in range(self.screen.lines) for link in INVITE.findall(self._row(at))]
        self._stage.invite = links[-1] if links else self._stage.invite

    def _row(self, at: int) -> str:
        row = self.screen.buffer[at]
        return "".join(row[column].data for column in range(COLUMNS)).rstrip()

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        self.wait(condition, f"{self._where}: {what}")

    def _failure(self, words: str) -> str:
        return f"{self._where}: {words}. The screen:\n{self.text}"
