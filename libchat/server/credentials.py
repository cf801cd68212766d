"""What a server shows: its key and certificate, and the TLS settings made of them.

A live `SSLContext` is never changed: connections hold on to it. Whatever is new goes into a new one, which serves the
handshakes that begin from then on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from libchat.errors import StoreError

if TYPE_CHECKING:
    import ssl

    from libchat.security.identity import Identity

_log = logging.getLogger("libchat.server")

Clock = Callable[[], datetime]
"""Returns the time of day, with its zone."""

TRY_AGAIN: Final = timedelta(hours=1)
"""How long a renewal that has failed is left alone: it would fail at each handshake."""


def utc_now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


class Credentials:
    """A server's identity: loaded when this is made, and anew when `reload` is called or its end is near.

    With `own`, the files of a certificate and its key, these are shown and never changed. Otherwise the server has a
    self-signed certificate for `hosts`, in `folder` or, without one, in memory. Raises StoreError if that cannot be.
    """

    def __init__(
        self, folder: Path | None, hosts: list[str], own: tuple[Path, Path] | None, now: Clock = utc_now
    ) -> None:
        self._folder = folder
        self._hosts = hosts
        self._own = own
        self._now = now
        self._reloading = threading.Lock()
        """Held while files are read: of two who read, the later wins. No thread that serves waits for it."""
        self._context: ssl.SSLContext | None = None
        self._renew_at = datetime.max.replace(tzinfo=UTC)
        self._use(self._load(None))

    @property
    def pin(self) -> str:
        """What clients pin."""
        return self._identity.pin

    @property
    def context(self) -> ssl.SSLContext:
        """The TLS settings for new handshakes, once they are prepared."""
        assert self._context is not None
        return self._context

    def prepare(self) -> None:
        """Make the TLS settings. Raises StoreError if OpenSSL refuses the key or the certificate."""
        self._context = _context(self._identity)

    def reload(self) -> bool:
        """Read the files anew, renew what is near its end, and return whether there is anything new to be shown.

        Raises StoreError if something cannot be used; then all stays as it was.
        """
        with self._reloading:
            return self._reload()

    def _reload(self) -> bool:
        identity = self._load(self._identity)
        if (identity.certificate_pem, identity.key_pem) == (self._identity.certificate_pem, self._identity.key_pem):
            return False
        context = _context(identity)
        self._use(identity)
        self._context = context
        return True

    def renew(self) -> bool:
        """Renew the server's own certificate if its end is near, and return whether it was. Cheap if not.

        To be called before a handshake. A failure is logged, and tried again an hour later.
        """
        now = self._now()
        if now < self._renew_at:
            return False
        if not self._reloading.acquire(blocking=False):
            return False  # somebody is about it
        self._renew_at = now + TRY_AGAIN
        try:
            return self._reload()
        except StoreError as error:
            _log.error("the certificate ends at %s, and cannot be renewed: %s", self._identity.not_after, error)
            return False
        finally:
            self._reloading.release()

    def _use(self, identity: Identity) -> None:
        self._identity = identity
        if self._own is None:
            self._renew_at = _renewal(identity)

    def _load(self, before: Identity | None) -> Identity:
        from libchat.security.identity import load_identity, load_own_identity, renewed_identity

        if self._own is not None:
            return load_own_identity(*self._own)
        if self._folder is None and before is not None:
            return renewed_identity(before, self._now(), self._hosts)
        return load_identity(self._folder, self._now(), self._hosts)


def _renewal(identity: Identity) -> datetime:
    from libchat.security.identity import RENEW_BEFORE

    return identity.not_after - RENEW_BEFORE


def _context(identity: Identity) -> ssl.SSLContext:
    from libchat.security.tls import server_context

    return server_context(identity)
