"""What keys do, besides what they do in every prompt (Emacs' bindings, those of readline)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

if TYPE_CHECKING:
    from libchat_shell.app import App

E = KeyPressEvent

KEYS: Final = (
    ("Enter", "send what is typed, or take what is chosen in the menu"),
    ("Alt-Enter", "begin a new line"),
    ("Tab, Shift-Tab", "go down and up in the menu of suggestions"),
    ("Up, Down", "go through the lines typed before, or through the lines of a text"),
    ("Ctrl-R", "search the lines typed before"),
    ("Alt-A", "go to the conversation that wants attention most"),
    ("Alt-1 to Alt-9", "go to a conversation by its number"),
    ("Alt-0", "go home, out of all conversations"),
    ("Ctrl-X Ctrl-E", "edit what is typed in your editor (EDITOR)"),
    ("Ctrl-L", "empty the screen"),
    ("Ctrl-C", "take away what is typed, or a question; twice where nothing is typed: leave"),
    ("Ctrl-D", "leave, where nothing is typed"),
)
"""What the documentation says of keys. All others are those of Emacs and readline."""

ROOMS: Final = "123456789"


def make_bindings(app: App) -> KeyBindings:
    """Return the bindings of the shell."""
    keys = KeyBindings()
    _bind_lines(keys, app)
    _bind_conversations(keys, app)
    _bind_menu(keys, app)
    _bind_ends(keys, app)
    _bind_answers(keys, app)
    return keys


def _bind_lines(keys: KeyBindings, app: App) -> None:
    is_searching = Condition(lambda: app.is_searching)

    @keys.add("enter", filter=~is_searching)
    @keys.add("c-j", filter=~is_searching)  # Enter, too, if it was pressed before the prompt was there
    def _(event: E) -> None:
        app.enter()

    @keys.add("escape", "enter")
    @keys.add("escape", "c-j")
    def _(event: E) -> None:
        app.buffer.insert_text("\n")

    @keys.add(Keys.BracketedPaste)
    def _(event: E) -> None:
        app.paste(event.data)

    @keys.add("backspace", filter=Condition(lambda: app.token_before_cursor != ""))
    def _(event: E) -> None:
        app.buffer.delete_before_cursor(len(app.token_before_cursor))

    @keys.add("c-x", "c-e")
    def _(event: E) -> None:
        app.open_editor()

    @keys.add("c-l")
    def _(event: E) -> None:
        app.clear()


def _bind_conversations(keys: KeyBindings, app: App) -> None:
    is_talking = Condition(lambda: not app.is_asking)

    @keys.add("escape", "a", filter=is_talking)
    def _(event: E) -> None:
        app.front.go_next()

    def bind(number: str) -> None:
        @keys.add("escape", number, filter=is_talking)
        def _(event: E) -> None:
            app.front.go_to(int(number))

    for number in "0" + ROOMS:
        bind(number)


def _bind_menu(keys: KeyBindings, app: App) -> None:
    """Tab and Down go into the menu; Up goes through the history as long as nothing is chosen in the menu."""
    is_chosen = Condition(lambda: app.is_chosen)

    @keys.add("tab", filter=Condition(lambda: not app.is_asking))
    def _(event: E) -> None:
        app.complete()

    @keys.add("s-tab", filter=has_completions)
    def _(event: E) -> None:
        app.buffer.complete_previous()

    @keys.add("up", filter=has_completions & ~is_chosen)
    def _(event: E) -> None:
        app.buffer.cancel_completion()
        app.buffer.auto_up()

    @keys.add("escape", filter=has_completions, eager=False)
    def _(event: E) -> None:
        app.buffer.cancel_completion()


def _bind_ends(keys: KeyBindings, app: App) -> None:
    @keys.add("c-c")
    @keys.add("<sigint>")
    def _(event: E) -> None:
        app.interrupt()

    @keys.add("c-d", filter=Condition(lambda: not app.buffer.text))
    def _(event: E) -> None:
        app.end_of_input()


def _bind_answers(keys: KeyBindings, app: App) -> None:
    """Have a question that is answered by one key take that, and nothing else."""
    wants_key = Condition(lambda: app.wants_key)

    @keys.add(Keys.Any, filter=wants_key, eager=True)
    def _(event: E) -> None:
        app.answer_key(event.data)
