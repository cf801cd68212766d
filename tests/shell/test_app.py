"""The prompt: keys in, what the shell is asked for out."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from libchat_shell.app import QUIT_HINT, App
from libchat_shell.completion import Suggestion
from libchat_shell.front import Idle, Query
from libchat_shell.history import HistoryFile
from libchat_shell.lines import Fragment, Line

WORDS = ("/join", "/leave", "/list")
PATIENCE = 20.0
LONG = "\n".join(map(str, range(10_000)))


class Recorder:
    """A front that notes what it is asked for."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.went: list[int] = []
        self.typed = 0
        self.on_submit: Callable[[str], None] = lambda text: None

    def status(self) -> Sequence[Fragment]:
        return [("status", "#team connected")]

    def prompt(self) -> str:
        return "#team> "

    def suggest(self, text: str, cursor: int) -> Sequence[Suggestion]:
        return [Suggestion(word, 0, word, "a word") for word in WORDS if text and word.startswith(text[:cursor])]

    def submit(self, text: str, unfold: Callable[[str], str] | None = None) -> None:
        self.said.append(unfold(text) if unfold is not None else text)
        self.on_submit(text)

    def typing(self) -> None:
        self.typed += 1

    def go_next(self) -> None:
        self.went.append(-1)

    def go_to(self, number: int) -> None:
        self.went.append(number)

    def second_passed(self) -> None:
        pass


class Stage:
    """An app on a terminal that nobody sees."""

    def __init__(self, keys: PipeInput, folder: Path) -> None:
        self.keys = keys
        self.front = Recorder()
        self.written = io.StringIO()
        output = Vt100_Output(self.written, lambda: Size(24, 80), term="xterm", enable_cpr=False)
        self.app = App(HistoryFile(folder / "history"), self.front, theme="none", input=keys, output=output)

    def play(self, *steps: str | Callable[[], object]) -> int:
        """Press keys, or do something, one after the other, and return the code with which it ends by then."""
        rest = list(steps)

        def press() -> None:
            step = rest.pop(0)
            if isinstance(step, str):
                self.keys.send_text(step)
            else:
                step()
            if rest:
                self.app.post(press, 0.06)  # longer than an Escape is waited for

        self.app.post(press)
        return self.app.run()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return an app that is not running yet."""
    with create_pipe_input() as keys:
        yield Stage(keys, tmp_path)


@contextmanager
def other_thread(work: Callable[[], None]) -> Iterator[None]:
    """Do something in another thread meanwhile."""
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_lines_are_handed_over_and_the_prompt_stays(stage: Stage) -> None:
    """Each Enter hands one text over, and the program goes on."""
    assert stage.play("one\r", "two\r", "\x04") == 0
    assert stage.front.said == ["one", "two"]
    assert stage.front.typed > 0


def test_what_is_typed_early_is_kept(stage: Stage) -> None:
    """Lines that are typed before there is a shell behind the prompt are handed to it in order, and once."""
    idle = stage.app.front = Idle()
    stage.play("one\r", "two\r", lambda: idle.hand_over(stage.front), lambda: idle.hand_over(stage.front), "\x04")
    assert stage.front.said == ["one", "two"]


def test_alt_enter_makes_a_new_line(stage: Stage) -> None:
    """Alt-Enter begins a new line in the text."""
    stage.play("one\x1b\rtwo\r", "\x04")
    assert stage.front.said == ["one\ntwo"]


def test_conversations_by_keys(stage: Stage) -> None:
    """Alt-A goes to what is new, Alt and a digit to a conversation; what is typed stays."""
    stage.play("half", "\x1ba", "\x1b3", "\x1b0", " a line\r", "\x04")
    assert stage.front.went == [-1, 3, 0]
    assert stage.front.said == ["half a line"]


def test_a_long_paste_is_one_token(stage: Stage) -> None:
    """Ten thousand pasted lines are shown as one token, and handed over whole."""
    seen: list[str] = []
    stage.front.on_submit = seen.append
    stage.play(f"look: \x1b[200~{LONG}\x1b[201~", "\r", "\x04")
    assert seen == ["look: [pasted 10,000 lines]"]
    assert stage.front.said == [f"look: {LONG}"]


def test_backspace_takes_the_token(stage: Stage) -> None:
    """A token goes at once, like one character."""
    stage.play(f"a\x1b[200~{LONG}\x1b[201~", "\x7f", "b\r", "\x04")
    assert stage.front.said == ["ab"]


def test_a_choice_of_the_menu(stage: Stage) -> None:
    """Tab goes down the menu, Enter takes what is chosen, and only another one hands it over."""
    stage.play("/l", "\t", "\t", "\r", " x\r", "\x04")
    assert stage.front.said == ["/list x"]


def test_enter_does_not_choose(stage: Stage) -> None:
    """As long as nothing is chosen in the menu, Enter hands over what is typed."""
    stage.play("/l", "\r", "\x04")
    assert stage.front.said == ["/l"]


def test_the_line_before(stage: Stage) -> None:
    """Up brings the line before back, also while the menu is open, and those of the last run."""
    stage.play("/leave\r", "/l", "\x1b[A", "\x1b[A", "\r", "\x04")
    assert stage.front.said == ["/leave", "/leave"]


def test_ctrl_c(stage: Stage) -> None:
    """Ctrl-C takes the line away; with nothing typed, the second one leaves, and the first one says so."""
    stage.front.on_submit = lambda text: None
    assert stage.play("secret", "\x03", "x\r", "\x03", "y\r", "\x03", "\x03") == 0
    assert stage.front.said == ["x", "y"]
    assert QUIT_HINT in stage.written.getvalue()


def test_ctrl_d_with_a_text_does_not_leave(stage: Stage) -> None:
    """Ctrl-D leaves only where nothing is typed."""
    stage.play("abc\x01\x04", "\r", "\x04")
    assert stage.front.said == ["bc"]


def test_a_question(stage: Stage) -> None:
    """A question takes the place of what is typed, which comes back when it is answered; the answer is no history."""
    answers: list[Future[str]] = []
    stage.play(
        "half", lambda: answers.append(stage.app.ask(Query("name? "))), "ana\r", " a line\r", "\x1b[A\x1b[A\r", "\x04"
    )
    assert answers[0].result(0) == "ana"
    assert stage.front.said == ["half a line", "half a line"]


def test_a_secret_is_not_shown(stage: Stage) -> None:
    """The answer to a secret question is nowhere on the screen, nor in the history."""
    answers: list[Future[str]] = []
    stage.play(
        "x", lambda: answers.append(stage.app.ask(Query("password? ", is_secret=True))), "hunter2", "\r", "\r", "\x04"
    )
    assert answers[0].result(0) == "hunter2"
    assert "hunter2" not in stage.written.getvalue()
    assert "*******" in stage.written.getvalue()


@pytest.mark.parametrize(("key", "answer"), [("y", "y"), ("Y", "y"), ("n", "n"), ("x", ""), ("\r", "")])
def test_a_key_answers(stage: Stage, key: str, answer: str) -> None:
    """One key answers a question of that kind, any other one means no."""
    answers: list[Future[str]] = []
    stage.play(" ", lambda: answers.append(stage.app.ask(Query("sure? ", keys="yn"))), key, "\x15", "\x04")
    assert answers[0].result(0) == answer


def test_nobody_answers(stage: Stage) -> None:
    """Ctrl-C refuses to answer, and so does the end of the program."""
    futures: list[Future[str]] = []

    def ask() -> None:
        futures.extend(stage.app.ask(Query(f"{number}? ")) for number in range(3))

    with other_thread(ask):
        stage.play("", "x", "\x03", "answer\r", "\x04", "\x15", "\x04")
    assert [future.cancelled() for future in futures] == [True, False, True]


def test_lines_are_printed_above(stage: Stage) -> None:
    """What is printed by another thread, or by nobody in particular, gets into the log, cleaned."""

    def talk() -> None:
        stage.app.show([Line((("nick3", "bo"), ("", ": hello")))])

    def print_something(text: str) -> None:
        sys.stdout.write("stray \x1b]0;title\x07print\n")

    stage.front.on_submit = print_something
    with other_thread(talk):
        stage.play("x\r", "", "\x04")
    assert "bo: hello\r\n" in stage.written.getvalue()
    assert "| stray ]0;titleprint\r\n" in stage.written.getvalue()


def test_a_mistake_of_ours_is_told(stage: Stage) -> None:
    """What the shell itself does wrong costs one line, not the chat."""

    def fail(text: str) -> None:
        raise RuntimeError("oops\x1b[2J")

    stage.front.on_submit = fail
    assert stage.play("x\r", "y\r", "\x04") == 0
    assert stage.front.said == ["x", "y"]
    assert "RuntimeError: oops[2J" in stage.written.getvalue()


def test_the_end_of_the_input(stage: Stage) -> None:
    """A terminal that goes away ends the program."""
    stage.app.post(stage.keys.close, 0.05)
    assert stage.app.run() == 0


def test_the_code(stage: Stage) -> None:
    """The program ends with the code that it is told."""
    stage.front.on_submit = lambda text: stage.app.end(3)
    assert stage.play("x\r") == 3
