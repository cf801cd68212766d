"""Every dialect keeps the contract of dialects."""

from __future__ import annotations

from contracts.dialect_contract import ROOM, DialectContract
from libchat import messages as m
from libchat.names import RoomName
from libchat.wire.classic import Classic
from libchat.wire.dialect import Dialect
from libchat.wire.native import Native

Meaning = tuple[bytes, RoomName | None, tuple[m.Command, ...]]


class TestClassic(DialectContract):
    def dialect(self) -> Dialect:
        """Return a classic dialect."""
        return Classic()

    def meaningful(self) -> list[Meaning]:
        """Return lines that people type."""
        return [
            (b"server:register server", None, (m.Register("server"),)),
            (b"bo:\x1b[31mred\xe2\x80\xae", None, (m.Send("bo", "\x1b[31mred\u202e"),)),
            (b"\x1b]0;title\x07", ROOM, (m.Send("#red", "\x1b]0;title\x07"),)),
            (b"server:join !!!", None, (m.Join("!!!"),)),
        ]


class TestNative(DialectContract):
    def dialect(self) -> Dialect:
        """Return a native dialect."""
        return Native()

    def meaningful(self) -> list[Meaning]:
        """Return objects that clients send."""
        return [
            (b'{"type":"register","name":"server"}', None, (m.Register("server"),)),
            (b' {"type":"send","target":"bo","text":"\\u001b[31m"} ', ROOM, (m.Send("bo", "\x1b[31m"),)),
            (b'{"type":"join","room":"!!!","cid":"1"}', None, (m.Join("!!!", "1"),)),
        ]
