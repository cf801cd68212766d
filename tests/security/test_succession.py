from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from libchat.errors import TrustError
from libchat.messages import Successor
from libchat.security.identity import public_half
from libchat.security.pins import format_pin
from libchat.security.succession import LAST, check_successor, sign_successor
from support.keys import a_key, pin_of

OLD, NEW, OTHER = a_key(1), a_key(2), a_key(3)
SINCE = 1_800_000_000
STATEMENT = sign_successor(OLD, pin_of(NEW), SINCE)


def encoded(data: bytes) -> str:
    """Return bytes as a statement has them."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def test_a_statement_is_believed() -> None:
    """What the trusted key has signed holds, and names key and time."""
    assert check_successor(pin_of(OLD), STATEMENT)
    assert (STATEMENT.pin, STATEMENT.since) == (pin_of(NEW), SINCE)


def test_what_is_signed_is_what_the_documentation_says() -> None:
    """A client in another language signs and checks the same bytes."""
    message = b"\0".join([b"libchat-successor-1", pin_of(OLD).encode(), pin_of(NEW).encode(), b"1800000000"])
    signature = OLD.sign(message, ec.ECDSA(SHA256()))
    made = Successor(pin_of(NEW), SINCE, encoded(signature), encoded(public_half(OLD)))
    assert check_successor(pin_of(OLD), made)
    by_us = urlsafe_b64decode(STATEMENT.signature + "==")
    OLD.public_key().verify(by_us, message, ec.ECDSA(SHA256()))


def ed25519_statement() -> tuple[str, Successor]:
    """Return a pin, and a statement that its key has signed, which is no key of ECDSA."""
    key = ed25519.Ed25519PrivateKey.generate()
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return format_pin(spki), replace(STATEMENT, key=encoded(spki), signature=encoded(key.sign(b"x")))


NOT_BELIEVED = [
    (pin_of(OTHER), STATEMENT, "another key"),
    (pin_of(NEW), STATEMENT, "another key"),
    (pin_of(OLD), replace(STATEMENT, key=encoded(public_half(OTHER))), "another key"),
    (pin_of(OLD), replace(STATEMENT, pin=pin_of(OTHER)), "signature is wrong"),
    (pin_of(OLD), replace(STATEMENT, since=SINCE - 1), "signature is wrong"),
    (pin_of(OLD), replace(STATEMENT, signature=encoded(b"x" * 70)), "signature is wrong"),
    (pin_of(OLD), replace(STATEMENT, signature=sign_successor(OTHER, pin_of(NEW), SINCE).signature), "is wrong"),
    (pin_of(OLD), replace(STATEMENT, pin=pin_of(OLD)), "no other key"),
    (pin_of(OLD), replace(STATEMENT, pin=pin_of(NEW).upper()), "no other key"),
    (pin_of(OLD), replace(STATEMENT, pin=pin_of(NEW)[7:]), "no other key"),
    (pin_of(OLD), replace(STATEMENT, pin="sha256:12"), "cannot be read"),
    (pin_of(OLD), replace(STATEMENT, since=-1), "no time"),
    (pin_of(OLD), replace(STATEMENT, since=LAST + 1), "no time"),
    (pin_of(OLD), replace(STATEMENT, key="=" * 5), "another key"),
    (pin_of(OLD), replace(STATEMENT, key="a" * 513), "cannot be read"),
    (pin_of(OLD), replace(STATEMENT, signature="a"), "cannot be read"),
    (pin_of(OLD), replace(STATEMENT, signature="ü"), "cannot be read"),
    (format_pin(b"no key"), replace(STATEMENT, key=encoded(b"no key")), "cannot be read"),
    (*ed25519_statement(), "kind of key"),
]


@pytest.mark.parametrize(
    ("pin", "statement", "reason"),
    NOT_BELIEVED,
    ids=map(str, range(len(NOT_BELIEVED))),  # pins of new keys make no lasting names
)
def test_what_is_not_believed(pin: str, statement: Successor, reason: str) -> None:
    """A statement of another key, an altered one, and what is none raise TrustError, which says why."""
    with pytest.raises(TrustError, match=reason):
        check_successor(pin, statement)


@given(st.builds(Successor, st.text(), st.integers(-(2**63), 2**63), st.text(), st.text()))
def test_whatever_a_server_says(statement: Successor) -> None:
    """Nothing that a server can send raises anything else."""
    with pytest.raises(TrustError):
        check_successor(pin_of(OLD), statement)


@given(st.sampled_from(["signature", "key"]), st.integers(0, 80), st.integers(1, 255))
def test_a_flipped_bit(field: str, at: int, flip: int) -> None:
    """A statement of which one byte is altered is not believed."""
    data = bytearray(urlsafe_b64decode(getattr(STATEMENT, field) + "=="))
    data[min(at, len(data) - 1)] ^= flip
    with pytest.raises(TrustError):
        check_successor(pin_of(OLD), replace(STATEMENT, **{field: encoded(bytes(data))}))


def test_a_key_does_not_follow_itself() -> None:
    """Nobody plans to change a key to itself."""
    with pytest.raises(ValueError, match="itself"):
        sign_successor(OLD, pin_of(OLD), SINCE)
