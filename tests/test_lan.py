"""What announcements on the local network say, and what is believed of them: nothing that could do harm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libchat.client.address import parse_address
from libchat.lan import LABEL_BYTES, SERVICE_TYPE, Found, format_label, format_properties, parse_service
from libchat.text import clean_line

PIN = "sha256:" + "0123456789abcdef" * 4


def _encoded(properties: dict[str, str]) -> dict[bytes, bytes | None]:
    return {key.encode(): value.encode() for key, value in properties.items()}


def test_what_is_announced_is_read_back() -> None:
    """Name, addresses, port, the beginning of the pin, and who may come."""
    found = parse_service(f"The office.{SERVICE_TYPE}", ["192.0.2.1"], 8080, _encoded(format_properties(PIN, "invite")))
    assert found == Found("The office", ("192.0.2.1",), 8080, "0123456789abcdef", "invite")
    assert found.address == "192.0.2.1:8080"


def test_without_tls_there_is_no_pin() -> None:
    """A server without TLS announces no key."""
    assert format_properties("") == {"v": "1", "admit": "open"}


def test_addresses_are_ordered() -> None:
    """IPv4 comes first, addresses that need a zone last; what nobody can connect to is left out, as are doubles."""
    addresses = ["fe80::1%2", "2001:db8::1", "192.0.2.1", "0.0.0.0", "224.0.0.1", "nonsense", "192.0.2.1", "::"]
    found = parse_service(f"x.{SERVICE_TYPE}", addresses, 1, {})
    assert found is not None
    assert found.addresses == ("192.0.2.1", "2001:db8::1", "fe80::1%2")


def test_what_nobody_can_connect_to_is_nothing() -> None:
    """Without a usable address or port, or of another version, there is no server."""
    assert parse_service(f"x.{SERVICE_TYPE}", ["nonsense"], 1, {}) is None
    assert parse_service(f"x.{SERVICE_TYPE}", ["192.0.2.1"], None, {}) is None
    assert parse_service(f"x.{SERVICE_TYPE}", ["192.0.2.1"], 0, {}) is None
    assert parse_service(f"x.{SERVICE_TYPE}", ["192.0.2.1"], 1, {b"v": b"2"}) is None


def test_hostile_words_are_left_out() -> None:
    """A name that would move the cursor is cleaned; a key or an admission that is none is not shown at all."""
    found = parse_service(
        f"\x1b[2J\u202eoffice\nfake.{SERVICE_TYPE}", ["192.0.2.1"], 1, {b"k": b"\x1b[31m", b"admit": b"\xff" * 255}
    )
    assert found == Found("[2Joffice fake", ("192.0.2.1",), 1, "", "")


@given(
    st.text(max_size=80),
    st.lists(st.one_of(st.ip_addresses().map(str), st.text(max_size=20)), max_size=20),
    st.one_of(st.none(), st.integers(-1, 70_000)),
    st.dictionaries(st.sampled_from([b"v", b"k", b"admit", b"x"]), st.one_of(st.none(), st.binary(max_size=40))),
)
def test_whatever_comes_is_harmless(
    name: str, addresses: list[str], port: int | None, properties: dict[bytes, bytes | None]
) -> None:
    """Any announcement is a server that can be shown and connected to, or nothing; none raises."""
    found = parse_service(f"{name}.{SERVICE_TYPE}", addresses, port, properties)
    if found is None:
        return
    assert found.name == clean_line(found.name) != ""
    assert parse_address(found.address)[1] == found.port
    assert set(found.pin_prefix) <= set("0123456789abcdef")


@given(st.text(max_size=300))
def test_any_name_makes_a_label(name: str) -> None:
    """Whatever a server is called, its label fits into DNS, is not empty, and is its own label."""
    label = format_label(name)
    assert 0 < len(label.encode()) <= LABEL_BYTES
    assert format_label(label) == label
