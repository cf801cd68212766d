"""Connecting to a server: the options for it, whether to trust its key, and what is said if it does not work."""

from __future__ import annotations

import argparse
import os
import shlex
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from libchat.cli import output
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Options, Parser, port
from libchat.errors import PinMismatch, ProtocolError, TrustError
from libchat.security.pins import parse_pin

if TYPE_CHECKING:
    from libchat.client.client import Client


def add_connection_options(parser: Parser) -> None:
    """Add the options that say which server is meant."""
    parser.add_argument(
        "--host",
        default=os.environ.get("LIBCHAT_HOST") or "127.0.0.1",
        help="address or name of the server (default: $LIBCHAT_HOST, or else 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=os.environ.get("LIBCHAT_PORT") or 8080,
        help="port of the server (default: $LIBCHAT_PORT, or else 8080)",
    )
    parser.add_argument(
        "--pin",
        type=pin,
        default=os.environ.get("LIBCHAT_PIN") or None,
        help="the key that the server must show, as it prints it "
        "(default: $LIBCHAT_PIN, or else what the file of known servers says)",
    )
    add_known_servers_option(parser)
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


def open_chat(options: Options, name: str, *, reconnect: bool = True) -> Client:
    """Connect to the server that was asked for, and take a name.

    A key that is seen for the first time is shown; on a terminal, the person is asked whether to trust it. Raises
    `Failure` if the server cannot be reached or is not trusted, and `Refused` if it refuses the name.
    """
    address = address_of(options)
    try:
        return _connect(options, address, name, reconnect)
    except PinMismatch as error:
        raise Failure(Exit.UNTRUSTED, _explain_mismatch(options, error)) from error
    except ProtocolError as error:
        raise Failure(
            Exit.LOST, f"{address} does not answer as a chat does ({error}); are --port and --plaintext right?"
        ) from error
    except OSError as error:
        raise Failure(Exit.LOST, _explain_unreachable(address, error)) from error
    except ValueError as error:
        raise Failure(Exit.USAGE, str(error)) from error


def address_of(options: Options) -> str:
    """Return HOST:PORT of the server that was asked for."""
    from libchat.client.address import format_address

    return format_address(options.host.removeprefix("[").removesuffix("]"), options.port)


def _connect(options: Options, address: str, name: str, reconnect: bool) -> Client:
    import libchat

    new_key = _NewKey()

    def connect() -> Client:
        return libchat.connect(
            address,
            name,
            pin=options.pin,
            known_servers=options.known_servers,
            accept_new=new_key.accept,
            plaintext=options.plaintext,
            reconnect=reconnect,
        )

    try:
        return connect()
    except PinMismatch:
        raise
    except TrustError:
        if not new_key.ask(address):
            raise
        return connect()


class _NewKey:
    """What is done about a key that is seen for the first time.

    A script accepts it. A person is asked, between two tries to connect: `accept` is called in a thread that Ctrl-C
    does not reach.
    """

    def __init__(self) -> None:
        self._seen = ""
        self._agreed = ""

    def accept(self, address: str, pin: str) -> bool:
        self._seen = pin
        if sys.stdin.isatty() and sys.stderr.isatty():
            return pin == self._agreed
        output.notice(f"{address} is new: from now on its key must be {pin}")
        return True

    def ask(self, address: str) -> bool:
        """Return whether the key that was seen is to be trusted."""
        if not self._seen:
            return False
        output.notice(f"{address} is new. Its key is")
        output.notice(f"    {self._seen}")
        question = "Is this what the server prints where it runs? Trust it from now on? [y/N] "
        print(question, end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return False
        self._agreed = self._seen
        return True


def _explain_mismatch(options: Options, error: PinMismatch) -> str:
    if options.pin:
        return f"{error}. The pin comes from --pin or $LIBCHAT_PIN: ask who runs the server which one is right"
    if options.known_servers is None:
        return str(error)
    return f"{error} --known-servers {shlex.quote(str(options.known_servers))}"


def _explain_unreachable(address: str, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"nobody knows the host of {address}: check --host"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {address}: check --host and --port, or start a server there with `libchat serve`"
    if isinstance(error, TimeoutError):
        return f"{address} does not answer: check --host and --port, and whether a firewall is in between"
    return f"{address} cannot be reached: {error.strerror or error}"


def pin(text: str) -> str:
    """Return a pin, for a parser of arguments."""
    try:
        return parse_pin(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
