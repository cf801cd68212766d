"""What the log of a server tells of its connections: addresses, names and codes of refusals.

Never what people write, nor what they prove who they are with. So of a refusal only the code is told: its words may
hold the word that was refused, and that may be a password in the wrong place.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from libchat.messages import Failed, Registered
from libchat.server.connection import Connection
from libchat.server.outlet import LOST
from libchat.transport.fanout import Item

_log = logging.getLogger("libchat.server")


def log_arrival(address: str) -> None:
    """Tell that a connection is established."""
    _log.info("%s is connected", address)


def log_answers(address: str, items: Sequence[Item]) -> None:
    """Tell which name a connection got, or why it was refused something, if that is among what it is answered."""
    for item in items:
        if type(item) is Registered:
            _log.info("%s is now %s", address, item.name)
        elif type(item) is Failed:
            _log.info("%s was refused: %s", address, item.code)


def log_end(connection: Connection, reason: str) -> None:
    """Tell that a connection has ended. The reason is the server's own, never one that the peer gave."""
    if connection.reason != LOST:
        reason = connection.reason
    elif connection.is_finished and reason == LOST:
        reason = "closed"  # after both sides have said goodbye
    _log.info("%s has gone: %s", connection.peer, reason)


def is_told() -> bool:
    """Return whether anybody reads this. Answers are looked at only then: there are millions a second."""
    return _log.isEnabledFor(logging.INFO)
