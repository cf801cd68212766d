"""Inputs that are nearly right, for want of a fuzzer that sees what the code does with them."""

from __future__ import annotations

import random
from typing import Final

PIECES: Final = (
    *(b"\x00", b"\n", b"\r\n", b"\xff", b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",", b"#", b"%2f", b"..", b"-1"),
    *(b"9" * 20, b"1e999", b"null", b"\\ud800", b"\xed\xa0\x80", b"\xc0\x8a", b"\xe2\x80\xae", b"\xc2\x9b", b"x" * 300),
)
"""What parsers have stumbled over."""


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return the input with one thing changed."""
    place = rng.randint(0, len(data))
    end = min(len(data), place + rng.randint(0, 8))
    match rng.randint(0, 4):
        case 0:
            return data[:place] + data[end:]
        case 1:
            return data[:place] + rng.choice(PIECES) + data[place:]
        case 2:
            return data[:place] + bytes([rng.randint(0, 255)]) + data[place + 1 :]
        case 3:
            return data[:place] + data[place:end] * rng.randint(1, 50) + data[end:]
    return data[place:] + data[:place]
