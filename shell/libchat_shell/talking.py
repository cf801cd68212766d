"""What a person does at the prompt, and what the shell makes of it: the `Front` of the user interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Final

from libchat import messages as m
from libchat_shell.completion import suggest
from libchat_shell.front import Query
from libchat_shell.input import Meaning, Nothing, Question, Quit, Run, Say, Wrong, interpret
from libchat_shell.lines import Fragment
from libchat_shell.paste import parts
from libchat_shell.shell import TEXT_BYTES

if TYPE_CHECKING:
    from libchat_shell.completion import Suggestion
    from libchat_shell.shell import Shell

TYPING_SECONDS: Final = 4.0
"""Between two notices that one is typing: those who hear of it believe it for six."""

Unfold = Callable[[str], str]


class Talking:
    """The shell, as the user interface sees it. Everything is called in the interface's thread, and returns at once."""

    def __init__(self, shell: Shell, clock: Callable[[], float] = time.monotonic) -> None:
        self._shell = shell
        self._clock = clock
        self._told_typing = 0.0

    def status(self) -> Sequence[Fragment]:
        """Return the line above the input."""
        return self._shell.model.status(self._shell.now)

    def prompt(self) -> str:
        """Return what stands before the input."""
        return self._shell.model.prompt()

    def suggest(self, text: str, cursor: int) -> Sequence[Suggestion]:
        """Return what may stand at the cursor."""
        return suggest(text, cursor, self._shell.known())

    def go_next(self) -> None:
        """Have the conversation on the screen that wants attention most."""
        target = self._shell.model.next_active()
        if target is not None:
            self._shell.switch(target)

    def go_to(self, number: int) -> None:
        """Have a conversation on the screen by its number."""
        target = self._shell.model.nth(number)
        if target is not None:
            self._shell.switch(target)

    def second_passed(self) -> None:
        """Show what was held back, tell what was read, and notice a screen of another size."""
        shell = self._shell
        shell.look_again()
        shell.ui.show(shell.model.flush(shell.now))
        if shell.settings.is_on("read"):
            for target, seq in shell.model.reads():
                shell.tell_chat(m.Read(target, seq))
        shell.ui.refresh()

    def typing(self) -> None:
        """Tell the conversation that one is typing, unless it is a command, or has been told just now."""
        shell, target = self._shell, self._shell.model.active
        if not target or shell.ui.draft.startswith("/") or not shell.settings.is_on("typing"):
            return
        if self._clock() >= self._told_typing + TYPING_SECONDS:
            self._told_typing = self._clock()
            shell.tell_chat(m.Typing(target))

    # --- what is typed ----------------------------------------------------------------------------------------------

    def submit(self, text: str, unfold: Unfold | None = None) -> None:
        """Take a typed text. `unfold` puts in what was pasted, if that was folded."""
        meaning = interpret(text, self._shell.model.active, self._shell.host.commands)
        if unfold is None or not isinstance(meaning, (Say, Run)):
            self._do(meaning, text)
            return
        whole = _unfolded(meaning, unfold)
        answer = self._shell.ui.ask(Query(_question(whole), keys="yn"))
        answer.add_done_callback(lambda given: self._confirmed(given, whole, unfold(text)))

    def _confirmed(self, given: Future[str], meaning: Meaning, text: str) -> None:
        if not given.cancelled() and given.result() == "y":
            self._do(meaning, text)
        else:
            self._shell.ui.draft = text

    def _do(self, meaning: Meaning, typed: str) -> None:
        shell = self._shell
        match meaning:
            case Say(target, text):
                self._told_typing = 0.0
                shell.say(target, text)
            case Run(line):
                target = shell.model.active
                shell.do(lambda: self._run(line, target))
            case Question():
                shell.do(self._ask_message)
            case Wrong(text):
                shell.tell(text, is_error=True)
                shell.ui.draft = typed
            case Quit():
                shell.leave()
            case Nothing():
                pass

    def _run(self, line: str, target: str) -> None:
        """Run a command. In the thread of commands."""
        try:
            self._shell.host.run(line.removeprefix("/"), self._shell.chat.name, target)
        finally:
            self._shell.ui.release()

    def _ask_message(self) -> None:
        """Ask for recipient and text, as the original client does. In the thread of commands."""
        try:
            target = self._shell.ui.ask(Query("to: ")).result().strip()
            text = self._shell.ui.ask(Query("text: ")).result() if target else ""
        except CancelledError:
            return
        if text.strip():
            self._shell.say(target, text)
        else:
            self._shell.show("nothing was sent")


def _unfolded(meaning: Say | Run, unfold: Unfold) -> Say | Run:
    if isinstance(meaning, Say):
        return Say(meaning.target, unfold(meaning.text))
    return Run(unfold(meaning.line))


def _question(meaning: Say | Run) -> str:
    if isinstance(meaning, Run):
        return f"Run {meaning.line.split(' ')[0]} with {_lines(meaning.line)}? [y/n] "
    count = sum(1 for _ in parts(meaning.text, TEXT_BYTES))
    messages = "1 message" if count == 1 else f"{count:,} messages"
    return f"Send {_lines(meaning.text)} to {meaning.target}, in {messages}? [y/n] "


def _lines(text: str) -> str:
    count = text.count("\n") + 1
    return f"{count:,} lines" if count > 1 else f"{len(text):,} characters"
