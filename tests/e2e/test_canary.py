"""Nothing that people write, and nothing that is secret, is ever logged, at any level, by anybody in the process."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import libchat
from libchat import aio
from libchat.server.bounds import Bounds
from libchat.server.server import Server
from support.wire import Wire, open_plain, open_tls

CANARY = "kanarienvogel"
"""Part of every secret of the scenario."""


class Collector(logging.Handler):
    """Keeps all that a record could tell: its message, its arguments, its exception and everything that hangs on it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note a record."""
        parts = [record.getMessage(), repr(record.args), repr(vars(record)), record.stack_info or ""]
        if record.exc_info:
            parts += traceback.TracebackException(*record.exc_info, capture_locals=True).format()
        self.told.append("\n".join(parts))


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Have everything logged, from the root down, and collect it."""
    collector, root = Collector(), logging.getLogger()
    names = ("libchat", "libchat.server", "libchat.client", "asyncio")
    loggers = [root, *(logging.getLogger(name) for name in names)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(collector)
    yield collector
    root.removeHandler(collector)
    for logger, level in zip(loggers, levels):
        logger.setLevel(level)


def _secret(what: str) -> str:
    return f"{CANARY}-{what}"


def _classic(wire: Wire) -> None:
    """Say everything in the classic dialect, right and wrong."""
    wire.send(
        f"server:register Ana {_secret('password')}",
        f"server:regster Ana {_secret('password-behind-a-slip')}",
        f"register Ana {_secret('password-without-server')}",
        f"{_secret('a-line-before-any-name')}",
        "server:register Ana",
        f"server:register Ana {_secret('password-again')}",
        f"Bo:{_secret('private')}",
        f"Nobody:{_secret('to-nobody')}",
        f"{_secret('bad-line')}",
        "join tea",
        f"{_secret('said-in-a-room')}",
        f"server:topic {_secret('topic')}",
        f"server:away {_secret('away')}",
        f"server:{_secret('unknown')} {_secret('argument')}",
        "server:who",
        "leave",
        "exit",
    )
    assert any("welcome Ana" in line for line in wire.rest())


def _native(wire: Wire) -> None:
    """Say everything in the native dialect, right and wrong, and read all answers."""
    wire.tell("hello", agent=_secret("agent"), cid=_secret("hello-cid"))
    for name, token in (("server", ""), ("Bo", _secret("token")), ("Bo", "")):
        wire.tell("register", name=name, device=_secret("device"), password=_secret("password"), token=token)
    for number in range(3):
        wire.tell("send", target="Bo" if number else "Ana", text=_secret("text"), cid=_secret(f"cid-{number}"))
    wire.tell("join", room="#tea", password=_secret("room-password"))
    wire.tell("send", target="#tea", text=_secret("in-a-room"), cid=_secret("cid"))
    wire.tell("send", target="#tea", text=_secret("another-text"), cid=_secret("cid"))
    wire.tell("edit", target="#tea", seq=1, text=_secret("edit"))
    wire.tell("react", target="#tea", seq=1, text=_secret("reaction"))
    wire.tell("topic", room="#tea", text=_secret("topic"))
    wire.tell("away", note=_secret("away"), text=_secret("away"))
    wire.tell("search", target="#tea", text=_secret("searched"))
    wire.tell("history", target="#tea", before=_secret("no-number"))
    wire.tell("password", new=_secret("new-password"), old=_secret("old-password"))
    wire.tell(_secret("unknown-type"), text=_secret("unknown"))
    wire.tell("send", target=_secret("no such name") + "\x07", text="")
    wire.send(f'{{"type": "send", "text": "{_secret("broken")}', f'["{_secret("a-list")}"]', _secret("no json"))
    wire.send_bytes(b"\xff\x00" + _secret("no utf-8").encode() + b"\n")
    wire.tell("exit", reason=_secret("farewell"))
    assert any('"registered"' in line for line in wire.rest())


def _rude(server: Server) -> None:
    """Break the rules of the wire, with secrets in what is broken."""
    for first in (f"GET /{_secret('path')} HTTP/1.0\r\n\r\n", f"server:register Ana {_secret('in-the-clear')}\r\n"):
        with open_plain(server) as plain:
            plain.send_bytes(first.encode())
            plain.rest()
    with open_tls(server) as wire:
        wire.send_bytes(_secret("longer than any line may be").encode() * 2_000)
        wire.rest()
    with open_tls(server) as wire:
        wire.send("server:register Cut", _secret("half"))
        wire.line()
        wire.reset()


def _programs(server: Server, state: Path) -> None:
    """Talk with both clients of this package."""
    with libchat.connect(
        server.address, "App", pin=server.pin, device=_secret("client-device"), state=state / _secret("state")
    ) as app:
        app.join("#tea")
        app.send("#tea", _secret("by-a-client")).accepted(10)
        with pytest.raises(libchat.Refused):
            app.send("Nobody", _secret("refused")).accepted(10)

    async def talk() -> None:
        async with aio.connect(server.address, "Aio", pin=server.pin, device=_secret("asyncio")) as chat:
            await chat.join("#tea")
            await chat.send("#tea", _secret("by-asyncio"))

    asyncio.run(talk())


def test_no_secret_is_logged(collector: Collector, tmp_path: Path) -> None:
    """With everything at DEBUG, a server that keeps its data on disk logs names and addresses, and no secret."""
    with Server(port=0, data=tmp_path, bounds=Bounds(handshake_seconds=5.0)) as server:
        with open_tls(server) as native:
            _native(native)
        with open_tls(server) as classic:
            _classic(classic)
        _rude(server)
        _programs(server, tmp_path)
        server.reload()
    told = "\n".join(collector.told)
    for expected in (
        "is connected",
        "is now Ana",
        "is now Bo",
        "was refused: ",
        "has gone: ",
        "the handshake has failed",
    ):
        assert expected in told
    leaks = [each for each in collector.told if CANARY in each]
    assert not leaks
