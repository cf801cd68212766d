"""What the tutorial shows is a plugin at each step, and its tests pass."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from libchat.testing.stage import Stage

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial" / "plugin.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
"""Names and contents of the files, in the order in which they are shown."""


def test_every_step_works(tmp_path: Path) -> None:
    """The tests of each step pass with the plugin as it is by then."""
    steps = 0
    shown: dict[str, str] = {}
    for name, text in FILES:
        shown[name] = text
        if name.startswith("test_"):
            steps += 1
            (tmp_path / f"step{steps}").mkdir()
            for path, content in shown.items():
                (tmp_path / f"step{steps}" / path).write_text(content, encoding="utf-8")
    assert steps == 4
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


def test_every_python_block_is_a_file() -> None:
    """Nothing that looks like a program goes untested."""
    assert len(FILES) == PAGE.count("```python")


def test_the_settings_are_taken(stage: Stage, tmp_path: Path) -> None:
    """What the page shows as settings is what the last version has."""
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    path = tmp_path / "karma.py"
    path.write_text([text for name, text in FILES if name == "karma.py"][-1], encoding="utf-8")
    stage.load(path, **tomllib.loads(block)["plugins"]["karma"])
