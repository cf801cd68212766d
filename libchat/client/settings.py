"""What both clients' `connect` can be told, in one place."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, TypedDict

from libchat.client.address import format_address, parse_address
from libchat.client.credentials import AskPassword, Credentials, Key
from libchat.client.device import check_device, new_device
from libchat.client.memory import Memory
from libchat.client.patience import PATIENCE, Patience
from libchat.client.trust import AcceptNew, Trust
from libchat.limits import CONNECT_SECONDS, INBOX_EVENTS, LABEL_CHARACTERS
from libchat.security.pins import parse_pin


class Options(TypedDict, total=False):
    """The options of `libchat.connect`, which says what each means, and of `libchat.aio.connect`."""

    pin: str | None
    known_servers: Path | None
    accept_new: AcceptNew | None
    plaintext: bool
    device: str
    state: Path | str | None
    reconnect: bool
    timeout: float
    patience: Patience
    inbox: int
    password: str | AskPassword | None
    key: Key | Path | str | None
    token: str


_KNOWN: Final = frozenset(Options.__annotations__)


class Settings:
    """An address and options, checked, and with all defaults.

    Raises ValueError for an address, pin or device that is none, and TypeError for an option that there is not: a
    misspelt `pin` must not go unnoticed.
    """

    def __init__(self, address: str, options: Options) -> None:
        if unknown := options.keys() - _KNOWN:
            raise TypeError(f"connect() has no option {min(unknown)!r}")
        pin, state = options.get("pin"), options.get("state")
        self.host, self.port = parse_address(address)
        self.trust = None
        if not options.get("plaintext", False):
            self.trust = Trust(pin, options.get("known_servers"), options.get("accept_new"))
        self.reconnect = options.get("reconnect", True)
        self.timeout = options.get("timeout", CONNECT_SECONDS)
        self.patience = options.get("patience", PATIENCE)
        self.inbox = options.get("inbox", INBOX_EVENTS)
        self._device = options.get("device", "")
        if self._device:
            check_device(self._device)
        self._state = Path(state) if state is not None else None
        self._password = options.get("password") or ""
        self._key = options.get("key")
        self._token = options.get("token", "")
        self._server = parse_pin(pin) if pin else self.address

    @property
    def address(self) -> str:
        """The server's address."""
        return format_address(self.host, self.port)

    def open_memory(self, name: str) -> Memory:
        """Return what the client of a name knows from an earlier run; it has a device. Raises StoreError."""
        if self._state is not None:
            from libchat.client.state import StateFile

            return StateFile(self._state, name=name, server=self._server, device=self._device)
        memory = Memory()
        memory.device = self._device or new_device()
        return memory

    def open_credentials(self) -> Credentials:
        """Return what the client shows for its name; its key is made if need be. Asked once. Raises StoreError."""
        password, self._password = self._password, ""
        ask = password if callable(password) else None
        return Credentials(
            password if isinstance(password, str) else "",
            key=self._open_key(wants_account=bool(password)),
            token=self._token,
            label=socket.gethostname()[:LABEL_CHARACTERS],
            ask=ask,
        )

    def _open_key(self, *, wants_account: bool) -> Key | None:
        """Return the key that was given; or that of the `state` folder, if it has one or an account is wanted."""
        if self._key is not None and not isinstance(self._key, (str, Path)):
            return self._key
        folder = Path(self._key) if self._key is not None else self._state
        if folder is None:
            return None
        from libchat.security.device_keys import KEY_FILE, load_device_key

        if self._key is None and not (wants_account or (folder / KEY_FILE).exists()):
            return None
        return load_device_key(folder)
