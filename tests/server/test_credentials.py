"""What a server shows, and how it comes to show something else while it runs."""

from __future__ import annotations

import logging
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from libchat.errors import StoreError
from libchat.security.identity import CERTIFICATE_FILE, KEY_FILE, RENEW_BEFORE, VALIDITY, load_identity
from libchat.security.pins import peer_pin
from libchat.server.credentials import TRY_AGAIN, Credentials
from libchat.server.server import Server
from support.wire import SECONDS, open_tls

START = datetime(2026, 11, 22, tzinfo=UTC)
NEAR_ITS_END = START + VALIDITY - RENEW_BEFORE + timedelta(hours=1)


class Clock:
    """A time of day that is set by hand."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return it."""
        return self.now


def _shown(server: Server) -> x509.Certificate:
    """Return the certificate that a new connection sees."""
    host, port = server.address.rsplit(":", 1)
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port)), timeout=SECONDS).encode())


def _copy_own(folder: Path, to: Path, now: datetime) -> tuple[Path, Path]:
    """Put a certificate and its key, as if somebody's own, into the files of a server."""
    load_identity(folder, now)
    for name in (CERTIFICATE_FILE, KEY_FILE):
        (to / name).write_bytes((folder / name).read_bytes())
    return to / CERTIFICATE_FILE, to / KEY_FILE


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_certificate_near_its_end_is_renewed(tmp_path: Path, *, is_kept: bool) -> None:
    """From 30 days before its end, a handshake has the certificate renewed, from the same key; not a moment before."""
    clock = Clock()
    credentials = Credentials(tmp_path if is_kept else None, [], None, clock)
    credentials.prepare()
    context, pin = credentials.context, credentials.pin
    assert not credentials.renew()
    clock.now = NEAR_ITS_END
    assert credentials.renew()
    assert credentials.pin == pin
    assert credentials.context is not context
    assert not credentials.renew()
    assert not credentials.reload()


def test_a_renewal_that_fails_is_tried_again_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A renewal that cannot be is an error in the log, the old certificate stays, and an hour later it works."""
    clock = Clock()
    credentials = Credentials(tmp_path, [], None, clock)
    credentials.prepare()
    key = (tmp_path / KEY_FILE).read_bytes()
    (tmp_path / KEY_FILE).write_bytes(b"nonsense")
    clock.now = NEAR_ITS_END
    assert not credentials.renew()
    assert "cannot be renewed" in caplog.text
    (tmp_path / KEY_FILE).write_bytes(key)
    assert not credentials.renew()
    clock.now += TRY_AGAIN
    assert credentials.renew()


def test_ones_own_certificate_is_left_alone(tmp_path: Path) -> None:
    """A user's own certificate is never renewed by the server, whatever its end."""
    clock = Clock()
    load_identity(tmp_path, START)
    credentials = Credentials(None, [], (tmp_path / CERTIFICATE_FILE, tmp_path / KEY_FILE), clock)
    clock.now = NEAR_ITS_END + timedelta(days=1000)
    assert not credentials.renew()


def test_a_server_renews_while_it_runs(caplog: pytest.LogCaptureFixture) -> None:
    """A server that runs for a year shows a new certificate of the same key to who comes then."""
    clock = Clock()
    caplog.set_level(logging.INFO, "libchat")
    with Server(port=0, now=clock) as server:
        first = _shown(server)
        clock.now = NEAR_ITS_END
        second = _shown(server)
        assert second.not_valid_after_utc - first.not_valid_after_utc > timedelta(days=300)
        assert second.public_key() == first.public_key()
        assert _shown(server) == second
    assert "another certificate is shown from now on" in caplog.text


@pytest.mark.parametrize("has_same_key", [True, False])
def test_reload_shows_what_the_files_hold_now(tmp_path: Path, *, has_same_key: bool) -> None:
    """After a reload new connections see the new certificate, while old ones, with the old key, go on."""
    first, second, files = (tmp_path / name for name in ("first", "second", "files"))
    files.mkdir()
    certificate, key = _copy_own(first, files, START - timedelta(days=20))
    with Server(port=0, certificate=certificate, key=key) as server, open_tls(server) as ana:
        ana.send("server:register ana")
        ana.expect("server: welcome ana")
        before, pin = _shown(server), server.pin
        if has_same_key:
            (first / CERTIFICATE_FILE).unlink()
        _copy_own(first if has_same_key else second, files, START)
        assert _shown(server) == before  # nobody has asked yet
        assert server.reload()
        after = _shown(server)
        assert after != before
        assert (server.pin == pin) is has_same_key
        assert peer_pin(after.public_bytes(Encoding.DER)) == server.pin
        ana.send("server:who")
        ana.expect("server: online (1): ana")
        with open_tls(server) as bob:
            bob.send("server:register bob")
            bob.expect("server: welcome bob")
        assert not server.reload()


def test_a_reload_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Files that cannot be used are told, and the server goes on with what it has, as long as it takes."""
    certificate, key = _copy_own(tmp_path / "first", tmp_path, START)
    with Server(port=0, certificate=certificate, key=key) as server:
        before, good = _shown(server), key.read_bytes()
        for bad in (b"nonsense", b""):
            key.write_bytes(bad)
            with pytest.raises(StoreError, match="private key"):
                server.reload()
            assert _shown(server) == before
        key.write_bytes(good)
        assert not server.reload()


def test_a_key_that_openssl_refuses_changes_nothing(tmp_path: Path) -> None:
    """A pair that belongs together, but is too weak for TLS, leaves certificate and pin as they were."""
    certificate, key = _copy_own(tmp_path / "first", tmp_path, START)
    weak = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak")])
    made = x509.CertificateBuilder(name, name, weak.public_key(), 1, START, START + VALIDITY).sign(weak, SHA256())
    with Server(port=0, certificate=certificate, key=key) as server:
        before, pin = _shown(server), server.pin
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        key.write_bytes(weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(StoreError, match="cannot be used for TLS"):
            server.reload()
        assert (_shown(server), server.pin) == (before, pin)


def test_there_is_nothing_to_reload_without_tls() -> None:
    """A server without TLS has nothing to show, and says so."""
    with Server(port=0, plaintext=True) as server:
        assert not server.reload()


def test_many_reload_while_many_connect(tmp_path: Path) -> None:
    """Reloads in several threads, while the certificate changes and people connect, disturb nobody."""
    folders = [tmp_path / name for name in ("first", "second")]
    certificate, key = _copy_own(folders[0], tmp_path, START)
    _copy_own(folders[1], tmp_path, START)
    errors: list[BaseException] = []

    def reload(server: Server) -> None:
        try:
            for _ in range(10):
                server.reload()
        except BaseException as error:  # noqa: BLE001  # the outermost frame of a thread
            errors.append(error)

    with Server(port=0, certificate=certificate, key=key) as server:
        threads = [threading.Thread(target=reload, args=(server,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            assert _shown(server).serial_number
        for thread in threads:
            thread.join(SECONDS)
        assert peer_pin(_shown(server).public_bytes(Encoding.DER)) == server.pin
    assert not errors
