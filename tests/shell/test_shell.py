"""The shell between a chat and an interface: its threads and the interface's, in the worst order."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from libchat import Hub
from libchat_shell.front import Query
from libchat_shell.lines import Line
from libchat_shell.shell import Shell
from libchat_shell.surroundings import Surroundings
from support.screens import NOON, bare

PATIENCE = 20.0


class Desk:
    """An interface whose thread does what it is given when the test says so, thread by thread."""

    columns = 80
    draft = ""

    def __init__(self) -> None:
        self.printed: list[Line] = []
        self._posts: dict[str, deque[Callable[[], None]]] = defaultdict(deque)
        self._condition = threading.Condition()

    def post(self, function: Callable[[], None], delay: float = 0.0) -> None:
        with self._condition:
            self._posts[threading.current_thread().name].append(function)
            self._condition.notify_all()

    def do_next(self, thread: str) -> None:
        """Do the next thing that a thread has posted, once it has."""
        with self._condition:
            assert self._condition.wait_for(lambda: self._posts[thread], PATIENCE)
            function = self._posts[thread].popleft()
        function()

    def show(self, lines: Iterable[Line]) -> None:
        self.printed += lines

    def is_own_thread(self) -> bool:
        return threading.current_thread() is threading.main_thread()

    def ask(self, query: Query) -> Future[str]:
        raise NotImplementedError

    def withdraw(self, answer: Future[str]) -> None:
        pass

    def release(self) -> None:
        pass

    def ring(self, text: str) -> None:
        pass

    def refresh(self) -> None:
        pass

    def set_theme(self, theme: str) -> None:
        pass

    def clear(self) -> None:
        pass

    def end(self, code: int = 0) -> None:
        pass


def test_said_at_once_in_a_conversation() -> None:
    """What is said right after `/query bo` stands once, below what was said before, however fast its history comes."""
    with Hub() as hub, hub.connect("bo") as bo, hub.connect("ana") as ana:
        bo.send("ana", "old").accepted()
        desk = Desk()
        shell = Shell(ana, desk, Surroundings(has_plugins=False, clock=lambda: NOON / 1000))
        shell.switch("bo")
        shell.say("bo", "hello")
        shell.begin()
        desk.do_next("libchat-talker")
        desk.do_next("libchat-keeper")
        while "hello" not in bare(desk.printed) or "pending" in "".join(
            text for _, text in shell.model.status(NOON + 60_000)
        ):
            desk.do_next("libchat-listener")
        shell.close()
    said = [line.text.partition("│ ")[2] for line in desk.printed if line.kind in ("message", "own")]
    assert said == ["old", "hello"]
