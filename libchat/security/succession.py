"""The planned change of a server's key: the old key signs a statement of which one comes after it, and from when on.

A server announces the statement in its welcome while it still shows the old key. A client checks it against the pin
that it trusted on that very connection, and notes it; when the server later shows the next key, nobody has to be asked.
What is signed (ECDSA with P-256 and SHA-256, FIPS 186-5) is

    "libchat-successor-1" NUL PIN NUL NEXT_PIN NUL SINCE

with both pins as `format_pin` writes them, and `since` in seconds since 1970, decimal. Who has stolen the old key can
make such a statement, too: after a theft, have people `libchat forget` the server, and compare words.

`cryptography` is imported where a statement is signed or checked: hardly any welcome carries one.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Final, Literal

from libchat.errors import TrustError
from libchat.events import Successor
from libchat.limits import STATEMENT_CHARACTERS
from libchat.security.pins import format_pin, parse_pin

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CONTEXT: Final = b"libchat-successor-1"

LAST: Final = 253_402_300_799
"""The end of the year 9999: later times have no date."""


def sign_successor(key: EllipticCurvePrivateKey, next_pin: str, since: int) -> Successor:
    """Return the statement of a key on which one comes after it, from `since` on (seconds since 1970).

    Raises ValueError for a pin that is none, and for the key's own.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin, next_pin = format_pin(spki), parse_pin(next_pin)
    if pin == next_pin:
        raise ValueError("a key cannot come after itself")
    signature = key.sign(_statement(pin, next_pin, since), ECDSA(SHA256()))
    return Successor(next_pin, since, _encode(signature), _encode(spki))


def check_successor(pin: str, successor: Successor) -> Literal[True]:
    """Check that the key of a pin has signed the statement: return True or raise.

    `pin` is the one that was trusted on the connection on which the statement came. Raises TrustError, which says why,
    if it is another key's, if its signature is wrong, or if it cannot be read.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        spki, signature = _decode(successor.key), _decode(successor.signature)
        if format_pin(spki) != parse_pin(pin):
            raise TrustError("it is the statement of another key")
        if parse_pin(successor.pin) != successor.pin or successor.pin == pin:
            raise TrustError("it names no other key")
        if not 0 <= successor.since <= LAST:
            raise TrustError("it names no time")
        key = load_der_public_key(spki)
        if not isinstance(key, EllipticCurvePublicKey):
            raise TrustError("it is signed by a kind of key that is not used for this")
        key.verify(signature, _statement(pin, successor.pin, successor.since), ECDSA(SHA256()))
    except InvalidSignature as error:
        raise TrustError("its signature is wrong") from error
    except (ValueError, UnsupportedAlgorithm) as error:  # Base64Error and UnicodeError are ValueErrors
        raise TrustError(f"it cannot be read ({error})") from error
    return True


def _statement(pin: str, next_pin: str, since: int) -> bytes:
    return b"\0".join((CONTEXT, pin.encode(), next_pin.encode(), str(since).encode()))


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    if len(text) > STATEMENT_CHARACTERS:
        raise ValueError("too long")
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Base64Error as error:
        raise ValueError("not in base64") from error
