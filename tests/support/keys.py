"""Keys, their pins, and servers that show them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from ssl import PEM_cert_to_DER_cert

from cryptography.hazmat.primitives.asymmetric import ec

from libchat.security.identity import load_identity, public_half
from libchat.security.pins import format_pin


def make_certificate() -> bytes:
    """Return a certificate of a new key, in DER."""
    identity = load_identity(None, datetime.now(UTC))
    return PEM_cert_to_DER_cert(identity.certificate_pem.decode())


@cache
def a_key(number: int) -> ec.EllipticCurvePrivateKey:
    """Return a key; the same one for each number."""
    return ec.generate_private_key(ec.SECP256R1())


def pin_of(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the pin of a key."""
    return format_pin(public_half(key))
