"""What both clients' `connect` can be told, in one place."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, TypedDict

from libchat.client.address import parse_address
from libchat.client.credentials import AskPassword, Credentials, Key
from libchat.client.device import check_device, new_device
from libchat.client.memory import Memory
from libchat.client.patience import PATIENCE, Patience
from libchat.client.route import Route
from libchat.client.trust import AcceptNew, Trust
from libchat.limits import CONNECT_SECONDS, INBOX_EVENTS, LABEL_CHARACTERS
from libchat.security.invite import Invite, is_invite, parse_invite
from libchat.security.pins import PREFIX, parse_pin


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
    """An address or an invite, and options, checked, and with all defaults.

    Raises ValueError for an address, invite, pin or device that is none and for what contradicts the invite, and
    TypeError for an option that there is not: a misspelt `pin` must not go unnoticed.
    """

    def __init__(self, address: str, options: Options) -> None:
        if unknown := options.keys() - _KNOWN:
            raise TypeError(f"connect() has no option {min(unknown)!r}")
        state = options.get("state")
        invite = parse_invite(address) if is_invite(address) else None
        pin = _pin(invite, options)
        self._hosts, self._port = (invite.hosts, invite.port) if invite is not None else _hosts_and_port(address)
        self.trust = None
        if not options.get("plaintext", False):
            is_by_invite = invite is not None and invite.pin != ""
            self.trust = Trust(pin, options.get("known_servers"), options.get("accept_new"), is_invite=is_by_invite)
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
        self._token = options.get("token") or (invite.token if invite is not None else "")
        self._server = parse_pin(pin) if pin else self.make_route().address

    @property
    def is_pinned(self) -> bool:
        """Whether the server is known by its pin, and not by its address."""
        return self._server.startswith(PREFIX)

    def make_route(self) -> Route:
        """Return where to look for the server."""
        return Route(self._hosts, self._port)

    def open_memory(self, name: str) -> Memory:
        """Return what the client of a name knows from an earlier run; it has a device. Raises StoreError."""
        if self._state is not None:
            from libchat.client.state import StateFile

            state = StateFile(self._state, name=name, server=self._server, device=self._device)
            if self.trust is not None and self.is_pinned:
                self.trust.recall(state.server, state.successors)
            return state
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
        """Return the key that was given; or that of the `state` folder, if it has one or an account is wanted.

        Who comes by an invite has one in any case: the next connection comes by the same one, which may be used up.
        """
        if self._key is not None and not isinstance(self._key, (str, Path)):
            return self._key
        folder = Path(self._key) if self._key is not None else self._state
        if folder is None:
            return _new_key() if self._token else None
        from libchat.security.device_keys import KEY_FILE, load_device_key

        if self._key is None and not (wants_account or self._token or (folder / KEY_FILE).exists()):
            return None
        return load_device_key(folder)


def _new_key() -> Key:
    from libchat.security.device_keys import new_device_key

    return new_device_key()


def _hosts_and_port(address: str) -> tuple[tuple[str, ...], int]:
    host, port = parse_address(address)
    return (host,), port


def _pin(invite: Invite | None, options: Options) -> str | None:
    """Return the pin of the options or the invite. They have to agree, and without TLS there is none."""
    pin = options.get("pin")
    if invite is None or not invite.pin:
        return pin
    if options.get("plaintext", False):
        raise ValueError("the invite names a key, which a server without TLS does not have: leave plaintext out")
    if pin and parse_pin(pin) != invite.pin:
        raise ValueError("the invite names another key than pin: leave pin out, or ask for a new invite")
    return invite.pin
