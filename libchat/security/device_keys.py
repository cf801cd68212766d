"""The key of a client program: by it a person is signed in on a device, without a password.

It is an Ed25519 key (RFC 8032). The client proves that it has it by a signature over the server's nonce of this
connection and the pin of the server that it saw: so a proof is good for one connection only, and a man in the middle,
whose pin is another one, cannot pass it on.

    FOLDER/device-key.pem     the key (PKCS #8), mode 0600
    FOLDER/device-key.lock    empty; locked while the key is made, so that programs that start at once agree

Importing this file imports nothing of `cryptography`: the first use of a key does.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from libchat.errors import StoreError
from libchat.files import locked, make_private_folder, read_kept, write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE: Final = "device-key.pem"
LOCK_FILE: Final = "device-key.lock"

PURPOSE: Final = b"libchat-device-1"
"""The first bytes of what is signed: they tell this signature from any other that the key may ever make."""

_KEY_BYTES: Final = 32
_PROOF_BYTES: Final = 64

_SIGN: Final = 0x80
"""The bit of a key's last byte that tells two points of the same height apart."""

_PRIME: Final = 2**255 - 19
_ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7

_WORTHLESS: Final = frozenset(
    height.to_bytes(_KEY_BYTES, "little")
    for height in (0, 1, _ORDER_8, _PRIME - _ORDER_8, _PRIME - 1, _PRIME, _PRIME + 1)
)
"""The points of order 1, 2, 4 and 8 without their sign, in all spellings that OpenSSL takes. Anybody makes signatures
that fit these, and RFC 8032, section 5.1.7, has no check against them; no client ever makes such a key."""


class DeviceKey:
    """A device's key. `public` is how servers know it: base64url without padding."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = _to_text(key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"DeviceKey({self.key_id})"

    @property
    def key_id(self) -> str:
        """How the key is called where people see it."""
        return key_id(self.public)

    def prove(self, nonce: str, pin: str, name: str, device: str) -> str:
        """Return the proof for one connection, base64url without padding.

        `nonce` is what the server's welcome says, `pin` the server's as `pins.format_pin` writes it ("" without TLS),
        `name` the canonical form of the name, `device` that of the register command.
        """
        return _to_text(self._key.sign(_signed(nonce, pin, name, device)))


def new_device_key() -> DeviceKey:
    """Return a key that is kept nowhere."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return DeviceKey(Ed25519PrivateKey.generate())


def load_device_key(folder: Path) -> DeviceKey:
    """Return the key in a folder, or a new one that is kept there; of several programs that start at once, the same.

    Raises StoreError, which says what to do, if the folder cannot be used, or the file is damaged or not ours.
    """
    path = folder / KEY_FILE
    if (kept := _kept_key(path)) is not None:
        return kept
    make_private_folder(folder)
    with locked(folder / LOCK_FILE):
        return _kept_key(path) or _made_key(path)


def check_proof(key: str, proof: str, nonce: str, pin: str, name: str, device: str) -> bool:
    """Return whether a proof was made by a key for this connection, name and device: see `DeviceKey.prove`.

    Whatever a peer sends is an answer, never an exception.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw, signature = _from_text(key, _KEY_BYTES), _from_text(proof, _PROOF_BYTES)
    if raw is None or signature is None or not nonce or _is_worthless(raw):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, _signed(nonce, pin, name, device))
    except (InvalidSignature, ValueError):  # the second: no point of the curve; or a text with surrogates
        return False
    return True


def key_id(key: str) -> str:
    """Return how a public key is called where people see it: 16 hex digits of its SHA-256.

    Raises ValueError for a text that is no key.
    """
    raw = _from_text(key, _KEY_BYTES)
    if raw is None:
        raise ValueError("this is no device's key: a key is 32 bytes in base64url, without padding")
    return sha256(raw).hexdigest()[:16]


def _signed(nonce: str, pin: str, name: str, device: str) -> bytes:
    """Return what a proof signs. Only the last part could hold a zero byte, so no two connections sign the same."""
    return b"\0".join((PURPOSE, *(part.encode() for part in (nonce, pin, name, device))))


def _is_worthless(key: bytes) -> bool:
    """Return whether signatures by a key prove nothing."""
    return key[:-1] + bytes([key[-1] & ~_SIGN]) in _WORTHLESS


def _to_text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _from_text(text: str, size: int) -> bytes | None:
    """Return the bytes of base64url without padding; None if it is another text, or another spelling of the bytes."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    return raw if len(raw) == size and _to_text(raw) == text else None


def _kept_key(path: Path) -> DeviceKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = read_kept(path)
    if pem is None:
        return None
    _shut(path)
    remedy = "put it back from a backup, or move it away to be a new device (accounts then ask for the password once)"
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise StoreError(f"{path} is damaged or is no key that libchat wrote; {remedy}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreError(f"{path} holds another kind of key than libchat writes; {remedy}")
    return DeviceKey(key)


def _made_key(path: Path) -> DeviceKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return DeviceKey(key)


def _shut(path: Path) -> None:
    """Take the file away from everybody but its owner, as after a careless copy. Windows has the folder's list."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        try:
            path.chmod(0o600)
        except OSError as error:
            remedy = "make it yours, with mode 0600"
            raise StoreError(f"{path} can be read by others, and this cannot be changed; {remedy}") from error
