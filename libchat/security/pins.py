"""What a pin is: the SHA-256 of a server's public key, and the only thing by which a client trusts a server.

A pin is taken over the SubjectPublicKeyInfo (RFC 5280, section 4.1), as in RFC 7469, section 2.4: a certificate that is
renewed with the same key keeps its pin. It is written `sha256:` and 64 lower-case hex digits. Pins are public, so they
are compared with `==`.

`cryptography` is imported where a certificate is read, not before: a program that only compares pins does without.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final, Literal

from libchat.errors import PinMismatch, TrustError

PREFIX: Final = "sha256:"

_WRITTEN = re.compile(r"(?:sha256:)?([0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})", re.IGNORECASE | re.ASCII)


def format_pin(spki_der: bytes) -> str:
    """Return the pin of a public key, given as the DER of its SubjectPublicKeyInfo."""
    return PREFIX + sha256(spki_der).hexdigest()


def parse_pin(text: str) -> str:
    """Return a pin that a person or a program wrote, as `format_pin` writes it.

    The prefix may be missing, digits may be upper case, bytes may be set apart by colons, and space may surround it
    all. Anything else raises ValueError.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no pin: a pin is '{PREFIX}' and 64 hex digits")
    return PREFIX + match[1].replace(":", "").lower()


def spki_of_certificate(der: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of an X.509 certificate, both in DER.

    Raises ValueError if this is no certificate, or one with a kind of key that cannot be read.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        key = load_der_x509_certificate(der).public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, InvalidVersion, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a certificate with a readable key: {error}") from error


def peer_pin(certificate: bytes | None) -> str:
    """Return the pin of the peer, from what `getpeercert(binary_form=True)` returned after the handshake.

    Raises TrustError if the peer showed no certificate, or one that cannot be read.
    """
    if certificate is None:
        raise TrustError("the server showed no certificate")
    try:
        return format_pin(spki_of_certificate(certificate))
    except ValueError as error:
        raise TrustError(f"the server's certificate cannot be read ({error})") from error


def check_pin(address: str, expected: str, certificate: bytes | None) -> Literal[True]:
    """Check that the peer at `address` holds the expected key: return True or raise.

    To be called right after the handshake, before anything is sent. `certificate` is as for `peer_pin`; `expected` is a
    pin in any form that `parse_pin` takes (ValueError otherwise). Raises PinMismatch for another key, and TrustError
    for a certificate that is missing or cannot be read.
    """
    expected = parse_pin(expected)
    seen = peer_pin(certificate)
    if seen != expected:
        raise mismatch(address, expected, seen)
    return True


def mismatch(address: str, expected: str, seen: str, remedy: str = "") -> PinMismatch:
    """Return the error for a server that shows another key, with both keys in words as well."""
    from libchat.security.words import words_of

    return PinMismatch(address, expected, seen, remedy, words_of(expected), words_of(seen))
