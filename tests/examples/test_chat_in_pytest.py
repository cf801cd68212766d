"""The tests that show how to test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.examples import EXAMPLES


def test_they_pass(tmp_path: Path) -> None:
    """As somebody runs them who has libchat installed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "chat_in_pytest.py"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=EXAMPLES, env=kept, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
