"""The handler for `logging`: who logs never waits, never hears of an error, and what is dropped is counted and told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import libchat
from support.examples import Example, imported
from support.proxy import Proxy

SECONDS = 20
RoomHandler: Any = imported("logging_handler").RoomHandler


@contextmanager
def logger(handler: logging.Handler) -> Iterator[logging.Logger]:
    """Give a logger of the test's own that has this handler, and close that at the end."""
    log = logging.Logger("test")  # noqa: LOG001  # a test's own: nobody else finds it
    log.addHandler(handler)
    try:
        yield log
    finally:
        handler.close()


@contextmanager
def away() -> Iterator[tuple[libchat.Server, Proxy, libchat.Client, Any]]:
    """Give a handler of room for 3 records whose server cannot be reached for now."""
    with (
        libchat.serve(port=0) as server,
        Proxy(server.address) as proxy,
        libchat.connect(proxy.address, "log", pin=server.pin) as chat,
        libchat.connect(server.address, "ana", pin=server.pin) as ana,
    ):
        ana.join("#ops")
        handler = RoomHandler(chat, "#ops", size=3, patience=0.0)
        proxy.refuse()
        yield server, proxy, ana, handler


def heard(ana: libchat.Client, count: int) -> list[str]:
    """Return the next lines that are said in the room."""
    lines: list[str] = []
    while len(lines) < count:
        lines += ana.receive(timeout=SECONDS).text.split("\n")
    return lines


def test_what_is_dropped_is_counted_and_told() -> None:
    """What is too much while the server is away is dropped, the rest is said in order, and the room is told."""
    with away() as (_, proxy, ana, handler), logger(handler) as log:
        for number in range(10):
            log.warning("record %d", number)
        assert handler.dropped == 7
        proxy.admit()
        lines = heard(ana, 3)
        while handler._lines:
            ana.ping()  # what was heard is about to be accepted: until then it takes room
        log.warning("later")
        while "later" not in lines or "(7 log records were dropped)" not in lines:
            lines += heard(ana, 1)
        assert [line for line in lines if line[0] != "("] == ["record 0", "record 1", "record 2", "later"]
        assert len(lines) == 5


def test_who_logs_does_not_wait(capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand records are logged, and the handler closed, while no server is there; what was not said is told."""
    with away() as (_, _, _, handler), logger(handler) as log:
        for number in range(1_000):
            log.warning("record %d", number)
        assert handler.dropped == 997
        handler.close()
        assert capsys.readouterr().err == "1000 log records were not said in #ops\n"


def test_who_logs_hears_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a record that cannot be formatted nor a chat that has ended is an error where somebody logs."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with libchat.Hub() as hub, hub.connect("log") as chat, hub.connect("ana") as ana:
        ana.join("#ops")
        with logger(RoomHandler(chat, "#ops")) as log:
            log.warning("%d", "no number")
            log.warning("fine")
            assert ana.receive(timeout=SECONDS).text == "fine"
            chat.close()
            log.warning("too late")


def test_long_and_many_records_fit() -> None:
    """Records of any length and number are said in messages that the chat takes, in their order."""
    with libchat.Hub() as hub, hub.connect("log") as chat, hub.connect("ana") as ana:
        ana.join("#ops")
        with logger(RoomHandler(chat, "#ops")) as log:
            log.warning("😀" * 5_000)
            for number in range(500):
                log.warning("record %d", number)
            log.warning("end")
            lines: list[str] = []
            while "end" not in lines:
                lines += ana.receive(timeout=SECONDS).text.split("\n")
        assert lines == ["😀" * 999, *(f"record {number}" for number in range(500)), "end"]


def test_the_chats_own_records_do_not_go_in_circles() -> None:
    """What libchat logs itself is not said in the chat."""
    with libchat.Hub() as hub, hub.connect("log") as chat, hub.connect("ana") as ana:
        ana.join("#ops")
        with logger(RoomHandler(chat, "#ops")) as log:
            log.handle(logging.LogRecord("libchat.client", logging.WARNING, "", 1, "mine", None, None))
            log.warning("theirs")
            assert ana.receive(timeout=SECONDS).text == "theirs"


def test_nothing_runs_on() -> None:
    """When the handler is closed, its thread has ended."""
    with libchat.Hub() as hub, hub.connect("log") as chat:
        RoomHandler(chat, "#ops").close()
        assert "room-handler" not in {thread.name for thread in threading.enumerate()}


def test_it_writes_to_a_server(tmp_path: Path) -> None:
    """With an address, it logs there."""
    with libchat.serve(port=0) as server, libchat.connect(server.address, "ana", pin=server.pin) as ana:
        ana.join("#ops")
        with Example("logging_handler", server.invite(), "It rains in.", home=tmp_path) as example:
            assert ana.receive(timeout=SECONDS).text == "WARNING disks: It rains in."
            assert (example.end(), example.complaints) == (0, "")
