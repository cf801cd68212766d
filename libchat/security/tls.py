"""The TLS settings of both sides. Importing this file imports `ssl`, and nothing of `cryptography`."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from libchat.errors import StoreError

if TYPE_CHECKING:
    from libchat.security.identity import Identity

SERVER_ALPN: Final = ("libchat/1", "irc", "http/1.1")
CLIENT_ALPN: Final = ("libchat/1",)


def server_context(identity: Identity) -> ssl.SSLContext:
    """Return the TLS settings of a server: TLS 1.3 only, one round trip, no session tickets, no client certificates.

    Without tickets nothing is resumed: connections last for hours, and a ticket costs a record for each. Peers that
    offer none of `SERVER_ALPN`, as `openssl s_client` does, are served too. Raises StoreError if OpenSSL refuses the
    key or the certificate.

    The cipher is the client's choice: AES-128-GCM would be the fastest, but Python before 3.15 cannot order the suites
    of TLS 1.3 (`set_ciphers` is about TLS 1.2).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.set_alpn_protocols(list(SERVER_ALPN))
    try:
        if identity.files is None:
            with _private_copy(identity) as path:
                context.load_cert_chain(path)
        else:
            context.load_cert_chain(*identity.files)
    except OSError as error:  # an SSLError is one
        raise StoreError(f"the server's key and certificate cannot be used for TLS: {error}") from error
    return context


def client_context() -> ssl.SSLContext:
    """Return the TLS settings of a client: TLS 1.3 only, and no check of the certificate.

    No authority vouches for a chat on a LAN: trust is the pin, and the pin alone. The handshake proves that the server
    holds the key of the certificate that it shows, not that it is the right key. So the caller must call
    `pins.check_pin`, or `KnownServers.check` with `pins.peer_pin`, right after the handshake, before it sends anything.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # before verify_mode: the two are tied
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(CLIENT_ALPN))
    return context


@contextmanager
def _private_copy(identity: Identity) -> Iterator[Path]:
    """Lend a file of key and certificate that only we can read: OpenSSL takes them from files."""
    handle, name = tempfile.mkstemp(prefix="libchat-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(identity.key_pem + identity.certificate_pem)
        yield Path(name)
    finally:
        os.unlink(name)
