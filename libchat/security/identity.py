"""The server's own key and certificate.

The key is what clients trust (see `pins`); it is made on first start and stays. The certificate around it is only a
wrapper that TLS asks for: it is signed by the key itself and made anew from the same key whenever it does not fit any
more, which no pinned client notices. Clients that pin certificates, as IRC clients do, do notice: so it is made anew
only when it must be.

    FOLDER/server-key.pem     the key (PKCS #8), mode 0600
    FOLDER/server-cert.pem    its certificate
    FOLDER/server.lock        empty; locked while one of the two is made, so that servers that start at once agree

(and, when a change of the key is planned, what `key_change` keeps there).

Files appear under their names complete, by renaming. So a start that finds all in order takes no lock and writes
nothing, and a folder that cannot be written to is fine.

Importing this file imports `cryptography` (about 0.1 s): import it where a server or a client starts.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from libchat.errors import StoreError
from libchat.files import locked, make_private_folder, read_kept, write_private
from libchat.security.pins import format_pin, spki_of_certificate

KEY_FILE: Final = "server-key.pem"
CERTIFICATE_FILE: Final = "server-cert.pem"
LOCK_FILE: Final = "server.lock"

VALIDITY: Final = timedelta(days=397)
"""How long a certificate is good: a year and a bit. Apple's clients refuse more than 825 days, and take 398 of public
authorities."""

RENEW_BEFORE: Final = timedelta(days=30)
"""A certificate with less than this left is renewed at the next start, or while the server runs."""

BACKDATE: Final = timedelta(hours=1)
"""Certificates begin this long before they are made: a peer's clock may be slow, or on the wrong side of a
change to summer time."""

LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.ASCII)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """A key with its certificate, both as PEM; the certificate may be followed by its chain.

    `files` are the paths of certificate and key where they are kept, None if they live in memory only.
    """

    certificate_pem: bytes
    key_pem: bytes = field(repr=False)
    pin: str
    not_after: datetime
    files: tuple[Path, Path] | None = None


# --- identities -----------------------------------------------------------------------------------------------------


def load_identity(folder: Path | None, now: datetime, hosts: Sequence[str] = ()) -> Identity:
    """Return the server's identity: the one in the folder, or a new one that is kept there.

    The key is made once. The certificate is made anew from the same key if it is missing, belongs to another key, is
    not valid yet, has less than `RENEW_BEFORE` left, or does not name `LOCAL_HOSTS` and all `hosts` (IP addresses or
    DNS names; best those that stay: each change is a new certificate). Without a folder nothing is kept.

    `now` has a time zone. Raises ValueError for a `now` without one and for a host that is none, and StoreError, which
    says what to do, if the folder cannot be used or holds a file that is damaged or not ours.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    names = _names(hosts)
    if folder is None:
        key = ec.generate_private_key(ec.SECP256R1())
        return _identity(key, _self_signed(key, names, now), None)
    return _kept_identity(folder, names, now) or _made_identity(folder, names, now)


def renewed_identity(identity: Identity, now: datetime, hosts: Sequence[str] = ()) -> Identity:
    """Return an identity that lives in memory, with a new certificate if the one it has does not fit any more.

    Raises ValueError as `load_identity` does.
    """
    names = _names(hosts)
    key = load_pem_private_key(identity.key_pem, password=None)
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or _fits(certificate, key, names, now):
        return identity
    return _identity(key, _self_signed(key, names, now), None)


def load_own_identity(certificate: Path, key: Path) -> Identity:
    """Return the identity that a user brings along: PEM files of a certificate (its chain may follow) and its key.

    Both may be the same file. Nothing is changed or renewed. Raises StoreError, which says what to do, if one of them
    is missing, unreadable or encrypted, or if they do not belong together.
    """
    certificate_pem, key_pem = _own_file(certificate, "certificate"), _own_file(key, "key")
    leaf = _parse_certificate(certificate_pem, certificate, "give the PEM file of a certificate")
    try:
        spki = spki_of_certificate(leaf.public_bytes(Encoding.DER))
    except ValueError as error:
        raise StoreError(f"{certificate} cannot be used: {error}") from error
    if _spki_of_key(key_pem, key) != spki:
        raise StoreError(f"the key in {key} does not belong to the certificate in {certificate}; give a matching pair")
    return Identity(certificate_pem, key_pem, format_pin(spki), leaf.not_valid_after_utc, (certificate, key))


def _kept_identity(folder: Path, names: list[x509.GeneralName], now: datetime) -> Identity | None:
    """Return what the folder holds, or None where something has to be made."""
    key = read_key(folder / KEY_FILE)
    if key is None:
        return None
    certificate = _kept_certificate(folder / CERTIFICATE_FILE)
    if certificate is None or not _fits(certificate, key, names, now):
        return None
    return _identity(key, certificate, folder)


def _made_identity(folder: Path, names: list[x509.GeneralName], now: datetime) -> Identity:
    """Make what the folder lacks; of several processes the first one does, and the others find it done."""
    make_private_folder(folder)
    with locked(folder / LOCK_FILE):
        kept = _kept_identity(folder, names, now)
        if kept is not None:
            return kept
        key = read_key(folder / KEY_FILE) or _new_key(folder)
        certificate = _self_signed(key, names, now)
        _log.info("made a new certificate, good until %s", certificate.not_valid_after_utc)
        write_private(folder / CERTIFICATE_FILE, certificate.public_bytes(Encoding.PEM))
        return _identity(key, certificate, folder)


def _identity(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, folder: Path | None) -> Identity:
    return Identity(
        certificate_pem=certificate.public_bytes(Encoding.PEM),
        key_pem=format_key(key),
        pin=format_pin(public_half(key)),
        not_after=certificate.not_valid_after_utc,
        files=None if folder is None else (folder / CERTIFICATE_FILE, folder / KEY_FILE),
    )


# --- keys -----------------------------------------------------------------------------------------------------------
# ECDSA with P-256: the signature that OpenSSL makes fastest (49,000 a second on one core, against 27,000 of Ed25519),
# and one that every TLS client takes (RFC 8446, section 9.1, requires it of all). Ed25519 is refused in certificates by
# Schannel, by Java before 15 and by most browsers.


def _new_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Make the folder's key. A certificate whose key is gone says that one was lost: then a person has to decide."""
    if (folder / CERTIFICATE_FILE).exists():
        raise StoreError(
            f"{folder / KEY_FILE} is gone, but its certificate is there. Put the key back from a backup; or delete "
            f"{folder / CERTIFICATE_FILE} to start with a new key, which every client that knows this server will "
            "refuse until its user forgets the old one"
        )
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(folder / KEY_FILE, format_key(key))
    return key


def read_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    """Return the key in a file that this package wrote, None if there is no file; one that others can read is shut.

    Raises StoreError, which says what to do, if the file holds anything else.
    """
    pem = read_kept(path)
    if pem is None:
        return None
    _tighten(path)
    remedy = "put it back from a backup, or move it away to start with a new key"
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise StoreError(f"{path} is damaged or is no key that libchat wrote; {remedy}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise StoreError(f"{path} holds another kind of key than libchat writes; {remedy}, or give it with --key")
    return key


def _tighten(path: Path) -> None:
    """Take a key file away from everybody but its owner. On Windows the folder's access list does that."""
    if os.name != "posix":
        return
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
            _log.warning("%s could be used by others; now it cannot. If somebody may have, start with a new key", path)
    except OSError as error:
        _log.warning("%s can be used by others, and this cannot be changed: %s", path, error.strerror)


def format_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as PEM, which `read_key` reads."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_half(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key, as the DER of its SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki_of_key(pem: bytes, path: Path) -> bytes:
    """Return the public half of a user's own key."""
    try:
        key = load_pem_private_key(pem, password=None)
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except TypeError as error:
        remedy = f"decrypt it with: openssl pkey -in {path} -out PLAIN.pem"
        raise StoreError(f"the key in {path} is encrypted, and a server starts without a person; {remedy}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise StoreError(f"{path} holds no private key that can be used; give the PEM file of a key") from error


# --- certificates ---------------------------------------------------------------------------------------------------


def _self_signed(key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName], now: datetime) -> x509.Certificate:
    """Wrap the key into a certificate (RFC 5280, section 4) that an ordinary TLS client can be told to trust."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "libchat server")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - BACKDATE,
        not_valid_after=now - BACKDATE + VALIDITY,
    )
    for extension, critical in (
        (x509.SubjectAlternativeName(names), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_SIGNS_ONLY, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256())


_SIGNS_ONLY = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return list(dict.fromkeys(_name(host) for host in (*LOCAL_HOSTS, *hosts)))


def _name(host: str) -> x509.GeneralName:
    """Return a host as certificates name it (RFC 5280, section 4.2.1.6); an IPv6 zone means something here only."""
    try:
        return x509.IPAddress(ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        ascii_host = host.lower() if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_host = ""
    if not _HOST.fullmatch(ascii_host):
        raise ValueError(f"{host!r} is neither an IP address nor a DNS name")
    return x509.DNSName(ascii_host)


def _kept_certificate(path: Path) -> x509.Certificate | None:
    pem = read_kept(path)
    if pem is None:
        return None
    return _parse_certificate(pem, path, "delete it: it is made anew from the key, and no pinned client notices")


def _parse_certificate(pem: bytes, path: Path, remedy: str) -> x509.Certificate:
    """Return the first certificate of a PEM file: the one that belongs to the key (RFC 8446, section 4.4.2)."""
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, x509.InvalidVersion) as error:
        raise StoreError(f"{path} is damaged or holds no certificate; {remedy}") from error


def _fits(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName], now: datetime
) -> bool:
    return (
        _belongs(certificate, key)
        and certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - RENEW_BEFORE
        and _covers(certificate, names)
    )


def _belongs(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    try:
        return spki_of_certificate(certificate.public_bytes(Encoding.DER)) == public_half(key)
    except ValueError:
        return False


def _covers(certificate: x509.Certificate, names: list[x509.GeneralName]) -> bool:
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return set(names) <= set(named)


def _own_file(path: Path, what: str) -> bytes:
    data = read_kept(path)
    if data is None:
        raise StoreError(f"there is no {what} at {path}; give the path of its PEM file")
    return data
