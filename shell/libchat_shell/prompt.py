"""The prompt: a line that says where one is, and below it what is being typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.layout import BufferControl, Dimension, FormattedTextControl, HSplit, Layout, VerticalAlign, Window
from prompt_toolkit.layout.processors import (
    BeforeInput,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    PasswordProcessor,
    Processor,
    Transformation,
    TransformationInput,
)
from prompt_toolkit.widgets import SearchToolbar

from libchat_shell.menu import fit, make_menu

if TYPE_CHECKING:
    from libchat_shell.app import App
    from libchat_shell.history import HistoryFile
    from libchat_shell.lines import Fragment

ROWS: Final = 10
"""Rows that the input takes at most: more of it is scrolled."""


class FileHistory(History):
    """The lines of a history file, as prompt_toolkit wants them."""

    def __init__(self, file: HistoryFile) -> None:
        super().__init__()
        self._file = file

    def load_history_strings(self) -> Iterable[str]:
        """Return the lines, newest first."""
        return reversed(self._file.load())

    def append_string(self, string: str) -> None:
        """Keep a line, unless it is secret."""
        if self._file.add(string):
            self._loaded_strings.insert(0, string)

    def store_string(self, string: str) -> None:
        """Do nothing: `append_string` has kept it."""


def make_layout(app: App, buffer: Buffer) -> Layout:
    """Return the status line, the input and the menu, one below the other."""
    search = SearchToolbar(
        text_if_not_searching="", forward_search_prompt="search: ", backward_search_prompt="search: "
    )
    control = BufferControl(
        buffer,
        input_processors=[
            HighlightIncrementalSearchProcessor(),
            ConditionalProcessor(PasswordProcessor(), Condition(lambda: app.is_secret)),
            BeforeInput(lambda: [("class:prompt", app.prompt)]),
            _Indent(app),
        ],
        search_buffer_control=search.control,
        preview_search=True,
    )
    entry = Window(
        control, height=lambda: _height(buffer), wrap_lines=True, dont_extend_height=True, style="class:input"
    )
    status = Window(FormattedTextControl(lambda: _status(app)), height=1, dont_extend_height=True, style="class:status")
    return Layout(HSplit([status, entry, search, make_menu(buffer)], align=VerticalAlign.TOP), focused_element=entry)


def _height(buffer: Buffer) -> Dimension:
    return Dimension(min=1, max=max(1, min(ROWS, get_app().output.get_size().rows // 2)))


def _status(app: App) -> StyleAndTextTuples:
    columns = get_app().output.get_size().columns
    return fragments(app.status(), columns - 1)  # the last column stays free: some terminals would go to the next row


def fragments(line: Sequence[Fragment], columns: int) -> StyleAndTextTuples:
    """Return a line with its styles as prompt_toolkit names them, cut where the screen ends."""
    from prompt_toolkit.utils import get_cwidth

    shown: StyleAndTextTuples = []
    for style, text in line:
        cut = fit(text, columns)
        shown.append((" ".join(f"class:{name}" for name in style.split()), cut))
        columns -= get_cwidth(cut)
        if cut != text:
            break
    return shown


class _Indent(Processor):
    """Puts the further lines of a text below the first."""

    def __init__(self, app: App) -> None:
        self._app = app

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Return a line with its indentation."""
        if transformation_input.lineno == 0:
            return Transformation(transformation_input.fragments)
        width = len(self._app.prompt)
        return Transformation(
            [("", " " * width), *transformation_input.fragments],
            source_to_display=lambda at: at + width,
            display_to_source=lambda at: at - width,
        )


def document(text: str) -> Document:
    """Return a text with the cursor at its end."""
    return Document(text, len(text))
