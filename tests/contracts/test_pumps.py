"""Every pump keeps the contract of pumps."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest

from contracts.pump_contract import PumpContract, Pumps
from libchat.errors import ProtocolError
from libchat.security.identity import Identity, load_identity
from libchat.security.tls import client_context, server_context
from libchat.transport.pump import PlainPump, Pump
from libchat.transport.tls import TlsPump


@cache
def identity() -> Identity:
    """Return the key of all servers here."""
    return load_identity(None, datetime.now(UTC))


class TestTlsPump(PumpContract):
    says_eof = True

    def pair(self) -> Pumps:
        """Return a server and a client after their handshake."""
        server = TlsPump(server_context(identity()), is_server=True)
        client = TlsPump(client_context(), is_server=False)
        is_done = [False, False]
        while not all(is_done):
            is_done[1] = client.handshake(server.data_to_send()) or is_done[1]
            is_done[0] = server.handshake(client.data_to_send()) or is_done[0]
        return server, client

    def broken(self) -> Pump:
        """Return a pump that has seen a record of a wrong version."""
        pump = self.pair()[0]
        with pytest.raises(ProtocolError):
            pump.receive_data(self.garbage())
        return pump

    def garbage(self) -> bytes:
        """Return what is no record."""
        return b"GET / HTTP/1.1\r\n\r\n"

    def test_garbage_breaks_the_rules(self) -> None:
        """What no peer sends that keeps to the rules raises ProtocolError."""
        one, _ = self.pair()
        with pytest.raises(ProtocolError):
            one.receive_data(self.garbage())

    def test_a_broken_pump_can_still_tell_the_peer(self) -> None:
        """After it has raised, `data_to_send` returns what is to be said, then nothing; closing is harmless."""
        pump = self.broken()
        pump.data_to_send()
        assert pump.data_to_send() == b""
        pump.close()


class TestPlainPump(PumpContract):
    says_eof = False

    def pair(self) -> Pumps:
        """Return two new pumps."""
        return PlainPump(), PlainPump()
