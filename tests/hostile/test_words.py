"""What is written in names, texts and commands: to fool people, their terminals, or the file system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec import inspect

from libchat.server.server import Server
from libchat.wire.native import AnyCommand
from support.crowd import Crowd
from support.program import environment, run
from support.siege import addresses, besieged
from support.wire import Fields, Wire, open_tls

HARMFUL = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    "\u2028",
    "\u2029",
]
"""What a terminal would obey, what changes the direction of what others wrote, and what ends lines."""

ALLOWED = {"\n", "\t"}
"""What a text may hold. In the classic dialect each line of it begins with its sender's name; a tab is harmless."""

CLASSIC = (
    *("server:join {}", "join {}", "server:who {}", "server:topic {}", "server:away {}", "{}", "x{}y", "Eve:a{}b"),
    *("{}:x", "server:{}", "server:leave {}", "server:rooms {}"),
)

SENDERS = 8
"""Enough that nobody is slowed down."""


def _native_lines() -> Iterator[bytes]:
    """Yield every command with every harmful character in each of its texts."""
    for kind in AnyCommand.__args__:
        tag = str(kind.__struct_config__.tag)
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)
        if tag in ("exit", "register", "leave"):
            continue
        for field in info.fields:
            if "StrType" not in repr(field.type) or field.encode_name == "cid":
                continue
            for char in [*HARMFUL, "\ud800"]:
                values: dict[str, object] = {"target": "#pub", "room": "#pub", "seq": 1, "text": "text"}
                names = {each.encode_name for each in info.fields}
                fields = {name: value for name, value in values.items() if name in names}
                fields[field.encode_name] = f"#pub{char}" if field.encode_name in ("target", "room") else f"a{char}b"
                yield json.dumps({"type": tag, **fields}).encode() + b"\n"


def _classic_lines() -> Iterator[bytes]:
    for line in CLASSIC:
        for char in HARMFUL:
            if char != "\n":
                yield line.format(char).encode() + b"\n"


def _arrive(wire: Wire, name: str, *, is_native: bool) -> None:
    if is_native:
        wire.tell("register", name=name)
        wire.hear("registered")
        wire.tell("join", room="#pub")
        while wire.event()["type"] != "entered":
            pass
    else:
        wire.send(f"server:register {name}", "server:join pub")
        wire.expect(f"server: welcome {name}", "server: joined pub")


def test_no_control_reaches_others(tmp_path: Path) -> None:
    """Each control and direction character in each field of each command of both dialects is taken out or refused."""
    lines = {True: list(_native_lines()), False: list(_classic_lines())}
    with besieged(tmp_path, what="controls") as server, Crowd(server.address) as crowd, ExitStack() as opened:
        eve, app = (opened.enter_context(open_tls(server)) for _ in range(2))
        _arrive(eve, "Eve", is_native=False)
        _arrive(app, "App", is_native=True)
        for number, member in enumerate(crowd.come(SENDERS, addresses(4))):
            is_native = number % 2 == 0
            own = lines[is_native][number // 2 :: SENDERS // 2]
            names = [line for char in HARMFUL for line in _registrations(char, number, is_native=is_native)]
            member.say(b"".join([*names[number // 2 :: SENDERS // 2], _entering(number, is_native), *own]))
        ends = [b'{"type":"exit","reason":"a\\u009bb\\u202ec"}\n', b"server:exit a\xc2\x9bb\xe2\x80\xaec\n"]
        crowd.run(lambda: sum(member.send() for member in crowd.members) == SENDERS)
        for number, member in enumerate(crowd.members):
            member.say(ends[number % 2])
        crowd.run(lambda: all(member.is_over for member in crowd.members))
        app.tell("send", target="#pub", text="the end")
        seen = _until(eve, "App (in pub): the end")
        app.tell("ping", cid="end")
        heard = _until(app, json.dumps({"type": "pong", "cid": "end"}, separators=(",", ":")))
    assert any("mallory" in line for line in seen)
    for line in seen:
        assert not set(line) & (set(HARMFUL) - {"\t"}), ascii(line)
        assert line.startswith(("server: ", "mallory", "App "))
    for line in heard:
        assert line.isascii() or not set(line) & set(HARMFUL)
        for text in _texts(json.loads(line)):
            assert not set(text) & (set(HARMFUL) - ALLOWED), ascii(text)


def _registrations(char: str, number: int, *, is_native: bool) -> list[bytes]:
    """Return what asks for names with a character in them: none of them may be had."""
    name = f"a{char}{number}"
    if is_native:
        return [json.dumps({"type": "register", "name": name, "device": f"d{char}"}).encode() + b"\n"]
    return [f"server:register {name}\n".encode()] if char not in "\n " else []


def _entering(number: int, is_native: bool) -> bytes:
    if is_native:
        return b'{"type":"register","name":"mallory%d"}\n{"type":"join","room":"#pub"}\n' % number
    return b"server:register mallory%d\nserver:join pub\n" % number


def _until(wire: Wire, last: str) -> list[str]:
    lines = [wire.line()]
    while lines[-1] != last:
        lines.append(wire.line())
    return lines


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


PATHS = (
    *("../up", "..", ".", "../../../../etc/passwd", "/etc/passwd", "~/.ssh/id", "%2e%2e%2fup", "..%2fup", "%2f", "a/b"),
    *("a\\b", "..\\up", "C:\\x", "\\\\host\\share", "CON", "NUL", "aux", "com1", "LPT1.txt", "a.", "a..b", ".hidden"),
    *("a\x00b", "chat.db", "chat.db-wal", "accounts.db", "-rf", "--help", "$HOME", "`id`", "$(id)", "a;b", "a|b", "*"),
    *("file:///etc/passwd", "\u2215etc", "\uff0e\uff0e\uff0f", "x" * 33),
)


def test_no_name_is_a_path(tmp_path: Path) -> None:
    """Names of rooms and people that would be paths elsewhere make no file, and everything goes on, exports too."""
    with besieged(tmp_path, what="paths") as server, open_tls(server) as app, open_tls(server) as bob:
        bob.send("server:register Bob")
        bob.expect("server: welcome Bob")
        app.tell("register", name="App")
        app.hear("registered")
        before = _files(tmp_path)
        entered = []
        for path in PATHS:
            app.tell("join", room=f"#{path}")
            event = _answer(app, "entered")
            if event["type"] == "entered":
                entered.append(path)
                app.tell("send", target=f"#{path}", text=f"said in {path!a}")
                assert _answer(app, "accepted")["type"] == "accepted"
            app.tell("send", target=path, text="x")
            assert _answer(app, "accepted")["type"] == "error"
            bob.send(f"server:join {path}", "server:leave")
            while not bob.line().startswith(("server: left", "server: error")):
                pass
            with open_tls(server) as other:
                other.send(f"server:register {path}", "server:exit")
                other.rest()
        assert _files(tmp_path) == before
        out = tmp_path / "out.jsonl"
        done = run("export", str(out), "--data", str(tmp_path / "data"), env=environment(tmp_path))
        assert done.returncode == 0, done.stderr
        texts = set(_texts([json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]))
        assert {f"said in {path!a}" for path in entered} <= texts
        assert _files(tmp_path) - before <= {out}
        assert {"CON", "NUL", "chat.db"} <= set(entered)


def _answer(app: Wire, kind: str) -> Fields:
    """Return the answer to a command, good or bad. Others may be heard to come and go before it."""
    while (event := app.event())["type"] not in (kind, "error"):
        pass
    return event


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


LOOKALIKES = {
    "mike": ("rnike", "MIKE", "m\u0456ke", "\uff4dike", "mik\u0435"),
    "Bill": ("BiLL", "Bi11", "BiIl", "B\u0456ll", "bill", "\u0392ill"),
    "paypal": ("p\u0430ypal", "paypa1", "PAYPAL", "payp\u0430l", "pay\u200dpal"),
    "Zo\u00e9": ("Zoe\u0301", "zo\u00c9", "\u0396o\u00e9"),
}


@pytest.mark.parametrize("name", LOOKALIKES)
def test_nobody_is_called_what_looks_like_somebody(name: str) -> None:
    """While a name is in use, one that is the same in other letters, or looks the same, is refused."""
    refused = (" is taken, choose another name", "server: error bad-name")
    with Server(port=0) as server, open_tls(server) as one:
        one.send(f"server:register {name}")
        assert one.line().startswith("server: welcome ")
        for lookalike in LOOKALIKES[name]:
            with open_tls(server) as other:
                other.send(f"server:register {lookalike}")
                answer = other.line()
                assert any(word in answer for word in refused), (lookalike, answer)
