"""The page of threads and locks is what the code starts and takes."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import libchat
from libchat import locks
from support.pages import ROOT, read, rows, section, words

PAGE = read("topics/threads.md")
THREADS = {name: row for row in rows(PAGE.partition("Whoever has something")[0]) for name in words(row[1])}
SOURCES = [path for folder in ("libchat", "shell", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]


def pattern(name: str) -> str:
    """Return a name with a star for what differs from thread to thread."""
    return re.sub(r"\b(N|NAME)$", "*", name)


def test_every_thread_that_is_started_is_documented() -> None:
    """The tables have the name of each thread that the code starts, and no others but that of Python's own."""
    started = {name for path in SOURCES for name in names_of_threads(path)}
    assert {pattern(name) for name in THREADS} - {"MainThread"} == started


def names_of_threads(path: Path) -> Iterator[str]:
    """Yield the names that a module gives to threads, with stars for what is put into them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assigned = {ast.unparse(node.targets[0]): node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        kind = ast.unparse(call.func).rpartition(".")[2]
        if kind == "Thread":
            (given,) = [each.value for each in call.keywords if each.arg == "name"]
            if not isinstance(given, ast.Attribute):  # that is a worker's, which has it from who makes it
                yield text_of(assigned[given.id] if isinstance(given, ast.Name) else given)
        elif kind == "Worker":
            yield text_of(call.args[0])
        elif kind == "ThreadPoolExecutor":
            yield text_of(call.args[1])


def text_of(node: ast.expr) -> str:
    """Return a constant text, or one with stars for its fields."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "*" for each in node.values)
    assert isinstance(node, ast.Constant), ast.unparse(node)
    return str(node.value)


def test_the_threads_that_run_are_those(tmp_path: Path) -> None:
    """A server with a log, an account and a plugin, and its client, run nothing else, and the numbers are as told."""
    (tmp_path / "quiet.py").write_text("from libchat.plugins import hook\n\n@hook('message')\ndef m(message): ...\n")
    before = set(threading.enumerate())
    with (
        libchat.serve(port=0, data=tmp_path / "data", plugins=[tmp_path / "quiet.py"], announce=False) as server,
        libchat.connect(server.invite(), "ana", password="a long password") as ana,
    ):
        ana.join("#team")
        ana.send("#team", "hi").accepted(timeout=20)
        running = [thread.name for thread in threading.enumerate() if thread not in before]
    known = {pattern(name) for name in THREADS}
    assert {re.sub(r"-\d+$", "-*", name) for name in running} <= known
    counted = {name: running.count(name) for name in running}
    assert (counted["libchat-acceptor"], counted["libchat-handshakes"], counted["libchat-poller"]) == (1, 2, 1)
    assert counted["libchat-log"] == 1
    assert sum(name.startswith("libchat-log-reader-") for name in running) == 2
    assert "(2)" in THREADS["libchat-handshakes"][0]
    assert "(2)" in THREADS["libchat-log-reader-N"][0]


@pytest.mark.parametrize("name", ["HUB", "INBOX", "OUTBOX", "LOG", "PLUGINS"])
def test_every_tier_is_documented(name: str) -> None:
    """The table of tiers has the numbers of the code, and the code no more of them."""
    table = {row[1]: int(row[0]) for row in rows(PAGE.partition("Locks have tiers")[2])}
    assert table[name.lower()] == getattr(locks, name)
    assert len(table) == len([each for each in vars(locks) if each.isupper()])
    assert section(PAGE, "## Bounds")
