from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given
from hypothesis import strategies as st

from libchat.errors import PinMismatch, TrustError
from libchat.security.identity import load_identity
from libchat.security.pins import check_pin, format_pin, parse_pin, peer_pin, spki_of_certificate

NOW = datetime(2026, 11, 22, 16, 41, tzinfo=UTC)
PIN = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32

# A certificate for P-256 and its pin, both made by the `openssl` program:
#   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout - -days 9999
#   openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | sha256sum
OPENSSL_CERTIFICATE = bytes.fromhex(
    "3082016f30820115a003020102021442feafcca080be696d990e9e6ba174ffe62f4ab0300a06082a8648ce3d040302300c310a3008060355"
    "04030c01783020170d3236313132323137343335375a180f32303534303430383137343335375a300c310a300806035504030c0178305930"
    "1306072a8648ce3d020106082a8648ce3d03010703420004fee83d2725ae0fa5dd6ae55575ad130e4a06e188ce7d263bb271a61a2779612b"
    "c5d0b345f5422919cf4aee0e5e45bba5b8a18f0fbfa563c9125ef520df665d38a3533051301d0603551d0e041604143e36475e177d2c697f"
    "ccaf952169f5d94690087b301f0603551d230418301680143e36475e177d2c697fccaf952169f5d94690087b300f0603551d130101ff0405"
    "30030101ff300a06082a8648ce3d040302034800304502202ff4fd246b34807e1b1e5c8cd2559c8bbd1002ec912acfdb090df58a6808dc96"
    "022100e18bd257625535be9a6ca8bcc1396df3ed35481ea50b8b53a9f225aef241ca73"
)
OPENSSL_PIN = "sha256:7aae9d95ba668942d3ea8461944dbf6101f263bbfcc7b6c0bc1dd536b625cdc8"


def test_a_pin_is_the_sha256_of_the_public_key() -> None:
    """A pin is the SHA-256 of the SPKI in lower-case hex behind its prefix."""
    assert format_pin(b"key") == "sha256:" + sha256(b"key").hexdigest()


@given(st.binary())
def test_what_is_formatted_parses_to_itself(spki: bytes) -> None:
    """A pin that was written is read as the same pin."""
    assert parse_pin(format_pin(spki)) == format_pin(spki)


@given(st.binary(), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["", " ", "\n", "\t "]))
def test_people_may_write_a_pin_in_other_ways(
    spki: bytes, prefixed: bool, upper: bool, colons: bool, space: str
) -> None:
    """Prefix, case, colons between bytes and surrounding space make no difference."""
    digits = sha256(spki).hexdigest()
    text = ":".join(re.findall("..", digits)) if colons else digits
    text = "sha256:" + text if prefixed else text
    text = text.upper() if upper else text
    assert parse_pin(space + text + space) == format_pin(spki)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "ab" * 31,
        "ab" * 33,
        "sha256:" + "ab" * 31 + "a",
        "gg" * 32,
        "sha1:" + "ab" * 32,
        "sha256:sha256:" + "ab" * 32,
        "ab:" + "ab" * 31,
        ":".join(["ab"] * 32) + ":",
        "ab" * 16 + " " + "ab" * 16,
        "\N{FULLWIDTH DIGIT ONE}" * 64,
    ],
)
def test_what_is_no_pin_is_refused(text: str) -> None:
    """Any other text raises ValueError, which shows the text and says what a pin is."""
    with pytest.raises(ValueError, match="is no pin: a pin is 'sha256:' and 64 hex digits") as caught:
        parse_pin(text)
    assert repr(text) in str(caught.value)


def test_the_public_key_is_taken_from_a_certificate_of_another_program() -> None:
    """The pin of a certificate is the one that OpenSSL computes."""
    assert format_pin(spki_of_certificate(OPENSSL_CERTIFICATE)) == OPENSSL_PIN


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_damaged_certificate_is_refused(cut: int) -> None:
    """Bytes that are no whole certificate raise ValueError."""
    with pytest.raises(ValueError, match="not a certificate"):
        spki_of_certificate(OPENSSL_CERTIFICATE[:cut])


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@example(noise=b"\x01", at=12)  # a version that X.509 does not have
@given(st.binary(max_size=64), st.integers(0, len(OPENSSL_CERTIFICATE) - 1))
def test_a_hostile_certificate_raises_nothing_else(noise: bytes, at: int) -> None:
    """Whatever a server shows as its certificate gives a pin or TrustError."""
    shown = OPENSSL_CERTIFICATE[:at] + noise + OPENSSL_CERTIFICATE[at + len(noise) :]
    try:
        assert parse_pin(peer_pin(shown))
    except TrustError:
        pass


def test_a_server_without_a_certificate_is_not_trusted() -> None:
    """A peer that showed no certificate raises TrustError."""
    with pytest.raises(TrustError, match="no certificate"):
        peer_pin(None)
    with pytest.raises(TrustError, match="no certificate"):
        check_pin("host:1", PIN, None)


def test_the_expected_key_passes() -> None:
    """A peer with the expected key passes, however the pin is written."""
    assert check_pin("host:1", OPENSSL_PIN, OPENSSL_CERTIFICATE) is True
    assert check_pin("host:1", OPENSSL_PIN.upper(), OPENSSL_CERTIFICATE) is True


def test_another_key_is_a_mismatch() -> None:
    """A peer with another key raises PinMismatch, which says where, what was expected and what was seen."""
    with pytest.raises(PinMismatch) as caught:
        check_pin("host:1", OTHER, OPENSSL_CERTIFICATE)
    assert (caught.value.address, caught.value.expected, caught.value.seen) == ("host:1", OTHER, OPENSSL_PIN)


def test_a_pin_that_is_none_is_the_callers_mistake() -> None:
    """An expected pin that is none never passes: it raises ValueError."""
    with pytest.raises(ValueError, match="is no pin"):
        check_pin("host:1", "", OPENSSL_CERTIFICATE)


def test_an_identity_has_the_pin_of_its_certificate() -> None:
    """The pin that a server tells people is the one that clients compute from its certificate."""
    identity = load_identity(None, NOW)
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem)
    assert peer_pin(certificate.public_bytes(Encoding.DER)) == identity.pin


def test_comparing_pins_imports_no_cryptography() -> None:
    """A program that only reads and compares pins loads neither cryptography nor ssl."""
    program = (
        "import sys; from libchat.security.pins import parse_pin; parse_pin('ab' * 32);"
        "sys.exit(bool({'cryptography', 'ssl'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
