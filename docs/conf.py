"""How the documentation is built: Sphinx, with Markdown by MyST and the theme Furo."""

from __future__ import annotations

import re

from libchat._version import __version__

project = "libchat"
author = "The libchat authors"
copyright = "2026, The libchat authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
default_role = "code"  # docstrings write code between single backquotes
smartquotes = False
html_theme = "furo"
html_title = f"libchat {release}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True


def keep_columns(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Show what is indented in a docstring as it stands there: its columns are a table or a program."""
    shown: list[str] = []
    for line in lines:
        is_indented = line.startswith("    ")
        if is_indented and not (shown and (shown[-1].startswith("    ") or not shown[-1])):
            shown.append("")
        if is_indented and not any(each.startswith("    ") for each in _block(shown)):
            shown += [".. code-block:: text", ""]
        shown.append(line)
    lines[:] = shown


def _block(lines: list[str]) -> list[str]:
    """Return the last lines, back to one that is not indented."""
    block: list[str] = []
    for line in reversed(lines):
        if line and not line.startswith(" "):
            break
        block.append(line)
    return block


def break_paths(app: object, page: str, template: str, context: dict[str, str], doctree: object) -> None:
    """Let long paths in code break behind their folders and words: tables of them would be wider than the page."""
    if "body" in context:
        context["body"] = re.sub(r'(?<=<span class="pre">)[^<]+', _with_breaks, context["body"])


def _with_breaks(code: re.Match[str]) -> str:
    return re.sub(r"(?<=[/_])(?=\w)|(?=::)", "<wbr>", code[0])


def setup(app: object) -> None:
    """Have Sphinx ask for the docstrings, and show the pages."""
    app.connect("autodoc-process-docstring", keep_columns)  # type: ignore[attr-defined]
    app.connect("html-page-context", break_paths)  # type: ignore[attr-defined]
