from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.client.address import DEFAULT_PORT, format_address, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("example.org:9000", "example.org", 9000),
        ("example.org", "example.org", DEFAULT_PORT),
        (" 192.168.0.7:1 ", "192.168.0.7", 1),
        ("[::1]:65535", "::1", 65535),
        ("[fe80::1%eth0]", "fe80::1%eth0", DEFAULT_PORT),
        ("bücher.example:80", "bücher.example", 80),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    """Every way in which people write an address is read."""
    assert parse_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ":80", "host:", "host:0", "host:65536", "host:-1", "host:http", "host:８０", "host:" + "9" * 5000),
        *("::1", "fe80::1:80", "[]:80", "[::1", "[::1]80", "[::1]:", "a b:80", "a\nb", "a\u00a0b:80"),
        *("a..b:80", "x" * 64 + ":80"),  # what the resolver would raise UnicodeError for
    ],
)
def test_what_is_no_address(text: str) -> None:
    """What cannot be an address is refused with a hint, before anything is looked up."""
    with pytest.raises(ValueError, match=r"no address|no port|limit"):
        parse_address(text)


@given(st.sampled_from(["localhost", "10.0.0.1", "::1", "fe80::1%2"]), st.integers(1, 65535))
def test_formatted_address_is_read_back(host: str, port: int) -> None:
    """What is shown can be typed in again."""
    assert parse_address(format_address(host, port)) == (host, port)
