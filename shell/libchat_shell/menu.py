"""The menu of suggestions below the input: a thin adapter of what the shell suggests to prompt_toolkit.

It takes rows of its own while it is open, instead of floating over them: an inline prompt at the lower end of the
screen has nothing below to float over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import ConditionalContainer, Dimension, FormattedTextControl, Window
from prompt_toolkit.utils import get_cwidth

if TYPE_CHECKING:
    from libchat_shell.completion import Suggestion

ROWS: Final = 8
"""Suggestions that are shown at a time: more would push the log off a screen of 24 rows."""

Suggest: TypeAlias = "Callable[[str, int], Sequence[Suggestion]]"


class Suggester(Completer):
    """What the shell suggests, as prompt_toolkit wants it."""

    def __init__(self, suggest: Suggest) -> None:
        self._suggest = suggest

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield what may stand at the cursor."""
        for found in self._suggest(document.text, document.cursor_position):
            yield Completion(
                found.text,
                start_position=found.start - document.cursor_position,
                display=found.display,
                display_meta=found.note,
            )


def make_menu(buffer: Buffer) -> ConditionalContainer:
    """Return the rows that show the suggestions for a buffer, as long as there are some."""
    rows = Window(
        FormattedTextControl(lambda: _rows(buffer)),
        height=lambda: Dimension.exact(min(ROWS, len(_completions(buffer)))),
        style="class:menu",
        dont_extend_height=True,
    )
    return ConditionalContainer(rows, Condition(lambda: bool(_completions(buffer)) and not get_app().is_done))


def _completions(buffer: Buffer) -> list[Completion]:
    return buffer.complete_state.completions if buffer.complete_state is not None else []


def _rows(buffer: Buffer) -> StyleAndTextTuples:
    state = buffer.complete_state
    if state is None:
        return []
    chosen = state.complete_index
    first = max(0, min((chosen or 0) - ROWS // 2, len(state.completions) - ROWS))
    shown = state.completions[first : first + ROWS]
    columns = get_app().output.get_size().columns
    width = min(max(get_cwidth(each.display_text) for each in shown), columns // 2)
    rows: StyleAndTextTuples = []
    for number, completion in enumerate(shown, first):
        style = "class:menu.chosen" if number == chosen else "class:menu"
        note = fit(completion.display_meta_text, columns - width - 6)
        more = _more(number, first, len(shown), len(state.completions))
        rows.append((style, f" {pad(fit(completion.display_text, width), width)} "))
        rows.append((f"{style} class:menu.note", f" {note} "))
        rows.append(("class:menu.note", f"{more}\n" if number < first + len(shown) - 1 else more))
    return rows


def _more(number: int, first: int, shown: int, total: int) -> str:
    """Return the mark that there is more above or below, behind the first and the last row."""
    if number == first and first > 0:
        return " ^"
    return " v" if number == first + shown - 1 and first + shown < total else ""


def fit(text: str, columns: int) -> str:
    """Return a text that takes so many columns at most."""
    if get_cwidth(text) <= columns:
        return text
    kept = ""
    for character in text:
        if get_cwidth(kept + character) >= columns:
            break
        kept += character
    return f"{kept}~" if columns > 0 else ""


def pad(text: str, columns: int) -> str:
    """Return a text that takes so many columns at least."""
    return text + " " * (columns - get_cwidth(text))
