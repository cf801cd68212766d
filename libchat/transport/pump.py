"""The contract of a pump: encrypted bytes on one side, plain ones on the other. `tests/contracts/` holds both to it."""

from __future__ import annotations

from typing import Protocol


class Pump(Protocol):
    """One connection's encryption, fed with bytes and drained of bytes.

    1. One thread at a time uses a pump.
    2. After every call, `data_to_send` returns what must go to the peer, once.
    3. `receive_data` and `write` raise `ProtocolError` if the peer has broken the rules; then the pump only serves to
       tell the peer so, in what `data_to_send` returns once more.
    """

    is_eof: bool
    """Whether the peer has said that it sends nothing more."""

    def receive_data(self, data: bytes | memoryview) -> bytes:
        """Take bytes from the peer, and return the plain ones in them."""
        ...

    def write(self, data: bytes) -> None:
        """Have plain bytes sent to the peer."""
        ...

    def data_to_send(self) -> bytes:
        """Remove and return the bytes that must go to the peer."""
        ...

    def close(self) -> None:
        """Have the peer told that nothing more comes."""
        ...


class PlainPump:
    """No encryption: for loopback, and behind something that encrypts."""

    __slots__ = ("_out", "is_eof")

    def __init__(self) -> None:
        self.is_eof = False
        self._out: list[bytes] = []

    def receive_data(self, data: bytes | memoryview) -> bytes:
        """Return the bytes."""
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Have bytes sent to the peer."""
        self._out.append(data)

    def data_to_send(self) -> bytes:
        """Remove and return the bytes that must go to the peer."""
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return data

    def close(self) -> None:
        """Do nothing: the end of a plain connection is the end of its TCP stream."""
