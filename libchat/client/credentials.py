"""What shows a server that a name is ours: a password, the key of this device, the token of an invite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from libchat.errors import Refused
from libchat.messages import Register
from libchat.names import target_key

AskPassword = Callable[[str], str]
"""Asked for a password: why it is needed, in words for a person -> the password, or "" to give up."""


class Key(Protocol):
    """A device's key, as far as a client needs it (`libchat.security.device_keys`)."""

    @property
    def public(self) -> str:
        """The public key, in base64url without padding."""
        ...

    def prove(self, nonce: str, pin: str, name: str, device: str) -> str:
        """Return the signature that proves to have the key, on one connection to one server, for one canonical name."""
        ...


class Credentials:
    """What a link shows when it takes its name. `label` is what the device is called, for its owner to tell it apart.

    A password is needed once, if there is a key: the server signs the key in with it. Without one it has to be shown
    on each connection, and is kept for that.
    """

    def __init__(
        self,
        password: str = "",
        *,
        key: Key | None = None,
        token: str = "",
        label: str = "",
        ask: AskPassword | None = None,
    ) -> None:
        self.password = password
        self.ask = ask
        self.nonce = ""
        """What the server wants signed on this connection, "" if it keeps no accounts."""
        self._pin = ""
        self._key = key
        self._token = token
        self._label = label
        self._submitted: dict[str, str] = {}
        """What is to be the password, by the cid of the unanswered command."""

    def connected(self, pin: str) -> None:
        """Notice a new connection to a server with this pin, "" without TLS."""
        self._pin = pin
        self.nonce = ""

    def sign(self, register: Register) -> Register:
        """Return a command with all that proves it. A server that wants nothing signed is shown no key."""
        signed = replace(register, password=self.password, token=self._token)
        if self._key is None or not self.nonce:
            return signed
        proof = self._key.prove(self.nonce, self._pin, target_key(register.name), register.device)
        return replace(signed, key=self._key.public, proof=proof, label=self._label)

    def accepted(self, *, is_account: bool) -> None:
        """Notice that the name is ours. What was needed once is forgotten: an invite is used, a key is signed in."""
        self._token = ""
        if self._key is not None and is_account:
            self.password = ""

    def submitted(self, cid: str, password: str) -> None:
        """Notice that a new password is wanted for the account."""
        self._submitted[cid] = password

    def answered(self, cid: str, *, is_done: bool) -> None:
        """Notice that a command is answered. A new password is needed again, if there is no key."""
        password = self._submitted.pop(cid, "")
        if password and is_done and self._key is None:
            self.password = password


def ask_password(credentials: Credentials, question: Refused) -> str:
    """Return the password that the program knows. Raises the question if it knows none, and what the program raises."""
    password = credentials.ask(question.reason) if credentials.ask is not None else ""
    if not password:
        raise question
    return password
