"""How the program ends: exit codes, and what is said about each error."""

from __future__ import annotations

from enum import IntEnum

from libchat.cli.mismatch import explain_mismatch
from libchat.errors import ChatError, Disconnected, PinMismatch, ProtocolError, Refused, TrustError


class Exit(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    REFUSED = 1
    """The chat, or this machine, said no."""
    USAGE = 2
    """The command line is wrong."""
    LOST = 3
    """The server cannot be reached, or the connection is lost."""
    UNTRUSTED = 4
    """The server's key has changed, or is not trusted."""
    INTERRUPTED = 130
    """Ctrl-C before the work was done (128 and SIGINT, as shells count)."""
    BROKEN_PIPE = 141
    """Nobody reads our output any more (128 and SIGPIPE)."""


class Failure(Exception):
    """An expected end: the exit code, and what tells a person what to do, in one line or a few."""

    def __init__(self, code: Exit, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


def explain(error: ChatError | TimeoutError) -> Failure:
    """Return how the program ends because of an error of the chat."""
    if isinstance(error, PinMismatch):
        return Failure(Exit.UNTRUSTED, explain_mismatch(error))
    if isinstance(error, TrustError):
        return Failure(Exit.UNTRUSTED, str(error))
    if isinstance(error, Disconnected) and isinstance(error.__cause__, TrustError):
        return explain(error.__cause__)  # the server came back as another one
    if isinstance(error, Disconnected):
        return Failure(Exit.LOST, f"the connection is gone: {error.reason}")
    if isinstance(error, (ProtocolError, TimeoutError)):
        return Failure(Exit.LOST, str(error))
    return Failure(Exit.REFUSED, error.reason if isinstance(error, Refused) else str(error))
