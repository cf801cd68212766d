"""Every example runs, in an interpreter of its own, and prints what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

import generate_examples
from support.examples import Example

PRINTED = {
    "in_process": [
        "hi",
        "message 1 of #tea",
        "bo in #tea: The kettle is on.",
        "queued: True",
        "Are you still there?",
    ],
    "server_in_a_program": ["message 1 is in the log", "bo: The kettle is on.", "online: ana, bo"],
    "asyncio_client": ["message 1: You said 'hello'.", "message 3: You said 'bye'."],
    "nothing_is_lost": [
        "meanwhile: two sugars, please / and milk",
        "order 17 is message 1, as before",
        "found: order 17: tea with milk",
    ],
    "invited": [
        "bo in #tea: The kettle is on.",
        "cleo: this invite has been used as often as it may: ask for another, or give your password if you have an "
        "account",
    ],
    "bot": [
        "2 cups for ana with sugar, in 4 minutes",
        "CUPS: 'two' is not a whole number; write one such as 5",
        "usage: !tea [CUPS] [--sugar]",
    ],
    "callbacks": ["ana came to #lab", "ana says hello; here are ana, bot"],
    "logging_handler": ["WARNING disks: The disk is nearly full."],
    "job_queue": [
        "ana reads: job 1 is done: 499,500",
        "ana reads: job 2 has failed: ZeroDivisionError: integer division or modulo by zero",
        "bo reads: ana: job 1 is done: 499,500",
        "bo reads: ana: job 2 has failed: ZeroDivisionError: integer division or modulo by zero",
    ],
    "game_lobby": [
        "ana waits for whist: 1 of 4",
        "bo waits for chess: 1 of 2",
        "chess: bo; whist: ana",
        "bo and ana play chess in #chess-1",
        "members: bo, lobby",
        "bo begins.",
    ],
}
"""What each example prints that needs nothing."""

LINES = {"native_client": 59, "final_client": 160, "web_app": 180, "window": 295}
"""How long examples may be that have a whole program to show. Others are short."""


@pytest.mark.parametrize("name", PRINTED)
def test_example_prints_what_it_says(name: str, tmp_path: Path) -> None:
    """An example that needs nothing runs by itself, ends, and complains of nothing."""
    with Example(name, home=tmp_path) as example:
        code = example.end()
        assert (example.rest, example.complaints, code) == (PRINTED[name], "", 0)


@pytest.mark.parametrize("name", generate_examples.examples())
def test_every_example_has_a_test(name: str) -> None:
    """An example is run here, or by a file of tests that has its name."""
    assert name in PRINTED or Path(__file__).with_name(f"test_{name}.py").exists()


@pytest.mark.parametrize(("name", "path"), generate_examples.examples().items())
def test_every_example_explains_itself(name: str, path: Path) -> None:
    """An example opens with a sentence, and with how it is run; and it is short."""
    sentence, run, *_ = generate_examples.explanation(path).split("\n\n")
    assert sentence.endswith((".", ":"))
    assert run.startswith("    python ")
    assert f"{name}.py" in run
    assert len(path.read_text("utf-8").splitlines()) <= LINES.get(name, 120)


def test_the_page_lists_every_example() -> None:
    """The page is what the examples say; `python tests/generate_examples.py` writes it anew."""
    page = generate_examples.PAGE.read_text(encoding="utf-8")
    assert page == generate_examples.page()
    assert all(f"examples/{name}.py" in page for name in generate_examples.examples())


@pytest.mark.parametrize("name", ["bot", "game_lobby", "logging_handler", "job_queue", "final_client"])
def test_a_server_that_is_not_there(name: str, tmp_path: Path) -> None:
    """Who gives an address where nobody listens is told so in one line, without a traceback."""
    where = ("--port", "1") if name == "final_client" else ("127.0.0.1:1", "ana")
    with Example(name, *where, home=tmp_path) as example:
        example.write("ana")
        assert example.end() == 1
        assert "refused" in example.complaints
        assert example.complaints.count("\n") == 1


@pytest.mark.parametrize("name", ["bot", "game_lobby", "logging_handler", "job_queue"])
def test_an_address_that_is_none(name: str, tmp_path: Path) -> None:
    """Who gives no address is told what one looks like."""
    with Example(name, "127.0.0.1:tea", "ana", home=tmp_path) as example:
        assert example.end() == 1
        assert example.complaints == f"{name}.py: 'tea' is no port: write a number from 1 to 65535\n"
