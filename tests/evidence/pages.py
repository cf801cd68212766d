"""The pictures of other pages: drawn by the tests that look at the same screens."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from evidence.missing import Missing
from evidence.stage import PATHS, ROOT

TESTS: Final = ("tests/shell/test_screens.py", "tests/examples/test_window.py")


def make(folder: Path) -> None:
    """Write the pictures into `pictures` beside the folder. Without a screen for the window, all others are written."""
    pictures = folder.parent / "pictures"
    pictures.mkdir(exist_ok=True)
    workers = ["-n", str(os.cpu_count() or 1)] if importlib.util.find_spec("xdist") else []
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *workers, *TESTS],
        cwd=ROOT,
        env={**os.environ, "LIBCHAT_PICTURES": str(pictures), "PYTHONPATH": PATHS},
        check=True,
    )
    if shutil.which("Xvfb") is None or importlib.util.find_spec("tkinter") is None:
        raise Missing("Xvfb or tkinter is missing, so window.png stays as it was: apt-get install xvfb python3-tk")
