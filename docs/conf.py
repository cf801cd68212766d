"""How the documentation is built: Sphinx, with Markdown by MyST and the theme Furo."""

from __future__ import annotations

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

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
