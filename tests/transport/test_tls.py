"""TLS without a socket: what a handshake, a broken peer and an end look like to those who carry the bytes."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from libchat.errors import ProtocolError
from libchat.security.identity import Identity, load_identity
from libchat.security.tls import client_context, server_context
from libchat.transport.tls import TlsPump


@pytest.fixture(scope="module")
def identity() -> Identity:
    """Make a server's key, once for all tests here."""
    return load_identity(None, datetime.now(UTC))


@pytest.fixture
def server(identity: Identity) -> TlsPump:
    """Return a server's end before the handshake."""
    return TlsPump(server_context(identity), is_server=True)


@pytest.fixture
def client() -> TlsPump:
    """Return a client's end before the handshake."""
    return TlsPump(client_context(), is_server=False)


@pytest.fixture
def ready(server: TlsPump, client: TlsPump) -> tuple[TlsPump, TlsPump]:
    """Return a server's and a client's end after the handshake."""
    assert not client.handshake()
    assert not server.handshake(client.data_to_send())
    assert client.handshake(server.data_to_send())
    assert server.handshake(client.data_to_send())
    return server, client


def test_handshake_byte_by_byte(server: TlsPump, client: TlsPump) -> None:
    """A handshake may come in single bytes; it is done with the last of them."""
    client.handshake()
    to_server = client.data_to_send()
    assert not any(server.handshake(to_server[index : index + 1]) for index in range(len(to_server)))
    to_client = server.data_to_send()
    done = [client.handshake(to_client[index : index + 1]) for index in range(len(to_client))]
    assert done == [False] * (len(done) - 1) + [True]


def test_what_comes_with_the_end_of_the_handshake_is_not_lost(server: TlsPump, client: TlsPump) -> None:
    """A client that speaks together with its last handshake message is heard without another byte from it."""
    client.handshake()
    server.handshake(client.data_to_send())
    client.handshake(server.data_to_send())
    client.write(b"early bird")
    assert server.handshake(client.data_to_send())
    assert server.receive_data(b"") == b"early bird"


def test_the_client_sees_the_servers_certificate(ready: tuple[TlsPump, TlsPump], identity: Identity) -> None:
    """After the handshake, the certificate is there to be pinned; clients have none."""
    server, client = ready
    certificate = load_pem_x509_certificate(identity.certificate_pem)
    assert client.peer_certificate == certificate.public_bytes(Encoding.DER)
    assert server.peer_certificate is None


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"server:who\n", b"\x16\x03\x01\x00\x05xxxxx"])
def test_a_peer_without_tls_is_told_so(server: TlsPump, data: bytes) -> None:
    """What is no handshake raises ProtocolError, and leaves an alert for the peer."""
    with pytest.raises(ProtocolError, match="TLS failed"):
        server.handshake(data)
    alert = server.data_to_send()
    assert alert == b"" or alert[0] == 21  # RFC 8446, section 5.1: alert(21)


def test_old_versions_are_refused(server: TlsPump) -> None:
    """A client that speaks TLS 1.2 at most is refused with an alert (RFC 8446, section 6.2: protocol_version(70))."""
    context = client_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    old = TlsPump(context, is_server=False)
    old.handshake()
    with pytest.raises(ProtocolError):
        server.handshake(old.data_to_send())
    with pytest.raises(ProtocolError, match="protocol version"):
        old.handshake(server.data_to_send())


def test_a_changed_record_breaks_the_connection(ready: tuple[TlsPump, TlsPump]) -> None:
    """One wrong bit raises ProtocolError, for reading and for writing from then on, and the peer is told."""
    server, client = ready
    client.write(b"hello")
    record = bytearray(client.data_to_send())
    record[-1] ^= 1
    with pytest.raises(ProtocolError):
        server.receive_data(bytes(record))
    with pytest.raises(ProtocolError):
        client.receive_data(server.data_to_send())
    with pytest.raises(ProtocolError):
        server.write(b"more")


def test_records_before_a_broken_one_are_not_given_out_of_order(ready: tuple[TlsPump, TlsPump]) -> None:
    """What came whole before can be had first, if it came before."""
    server, client = ready
    client.write(b"whole")
    assert server.receive_data(client.data_to_send()) == b"whole"
    with pytest.raises(ProtocolError):
        server.receive_data(b"\x17\x03\x03\x00\x20" + bytes(32))


def test_a_goodbye_is_the_end_of_what_is_received(ready: tuple[TlsPump, TlsPump]) -> None:
    """After the peer's close_notify, `is_eof` holds; one's own side can still be sent to it."""
    server, client = ready
    client.write(b"bye")
    client.close()
    assert server.receive_data(client.data_to_send()) == b"bye"
    assert server.is_eof
    server.write(b"you too")
    assert client.receive_data(server.data_to_send()) == b"you too"
    assert not client.is_eof


def test_nothing_is_written_after_ones_own_goodbye(ready: tuple[TlsPump, TlsPump]) -> None:
    """Who has closed cannot write: that would be ProtocolError, not an OSError of OpenSSL."""
    _, client = ready
    client.close()
    with pytest.raises(ProtocolError):
        client.write(b"more")


def test_a_turn_is_few_records(ready: tuple[TlsPump, TlsPump]) -> None:
    """What is written at once costs one record for each 16 KiB, not one for each line."""
    server, client = ready
    server.write(b"line\n" * 1_000)
    data = server.data_to_send()
    assert len(data) < 5_000 + 64
    assert client.receive_data(data) == b"line\n" * 1_000
