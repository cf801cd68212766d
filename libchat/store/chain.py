"""The hash chain of a conversation: who changes an entry behind the log's back has to change all that follow.

Each entry's hash is made of the hash before it and of everything that the entry says. Its text takes part as a digest,
made with a salt of its own: so a text can be erased, and its digest stays without telling what was said. Times, names
and numbers of a deleted message remain.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from msgspec import json

BEGINNING: Final = bytes(32)
"""The hash before the first entry of a conversation."""

SALT_BYTES: Final = 16
"""As random as a UUID, so that short texts cannot be guessed from their digests."""

_encode = json.Encoder().encode


def digest_of(salt: bytes, text: str) -> bytes:
    """Return what stands for a text in the chain."""
    return sha256(salt + text.encode()).digest()


def link(
    before: bytes,
    conversation: str,
    seq: int,
    target: str,
    sender: str,
    time: int,
    kind: str,
    ref: int,
    owner: str,
    device: str,
    cid: str,
    digest: bytes,
) -> bytes:
    """Return an entry's hash, given the hash `before` it. The fields are hashed as one JSON array, in this order."""
    fields = (conversation, seq, target, sender, time, kind, ref, owner, device, cid, digest.hex())
    return sha256(before + _encode(fields)).digest()


def link_audit(before: bytes, line: tuple[int | str, ...]) -> bytes:
    """Return the hash of a line of the audit (time, actor, action, room, subject, reason), given the one `before`."""
    return sha256(before + _encode(line)).digest()
