from __future__ import annotations

import os
import subprocess
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from libchat.errors import StoreError
from libchat.files import write_private
from libchat.security.device_keys import KEY_FILE, DeviceKey, check_proof, key_id, load_device_key, new_device_key

PIN = "sha256:" + "ab" * 32
KEY = new_device_key()
on_posix = pytest.mark.skipif(os.name != "posix", reason="Windows has access lists instead of mode bits")


def raw(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_proof_signs_the_bytes_of_the_contract() -> None:
    """Any program can make and check a proof: these bytes, Ed25519, base64url without padding."""
    proof = KEY.prove("bm9uY2U", PIN, "ana", "secret")
    signed = b"libchat-device-1\0bm9uY2U\0" + PIN.encode() + b"\0ana\0secret"
    Ed25519PublicKey.from_public_bytes(raw(KEY.public)).verify(raw(proof), signed)
    assert "=" not in proof + KEY.public
    assert check_proof(KEY.public, proof, "bm9uY2U", PIN, "ana", "secret")


@given(st.lists(st.text(max_size=8), min_size=4, max_size=4), st.integers(0, 3), st.text(max_size=8))
def test_a_proof_is_good_for_one_thing_only(parts: list[str], index: int, other: str) -> None:
    """With another nonce, pin, name or device it does not fit."""
    nonce, pin, name, device = (part.replace("\0", "") for part in parts)
    nonce = nonce or "n"
    try:
        proof = KEY.prove(nonce, pin, name, device)
    except UnicodeEncodeError:
        return
    changed = [nonce, pin, name, device]
    assert check_proof(KEY.public, proof, *changed)
    if changed[index] == other:
        return
    changed[index] = other
    # A zero byte in what is compared must not move the borders between the parts.
    assert not check_proof(KEY.public, proof, *changed) or "\0" in other


@given(st.text(max_size=90), st.text(max_size=90))
def test_no_text_breaks_the_check(key: str, proof: str) -> None:
    """Whatever is sent as a key or a proof is answered with no."""
    assert not check_proof(key, proof, "n", PIN, "ana", "d")
    assert not check_proof(KEY.public, proof, "n", PIN, "ana", "d")
    assert not check_proof(key, KEY.prove("n", PIN, "ana", "d"), "n", PIN, "ana", "d")


def test_a_key_has_one_spelling() -> None:
    """With padding, other bits at the end, or white space, it is another text, and no key."""
    proof = KEY.prove("n", PIN, "ana", "d")
    last = KEY.public[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for key in (KEY.public + "=", KEY.public + "\n", KEY.public[:-1] + alphabet[alphabet.index(last) ^ 1]):
        assert not check_proof(key, proof, "n", PIN, "ana", "d")
        with pytest.raises(ValueError):
            key_id(key)


def test_without_a_nonce_nothing_fits() -> None:
    """A server that gave no nonce takes no proof: it could be an old one."""
    assert not check_proof(KEY.public, KEY.prove("", PIN, "ana", "d"), "", PIN, "ana", "d")


def test_a_key_is_called_by_its_digest() -> None:
    """The id is 16 hex digits of the key's SHA-256, and all that a repr shows."""
    assert KEY.key_id == key_id(KEY.public) == sha256(raw(KEY.public)).hexdigest()[:16]
    assert repr(KEY) == f"DeviceKey({KEY.key_id})"


def test_the_file_keeps_the_key(tmp_path: Path) -> None:
    """The first start makes the key, the next ones find it: PKCS #8."""
    folder = tmp_path / "new" / "folder"
    first = load_device_key(folder)
    assert load_device_key(folder).public == first.public
    assert (folder / KEY_FILE).read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


@on_posix
def test_the_file_is_private(tmp_path: Path) -> None:
    """Only the owner reads it; one that others can read is shut."""
    load_device_key(tmp_path)
    path = tmp_path / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    load_device_key(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_programs_that_start_at_once_agree(tmp_path: Path) -> None:
    """Of several that make the key at the same time, all have the same."""
    code = (
        "import sys; from pathlib import Path; from libchat.security.device_keys import load_device_key;"
        "print('ready', flush=True); sys.stdin.readline(); print(load_device_key(Path(sys.argv[1])).public)"
    )
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    keys = {program.communicate("go\n", timeout=30)[0] for program in programs}
    assert len(keys) == 1


@pytest.mark.parametrize("data", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_file_is_told(tmp_path: Path, data: bytes) -> None:
    """It is never overwritten, and the words say what to do."""
    write_private(tmp_path / KEY_FILE, data)
    with pytest.raises(StoreError, match="move it away"):
        load_device_key(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == data


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    """A key that cannot sign is none."""
    pem = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(tmp_path / KEY_FILE, pem)
    with pytest.raises(StoreError, match="another kind"):
        load_device_key(tmp_path)


def test_the_private_half_is_not_shown() -> None:
    """Neither repr nor public text holds the seed."""
    key = Ed25519PrivateKey.generate()
    shown = repr(DeviceKey(key)) + DeviceKey(key).public
    assert key.private_bytes_raw().hex() not in shown


LOW = (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)
"""Points of low order: signatures that fit them are made without any secret."""


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("low", LOW)
def test_a_key_without_a_secret_proves_nothing(low: str, sign: int) -> None:
    """A signature of zeros, which OpenSSL takes for one of every few texts, is no proof by such a key."""
    raw = bytearray.fromhex(low)
    raw[-1] |= sign
    key = urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    for point in (bytes(raw), bytes(32), (1).to_bytes(32, "little")):
        proof = urlsafe_b64encode(point + bytes(32)).decode().rstrip("=")
        assert not any(check_proof(key, proof, f"nonce {n}", PIN, "ana", "d") for n in range(50))
