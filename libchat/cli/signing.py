"""Signing in: the key of this device, and the password, if the server wants one."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from libchat.cli import output, typed
from libchat.cli.exits import Exit, Failure
from libchat.cli.parser import Options, Parser
from libchat.errors import PasswordNeeded, Refused, StoreError, WrongPassword

if TYPE_CHECKING:
    from libchat.security.device_keys import DeviceKey

TRIES: Final = 3
"""How often a person is asked for a password: as often as `ssh` asks."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def add_password_option(parser: Parser) -> None:
    """Add the option that says where the password is."""
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="file whose first line is the password, if the name is an account and this device is not signed in "
        "(default: $LIBCHAT_PASSWORD, or else you are asked)",
    )


class Asker:
    """What is asked for the password of a name, when the server wants one (`libchat.connect`).

    The one of the file or the environment is tried once; without them, a person at a terminal has a few tries.
    """

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self._tries = 0

    def __call__(self, reason: str) -> str:
        """Return the password, "" if there is none or it was wrong."""
        self._tries += 1
        given = given_password(self._options)
        if given is not None:
            return given if self._tries == 1 else ""
        if self._tries > TRIES or not can_ask():
            return ""
        self._warn()
        if self._tries > 1:
            output.deplore(reason)
        return getpass(f"password of {output.safe_line(self._name)}: ")

    def _warn(self) -> None:
        if self._tries == 1 and self._options.plaintext and self._options.host not in LOOPBACK:
            output.notice("this connection is not encrypted: whoever is on the way reads the password along")


def given_password(options: Options) -> str | None:
    """Return the password of the file or the environment, None if neither says one. Raises `Failure`."""
    if options.password_file is not None:
        return first_line(options.password_file)
    return os.environ.get("LIBCHAT_PASSWORD") or None


def first_line(path: Path) -> str:
    """Return the first line of a file. Raises `Failure`."""
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Failure(Exit.USAGE, f"the password cannot be read from {path}: {reason}") from error
    if not line:
        raise Failure(Exit.USAGE, f"the first line of {path} is empty, and should be the password")
    return line


def ask_new_password(name: str) -> str:
    """Return a new password: typed twice by a person, or the first line of standard input. Raises `Failure`."""
    if not can_ask():
        line = typed.read_line().rstrip("\r\n")
        if not line:
            raise Failure(Exit.USAGE, "no new password was given: write it into standard input, as one line")
        return line
    for _ in range(TRIES):
        password = getpass(f"new password of {output.safe_line(name)}: ")
        if password and password == getpass("the same once more: "):
            return password
        output.deplore("these are not the same; try again" if password else "the password is empty; try again")
    raise Failure(Exit.REFUSED, "no new password was given; nothing has changed")


def can_ask() -> bool:
    """Return whether there is a person to ask."""
    return sys.stdin.isatty()


def own_key() -> DeviceKey | None:
    """Return the key of this device, made if need be; or None, with a notice, if it cannot be kept."""
    from libchat.files import own_folder
    from libchat.security.device_keys import load_device_key

    try:
        return load_device_key(own_folder("data"))
    except StoreError as error:
        output.notice(f"this device cannot be signed in: {error}")
        return None


def explain_password(error: PasswordNeeded | WrongPassword) -> Refused:
    """Return a refusal that says where a password can come from."""
    if isinstance(error, WrongPassword) or can_ask():
        return error
    hint = "give it with --password-file or $LIBCHAT_PASSWORD"
    return PasswordNeeded(error.code, f"{error.reason}; {hint}", error.subject)
