"""Plugins that tests write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

WritePlugin = Callable[..., Path]


@pytest.fixture
def plugin(tmp_path: Path) -> WritePlugin:
    """Give a function that writes a plugin's file, with what most need imported, and returns its path."""
    folder = tmp_path / "plugins"
    folder.mkdir()

    def write(text: str, name: str = "sample") -> Path:
        path = folder / f"{name}.py"
        path.write_text(_HEAD + dedent(text), encoding="utf-8")
        return path

    return write


_HEAD = '''"""A plugin of a test."""
from __future__ import annotations
import sys, threading, time
from dataclasses import dataclass
from libchat.plugins import *
'''
