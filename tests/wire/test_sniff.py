"""The first bytes of a connection choose its dialect, in whatever pieces they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.messages import Rejected
from libchat.wire.classic import Classic
from libchat.wire.dialect import Dialect
from libchat.wire.native import Native
from libchat.wire.sniff import FOREIGN, sniff

NATIVE, CLASSIC = Native(), Classic()


def found(data: bytes) -> Dialect | Rejected | None:
    """Return what is found in the first bytes."""
    return sniff(data, native=NATIVE, classic=CLASSIC)


@pytest.mark.parametrize(
    "data",
    [b"{", b'{"type":"hello"}\n', b"\r\n \t{", b"\n\n\n" * 20 + b"{"],
)
def test_native(data: bytes) -> None:
    """A brace begins native, behind any white space."""
    assert found(data) is NATIVE


@pytest.mark.parametrize(
    "data", [b"server:register Ana\n", b"server:regis", b"who\n", b"\nwho\n", b"Ana:hi\n", b"GE\n", b"PRI\n", b"\x00\n"]
)
def test_classic(data: bytes) -> None:
    """Everything else is classic, as soon as it is long enough or a line."""
    assert found(data) is CLASSIC


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n", b"who", b"server:", b"GET", b"PRI * HTTP/", b"\x16", b"NICK"])
def test_more_is_needed(data: bytes) -> None:
    """White space says nothing, and a few bytes may still become anything."""
    assert found(data) is None


@pytest.mark.parametrize("prefix", FOREIGN)
def test_foreign_protocols_are_told_so(prefix: bytes) -> None:
    """Who speaks something else hears its name."""
    refused = found(prefix + b"...")
    assert isinstance(refused, Rejected)
    assert FOREIGN[prefix] in refused.reason


STARTS = [b"{", b"\n", b" ", b"\r", b"who", b"server:", b"x", *FOREIGN]


@given(st.lists(st.sampled_from(STARTS) | st.binary(max_size=3), max_size=6).map(b"".join))
def test_byte_by_byte(data: bytes) -> None:
    """Once something is found, more bytes do not change it."""
    results = [found(data[:stop]) for stop in range(len(data) + 1)]
    decided = [result for result in results if result is not None]
    assert all(result == decided[0] for result in decided)
    assert results == [None] * (len(results) - len(decided)) + decided
