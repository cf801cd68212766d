"""Connecting to a server: the options for it, whether to trust its key, and what is said if it does not work."""

from __future__ import annotations

import argparse
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli import output, typed
from libchat.cli.exits import Exit, Failure
from libchat.cli.mismatch import explain_mismatch
from libchat.cli.parser import Options, Parser, port
from libchat.cli.signing import Asker, add_password_option, explain_password, own_key
from libchat.client.address import DEFAULT_PORT
from libchat.errors import (
    Disconnected,
    PasswordNeeded,
    PinMismatch,
    ProtocolError,
    Refused,
    StoreError,
    TrustError,
    WrongPassword,
    refusal,
)
from libchat.security.pins import parse_pin
from libchat.security.words import words_of

if TYPE_CHECKING:
    from libchat.client.client import Client
    from libchat.security.invite import Invite

StateFolder = Callable[[str, str], Path]
"""Returns where the client of a name at a server (HOST:PORT) keeps what it must know after a restart."""


def add_connection_options(parser: Parser) -> None:
    """Add the options that say which server is meant."""
    parser.add_argument(
        "--host",
        default=os.environ.get("LIBCHAT_HOST") or "127.0.0.1",
        help="address or name of the server, or an invite (default: $LIBCHAT_HOST, or else 127.0.0.1)",
    )
    add_port_option(parser, "port of the server")
    add_pin_option(parser, "the key that the server must show, as it prints it")
    add_trust_options(parser)


def add_port_option(parser: Parser, words: str) -> None:
    """Add the option that says at which port the server is."""
    parser.add_argument(
        "--port", type=port, default=_usual_port(), help=f"{words} (default: $LIBCHAT_PORT, or else {DEFAULT_PORT})"
    )


def add_pin_option(parser: Parser, words: str) -> None:
    """Add the option that says which key the server has."""
    parser.add_argument(
        "--pin",
        type=pin,
        default=os.environ.get("LIBCHAT_PIN") or None,
        help=f"{words} (default: $LIBCHAT_PIN, or else what the file of known servers says)",
    )


def usual_port() -> int:
    """Return the port of a server whose address says none. Raises `Failure` if the variable says no port."""
    try:
        return port(str(_usual_port()))
    except argparse.ArgumentTypeError as error:
        raise Failure(Exit.USAGE, f"$LIBCHAT_PORT: {error}") from None


def usual_pin() -> str | None:
    """Return the key that is meant if none is said. Raises ValueError for one that is damaged."""
    usual = os.environ.get("LIBCHAT_PIN")
    return parse_pin(usual) if usual else None


def _usual_port() -> str | int:
    return os.environ.get("LIBCHAT_PORT") or DEFAULT_PORT


def add_trust_options(parser: Parser) -> None:
    """Add the options that say why the server is the right one, and one's name one's own."""
    add_known_servers_option(parser)
    add_password_option(parser)
    add_plaintext_option(parser)


def add_plaintext_option(parser: Parser) -> None:
    """Add the option that does without TLS."""
    parser.add_argument(
        "--plaintext", action="store_true", help="connect without TLS, to a server that serves so (default: TLS)"
    )


def add_known_servers_option(parser: Parser) -> None:
    """Add the option that says where known servers are kept."""
    parser.add_argument(
        "--known-servers",
        type=Path,
        metavar="FILE",
        help="file of the servers whose keys are known (default: your own one)",
    )


def open_chat(options: Options, name: str, *, reconnect: bool = True, state: StateFolder | None = None) -> Client:
    """Connect to the server that was asked for, and take a name.

    A key that is seen for the first time is shown; on a terminal, the person is asked whether to trust it, and for the
    password, if the name is an account. `state` says where the client keeps what it must know after a restart, by the
    server's address and the name; if that cannot be used, or another program uses it, the client does without. Raises
    `Failure` if the server cannot be reached or is not trusted, and `Refused` if it refuses the name.
    """
    invite = _invite_of(options)
    where = _where(options, invite)
    try:
        return _connect_with_state(options, invite, name, reconnect, state)
    except PinMismatch as error:
        raise Failure(Exit.UNTRUSTED, _explain_mismatch(options, error)) from error
    except (PasswordNeeded, WrongPassword) as error:
        raise explain_password(error) from None
    except Refused as error:
        raise _with_hint(error, invite) from error
    except ProtocolError as error:
        raise Failure(
            Exit.LOST, f"{where} does not answer as a chat does ({error}); are the port and --plaintext right?"
        ) from error
    except OSError as error:
        raise Failure(Exit.LOST, _explain_unreachable(where, error)) from error
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error


@contextmanager
def explaining_trust(options: Options) -> Iterator[None]:
    """Have a key that changes while one is connected told with what accepts it, as at the beginning."""
    try:
        yield
    except Disconnected as error:
        if not isinstance(error.__cause__, PinMismatch):
            raise
        raise Failure(Exit.UNTRUSTED, _explain_mismatch(options, error.__cause__)) from error


def address_of(options: Options) -> str:
    """Return HOST:PORT of the server that was asked for."""
    from libchat.client.address import format_address

    return format_address(options.host.removeprefix("[").removesuffix("]"), options.port)


def _invite_of(options: Options) -> Invite | None:
    """Return the invite that was said instead of a host."""
    from libchat.security.invite import is_invite, parse_invite

    if not is_invite(options.host):
        return None
    try:
        return parse_invite(options.host)
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error


def _where(options: Options, invite: Invite | None) -> str:
    """Return where the server is said to be. A link is not shown: it may hold a secret."""
    from libchat.client.address import format_address

    if invite is None:
        return address_of(options)
    return " or ".join(format_address(host, invite.port) for host in invite.hosts)


def _connect_with_state(
    options: Options, invite: Invite | None, name: str, reconnect: bool, state: StateFolder | None
) -> Client:
    if state is not None:
        address = address_of(options) if invite is None else format_host(invite)
        try:
            return _connect(options, invite, name, reconnect, state(address, name))
        except StoreError:
            pass  # a second program of the same person, most likely
    return _connect(options, invite, name, reconnect, None)


def format_host(invite: Invite) -> str:
    """Return HOST:PORT of an invite's first host."""
    from libchat.client.address import format_address

    return format_address(invite.hosts[0], invite.port)


def _connect(options: Options, invite: Invite | None, name: str, reconnect: bool, state: Path | None) -> Client:
    import libchat
    from libchat.client.trust import default_known_servers

    new_key = _NewKey()
    known_servers = options.known_servers
    if known_servers is None and invite is not None:
        known_servers = default_known_servers()  # a person's invite is a person's yes: the server is known afterwards
    own = own_key()

    def connect() -> Client:
        return libchat.connect(
            address_of(options) if invite is None else invite.format(),
            name,
            pin=options.pin,
            known_servers=known_servers,
            accept_new=new_key.accept,
            plaintext=options.plaintext,
            reconnect=reconnect,
            password=Asker(options, name),
            key=own,
            state=state,
        )

    try:
        return connect()
    except PinMismatch:
        raise
    except TrustError:
        if not new_key.ask():
            raise
        return connect()


class _NewKey:
    """What is done about a key that is seen for the first time.

    A script accepts it. A person is asked, between two tries to connect: `accept` is called in a thread that Ctrl-C
    does not reach.
    """

    def __init__(self) -> None:
        self._address = ""
        self._seen = ""
        self._agreed = ""

    def accept(self, address: str, pin: str) -> bool:
        if not self._seen:  # of several hosts, the best one comes first
            self._address, self._seen = address, pin
        if sys.stdin.isatty() and sys.stderr.isatty():
            return pin == self._agreed
        output.notice(f"{address} is new: from now on its key must be {pin} ({words_of(pin)})")
        return True

    def ask(self) -> bool:
        """Return whether the key that was seen is to be trusted."""
        if not self._seen:
            return False
        output.notice(f"{self._address} is new. Its key in words is")
        output.notice(f"    {words_of(self._seen)}")
        output.notice(f"    {self._seen}")
        question = "Are these the words that the server prints where it runs? Trust it from now on? [y/N] "
        print(question, end="", file=sys.stderr, flush=True)
        if typed.read_line().strip().lower() not in ("y", "yes"):
            return False
        self._agreed = self._seen
        return True


def _explain_mismatch(options: Options, error: PinMismatch) -> str:
    if options.pin:
        return explain_mismatch(error, f": --pin {error.seen}. The old one comes from --pin or $LIBCHAT_PIN")
    if options.known_servers is None or "libchat forget" not in error.remedy:
        return explain_mismatch(error)
    return explain_mismatch(error, f" --known-servers {shlex.quote(str(options.known_servers))}")


def _with_hint(error: Refused, invite: Invite | None) -> Refused:
    """Return a refusal that says, too, that an invite is past its time. The server decides: clocks differ."""
    if invite is None or not invite.expires or invite.expires > time.time() or not error.code.startswith("invite-"):
        return error
    expired = datetime.fromtimestamp(invite.expires).astimezone()
    reason = f"{error.reason} (by this machine's clock it was good until {expired:%Y-%m-%d %H:%M})"
    return refusal(error.code, reason, error.subject)


def _explain_unreachable(address: str, error: OSError) -> str:
    """Return why a server cannot be reached at an address, or at any of several."""
    if isinstance(error, socket.gaierror):
        return f"nobody knows the host of {address}: check how it is written"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {address}: check host and port, or start a server there with `libchat serve`"
    if isinstance(error, TimeoutError):
        return f"{address} does not answer: check host and port, and whether a firewall is in between"
    return f"{address} cannot be reached: {error.strerror or error}"


def pin(text: str) -> str:
    """Return a pin, for a parser of arguments."""
    try:
        return parse_pin(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
