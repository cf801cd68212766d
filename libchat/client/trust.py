"""Whether a server is the right one. To be asked right after the handshake, before anything is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from libchat.errors import StoreError, TrustError
from libchat.events import Successor
from libchat.files import own_folder
from libchat.security.known_servers import Announced, KnownServers, Verdict, heirs
from libchat.security.pins import mismatch, parse_pin, peer_pin

_log = logging.getLogger("libchat.client")

AcceptNew = Callable[[str, str], bool]
"""Asked about a server that is seen for the first time: (address, pin) -> whether to trust it from now on."""


def default_known_servers() -> Path:
    """Return the file of known servers that belongs to the user of this process. Raises StoreError without a home."""
    return own_folder("settings") / "known_servers.toml"


class Trust:
    """A pin, or else the file of known servers and what to do about one that is not in it. For one thread.

    Without `accept_new`, a new server is trusted on first use, with a warning in the log that names its pin. A pin that
    is an invite's (`is_invite`) is as good as a person's yes: the server is remembered, if the program keeps a file of
    known servers, and not if it names none.

    A key that the trusted one has announced as its successor is followed, with a warning in the log: by the file, and
    as long as this object lives, also by a pin; `recall` says what an earlier one knew.

    `clock` returns the time with its zone. Raises ValueError for a pin that is none.
    """

    def __init__(
        self,
        pin: str | None,
        known_servers: Path | None = None,
        accept_new: AcceptNew | None = None,
        *,
        is_invite: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pin = parse_pin(pin) if pin else None
        self._known_servers = known_servers
        self._accept_new = accept_new or _accept_with_warning
        self._is_invite = is_invite
        self._clock = clock
        self._trusted = ""
        """The pin that was trusted last: the one of this connection."""
        self._successors: dict[str, Announced] = {}
        """What servers have announced, and proven, by their pins."""

    def check(self, address: str, certificate: bytes | None) -> str:
        """Return the pin of the server at an address, which has shown a certificate, if it is to be trusted.

        Raises `PinMismatch` or another `TrustError` if it is not, and `StoreError` if the file cannot be used.
        """
        pin = peer_pin(certificate)
        if self._pin is None:
            self._check_known(address, pin)
        else:
            self._check_pinned(address, pin)
            if self._is_invite and self._known_servers is not None:
                self._remember(address, pin)
        self._trusted = pin
        return pin

    def recall(self, pin: str, successors: Mapping[str, Announced]) -> None:
        """Go on from an earlier run, which had followed the server to this pin, and heard of these next keys."""
        self._pin = parse_pin(pin)
        self._successors.update(successors)

    def note(self, address: str, successor: Successor) -> Announced | None:
        """Note what the server of this connection says of its next key, if its present key has signed it; return it.

        What is not believed, or cannot be kept, is left with a warning in the log: the connection is as good as before.
        """
        from libchat.security.succession import check_successor

        try:
            check_successor(self._trusted, successor)
            announced = Announced(successor.pin, datetime.fromtimestamp(successor.since, UTC))
        except TrustError as error:
            _log.warning("%s announces a new key, which is ignored: %s", address, error)
            return None
        self._successors[self._trusted] = announced
        try:
            file = self._file()
            if file is not None:
                file.note_successor(self._trusted, announced)
        except StoreError as error:
            _log.warning("%s has announced a new key, which cannot be kept in mind: %s", address, error)
        return announced

    def _file(self) -> KnownServers | None:
        """Return the file of known servers; a program with a pin has only the one that it names."""
        if self._known_servers is None and self._pin is not None:
            return None
        return KnownServers(self._known_servers or default_known_servers())

    def _check_known(self, address: str, pin: str) -> None:
        known = KnownServers(self._known_servers or default_known_servers())
        if known.check(address, pin, self._clock()) is Verdict.NEW and not self._accept_new(address, pin):
            raise TrustError(f"the key {pin} of {address} was not accepted; nothing was sent to it")
        self._remember(address, pin)

    def _remember(self, address: str, pin: str) -> None:
        known, now = KnownServers(self._known_servers or default_known_servers()), self._clock()
        if known.check(address, pin, now) is Verdict.FOLLOWED:
            _tell_followed(address, pin)
        known.remember(address, pin, now)

    def _successor_of(self, pin: str) -> Announced | None:
        """Return what a pin has announced: to us, or as the file knows it."""
        file = self._file()
        return self._successors.get(pin) or (file.successor_of(pin) if file is not None else None)

    def _check_pinned(self, address: str, pin: str) -> None:
        """Raise PinMismatch if it is neither the pinned key nor the one that this has announced."""
        assert self._pin is not None
        if pin == self._pin:
            return
        if any(heir.pin == pin and heir.is_due(self._clock()) for heir in heirs(self._pin, self._successor_of)):
            _tell_followed(address, pin)
            self._pin = pin
            return
        raise mismatch(address, self._pin, pin, _INVITE_REMEDY if self._is_invite else _PIN_REMEDY)


_WHY = (
    "Either the server was set up anew or has changed its key, or another one has its address now, or somebody is in "
    "between and wants to read along. Ask who runs it for the words of its key"
)
_INVITE_REMEDY = f"{_WHY}; if they are those of the key that it shows, ask for a new invite, which names that key"
_PIN_REMEDY = f"{_WHY}; if they are those of the key that it shows, give its pin instead of the old one"


def _accept_with_warning(address: str, pin: str) -> bool:
    from libchat.security.words import words_of

    _log.warning("%s is new: from now on its key is %s (%s)", address, pin, words_of(pin))
    return True


def _tell_followed(address: str, pin: str) -> None:
    _log.warning("the server %s has its announced new key, %s", address, pin)
