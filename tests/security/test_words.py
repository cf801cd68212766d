from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.security._words import LIST
from libchat.security.words import words_of

pins = st.binary(min_size=32, max_size=32).map(lambda digest: f"sha256:{digest.hex()}")


def test_the_list_is_that_of_the_standard() -> None:
    """The list is BIP-39's: 2048 words in order, told apart by four letters."""
    words = LIST.split()
    assert (len(words), words[0], words[2047]) == (2048, "abandon", "zoo")
    assert words == sorted(words)
    assert len({word[:4] for word in words}) == 2048


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        ("00" * 32, "abandon abandon abandon abandon abandon abandon"),
        ("ff" * 32, "zoo zoo zoo zoo zoo zoo"),
        # BIP-39 cuts entropy into words in the same way: its vectors for 128 bits begin with these
        ("7f" * 32, "legal winner thank year wave sausage"),
        ("80" * 32, "letter advice cage absurd amount doctor"),
        ("77c2b00716cec7213839159e404db50d" + "00" * 16, "jelly better achieve collect unaware mountain"),
    ],
)
def test_known_words(digest: str, words: str) -> None:
    """Words are cut out of the bits as the standard does it."""
    assert words_of(f"sha256:{digest}") == words


@given(pins)
def test_words_hold_66_bits(pin: str) -> None:
    """The words say the first 66 bits of the pin, and can be read back."""
    numbers = [LIST.split().index(word) for word in words_of(pin).split()]
    assert "".join(f"{number:011b}" for number in numbers) == f"{int(pin[7:], 16):0256b}"[:66]


def test_what_is_no_pin_has_no_words() -> None:
    """Words of something else would be compared in vain."""
    with pytest.raises(ValueError, match="no pin"):
        words_of("sha256:1234")
