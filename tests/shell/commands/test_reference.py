"""The page about the shell is what the code says."""

from __future__ import annotations

import generate_shell


def test_commands_keys_and_settings_are_documented() -> None:
    """The page's tables are those of the code; `python tests/generate_shell.py` writes them anew."""
    assert generate_shell.PAGE.read_text(encoding="utf-8") == generate_shell.page()
    assert len(generate_shell.commands()) > 40
    assert "| `/kick NAME" in generate_shell.page()
