"""Six words that stand for a pin: what two people can compare by voice, where they cannot compare 64 hex digits.

The first 66 bits of the pin's SHA-256, eleven for each word, most significant first, each a number in the English word
list of BIP-39. Whoever wants to pass for a server has to find another key with the same words: 2**66 keys have to be
made and hashed for that, on the average. Making one takes a core some 20 microseconds, so that a thousand of them would
need about 47,000 years. Where a program compares, it compares the whole pin.
"""

from __future__ import annotations

from typing import Final

from libchat.security.pins import PREFIX, parse_pin

WORDS: Final = 6
"""Words of a pin: as many as people compare without skipping some."""

BITS: Final = 11
"""Bits of one word: the list has 2**11."""


def words_of(pin: str) -> str:
    """Return the six words of a pin, with spaces between them. Raises ValueError for a pin that is none."""
    from libchat.security._words import LIST

    words = LIST.split()
    bits = int(parse_pin(pin).removeprefix(PREFIX), 16) >> (256 - WORDS * BITS)
    return " ".join(words[(bits >> shift) % 2**BITS] for shift in range((WORDS - 1) * BITS, -1, -BITS))
