from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

import pytest

from libchat.client.trust import Trust, default_known_servers
from libchat.errors import PinMismatch, StoreError, TrustError
from libchat.security.identity import load_identity
from libchat.security.known_servers import KnownServers
from libchat.security.pins import peer_pin

ADDRESS = "chat.example:8080"


def make_certificate() -> bytes:
    """Return a certificate of a new key."""
    identity = load_identity(None, datetime.now(UTC))
    return PEM_cert_to_DER_cert(identity.certificate_pem.decode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file of known servers is going to be."""
    return tmp_path / "folder" / "known_servers.toml"


def test_pinned_key_is_trusted(path: Path) -> None:
    """A pin decides alone: no file is read or written."""
    certificate = make_certificate()
    Trust(peer_pin(certificate).upper().replace("SHA256", "sha256"), path).check(ADDRESS, certificate)
    assert not path.parent.exists()


def test_other_key_than_the_pinned_one_is_not_trusted(path: Path) -> None:
    """A pin that does not fit is a hard stop that shows both."""
    certificate, other = make_certificate(), make_certificate()
    with pytest.raises(PinMismatch) as mismatch:
        Trust(peer_pin(other), path).check(ADDRESS, certificate)
    assert (mismatch.value.expected, mismatch.value.seen) == (peer_pin(other), peer_pin(certificate))


def test_pin_that_is_none_is_refused_at_once() -> None:
    """A mistyped pin is found before anything is connected."""
    with pytest.raises(ValueError, match="no pin"):
        Trust("sha256:1234")


def test_missing_certificate_is_not_trusted(path: Path) -> None:
    """A server that shows nothing is nobody."""
    with pytest.raises(TrustError):
        Trust(None, path).check(ADDRESS, None)


def test_new_server_is_trusted_on_first_use(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A new server is remembered, and the log warns with its pin; the next time there is nothing to say."""
    certificate = make_certificate()
    with caplog.at_level(logging.WARNING, "libchat.client"):
        Trust(None, path).check(ADDRESS, certificate)
        Trust(None, path).check(ADDRESS, certificate)
    (record,) = caplog.records
    assert peer_pin(certificate) in record.getMessage()
    assert [server.pin for server in KnownServers(path).servers()] == [peer_pin(certificate)]


def test_program_is_asked_about_a_new_server_once(path: Path) -> None:
    """`accept_new` gets address and pin of a new server, and is not asked about a known one."""
    asked: list[tuple[str, str]] = []
    certificate = make_certificate()

    def accept(address: str, pin: str) -> bool:
        asked.append((address, pin))
        return True

    for _ in range(2):
        Trust(None, path, accept).check(ADDRESS, certificate)
    assert asked == [(ADDRESS, peer_pin(certificate))]


def test_server_that_is_not_accepted_is_not_remembered(path: Path) -> None:
    """Whoever says no is asked again the next time."""
    certificate = make_certificate()
    with pytest.raises(TrustError, match="was not accepted"):
        Trust(None, path, lambda address, pin: False).check(ADDRESS, certificate)
    assert not path.exists()


def test_server_that_has_moved_is_trusted(path: Path) -> None:
    """A known key at a new address is the same server, and nobody is asked."""
    certificate = make_certificate()
    Trust(None, path).check(ADDRESS, certificate)
    Trust(None, path, lambda address, pin: False).check("10.0.0.2:8080", certificate)
    (server,) = KnownServers(path).servers()
    assert server.addresses == (ADDRESS, "10.0.0.2:8080")


def test_changed_key_is_not_trusted(path: Path) -> None:
    """Another key at a known address is a hard stop with a remedy, and is not remembered."""
    Trust(None, path).check(ADDRESS, make_certificate())
    before = path.read_bytes()
    with pytest.raises(PinMismatch, match="libchat forget"):
        Trust(None, path, lambda address, pin: True).check(ADDRESS, make_certificate())
    assert path.read_bytes() == before


def test_damaged_file_is_not_taken_for_an_empty_one(path: Path) -> None:
    """A file that cannot be read trusts nobody."""
    path.parent.mkdir(mode=0o700)
    path.write_text("damaged")
    with pytest.raises(StoreError):
        Trust(None, path).check(ADDRESS, make_certificate())


def test_users_own_file_is_in_their_folder() -> None:
    """Without another one, the file is the user's own."""
    assert default_known_servers().name == "known_servers.toml"
    assert "libchat" in default_known_servers().parts
