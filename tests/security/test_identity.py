from __future__ import annotations

import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from libchat.errors import PinMismatch, StoreError
from libchat.files import write_private
from libchat.security.identity import CERTIFICATE_FILE, KEY_FILE, Identity, load_identity, load_own_identity
from libchat.security.pins import check_pin, peer_pin
from libchat.security.tls import client_context, server_context

NOW = datetime(2026, 11, 22, 16, 41, tzinfo=UTC)
DAY = timedelta(days=1)

on_posix = pytest.mark.skipif(os.name != "posix", reason="Windows has access lists instead of mode bits")


def certificate_of(identity: Identity) -> x509.Certificate:
    """Return the identity's certificate, parsed."""
    return x509.load_pem_x509_certificate(identity.certificate_pem)


def names_of(identity: Identity) -> set[str]:
    """Return the hosts that the identity's certificate names."""
    names = certificate_of(identity).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def mode_of(path: Path) -> int:
    """Return who may do what with a file."""
    return path.stat().st_mode & 0o777


# --- in memory ------------------------------------------------------------------------------------------------------


def test_without_a_folder_each_identity_is_another() -> None:
    """Without a folder nothing is kept: the next identity has another key."""
    first, second = load_identity(None, NOW), load_identity(None, NOW)
    assert first.pin != second.pin
    assert first.files is None


def test_the_key_is_p256() -> None:
    """The key is an ECDSA key on P-256, which every TLS client takes."""
    key = load_pem_private_key(load_identity(None, NOW).key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"


def test_the_key_is_not_shown() -> None:
    """The key does not appear in logs and tracebacks that show an identity."""
    assert "PRIVATE" not in repr(load_identity(None, NOW))


def test_a_certificate_is_good_from_an_hour_ago_for_397_days() -> None:
    """Validity starts an hour back, for clients with slow clocks, and `not_after` is its end."""
    identity = load_identity(None, NOW)
    assert certificate_of(identity).not_valid_before_utc == NOW - timedelta(hours=1)
    assert identity.not_after == certificate_of(identity).not_valid_after_utc == NOW - timedelta(hours=1) + 397 * DAY


def test_a_certificate_names_this_machine_and_the_hosts() -> None:
    """Certificates name the local hosts and the given ones, as addresses or as DNS names."""
    hosts = ["192.168.1.7", "fe80::1%eth0", "Chat.Example", "bücher.example", "localhost"]
    identity = load_identity(None, NOW, hosts)
    assert names_of(identity) == {
        *("localhost", "127.0.0.1", "::1"),
        *("192.168.1.7", "fe80::1", "chat.example", "xn--bcher-kva.example"),
    }
    names = certificate_of(identity).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ip_address("192.168.1.7") in names.get_values_for_type(x509.IPAddress)


@pytest.mark.parametrize("host", ["", "two words", "host:8080", "a..b", ".", "line\nbreak", "a" * 64 + "ü"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """A host that is neither an address nor a DNS name raises ValueError."""
    with pytest.raises(ValueError, match="neither an IP address nor a DNS name"):
        load_identity(None, NOW, [host])


def test_a_time_without_zone_is_refused() -> None:
    """A `now` without its zone raises ValueError: it would shift the validity by hours."""
    with pytest.raises(ValueError, match="time zone"):
        load_identity(None, NOW.replace(tzinfo=None))


# --- in a folder ----------------------------------------------------------------------------------------------------


def test_a_folder_keeps_the_identity(tmp_path: Path) -> None:
    """The second start finds what the first one made, byte for byte."""
    first = load_identity(tmp_path / "data", NOW)
    second = load_identity(tmp_path / "data", NOW + DAY)
    assert first == second
    assert first.files == (tmp_path / "data" / CERTIFICATE_FILE, tmp_path / "data" / KEY_FILE)
    assert [path.read_bytes() for path in first.files] == [first.certificate_pem, first.key_pem]


@on_posix
def test_nobody_else_can_read_what_is_kept(tmp_path: Path) -> None:
    """A new folder has mode 0700 and all files in it 0600, whatever the umask is."""
    before = os.umask(0)
    try:
        load_identity(tmp_path / "data", NOW)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "data") == 0o700
    assert {path.name: mode_of(path) for path in (tmp_path / "data").iterdir()} == {
        KEY_FILE: 0o600,
        CERTIFICATE_FILE: 0o600,
        "server.lock": 0o600,
    }


@on_posix
def test_a_key_that_others_can_read_is_shut(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A key file with a wider mode is set to 0600 at the next start, with one warning."""
    load_identity(tmp_path, NOW)
    (tmp_path / KEY_FILE).chmod(0o640)
    load_identity(tmp_path, NOW)
    load_identity(tmp_path, NOW)
    assert mode_of(tmp_path / KEY_FILE) == 0o600
    assert [(record.levelname, str(tmp_path / KEY_FILE) in record.getMessage()) for record in caplog.records] == [
        ("WARNING", True)
    ]


def test_a_start_that_finds_all_in_order_writes_nothing(tmp_path: Path) -> None:
    """An identity that fits is only read, so that a read-only folder will do."""
    load_identity(tmp_path, NOW)
    (tmp_path / "server.lock").unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    load_identity(tmp_path, NOW)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("later", "renewed"),
    [
        (timedelta(0), False),
        (367 * DAY - timedelta(hours=1), False),
        (367 * DAY - timedelta(minutes=59), True),
        (400 * DAY, True),
        (timedelta(hours=-1), False),
        (timedelta(hours=-2), True),
    ],
)
def test_renewal_keeps_the_key(tmp_path: Path, later: timedelta, renewed: bool) -> None:
    """A certificate with less than 30 days left, or from the future, is made anew from the same key: the pin stays."""
    first = load_identity(tmp_path, NOW)
    second = load_identity(tmp_path, NOW + later)
    assert (second.certificate_pem != first.certificate_pem) is renewed
    assert (second.pin, second.key_pem) == (first.pin, first.key_pem)
    assert second.not_after - (NOW + later) > 30 * DAY - timedelta(seconds=1)
    assert load_identity(tmp_path, NOW + later) == second


def test_a_new_host_is_added_to_the_certificate(tmp_path: Path) -> None:
    """A host that the certificate does not name makes a new one from the same key; a host less changes nothing."""
    first = load_identity(tmp_path, NOW)
    second = load_identity(tmp_path, NOW, ["chat.example", "fe80::1%eth0"])
    assert "chat.example" in names_of(second)
    assert second.pin == first.pin
    assert load_identity(tmp_path, NOW) == load_identity(tmp_path, NOW, ["fe80::1%eth1"]) == second


def test_a_missing_certificate_is_made_from_the_key(tmp_path: Path) -> None:
    """A folder with a key alone gets a certificate, and the pin stays."""
    first = load_identity(tmp_path, NOW)
    (tmp_path / CERTIFICATE_FILE).unlink()
    assert load_identity(tmp_path, NOW).pin == first.pin


def test_a_certificate_of_another_key_is_made_anew(tmp_path: Path) -> None:
    """The key counts: a certificate that does not belong to it is replaced."""
    first = load_identity(tmp_path, NOW)
    (tmp_path / CERTIFICATE_FILE).write_bytes(load_identity(None, NOW).certificate_pem)
    second = load_identity(tmp_path, NOW)
    assert second.pin == first.pin
    server_context(second)  # OpenSSL checks that the two belong together


def test_a_certificate_without_hosts_is_made_anew(tmp_path: Path) -> None:
    """A certificate of our key that names nobody, as other programs make it, is replaced."""
    first = load_identity(tmp_path, NOW)
    key = load_pem_private_key(first.key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    (tmp_path / CERTIFICATE_FILE).write_bytes(plain_certificate(key))
    assert "localhost" in names_of(load_identity(tmp_path, NOW))


def odd_certificate() -> bytes:
    """Make a certificate for a kind of key that does not exist: its object identifier is changed."""
    der = certificate_of(load_identity(None, NOW)).public_bytes(Encoding.DER)
    der = der.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f"))
    return ssl.DER_cert_to_PEM_cert(der).encode()


def test_a_certificate_of_an_unknown_kind_is_made_anew(tmp_path: Path) -> None:
    """A certificate whose key cannot be read does not belong to ours: it is replaced."""
    first = load_identity(tmp_path, NOW)
    (tmp_path / CERTIFICATE_FILE).write_bytes(odd_certificate())
    assert load_identity(tmp_path, NOW).pin == first.pin


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    """A certificate without its key raises StoreError: a new key would lock every known client out."""
    load_identity(tmp_path, NOW)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(StoreError, match=r"Put the key back from a backup; or delete .*server-cert\.pem"):
        load_identity(tmp_path, NOW)
    (tmp_path / CERTIFICATE_FILE).unlink()
    load_identity(tmp_path, NOW)


def rsa_pem() -> bytes:
    """Make a key of another kind."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def p384_pem() -> bytes:
    """Make a key on another curve."""
    key = ec.generate_private_key(ec.SECP384R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def encrypted_pem() -> bytes:
    """Make a key with a passphrase."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


def cut_pem() -> bytes:
    """Make a key whose file was cut short."""
    return load_identity(None, NOW).key_pem[:100]


def plain_certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Make a certificate without any extension."""
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + 300 * DAY)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (bytes, "is damaged"),
        (lambda: b"\xff\x00nonsense", "is damaged"),
        (cut_pem, "is damaged"),
        (encrypted_pem, "is no key that libchat wrote"),
        (rsa_pem, "another kind of key"),
        (p384_pem, "another kind of key"),
    ],
)
def test_a_key_file_that_is_not_ours_stops_the_start(
    tmp_path: Path, content: Callable[[], bytes], complaint: str
) -> None:
    """A damaged or foreign key file raises StoreError with a remedy, and is left as it is."""
    load_identity(tmp_path, NOW)
    (tmp_path / KEY_FILE).write_bytes(content())
    before = (tmp_path / KEY_FILE).read_bytes()
    with pytest.raises(StoreError, match=f"{complaint}.*put it back from a backup, or move it away"):
        load_identity(tmp_path, NOW)
    assert (tmp_path / KEY_FILE).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_certificate_stops_the_start(tmp_path: Path, content: bytes) -> None:
    """A certificate file that cannot be read raises StoreError, which says that deleting it is safe; and it is."""
    first = load_identity(tmp_path, NOW)
    (tmp_path / CERTIFICATE_FILE).write_bytes(content)
    with pytest.raises(StoreError, match=r"server-cert\.pem is damaged .* delete it"):
        load_identity(tmp_path, NOW)
    (tmp_path / CERTIFICATE_FILE).unlink()
    assert load_identity(tmp_path, NOW).pin == first.pin


@pytest.mark.parametrize("name", [KEY_FILE, CERTIFICATE_FILE])
def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path, name: str) -> None:
    """What cannot be read, here a folder in the place of a file, raises StoreError with its path."""
    load_identity(tmp_path, NOW)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(StoreError, match=f"{name} cannot be read: "):
        load_identity(tmp_path, NOW)


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    """A file in the place of the folder raises StoreError, which asks for another folder."""
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(StoreError, match=r"cannot be (made|read)"):
        load_identity(tmp_path / "data", NOW)
    with pytest.raises(StoreError, match=r"cannot be (made|read)"):
        load_identity(tmp_path / "data" / "below", NOW)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """A failed write raises StoreError and takes its temporary file away."""
    (tmp_path / "target").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        write_private(tmp_path / "target", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


START = """
import sys
from datetime import datetime
from pathlib import Path
from libchat.security.identity import load_identity
print("ready", flush=True)
sys.stdin.readline()
print(load_identity(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])).pin)
"""


def test_servers_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    """Of several processes that find an empty folder, one makes the key and all use it."""
    arguments = [sys.executable, "-c", START, str(tmp_path / "data"), NOW.isoformat()]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    starts = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(6)
    ]
    for start in starts:
        assert start.stdout is not None
        assert start.stdout.readline() == "ready\n"
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("go\n")
        start.stdin.flush()
    pins = {start.communicate(timeout=30)[0] for start in starts}
    assert pins == {load_identity(tmp_path / "data", NOW).pin + "\n"}


# --- a user's own certificate ---------------------------------------------------------------------------------------


def own_files(folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key as a user may have them: not by our names, not of our kind."""
    identity = load_identity(None, NOW)
    (folder / "fullchain.pem").write_bytes(identity.certificate_pem + load_identity(None, NOW).certificate_pem)
    (folder / "privkey.pem").write_bytes(identity.key_pem)
    return folder / "fullchain.pem", folder / "privkey.pem"


def test_a_users_own_certificate_is_served(tmp_path: Path) -> None:
    """A pair that the user brings along is pinned by its first certificate and served with its chain."""
    identity = load_own_identity(*own_files(tmp_path))
    _, client = connected(server_context(identity), client_context())
    assert peer_pin(client.getpeercert(binary_form=True)) == identity.pin
    assert identity.not_after == certificate_of(identity).not_valid_after_utc


def test_a_users_rsa_key_is_served(tmp_path: Path) -> None:
    """A user's key need not be of the kind that we make."""
    command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "30"]
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run(["openssl", *command, *files], check=True, capture_output=True)
    identity = load_own_identity(tmp_path / "cert", tmp_path / "key")
    _, client = connected(server_context(identity), client_context())
    assert peer_pin(client.getpeercert(binary_form=True)) == identity.pin


def test_key_and_certificate_may_share_a_file(tmp_path: Path) -> None:
    """One PEM file that holds both may be given twice."""
    made = load_identity(None, NOW)
    (tmp_path / "both.pem").write_bytes(made.key_pem + made.certificate_pem)
    identity = load_own_identity(tmp_path / "both.pem", tmp_path / "both.pem")
    assert identity.pin == made.pin
    server_context(identity)


def test_own_files_that_are_missing_are_named(tmp_path: Path) -> None:
    """A path without a file raises StoreError, which says whether it is the certificate or the key."""
    certificate, key = own_files(tmp_path)
    with pytest.raises(StoreError, match=r"there is no certificate at .*nowhere"):
        load_own_identity(tmp_path / "nowhere", key)
    with pytest.raises(StoreError, match=r"there is no key at .*nowhere"):
        load_own_identity(certificate, tmp_path / "nowhere")


def test_own_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A path that cannot be read, here a folder, raises StoreError."""
    certificate, key = own_files(tmp_path)
    with pytest.raises(StoreError, match="cannot be read"):
        load_own_identity(tmp_path, key)
    with pytest.raises(StoreError, match="cannot be read"):
        load_own_identity(certificate, tmp_path)


def test_own_files_that_were_swapped_are_refused(tmp_path: Path) -> None:
    """A key given as certificate, or a certificate as key, raises StoreError for the file that is wrong."""
    certificate, key = own_files(tmp_path)
    with pytest.raises(StoreError, match=r"privkey\.pem is damaged or holds no certificate"):
        load_own_identity(key, key)
    with pytest.raises(StoreError, match=r"fullchain\.pem holds no private key"):
        load_own_identity(certificate, certificate)


def test_own_files_that_do_not_match_are_refused(tmp_path: Path) -> None:
    """A key that does not belong to the certificate raises StoreError."""
    certificate, key = own_files(tmp_path)
    key.write_bytes(load_identity(None, NOW).key_pem)
    with pytest.raises(StoreError, match="does not belong to the certificate"):
        load_own_identity(certificate, key)


def test_an_own_certificate_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """A certificate whose key cannot be read raises StoreError."""
    certificate, key = own_files(tmp_path)
    certificate.write_bytes(odd_certificate())
    with pytest.raises(StoreError, match=r"fullchain\.pem cannot be used: "):
        load_own_identity(certificate, key)


def test_an_encrypted_key_is_refused(tmp_path: Path) -> None:
    """A key with a passphrase raises StoreError, which says how to take it off: OpenSSL would ask on the terminal."""
    certificate, key = own_files(tmp_path)
    key.write_bytes(encrypted_pem())
    with pytest.raises(StoreError, match=r"is encrypted.*openssl pkey -in"):
        load_own_identity(certificate, key)


@on_posix
def test_a_users_own_key_keeps_its_mode(tmp_path: Path) -> None:
    """A file that is not ours is not touched."""
    certificate, key = own_files(tmp_path)
    key.chmod(0o640)
    load_own_identity(certificate, key)
    assert mode_of(key) == 0o640


# --- TLS ------------------------------------------------------------------------------------------------------------


class Wire:
    """Two ends of TLS that are joined in memory."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, host: str | None = None) -> None:
        self.to_server, self.to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(self.to_server, self.to_client, server_side=True)
        self.client = client.wrap_bio(self.to_client, self.to_server, server_hostname=host)

    def handshake(self) -> None:
        """Shake hands: client hello, server's answer, client finished, server done."""
        assert not finished(self.client)
        assert not finished(self.server)
        assert finished(self.client)
        assert finished(self.server)


def finished(end: ssl.SSLObject) -> bool:
    """Go on with the handshake of one end; return whether that end is done."""
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def connected(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Return a server's and a client's end after their handshake."""
    wire = Wire(server, client)
    wire.handshake()
    return wire.server, wire.client


@pytest.fixture(scope="module")
def identity() -> Identity:
    """Make an identity in memory, once for all tests that only use it."""
    return load_identity(None, NOW)


def test_server_and_client_speak_tls_1_3(identity: Identity) -> None:
    """The two contexts agree on TLS 1.3 and `libchat/1`, and the client sees the server's pin."""
    server, client = connected(server_context(identity), client_context())
    assert server.version() == client.version() == "TLSv1.3"
    assert server.selected_alpn_protocol() == client.selected_alpn_protocol() == "libchat/1"
    assert check_pin("host:1", identity.pin, client.getpeercert(binary_form=True))
    assert server.getpeercert(binary_form=True) is None


def test_data_goes_both_ways(identity: Identity) -> None:
    """What one side writes the other side reads."""
    server, client = connected(server_context(identity), client_context())
    client.write(b"hi")
    server.write(b"ho")
    assert (server.read(10), client.read(10)) == (b"hi", b"ho")


def test_another_servers_key_is_caught_after_the_handshake(identity: Identity) -> None:
    """The handshake succeeds with any key; the check after it stops the client before it has sent anything."""
    _, client = connected(server_context(load_identity(None, NOW)), client_context())
    with pytest.raises(PinMismatch):
        check_pin("host:1", identity.pin, client.getpeercert(binary_form=True))


def test_no_session_tickets_are_sent(identity: Identity) -> None:
    """The server says nothing after its handshake: no ticket, so nothing to resume."""
    wire = Wire(server_context(identity), client_context())
    wire.handshake()
    assert wire.to_client.pending == 0
    assert wire.client.session is None or not wire.client.session.has_ticket


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["irc"], "irc"),
        (["http/1.1"], "http/1.1"),
        (["h2", "http/1.1"], "http/1.1"),
        (["http/1.1", "irc", "libchat/1"], "libchat/1"),
        (["h2"], None),
        ([], None),
    ],
)
def test_the_server_chooses_the_protocol(identity: Identity, offered: list[str], chosen: str | None) -> None:
    """Of what the client offers the server takes its own favourite; who offers nothing of ours is served too."""
    context = client_context()
    context.set_alpn_protocols(offered)
    server, _ = connected(server_context(identity), context)
    assert server.selected_alpn_protocol() == chosen


def test_a_client_of_tls_1_2_is_refused(identity: Identity) -> None:
    """The server ends the handshake of a client that knows no TLS 1.3."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    wire = Wire(server_context(identity), old)
    assert not finished(wire.client)
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        finished(wire.server)


def test_a_server_of_tls_1_2_is_refused(identity: Identity) -> None:
    """The client does not follow a server down to TLS 1.2."""
    old = server_context(identity)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    wire = Wire(old, client_context())
    assert not finished(wire.client)
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        finished(wire.server)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "chat.example"])
def test_an_ordinary_client_can_be_told_to_trust_the_certificate(host: str) -> None:
    """A strict TLS client that was given the certificate accepts each host that it names, and no other."""
    identity = load_identity(None, datetime.now(UTC), ["chat.example"])  # OpenSSL reads the clock
    context = ssl.create_default_context(cadata=identity.certificate_pem.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    Wire(server_context(identity), context, host).handshake()
    with pytest.raises(ssl.SSLCertVerificationError, match=r"doesn't match|mismatch"):
        Wire(server_context(identity), context, "other.example").handshake()


def test_an_identity_in_memory_leaves_no_file(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file through which OpenSSL takes the key is gone when the context is made, also if that fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server_context(identity)
    assert list(tmp_path.iterdir()) == []
    broken = Identity(identity.certificate_pem, load_identity(None, NOW).key_pem, identity.pin, identity.not_after)
    with pytest.raises(StoreError, match="cannot be used for TLS"):
        server_context(broken)
    assert list(tmp_path.iterdir()) == []


def test_a_kept_identity_is_served_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a folder is not copied elsewhere, and clients see its pin."""
    identity = load_identity(tmp_path, NOW)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    _, client = connected(server_context(identity), client_context())
    assert check_pin("host:1", identity.pin, client.getpeercert(binary_form=True))


def test_files_that_are_gone_are_told(tmp_path: Path) -> None:
    """Files that went away between loading and serving raise StoreError."""
    identity = load_identity(tmp_path, NOW)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(StoreError, match="cannot be used for TLS"):
        server_context(identity)
