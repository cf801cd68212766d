"""The user interface of the shell on a terminal: an inline prompt, with the log scrolling above it.

How it works. prompt_toolkit runs an event loop in the main thread. The shell's state belongs to that thread: what other
threads have for it, they `post`. Nothing here waits: what is typed is handed to the shell, which has threads for what
takes its time. The prompt never ends before the program does; Enter takes the text out of it.

A question to the person takes the place of the input: what was being typed comes back when it is answered.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Final

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.styles import Style

from libchat_shell.colours import paint, styles
from libchat_shell.front import Front, Idle, Query
from libchat_shell.keys import make_bindings
from libchat_shell.lines import Fragment, Line
from libchat_shell.menu import Suggester
from libchat_shell.paste import Pastes
from libchat_shell.posts import Posts
from libchat_shell.printing import Printer
from libchat_shell.prompt import FileHistory, document, make_layout
from libchat_shell.questions import Questions
from libchat_shell.sanitise import safe_line
from libchat_shell.strays import Strays
from libchat_shell.terminal import open_output

if TYPE_CHECKING:
    from libchat_shell.completion import Suggestion
    from libchat_shell.history import HistoryFile

_log = logging.getLogger("libchat.shell")

PAUSE_SECONDS: Final = 3.0
"""How long behind a secret answer nothing is said, if nobody tells that no question comes any more."""

QUIT_HINT: Final = "press Ctrl-C again to leave, or any other key to stay"


class App:
    """The prompt and the log of one shell."""

    def __init__(
        self,
        history: HistoryFile,
        front: Front | None = None,
        *,
        theme: str = "auto",
        input: Input | None = None,  # noqa: A002  # prompt_toolkit's name
        output: Output | None = None,
    ) -> None:
        self.front: Front = front if front is not None else Idle()
        self._theme = theme
        self._output = output if output is not None else open_output()
        self._printer = Printer(self._output, lambda line: paint(line, self._theme))
        self._pastes = Pastes()
        self._hint = ""
        self._code = 0
        self._posts = Posts(lambda: self._app.loop, self.refresh, self._admit)
        self._thread = 0
        self.buffer = Buffer(
            history=FileHistory(history),
            completer=Suggester(self._suggest),
            complete_while_typing=True,
            multiline=True,
            tempfile_suffix=".txt",
            on_text_changed=lambda _: self._changed(),
        )
        self._questions = Questions(self.buffer)
        self._app = self._make_app(input)

    def _make_app(self, given: Input | None) -> Application[int]:
        app: Application[int] = Application(
            layout=make_layout(self, self.buffer),
            style=_style(self._theme),
            key_bindings=make_bindings(self),
            color_depth=ColorDepth.DEPTH_8_BIT if self._theme != "none" else ColorDepth.DEPTH_1_BIT,
            erase_when_done=True,
            enable_page_navigation_bindings=False,
            input=given,
            output=self._output,
        )
        app.ttimeoutlen = 0.05  # Escape and a letter come together from a terminal
        app.timeoutlen = 0.5
        app.vi_state.input_mode = InputMode.INSERT
        return app

    # --- running ----------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Show the prompt until `end`, and return its code."""
        with Strays(self.show):
            return asyncio.run(self._run())

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._handle)
        self._thread = threading.get_ident()
        self._take_signals(loop)
        ticker = asyncio.ensure_future(self._tick())
        try:
            return await self._app.run_async(pre_run=self._begin, set_exception_handler=False)
        except (EOFError, OSError):  # the terminal has gone
            return self._code
        finally:
            ticker.cancel()
            self._printer.attach(None)
            self._questions.refuse()

    def _begin(self) -> None:
        self._printer.attach(self._app)
        self._posts.begin()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.front.second_passed()

    def _take_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """End in order on signals that ask for it. SIGHUP stays ignored where it is (`nohup`)."""
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.end, 128 + number)

    def _handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Tell of a mistake of ours, and go on: nobody should lose a chat for it."""
        error = context.get("exception")
        if isinstance(error, OSError):  # the terminal has gone: nothing can be shown any more
            self.end(self._code)
            return
        self._admit(error if isinstance(error, BaseException) else None)

    def _admit(self, error: BaseException | None) -> None:
        """Show a mistake of ours in one line; the log has it whole."""
        _log.debug("the shell has made a mistake", exc_info=error)
        where = traceback.extract_tb(error.__traceback__)[-1:] if error is not None else []
        place = "".join(f" ({os.path.basename(frame.filename)}:{frame.lineno})" for frame in where)
        text = safe_line(f"the shell has made a mistake: {type(error).__name__}: {error}{place}")
        self.show([Line((("error", text),), kind="error")])

    def end(self, code: int = 0) -> None:
        """Have `run` return. From any thread."""

        def leave() -> None:
            self._code = code
            if self._app.is_running and not self._app.is_done:
                self._app.exit(result=code)

        self.post(leave)

    # --- what the shell asks for ------------------------------------------------------------------------------------

    def post(self, function: Callable[[], None], delay: float = 0.0) -> None:
        """Have a function called in the interface's thread, in order, or in so many seconds. From any thread."""
        self._posts.put(function, delay)

    def is_own_thread(self) -> bool:
        """Return whether the caller is in the interface's thread."""
        return threading.get_ident() == self._thread

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines. From any thread."""
        self._printer.post(lines)

    def refresh(self) -> None:
        """Have the prompt drawn anew. From any thread."""
        self._app.invalidate()

    def ring(self, text: str) -> None:
        """Write control sequences that move nothing. From any thread."""

        def write() -> None:
            self._output.write_raw(text)
            self._output.flush()

        self.post(write)

    def clear(self) -> None:
        """Have an empty screen."""
        self._printer.flush()
        self._app.renderer.clear()

    @property
    def columns(self) -> int:
        """How wide the screen is."""
        return self._output.get_size().columns

    def set_theme(self, theme: str) -> None:
        """Have other colours from now on."""
        self._theme = theme
        self._app.style = _style(theme)

    @property
    def draft(self) -> str:
        """What is typed and not sent, with all that was pasted into it."""
        return self._pastes.unfold(self._questions.kept if self.is_asking else self.buffer.text)

    @draft.setter
    def draft(self, text: str) -> None:
        self._pastes.clear()
        folded = self._pastes.take(text) if text else ""
        if self.is_asking:
            self._questions.kept = folded
        else:
            self.buffer.document = document(folded)

    # --- questions --------------------------------------------------------------------------------------------------

    def ask(self, query: Query) -> Future[str]:
        """Ask the person, after what was asked before. From any thread."""
        answer: Future[str] = Future()
        self.post(lambda: self._questions.put(query, answer))
        return answer

    def withdraw(self, answer: Future[str]) -> None:
        """Take a question back. From any thread."""
        answer.cancel()
        self.post(lambda: self._questions.take(answer))

    def release(self) -> None:
        """Notice that who has asked is done. From any thread."""
        self.post(self._questions.release)

    def answer(self, text: str | None) -> None:
        """Answer the question; with None, it is not answered."""
        before = self._questions.pauses
        self._questions.answer(text)
        self._end_pause_in_time(before)

    def answer_key(self, key: str) -> None:
        """Take the key that answers a question. Another one than those that it is asked for means no."""
        query = self._questions.current
        assert query is not None
        self.answer(key.lower() if key.lower() in query.keys and key else "")

    def _end_pause_in_time(self, before: int) -> None:
        begun = self._questions.pauses
        if begun != before:
            self.post(lambda: self._questions.release() if self._questions.pauses == begun else None, PAUSE_SECONDS)

    @property
    def is_asking(self) -> bool:
        """Whether the input answers a question."""
        return self._questions.current is not None

    @property
    def wants_key(self) -> bool:
        """Whether one key answers the question."""
        query = self._questions.current
        return query is not None and query.keys != ""

    @property
    def is_secret(self) -> bool:
        """Whether what is typed must not be seen."""
        query = self._questions.current
        return query is not None and query.is_secret

    # --- the prompt -------------------------------------------------------------------------------------------------

    @property
    def prompt(self) -> str:
        """What stands before the input."""
        query = self._questions.current
        return query.text if query is not None else self.front.prompt()

    def status(self) -> Sequence[Fragment]:
        """Return the line above the input."""
        return [("urgent", self._hint)] if self._hint else self.front.status()

    def _suggest(self, text: str, cursor: int) -> Sequence[Suggestion]:
        return () if self.is_asking else self.front.suggest(text, cursor)

    def _changed(self) -> None:
        self._hint = ""
        if self.buffer.text and not self.is_asking:
            self.front.typing()

    # --- what keys do -----------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Take the choice of the menu, answer the question, or hand what is typed to the shell."""
        if self.is_chosen:
            self.buffer.complete_state = None
            return
        if self.is_asking:
            before = self._questions.pauses
            self._questions.enter()
            self._end_pause_in_time(before)
            return
        text = self.buffer.text
        pastes, self._pastes = self._pastes, Pastes()
        self.buffer.reset(append_to_history=True)
        self.front.submit(text, pastes.unfold if pastes.is_in(text) else None)

    def paste(self, data: str) -> None:
        """Put what is pasted where the cursor is: a token for it, if it is long."""
        text = data.replace("\r\n", "\n").replace("\r", "\n")
        if self.is_asking:
            self.buffer.insert_text(text.split("\n")[0])
        else:
            self.buffer.insert_text(self._pastes.take(text))

    @property
    def token_before_cursor(self) -> str:
        """The token of a paste that stands right before the cursor."""
        return self._pastes.token_before(self.buffer.document.text_before_cursor)

    @property
    def is_chosen(self) -> bool:
        """Whether something is chosen in the menu."""
        return self.buffer.complete_state is not None and self.buffer.complete_state.complete_index is not None

    @property
    def is_searching(self) -> bool:
        """Whether the history is being searched."""
        return self._app.layout.is_searching

    def complete(self) -> None:
        """Take the only suggestion, or go down in the menu."""
        state = self.buffer.complete_state
        if state is None or not state.completions:  # Tab was faster than the menu
            found = list(self.buffer.completer.get_completions(self.buffer.document, CompleteEvent(True)))
            if not found:
                return
            state = self.buffer._set_completions(found)
        self.buffer.complete_next()
        if len(state.completions) == 1:
            self.buffer.complete_state = None

    def open_editor(self) -> None:
        """Have what is typed edited in the person's editor."""
        if not (os.environ.get("VISUAL") or os.environ.get("EDITOR")):
            self._hint = "set EDITOR to your editor's command, as in: export EDITOR=vi"
        elif not self.is_asking:
            self.buffer.open_in_editor()

    def interrupt(self) -> None:
        """Take what is typed away, or a question; if there is nothing, leave at the second time."""
        if self.is_asking:
            self.answer(None)
        elif self.buffer.text:
            self._pastes.clear()
            self.buffer.reset()
        elif self._hint == QUIT_HINT:
            self.end()
        else:
            self._hint = QUIT_HINT

    def end_of_input(self) -> None:
        """Leave, or answer a question with nothing."""
        if self.is_asking and not self._questions.is_pausing:
            self.answer(None)
        else:
            self.end()


def _style(theme: str) -> Style:
    # What prompt_toolkit has for its own class "menu" is a grey on which notes cannot be read.
    ours = {
        "menu": "noinherit",
        "menu.chosen": "reverse",
        "menu.note": styles(theme).get("dim", ""),
        "search": "",
        "prompt": "bold",
    }
    return Style.from_dict({**styles(theme), **ours})


def answer_of(answer: Future[str], timeout: float | None = None) -> str | None:
    """Return an answer, None if the person does not want to give one. Raises TimeoutError."""
    try:
        return answer.result(timeout)
    except CancelledError:
        return None
