"""The page about the shell is what the code says."""

from __future__ import annotations

import generate_shell


def test_every_command_is_documented() -> None:
    """The page's tables are those of the commands; `python tests/generate_shell.py` writes them anew."""
    assert generate_shell.PAGE.read_text(encoding="utf-8") == generate_shell.page()
    assert len(generate_shell.commands()) > 40
