"""Whether a server is the right one. To be asked right after the handshake, before anything is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from libchat.errors import TrustError
from libchat.security.known_servers import KnownServers, Verdict
from libchat.security.pins import check_pin, parse_pin, peer_pin

_log = logging.getLogger("libchat.client")

AcceptNew = Callable[[str, str], bool]
"""Asked about a server that is seen for the first time: (address, pin) -> whether to trust it from now on."""


def default_known_servers() -> Path:
    """Return the file of known servers that belongs to the user of this process."""
    from platformdirs import user_config_path

    return user_config_path("libchat") / "known_servers.toml"


class Trust:
    """A pin, or else the file of known servers and what to do about one that is not in it.

    Without `accept_new`, a new server is trusted on first use, with a warning in the log that names its pin.
    Raises ValueError for a pin that is none.
    """

    def __init__(self, pin: str | None, known_servers: Path | None = None, accept_new: AcceptNew | None = None) -> None:
        self._pin = parse_pin(pin) if pin else None
        self._known_servers = known_servers
        self._accept_new = accept_new or _accept_with_warning

    def check(self, address: str, certificate: bytes | None) -> str:
        """Return the pin of the server at an address, which has shown a certificate, if it is to be trusted.

        Raises `PinMismatch` or another `TrustError` if it is not, and `StoreError` if the file cannot be used.
        """
        if self._pin is not None:
            check_pin(address, self._pin, certificate)
            return self._pin
        known = KnownServers(self._known_servers or default_known_servers())
        pin = peer_pin(certificate)
        if known.check(address, pin) is Verdict.NEW and not self._accept_new(address, pin):
            raise TrustError(f"the key {pin} of {address} was not accepted; nothing was sent to it")
        known.remember(address, pin, datetime.now(UTC))
        return pin


def _accept_with_warning(address: str, pin: str) -> bool:
    _log.warning("%s is new: from now on its key is %s", address, pin)
    return True
