"""Measure what plugins cost: messages through a transform, in batches, and a command."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from libchat.plugins.values import Message
from libchat.testing import Stage

PLUGIN = """
from libchat.plugins import Context, Message, command, hook

@hook("message")
def look(message: Message) -> Message | None:
    return message.replace(text=message.text.upper()) if "x" in message.text else None

@command
def add(ctx: Context, a: int, b: int) -> None: ...
"""


def measure(function: Callable[[], object], times: int = 300) -> float:
    """Return the median of so many calls, in microseconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begin)
    return median(taken) * 1e6


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder, Stage("server") as stage:
        path = Path(folder) / "sample.py"
        path.write_text(PLUGIN, encoding="utf-8")
        stage.load(path)
        for size in (1, 10, 100, 1000):
            batch = [Message("bo", "#team", f"hello {number}") for number in range(size)]
            taken = measure(lambda messages=batch: stage.host.transform("message", messages))  # type: ignore[misc]
            print(f"{size:5} messages through a transform: {taken:6.0f} us, {taken / size:5.1f} us each")
        print(f"a command: {measure(lambda: stage.run('add 1 2')):.0f} us")


if __name__ == "__main__":
    main()
