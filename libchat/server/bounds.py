"""What a server puts up with."""

from __future__ import annotations

from dataclasses import dataclass

from libchat import limits


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one server. The defaults, and where the numbers come from, are in `libchat.limits`."""

    handshakes: int = limits.HANDSHAKES
    handshake_seconds: float = limits.HANDSHAKE_SECONDS
    register_seconds: float = limits.REGISTER_SECONDS
    linger_seconds: float = limits.LINGER_SECONDS
    stop_seconds: float = limits.STOP_SECONDS
    outbox_bytes: int = limits.OUTBOX_BYTES
